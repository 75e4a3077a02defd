"""The classifier beside the patterns: what it hears, what it leaves alone, and how it fails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from actions.message_screen import MAX_MESSAGE_CHARACTERS
from actions.safety import NO_RISK, RiskAssessment, RiskKind, RiskLevel, assess_risk, assessment
from actions.safety.classifier import RiskClassifier, shipped_classifier
from actions.safety.labelled import Labelled, read_labelled
from actions.safety.pieces import pieces, surroundings
from actions.safety.risk_model import RiskModel, as_read
from pal_model import Conversation, Speaker, Utterance

HELD_OUT = Path(__file__).with_name("held_out")


def said(text: str) -> Conversation:
    return Conversation((Utterance(Speaker.SEEKER, text),))


def held_out(name: str) -> list[Labelled]:
    return list(read_labelled(HELD_OUT / f"{name}.tsv"))


@pytest.mark.integration
class TestHeldOut:
    """Lines that neither patterns nor classifier were made with."""

    @pytest.mark.parametrize(("name", "recall"), [("explicit", 0.98), ("indirect", 0.84)])
    def test_danger_is_heard(self, name: str, recall: float) -> None:
        """What ships reaches 0.99 and 0.87; the aims are 0.98 and 0.85."""
        lines = held_out(name)
        assert len(lines) >= 150
        found = [assess_risk(said(line.text)).is_flagged for line in lines]
        assert np.mean(found) >= recall

    def test_harmless_words_are_mostly_left_alone(self) -> None:
        """Most of these are near to danger in their words; ESConv's turns are not."""
        lines = held_out("none")
        assert len(lines) >= 200
        assert np.mean([assess_risk(said(line.text)).is_flagged for line in lines]) <= 0.14

    def test_what_anybody_may_write_is_mostly_left_alone(self) -> None:
        """What ships flags 5.3 %, which is too much still; 8.3 % when one model read alone."""
        lines = list(read_labelled(HELD_OUT.with_name("held_out_3") / "none.tsv"))
        assert len(lines) >= 300
        assert np.mean([assess_risk(said(line.text)).is_flagged for line in lines]) <= 0.065

    def test_danger_told_by_the_way_is_heard_and_most_long_messages_without_are_left_alone(
        self,
    ) -> None:
        """What ships flags 0.94 and 0.25 of all; every fifth is read here, for time."""
        for name, least, most in (("by_the_way", 0.9, 1.0), ("long_none", 0.0, 0.3)):
            lines = list(read_labelled(HELD_OUT.with_name("held_out_5") / f"{name}.tsv"))[::5]
            assert (
                least
                <= np.mean([assess_risk(said(line.text)).is_flagged for line in lines])
                <= most
            )

    def test_kinds_are_told_apart(self) -> None:
        lines = [line for line in held_out("explicit") if len(line.kinds) == 1]
        right = [line.kinds <= assess_risk(said(line.text)).kinds for line in lines]
        assert np.mean(right) >= 0.8


class TestPieces:
    def test_sentences_and_pairs_of_them(self) -> None:
        text = "I am fine. Really! are you?  "
        assert [text[a:b] for a, b in pieces(text)] == [
            "I am fine.",
            "I am fine. Really!",
            " Really!",
            " Really! are you?",
            " are you?",
        ]

    def test_who_writes_without_full_stops_is_cut_at_words(self) -> None:
        text = " ".join(f"word{n}" for n in range(200))
        cut = [text[a:b] for a, b in pieces(text)]
        assert {word for piece in cut for word in piece.split()} == set(text.split())
        assert max(map(len, cut)) <= 220

    def test_what_is_said_in_a_long_sentence_stands_whole_in_a_window(self) -> None:
        text = " ".join(f"and then word{n} came" for n in range(60))
        short = [text[a:b].split() for a, b in pieces(text) if b - a <= 90]
        words = text.split()
        for start in range(len(words) - 3):
            said = words[start : start + 4]
            assert any(said == piece[i : i + 4] for piece in short for i in range(len(piece)))

    def test_a_sentence_of_usual_length_has_no_windows(self) -> None:
        text = "and then she said " * 10
        assert pieces(text[:110]) == [(0, 110)]
        assert len(pieces(text[:111])) == 3

    def test_of_very_many_sentences_no_pairs_are_read_but_what_runs_on_is(self) -> None:
        text = "Well. " * 500 + " ".join(f"and then word{n} came" for n in range(60))
        cut = [text[a:b].strip() for a, b in pieces(text)]
        assert "Well. Well." not in cut
        assert any("word31 came" in piece and len(piece) <= 90 for piece in cut)

    def test_a_message_that_can_be_answered_is_read_whole(self) -> None:
        text = "".join(f"Number {n} is another sentence. " for n in range(250))
        assert 7_500 < len(text) <= MAX_MESSAGE_CHARACTERS
        cut = {text[a:b].strip() for a, b in pieces(text)}
        assert {f"Number {n} is another sentence." for n in range(250)} <= cut

    def test_one_that_is_longer_by_far_is_read_at_both_ends(self) -> None:
        text = "".join(f"This is sentence {n}. " for n in range(5_000))
        cut = [text[a:b] for a, b in pieces(text)]
        assert 7_000 < sum(map(len, cut)) <= 2 * 8_000
        assert "sentence 0." in cut[0]
        assert "sentence 4999." in cut[-1]

    def test_what_is_around_a_piece_is_the_nearest_as_long_as_it_can_be_read_at_once(self) -> None:
        text = "".join(f"This is sentence {n} of them. " for n in range(40))
        start = text.index("This is sentence 20")
        a, b = surroundings(text, (start, start + 28))
        assert 300 < b - a <= 380
        assert text[a:b].strip().startswith("This is sentence 14")
        assert text[a:b].endswith("sentence 26 of them.")

    def test_of_a_short_message_that_is_all_of_it(self) -> None:
        text = "I can't go on. The exam is hard! ... Really?"
        assert surroundings(text, (0, 14)) == surroundings(text, (14, 32)) == (0, len(text))

    @given(st.text(max_size=2_000))
    def test_surroundings_hold_the_piece(self, text: str) -> None:
        for a, b in pieces(text):
            start, end = surroundings(text, (a, b))
            assert 0 <= start <= a < b <= end <= len(text)
            assert end - start <= max(380, b - a)

    @given(st.text(max_size=2_000))
    def test_spans_are_in_the_text_and_in_order(self, text: str) -> None:
        found = pieces(text)
        assert found == sorted(found)
        assert all(0 <= a < b <= len(text) for a, b in found)


