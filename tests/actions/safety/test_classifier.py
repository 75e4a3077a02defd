"""The classifier beside the patterns: what it hears, what it leaves alone, and how it fails."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from actions.message_screen import MAX_MESSAGE_CHARACTERS
from actions.safety import NO_RISK, RiskAssessment, RiskKind, RiskLevel, assess_risk, assessment
from actions.safety import classifier as classifier_module
from actions.safety import fit as fitting
from actions.safety.classifier import (
    RiskClassifier,
    RiskModel,
    nearest_lora,
    shipped_classifier,
)
from actions.safety.fit import (
    any_pieces,
    carelessly,
    deciding_pieces,
    fit,
    lessons,
    risks,
    threshold,
)
from actions.safety.labelled import Labelled, read_labelled
from actions.safety.pieces import pieces, surroundings
from actions.sentence_embedder import load_encoder
from pal_model import Conversation, Speaker, Utterance

HELD_OUT = Path(__file__).with_name("held_out")


def said(text: str) -> Conversation:
    return Conversation((Utterance(Speaker.SEEKER, text),))


def held_out(name: str) -> list[Labelled]:
    return list(read_labelled(HELD_OUT / f"{name}.tsv"))


class TestHeldOut:
    """Lines that neither patterns nor classifier were made with."""

    @pytest.mark.parametrize(("name", "recall"), [("explicit", 0.98), ("indirect", 0.84)])
    def test_danger_is_heard(self, name: str, recall: float) -> None:
        """What ships reaches 1.00 and 0.90; the aims are 0.98 and 0.85."""
        lines = held_out(name)
        assert len(lines) >= 150
        found = [assess_risk(said(line.text)).is_flagged for line in lines]
        assert np.mean(found) >= recall

    def test_harmless_words_are_mostly_left_alone(self) -> None:
        """Most of these are near to danger in their words; ESConv's turns are not."""
        lines = held_out("none")
        assert len(lines) >= 200
        assert np.mean([assess_risk(said(line.text)).is_flagged for line in lines]) <= 0.17

    def test_what_anybody_may_write_is_mostly_left_alone(self) -> None:
        """What ships flags 8.3 %, which is too much still; 15.3 % before it learnt such lines."""
        lines = list(read_labelled(HELD_OUT.with_name("held_out_3") / "none.tsv"))
        assert len(lines) >= 300
        assert np.mean([assess_risk(said(line.text)).is_flagged for line in lines]) <= 0.10

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
        text = "and then he said " * 60
        cut = [text[a:b] for a, b in pieces(text)]
        assert "".join(cut).split() == text.split()
        assert max(map(len, cut)) <= 220

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
        model = shipped_classifier()._loaded()
        whole = f"{around} {piece}"
        with torch.inference_mode():
            alone = {
                span: float(model.logits([whole[slice(*span)]])[0, 0]) for span in pieces(whole)
            }
            everything = float(model.logits([whole])[0, 0])
        risk, _, span = shipped_classifier().greatest(whole)
        assert span == max(alone, key=lambda one: alone[one])
        logit = 0.7 * alone[span] + 0.3 * everything
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


def test_a_fit_learns_what_it_is_shown_and_is_read_back(tmp_path: Path) -> None:
    dangerous = Labelled(RiskLevel.HIGH, frozenset({RiskKind.ABUSE}), "The zorgon is here again.")
    harmless = Labelled(RiskLevel.NONE, frozenset(), "The teapot is blue.")
    model = RiskModel.untrained(2)
    fit(model, [dangerous, harmless] * 100, [harmless] * 50, [harmless] * 50, seed=1)
    model.save(tmp_path)
    thresholds = {"risk": 0.5, "direct": 0.5, "kind": 0.5}
    classifier = RiskClassifier(lambda: RiskModel.load(tmp_path), thresholds)
    found = classifier.assess("Look. The zorgon is here again. Bye.")
    assert (found.is_flagged, found.kinds) == (True, {RiskKind.ABUSE})
    assert classifier.assess("The teapot is blue.") is NO_RISK


