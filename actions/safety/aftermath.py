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
    r"\b(?:pills?|tablets?|capsules?|paracetamol|tylenol|ibuprofen|aspirin|medications?|meds|dose"
    r"|overdos\w+|poison\w*|bleach|(?:too|so|that) (?:many|much)|how (?:many|much|long|bad)"
    r"|(?:took|taken|swallowed|drank|cut)\b.{0,30}"
    r"|stomach|tummy|belly|liver|kidneys?|sick|nause\w+|vomit\w*|puk(?:e|ed|ing)"
    r"|throw(?:ing)? up|threw up|dizz\w+|faint\w*|sleepy|drowsy|numb|bleed\w*|blood|blurr\w+"
    r"|wounds?|stitches|(?:chest|heart|head|throat|arms?|wrists?)\b.{0,20}\b(?:hurts?|pain|ach\w+)"
    r"|hurts|in pain|pains?|hospital|doctor|ambulance|a ?& ?e|er)\b"
    r"|^(?:so |and |but |ok(?:ay)? )*what (?:should|shall|do|can|will) (?:i|happen)"
    r"(?: do| to me| now)*\W*$"
    r"|\bwill (?:i|it|this|that)\b.{0,30}\?",
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