class TestAssessing:
    def test_the_piece_that_decided_is_the_evidence(self) -> None:
        text = (
            "The weather is nice. I've written letters to everyone for when I'm gone. Lunch was ok."
        )
        found = shipped_classifier().assess(text)
        assert found.is_flagged
        assert found.evidence is not None
        assert "letters" in text[slice(*found.evidence)]
        assert RiskKind.SUICIDE in found.kinds
        assert 0 < found.confidence <= 1

    @pytest.mark.parametrize(
        "text", ["I'm hiding in the bathroom from him", "I don't want to be here", "We can't talk"]
    )
    def test_a_closing_stop_and_the_sort_of_apostrophe_change_nothing(self, text: str) -> None:
        """A full stop once took what was heard from 0.88 to 0.02."""
        greatest, _, _ = shipped_classifier().greatest(text)
        for written in (f"{text}.", f" {text}!!", f"{text}...", text.replace("'", "\u2019")):
            assert shipped_classifier().greatest(written)[0] == pytest.approx(greatest, abs=1e-5)

    def test_what_is_said_around_a_piece_counts_too(self) -> None:
        piece, around = "I can't go on like this.", "I have written to everybody. Goodbye."
        model = RiskModel.load()
        whole = f"{around} {piece}"
        with torch.inference_mode():
            alone = {
                span: float(model.logits([whole[slice(*span)]])[0, 0]) for span in pieces(whole)
            }
            everything = float(model.logits([whole])[0, 0])
        risk, _, span = RiskClassifier(lambda: model, {}).greatest(whole)
        assert span == max(alone, key=lambda one: alone[one])
        logit = 0.8 * alone[span] + 0.2 * everything - 0.35 * np.log(len(alone))
        assert risk == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-4)

    def test_danger_in_the_middle_of_a_long_message_is_heard(self) -> None:
        everyday = ["The bus was late again.", "I had soup for lunch.", "My cat sleeps a lot."] * 7
        danger = "I have a rope in the garage and I keep going to look at it."
        text = " ".join([*everyday, danger, *everyday])
        found = shipped_classifier().assess(text)
        assert found.is_flagged
        assert found.evidence is not None
        assert "rope" in text[slice(*found.evidence)]
        assert not shipped_classifier().assess(" ".join(everyday)).is_flagged

    def test_the_worse_of_both_counts_and_kinds_add_up(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Hears:
            def __init__(self, level: RiskLevel) -> None:
                self._level = level

            def assess(self, _: str) -> RiskAssessment:
                kinds = frozenset({RiskKind.ABUSE})
                return RiskAssessment(self._level, kinds, (0, 1), 0.7) if self._level else NO_RISK

        text = "I want to kill myself."
        for level in (RiskLevel.NONE, RiskLevel.CONCERN):
            monkeypatch.setattr(assessment, "shipped_classifier", lambda one=level: Hears(one))
            found = assess_risk(said(text))
            assert found.level is RiskLevel.HIGH  # by the patterns
            assert (RiskKind.ABUSE in found.kinds) is bool(level)
            assert assess_risk(said("I like tea.")).level is level

    def test_a_classifier_that_breaks_lets_nothing_pass(
        self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        def broken() -> RiskClassifier:
            raise OSError("no weights: my cat is called Xerxes")

        monkeypatch.setattr(assessment, "shipped_classifier", broken)
        found = assess_risk(said("My cat is called Xerxes."))
        assert found.level is RiskLevel.CONCERN
        printed = "".join(capfd.readouterr())
        assert "risk_classifier_failed" in printed
        assert "Xerxes" not in printed

    def test_no_words_are_kept(self) -> None:
        classifier = shipped_classifier()
        classifier.assess("My cat is called Xerxes.")
        assert "Xerxes" not in repr(list(classifier._known.items()))

    @pytest.mark.parametrize(
        "text", ["", " ", "?!", "\U0001f622", "\ud83d", "x" * 50_000, "a " * 20_000]
    )
    def test_odd_messages_are_assessed(self, text: str) -> None:
        assert shipped_classifier().assess(text).level in RiskLevel


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("it rains " * 50, "it rains it rains"),
        ("no no no, please!", "no no, please"),
        ("Help. help HELP me", "Help Help me"),
        ("I want to, want to sleep", "I want to, want to sleep"),
        ("cancan cancan", "cancan cancan"),
        ("tea teapot teas tear", "tea teapot teas tear"),
    ],
)
def test_what_is_said_over_and_over_is_read_twice(written: str, read: str) -> None:
    assert as_read(written) == read


@given(st.text(max_size=400))
def test_a_piece_is_read_in_no_time_and_no_longer(text: str) -> None:
    assert len(as_read(text)) <= len(text)
