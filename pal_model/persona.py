"""Persona: what is known about the seeker, as plain first-person sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'"})
_NOT_A_WORD = re.compile(r"[^\w']+")


def normal_form(sentence: str) -> str:
    """Return `sentence` in the form by which two persona sentences count as the same.

    Letter case, punctuation, spacing and the two ways of writing "I am" make no difference.
    """
    words = _NOT_A_WORD.sub(" ", sentence.translate(_APOSTROPHES).casefold()).split()
    return re.sub(r"\bi'm\b", "i am", " ".join(words))


@dataclass(frozen=True, slots=True)
class Persona:
    """Sentences about the seeker, oldest first, none of them twice (PAL, Table 1)."""

    sentences: tuple[str, ...] = ()

    @classmethod
    def of(cls, sentences: Iterable[str]) -> Persona:
        """Build a persona from any sentences: blanks and repeats are dropped, order is kept."""
        return cls().merge(sentences)

    def merge(self, new_sentences: Iterable[str]) -> Persona:
        """Return this persona with `new_sentences` added, as Table 1 accumulates them."""
        by_form = {normal_form(sentence): sentence for sentence in self.sentences}
        for sentence in new_sentences:
            form = normal_form(sentence)
            if form and form not in by_form:
                by_form[form] = sentence.strip()
        return Persona(tuple(by_form.values()))

    def __iter__(self) -> Iterator[str]:
        return iter(self.sentences)

    def __len__(self) -> int:
        return len(self.sentences)
