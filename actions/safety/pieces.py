"""A message in pieces small enough that one of them is about the danger and nothing else."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_LONGEST = 220
"""Characters of a piece; who writes without full stops is cut at words."""

_MOST = 24
"""Pieces that are looked at: the first and, of a longer message, the last ones."""

Span = tuple[int, int]


def pieces(text: str) -> list[Span]:
    """Return the spans of a message's sentences and of each two that follow each other, no more
    than `_MOST`.
    """
    sentences = list(_sentences(text))
    pairs = [(one[0], two[1]) for one, two in itertools.pairwise(sentences)]
    spans = sorted({*sentences, *(pair for pair in pairs if pair[1] - pair[0] <= _LONGEST)})
    half = _MOST // 2
    return spans if len(spans) <= _MOST else [*spans[:half], *spans[-half:]]


def _sentences(text: str) -> Iterator[Span]:
    for match in _SENTENCE.finditer(text):
        start, end = match.span()
        while end - start > _LONGEST:
            cut = text.rfind(" ", start + _LONGEST // 2, start + _LONGEST)
            cut = cut if cut > 0 else start + _LONGEST
            yield start, cut
            start = cut
        if any(c.isalnum() for c in text[start:end]):
            yield start, end
