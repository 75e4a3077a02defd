"""A message in pieces small enough that one of them is about the danger and nothing else, and what
stands around such a piece.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_LONGEST = 220
"""Characters of a piece; who writes without full stops is cut at words."""

_READ = 8_000
"""Characters that are looked at, all of a message that can be answered; of a longer one the first
and the last, half as many each."""

_MOST_WITH_PAIRS = 400
"""Pieces; where there are more, sentences are looked at alone."""

READ_AT_ONCE = 380
"""Characters of a piece with its surroundings: what the classifier reads at once."""

Span = tuple[int, int]


def pieces(text: str) -> list[Span]:
    """Return the spans of a message's sentences and of each two that follow each other."""
    sentences = [
        (start, end)
        for start, end in _sentences(text)
        if len(text) <= _READ or end <= _READ // 2 or start >= len(text) - _READ // 2
    ]
    pairs = [(one[0], two[1]) for one, two in itertools.pairwise(sentences)]
    spans = sorted({*sentences, *(pair for pair in pairs if pair[1] - pair[0] <= _LONGEST)})
    return spans if len(spans) <= _MOST_WITH_PAIRS else sentences


def surroundings(text: str, piece: Span) -> Span:
    """Return the span of a piece and the sentences around it, the nearest first, as long as they
    are not too many to be read at once.
    """
    start, end = piece
    sentences = list(_sentences(text))
    before = [sentence[0] for sentence in sentences if sentence[0] < start]
    after = [sentence[1] for sentence in reversed(sentences) if sentence[1] > end]
    grows = True
    while grows:
        grows = False
        if before and end - before[-1] <= READ_AT_ONCE:
            start, grows = before.pop(), True
        if after and after[-1] - start <= READ_AT_ONCE:
            end, grows = after.pop(), True
    return start, end


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
