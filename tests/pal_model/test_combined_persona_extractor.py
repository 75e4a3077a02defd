"""Rules, and what a model adds to them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pal_model import Persona
from pal_model.combined_persona_extractor import CombinedPersonaExtractor
from pal_model.persona_extractor import (
    EMBEDDED_EXTRACTOR,
    BatchPersonaExtractor,
    load_persona_extractor,
)

pytestmark = pytest.mark.integration


class Says:
    """Finds the same in whatever is said."""

    def __init__(self, *sentences: str) -> None:
        self.persona = Persona(sentences)
        self.batches: list[int] = []

    def extract(self, seeker_utterances: Sequence[str]) -> Persona:
        return self.extract_batch([seeker_utterances])[0]

    def extract_batch(self, batch: Sequence[Sequence[str]]) -> list[Persona]:
        self.batches.append(len(batch))
        return [self.persona if said else Persona() for said in batch]


def test_the_first_is_believed_and_the_second_adds() -> None:
    first = Says("I lost my job last week.", "I have two kids.")
    second = Says("I lost my job.", "I like to read.", "I have two kids.")
    combined = CombinedPersonaExtractor(first, second)
    assert combined.extract(["..."]).sentences == (
        "I lost my job last week.",
        "I have two kids.",
        "I like to read.",
    )


def test_a_batch_is_read_at_once() -> None:
    first, second = Says("I am a nurse."), Says("I like to read.")
    combined = CombinedPersonaExtractor(first, second)
    assert isinstance(combined, BatchPersonaExtractor)
    assert [len(p) for p in combined.extract_batch([["a"], [], ["b"]])] == [2, 0, 2]
    assert second.batches == [3]


def test_the_default_finds_what_the_rules_leave_out() -> None:
    """On the real weights; no rule takes the question in it apart."""
    said = ["i dont know why i am so scared of these things"]
    assert not load_persona_extractor().extract(said)
    assert load_persona_extractor(EMBEDDED_EXTRACTOR).extract(said).sentences == (
        "I am scared of these things.",
    )
