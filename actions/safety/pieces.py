"""A message in pieces small enough that one of them is about the danger and nothing else, and what
stands around such a piece.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_LONGEST = 220
"""Characters of a piece; who writes without full stops is cut at words."""

_RUN_ON = 110
_WINDOW, _STEP = 90, 45
"""Characters. Who writes without full stops says several things in what counts as a sentence: one
longer than `_RUN_ON` is also looked at through windows that overlap.
"""

_READ = 8_000
"""Characters that are looked at, all of a message that can be answered; of a longer one the first
and the last, half as many each."""

_MOST_WITH_PAIRS = 400
"""Pieces; where there are more, pairs of sentences are not looked at."""

READ_AT_ONCE = 380
"""Characters of a piece with its surroundings: what the classifier reads at once."""

Span = tuple[int, int]


def lengths() -> dict[str, int]:
    """Return by what messages are cut, in characters."""
    return {
        "longest": _LONGEST,
        "run_on": _RUN_ON,
        "window": _WINDOW,
        "step": _STEP,
        "read_at_once": READ_AT_ONCE,
    }


def pieces(text: str) -> list[Span]:
    """Return the spans of a message's sentences, of each two that follow each other, and of windows
    in long ones.
    """
    sentences = _looked_at(text, _sentences(text))
    pairs = [(one[0], two[1]) for one, two in itertools.pairwise(sentences)]
    short = (pair for pair in pairs if pair[1] - pair[0] <= _LONGEST)
    uncut = (match.span() for match in _SENTENCE.finditer(text))
    windows = _looked_at(text, (span for one in uncut for span in _windows(text, *one)))
    spans = sorted({*sentences, *short, *windows})
    return spans if len(spans) <= _MOST_WITH_PAIRS else sorted({*sentences, *windows})


def _looked_at(text: str, spans: Iterable[Span]) -> list[Span]:
    """Return those spans that say something and are near enough to an end of the text."""
    return [
        (start, end)
        for start, end in spans
        if len(text) <= _READ or end <= _READ // 2 or start >= len(text) - _READ // 2
        if any(c.isalnum() for c in text[start:end])
    ]


def surroundings(text: str, piece: Span) -> Span:
    """Return the span of a piece and the sentences around it, the nearest first, as long as they
    are not too many to be read at once.
    """
    start, end = piece
    sentences = [(s, e) for s, e in _sentences(text) if any(c.isalnum() for c in text[s:e])]
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
    """Yield the spans of sentences, and of parts of those that are too long, cut at words."""
    for match in _SENTENCE.finditer(text):
        start, end = match.span()
        while end - start > _LONGEST:
            cut = text.rfind(" ", start + _LONGEST // 2, start + _LONGEST)
            cut = cut if cut > 0 else start + _LONGEST
            yield start, cut
            start = cut
        yield start, end


def _windows(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the spans in a long sentence that are looked at, cut at words where there are any."""
    if end - start <= _RUN_ON:
        return
    while end - start > _WINDOW:
        yield start, _last_space(text, start, _WINDOW)
        start = _last_space(text, start, _STEP)
    yield start, end


def _last_space(text: str, start: int, most: int) -> int:
    """Return where the last space is behind the character at `start` and less than `most` on, or
    `most` on if there is none.
    """
    space = text.rfind(" ", start + 1, start + most)
    return space if space >= 0 else start + most
