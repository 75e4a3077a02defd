from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from pal_model import Conversation, Persona, infer_persona


class CountingExtractor:
    """Says of each utterance what it is, and keeps what it was given."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, ...]] = []

    def extract(self, seeker_utterances: Sequence[str]) -> Persona:
        self.seen.append(tuple(seeker_utterances))
        return Persona.of(f"I said {text}." for text in seeker_utterances)


@pytest.mark.parametrize(
    "repeat",
    ["I am tired.", "i am tired", "I'm tired!", "I’m  tired .", "I AM TIRED..."],
)
def test_a_sentence_that_only_looks_different_is_not_kept_twice(repeat: str) -> None:
    assert Persona.of(["I am tired.", repeat]).sentences == ("I am tired.",)


def test_merging_keeps_the_old_sentences_first_and_their_wording() -> None:
    persona = Persona(("I live alone.", "I am tired."))
    assert list(persona.merge(["i'm tired", "I have a dog.", " ", "..."])) == [
        "I live alone.",
        "I am tired.",
        "I have a dog.",
    ]


def test_negation_makes_another_sentence() -> None:
    assert len(Persona.of(["I have a job.", "I don't have a job."])) == 2


@pytest.mark.parametrize("texts", [(), ("Hello",), ("Hello", "Hi!")])
def test_nothing_is_inferred_before_the_third_utterance(
    conversation: Callable[..., Conversation], texts: tuple[str, ...]
) -> None:
    extractor = CountingExtractor()
    known = Persona(("I live alone.",))
    assert infer_persona(extractor, conversation(*texts), known) == known
    assert extractor.seen == []


def test_from_the_third_utterance_on_all_of_the_seekers_are_read(
    conversation: Callable[..., Conversation],
) -> None:
    extractor = CountingExtractor()
    persona = infer_persona(extractor, conversation("one", "two", "three"))
    assert extractor.seen == [("one", "three")]
    assert list(persona) == ["I said one.", "I said three."]


def test_a_persona_accumulates_over_turns_as_in_table_1(
    conversation: Callable[..., Conversation],
) -> None:
    extractor = CountingExtractor()
    first = infer_persona(extractor, conversation("one", "two", "three"))
    second = infer_persona(extractor, conversation("one", "two", "three", "four", "five"), first)
    assert list(second)[: len(first)] == list(first)
    assert list(second)[-1] == "I said five."
