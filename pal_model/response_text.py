"""From decoded text to a response: trimming it, and telling a bad one from a good one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from pal_model.conversation import Conversation, Speaker
from pal_model.persona import normal_form

_SENTENCE_BREAK = re.compile(r"(?<=[.!?])[\"')]*\s+")
_WORD = re.compile(r"[a-z']+")
_MY_THING = re.compile(r"\b(?:my|our)\s+([a-z]+)")
_SUPPORTERS_OWN = frozenset(
    [
        "heart",
        "thoughts",
        "mind",
        "best",
        "opinion",
        "help",
        "support",
        "time",
        "part",
        "place",
        "advice",
        "question",
        "apologies",
        "bad",
        "condolences",
        "sympathy",
        "understanding",
    ]
)
"""What a supporter may call "my"; "my boss" is the seeker's boss, taken over by mistake."""

_ROLE_SLIPS = re.compile(
    r"\b(?:the seeker|this person|in brackets|strategy|supporter who|as an ai|language model"
    r"|\[|\]|<\||\w+_name|my name is|i'?m (?:just )?a (?:\d+|little|man|woman|guy|girl|boy|mom|mum"
    r"|dad|mother|father|student|teacher|lawyer|doctor|nurse|therapist|counsel|person|human)"
    r"|i (?:have|had) (?:a|an) (?:wife|husband|boyfriend|girlfriend|friend|son|daughter|job)"
    r"|when i was|i used to|i went through)\b|[\[\]]",
    re.IGNORECASE,
)
_CONTENT_WORD_LENGTH = 4


class Flaw(StrEnum):
    """Why a response should not be said."""

    EMPTY = "empty"
    REPEATS_SUPPORTER = "repeats what the supporter said before"
    REPEATS_ITSELF = "repeats itself"
    ECHOES_SEEKER = "hands the seeker's words back"
    ROLE_SLIP = "speaks as somebody else"
    FOREIGN_SCRIPT = "leaves the language"


def sentences_of(text: str) -> list[str]:
    """Split `text` into sentences; the last one may be unfinished."""
    return [s.strip() for s in _SENTENCE_BREAK.split(text) if s.strip()]


def is_finished(sentence: str) -> bool:
    """Say whether `sentence` ends like one."""
    return sentence.rstrip("\"')]").endswith((".", "!", "?"))


def trimmed(text: str, max_sentences: int = 0) -> str:
    """Return `text` as one line of whole, different sentences, `max_sentences` at most (0: all).

    An unfinished last sentence is dropped unless it is the only one; that one gets a full stop.
    """
    sentences = sentences_of(" ".join(text.split()).strip("\"' "))
    if len(sentences) > 1 and not is_finished(sentences[-1]):
        sentences.pop()
    by_form = {normal_form(s): s for s in reversed(sentences)}
    kept = [s for s in sentences if by_form.get(normal_form(s)) is s and normal_form(s)]
    response = " ".join(kept[: max_sentences or None])
    if response and not is_finished(response):
        response = response.rstrip(" ,;:-") + "."
    return response[:1].upper() + response[1:]


def find_flaw(response: str, conversation: Conversation) -> Flaw | None:
    """Return the first reason why `response` should not follow `conversation`, if there is one."""
    words = _words(response)
    if len(words) < 2:
        return Flaw.EMPTY
    if any(ord(c) > 0x24F and c.isalpha() for c in response):
        return Flaw.FOREIGN_SCRIPT
    if _ROLE_SLIPS.search(response) or _takes_over(response):
        return Flaw.ROLE_SLIP
    if _repeats_itself(words):
        return Flaw.REPEATS_ITSELF
    earlier = [u.text for u in conversation.utterances if u.speaker is Speaker.SUPPORTER]
    if any(_overlap(words, _words(text)) > 0.75 for text in earlier[-6:]):
        return Flaw.REPEATS_SUPPORTER
    latest = conversation.seeker_utterances[-1:]
    if any(_overlap(words, _words(text)) > 0.85 for text in latest):
        return Flaw.ECHOES_SEEKER
    return None


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("’", "'"))


def _takes_over(response: str) -> bool:
    things = _MY_THING.findall(response.lower())
    return any(thing not in _SUPPORTERS_OWN for thing in things)


def _repeats_itself(words: Sequence[str]) -> bool:
    trigrams = list(zip(words, words[1:], words[2:], strict=False))
    return len(trigrams) > len(set(trigrams)) + len(trigrams) // 6


def _overlap(words: Sequence[str], others: Sequence[str]) -> float:
    """Share of the content words in `words` that `others` has too."""
    content = {w for w in words if len(w) >= _CONTENT_WORD_LENGTH}
    if len(content) < 2:
        return float(list(words) == list(others))
    return len(content & set(others)) / len(content)