class TestAllWeights:
    """A trained encoder, kept as a LoRA."""

    TEXTS = ("The zorgon is here again.", "The teapot is blue.")

    def test_matrices_alone_are_trained(self) -> None:
        model = RiskModel.untrained(2)
        model.encoder = model.encoder.merge_and_unload()
        trained = {
            name
            for name, weight in model.with_all_weights().encoder.named_parameters()
            if weight.requires_grad
        }
        assert len(trained) == 6 * 6
        assert all(re.search(r"(query|key|value|dense)\.weight$", name) for name in trained)

    def test_what_differs_by_little_is_read_back(self, tmp_path: Path) -> None:
        """A change of rank 3 is kept by a LoRA of rank 64, but for rounding to bfloat16."""
        model = RiskModel.untrained(2)
        model.encoder = model.encoder.merge_and_unload().eval()
        torch.manual_seed(1)
        with torch.no_grad():
            before = model.logits(self.TEXTS)
            for _, layer in classifier_module._layers(model.encoder):
                out, width = layer.weight.shape
                layer.weight += 0.01 * torch.randn(out, 3) @ torch.randn(3, width)
            after = model.logits(self.TEXTS)
            model.save(tmp_path)
            read = RiskModel.load(tmp_path).logits(self.TEXTS)
        assert (after - before).abs().max() > 0.05
        torch.testing.assert_close(read, after, atol=0.02, rtol=0)

    def test_of_a_change_of_any_rank_the_nearest_of_that_rank_is_kept(self) -> None:
        encoder, _ = load_encoder()
        (_, layer), *_ = classifier_module._layers(encoder)
        torch.manual_seed(1)
        change = torch.randn_like(layer.weight)
        with torch.no_grad():
            layer.weight += change
        kept = nearest_lora(encoder, 8).merge_and_unload()
        original, _ = load_encoder()
        (_, was), *_ = classifier_module._layers(original)
        (_, now), *_ = classifier_module._layers(kept)
        left = torch.linalg.matrix_norm(change - (now.weight - was.weight).detach())
        rest = torch.linalg.svdvals(change)[8:]
        assert float(left) == pytest.approx(float(rest.square().sum().sqrt()), rel=1e-3)

    def test_it_learns_further(self) -> None:
        dangerous = Labelled(RiskLevel.HIGH, frozenset({RiskKind.ABUSE}), self.TEXTS[0])
        harmless = Labelled(RiskLevel.NONE, frozenset(), self.TEXTS[1])
        model = RiskModel.untrained(2)
        model.encoder = model.encoder.merge_and_unload()
        model.with_all_weights()
        quick = replace(fitting.ALL_WEIGHTS, passes=2, rate=1e-3, head_rate=3e-3)
        fit(
            model,
            [dangerous, harmless] * 100,
            [],
            [],
            seed=1,
            regimen=quick,
            in_bfloat16=True,
        )
        with torch.inference_mode():
            danger, none = model.logits(self.TEXTS)[:, 0].tolist()
        assert danger > 0 > none

    def test_all_weights_need_a_classifier_to_start_from(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        files = ["--esconv", "x", "--empathetic-dialogues", "x", "--persona-chat", "x"]
        with pytest.raises(SystemExit):
            fitting.main([*files, "--all-weights"])
        assert "--start-from" in capsys.readouterr().err


class TestLessons:
    """Which piece of a message is learnt from."""

    DANGEROUS = Labelled(
        RiskLevel.HIGH, frozenset({RiskKind.ABUSE}), "Tea? No. The zorgon is here."
    )
    HARMLESS = Labelled(RiskLevel.NONE, frozenset(), "Tea? The teapot is blue.")

    def test_first_any_piece_of_a_harmless_message_and_a_dangerous_one_whole(self) -> None:
        shown = any_pieces([self.DANGEROUS, self.HARMLESS] * 30, random.Random(1))
        assert {line.text for line in shown if line.kinds} == {self.DANGEROUS.text}
        harmless = {line.text for line in shown if not line.kinds}
        assert harmless == {self.HARMLESS.text[a:b].strip() for a, b in pieces(self.HARMLESS.text)}

    def test_then_the_piece_by_which_it_is_judged(self) -> None:
        model = RiskModel.untrained(2)
        judge = RiskClassifier(lambda: model, {})
        lines = [self.DANGEROUS, self.HARMLESS, replace(self.HARMLESS, text="?!")]
        decided = deciding_pieces(model, lines)
        model.encoder.eval()
        for (risk, piece), line in zip(decided[:2], lines[:2], strict=True):
            assert piece == judge.greatest(line.text)[2]
            with torch.inference_mode():
                logits = model.logits([line.text[slice(*span)] for span in pieces(line.text)])
            assert risk == pytest.approx(float(torch.sigmoid(logits[:, 0].max())), abs=1e-4)
        assert decided[2] == (0.0, None)


class TestLessonsOfAllPasses:
    def test_pieces_are_shown_alone_and_with_what_is_around_them(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Harmless and dangerous ones alike: what is long is no danger for that."""
        harmless = Labelled(RiskLevel.NONE, frozenset(), "Tea? Yes. The teapot is blue.")
        dangerous = Labelled(RiskLevel.HIGH, frozenset({RiskKind.ABUSE}), "Tea? Yes. He hit me.")
        monkeypatch.setattr(
            fitting, "deciding_pieces", lambda _, lines: [(0.5, (9, len(x.text))) for x in lines]
        )
        model = RiskModel.untrained(2)
        both = [dangerous] * 200, [harmless] * 200
        for shown in list(lessons(model, *both, [], random.Random(1)))[1:]:
            texts = Counter(line.text for line in shown)
            assert set(texts) == {
                part
                for line in (harmless, dangerous)
                for part in (line.text, line.text[9:].strip())
            }
            assert all(60 <= count <= 140 for count in texts.values())

    def test_later_passes_leave_easy_turns_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        dangerous = Labelled(RiskLevel.HIGH, frozenset({RiskKind.ABUSE}), "He hit me.")
        harmless = Labelled(RiskLevel.NONE, frozenset(), "The teapot is blue.")
        turns = [replace(harmless, text=f"Turn {n}") for n in range(200)]
        more = [replace(harmless, text=f"Talk {n}") for n in range(100)]
        hard = {turn.text for turn in (*turns[:50], *more[:30])}
        monkeypatch.setattr(
            fitting,
            "deciding_pieces",
            lambda _, lines: [(0.5 if line.text in hard else 0.001, None) for line in lines],
        )
        model = RiskModel.untrained(2)
        first, *later = lessons(model, [dangerous, harmless], turns, more, random.Random(1))
        assert len(first) == 202
        assert len(later) == 2
        for shown in later:
            texts = Counter(line.text for line in shown)
            assert (texts[dangerous.text], texts[harmless.text]) == (1, 1)
            assert all(texts[text] == 1 for text in hard)
            assert {text for text in texts if text.startswith("Talk")} < hard
            assert 10 <= len(texts) - 2 - len(hard) <= 60


def test_some_of_what_is_shown_is_written_carelessly() -> None:
    line = Labelled(
        RiskLevel.HIGH, frozenset({RiskKind.ABUSE}), "He's here, and I can\u2019t leave."
    )
    written = Counter(shown.text for shown in carelessly([line] * 1_000, random.Random(1)))
    careless = "Hes here and I cant leave."
    assert set(written) == {line.text, careless}
    assert 100 <= written[careless] <= 200


def test_what_the_patterns_flag_is_counted_whatever_the_classifier_says() -> None:
    class Hears(RiskClassifier):
        def greatest(self, text: str) -> tuple[float, dict[str, float], tuple[int, int]]:
            return 0.3, {"direct": 0.2}, (0, len(text))

    found = risks(Hears(RiskModel.load, {}), ["I want to kill myself.", "I like tea."])
    assert found.tolist() == pytest.approx(np.array([[2.0, 0.0], [0.3, 0.2]]))


def test_a_threshold_flags_at_most_its_share() -> None:
    scores = np.linspace(0, 1, 101, dtype=np.float32)
    for share in (0.01, 0.02, 0.1):
        assert (scores >= threshold(scores, share)).mean() <= share
        assert (scores >= threshold(scores, share)).mean() > share - 0.02
