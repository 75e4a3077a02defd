"""The life of facts: said again, ended, chosen for a turn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
import torch
from sentence_transformers import SentenceTransformer

from actions.memory.embedder import Embedder
from actions.memory.facts import Fact
from actions.memory.lifecycle import apply, changes
from actions.memory.relevance import BUDGET, relevant
from training.sentence_encoder import _find

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder()


def fact(number: int, sentence: str, day: int = 0) -> Fact:
    at = AT + timedelta(days=day)
    return Fact(number, sentence, "", at, at)


def facts(*sentences: str) -> list[Fact]:
    return [fact(number, sentence) for number, sentence in enumerate(sentences, start=1)]


def after(embedder: Embedder, known: Sequence[Fact], *said: str) -> list[str]:
    """What holds once these were said, all in one message."""
    found = changes(known, said, embedder.similarities)
    return [one.sentence for one in apply(known, found, fact(0, ""))]


class TestKnownFailures:
    """Of memory libraries."""

    def test_the_same_fact_twice_does_not_delete_it(self, embedder: Embedder) -> None:
        known = facts("I am a nurse.")
        assert after(embedder, known, "I am a nurse.", "I'm a nurse!") == ["I am a nurse."]

    def test_a_contradiction_leaves_the_new_fact(self, embedder: Embedder) -> None:
        assert after(embedder, facts("I live in Leeds."), "I live in Bath.") == ["I live in Bath."]
        known = facts("I am a baker.")
        said = "I am not a baker.", "I am a butcher."
        assert after(embedder, known, *said) == ["I am not a baker.", "I am a butcher."]

    def test_a_wrong_fact_does_not_outrank_its_correction(self, embedder: Embedder) -> None:
        known = [fact(1, "I live in Paris.", day=9)]
        assert after(embedder, known, "I live in Lyon.") == ["I live in Lyon."]
        # Nor does it come back by having been said often, in other words.
        known = facts("I live in Paris.", "I have a flat in Paris.")
        assert "I live in Paris." not in after(embedder, known, "I don't live in Paris any more.")

    def test_a_repeated_fact_does_not_crowd_out_others(self, embedder: Embedder) -> None:
        said = [f"My boss yells at me every {day}." for day in ("day", "morning", "week")] * 20
        known: list[Fact] = facts("I have a cat called Miso.")
        for sentence in said:
            found = changes(known, [sentence], embedder.similarities)
            known = apply(known, found, fact(0, ""))
        assert len(known) <= 4
        assert known[0].sentence == "I have a cat called Miso."

    def test_what_is_nearly_the_same_but_for_what_matters_is_kept_apart(
        self, embedder: Embedder
    ) -> None:
        known = facts("My brother is ill.")
        assert len(after(embedder, known, "My sister is ill.")) == 2
        known = facts("I was born in 1980.")
        assert len(after(embedder, known, "I was born in 1981.")) == 2


def test_the_same_in_other_words_is_one_fact(embedder: Embedder) -> None:
    known = facts("My boss yells at me every day.")
    [change] = changes(known, ["My boss yells at me each day."], embedder.similarities)
    assert (change.sentence, change.confirms) == (None, 1)


def test_the_same_in_other_words_is_one_fact_in_one_breath_too(embedder: Embedder) -> None:
    said = "I have two dogs.", "I have 2 dogs.", "I have three cats."
    assert after(embedder, [], *said) == ["I have two dogs.", "I have three cats."]
    assert after(embedder, [], "I am a nurse.", "I have a cat.", "I'm a nurse!") == [
        "I am a nurse.",
        "I have a cat.",
    ]


def test_what_is_said_again_ends_what_contradicts_it(embedder: Embedder) -> None:
    """Both hold if somebody erred before; the last word counts."""
    known = facts("I live in Leeds.", "I live in Bath.")
    [change] = changes(known, ["I live in Leeds."], embedder.similarities)
    assert (change.sentence, change.confirms, change.supersedes) == (None, 1, (2,))


def test_what_is_taken_back_in_one_breath_is_not_kept(embedder: Embedder) -> None:
    said = "I have two children.", "I have three children.", " "
    assert after(embedder, [], *said) == ["I have three children."]


class TestChoosing:
    def test_all_are_shown_while_they_fit(self, embedder: Embedder) -> None:
        known = facts("I am a nurse.", "I have a cat.")
        assert relevant(known, "My cat is ill.", embedder.similarities) == known

    def test_beyond_the_budget_it_is_what_the_turn_is_about_and_the_latest(
        self, embedder: Embedder
    ) -> None:
        known = [fact(n, f"I own a boat with the number {n} in some harbour.") for n in range(60)]
        known[5] = fact(5, "My cat Miso is nineteen years old.")
        known.append(fact(90, "I lost my job.", day=3))
        chosen = relevant(known, "I took my old cat to the vet.", embedder.similarities)
        sentences = [one.sentence for one in chosen]
        assert "My cat Miso is nineteen years old." in sentences
        assert "I lost my job." in sentences
        assert sum(len(sentence) + 1 for sentence in sentences) <= BUDGET
        assert chosen == sorted(chosen, key=lambda one: one.id)
        # Boats that say the same of other numbers take no more room than one does.
        assert len(sentences) < 9

    def test_nothing_said_and_one_endless_fact_are_no_errors(self, embedder: Embedder) -> None:
        assert relevant([], "hello", embedder.similarities) == []
        endless = fact(1, "I like " + "very " * 400 + "long walks.")
        assert relevant([endless, fact(2, "I sing.")], "", embedder.similarities) == [
            fact(2, "I sing.")
        ]


def test_embeddings_are_those_of_sentence_transformers(embedder: Embedder) -> None:
    said = [
        "I am a nurse.",
        "My cat is nineteen years old, and I am so very tired.",
        "\U0001f622",
        "",
    ]
    theirs = SentenceTransformer(_find("all-MiniLM-L6-v2"), device="cpu")
    vectors = theirs.encode(said, convert_to_tensor=True, normalize_embeddings=True)
    for sentence, row in zip(said, vectors @ vectors.T, strict=True):
        ours = torch.tensor(embedder.similarities(sentence, said))
        torch.testing.assert_close(ours, row.cpu(), atol=1e-5, rtol=0)


def test_what_was_embedded_can_be_forgotten() -> None:
    embedder = Embedder()
    alike = embedder.snapshot(["my zanzibar", "my timbuktu"])
    assert 0 < alike("my zanzibar", ["my timbuktu"])[0] < 1
    assert alike("my zanzibar", ["my cat", "my zanzibar"]) == [0, pytest.approx(1)]
    assert "my zanzibar" in embedder._vectors
    embedder.forget()
    assert not embedder._vectors
    assert embedder.similarities("hello", []) == []
