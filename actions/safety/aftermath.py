"""What somebody asks or feels who had begun to hurt themselves, and said since that they are safe.

Who took too much may feel well for a day, and believe it. Whether it was too much, and what a pain
means, is for somebody who can examine them; a model would guess.
"""

from __future__ import annotations

import re

from actions.safety.resources import emergency_number

_WORDS = (
    "Earlier you told me of something that can harm your body, even if you feel all right by now: "
    "some things take a day until they are felt, and can still be treated before that. Please call "
    "{emergency} or go to an emergency room now, be it to hear that nothing is wrong, and say what "
    "it was, how much, and when. I can't judge it from here. Is somebody with you who can come "
    "along?"
)
_BODY = re.compile(
    r"\b(?:pills?|tablets?|capsules?|paracetamol|tylenol|ibuprofen|aspirin|medications?|meds"
    r"|dos(?:e|age)|overdos\w+|poison\w*|bleach"
    r"|(?:took|taken|swallowed|drank) (?:only |just |about )?(?:\d+|a few|some|all|ten|twenty"
    r"|thirty|one|two|three|four|five|six|eight|more|them)"
    r"|\d+ (?:is |was |are |were )?too (?:many|much)"
    r"|stomach|tummy|belly|liver|kidneys?|nause\w+|vomit\w*|puk(?:e|ed|ing)"
    r"|throw(?:ing)? up|threw up"
    r"|(?:feel|feeling|am|i'm|im|been|getting) (?:so |really |very |a bit |a little )?sick(?! of)"
    r"|dizz\w+|faint\w*|sleepy|drowsy|bleed\w*|blurr\w+|wounds?|stitches|(?:the|my) cuts?"
    r"|(?:chest|head|throat|arms?|wrists?) (?:still |really )?(?:hurts?|aches?)"
    r"|(?:should|must|need to|have to) .{0,20}(?:hospital|doctor|ambulance|emergency room)"
    r"|how long (?:until|till|before|does it take)"
    r"|will (?:i|it|this|that) (?:be (?:ok(?:ay)?|alright|fine)|die|kill|harm|pass|wear off"
    r"|go away))\b"
    r"|^(?:is|are|was|were) (?:\w+ ){1,3}too (?:many|much)\W*$"
    r"|^(?:so |and |but |ok(?:ay)? )*what (?:should|shall|do|can|will) (?:i|happen)"
    r"(?: do| to me| now)*\W*$",
)


def aftermath_reply(text: str, locale: str | None) -> str | None:
    """Return fixed words where `text` asks or tells of the body, or what to do; else None.

    Args:
        text: of somebody who told of an act, or of a means at hand, earlier in the session.
        locale: names the emergency number.
    """
    plain = " ".join(text.replace("\u2019", "'").lower().split())
    if not _BODY.search(plain):
        return None
    return _WORDS.format(emergency=emergency_number(locale))
