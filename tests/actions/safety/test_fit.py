"""How the classifier's first model is trained: what it is shown, what is kept, what counts."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from actions.safety import NO_RISK, RiskKind, RiskLevel
from actions.safety import fit as fitting
from actions.safety.classifier import RiskClassifier
from actions.safety.fit import Regimen, fit, lessons
from actions.safety.labelled import Labelled
from actions.safety.lessons import amid, any_pieces, carelessly, deciding_pieces
from actions.safety.low_rank import nearest_lora
from actions.safety.pieces import pieces
from actions.safety.risk_model import RiskModel, layers_of, with_lora
from actions.safety.thresholds import risks, threshold, thresholds
from actions.sentence_embedder import load_encoder


def fitted(
    model: RiskModel,
    lines: list[Labelled],
    turns: list[Labelled],
    regimen: Regimen = fitting.NEW,
    *,
    in_bfloat16: bool = False,
) -> None:
    torch.manual_seed(1)
    draw = random.Random(1)
    shown = lessons(model, lines, turns, turns, draw, regimen)
    fit(model, shown, draw, regimen=regimen, in_bfloat16=in_bfloat16)


@pytest.mark.integration
def test_a_fit_learns_what_it_is_shown_and_is_read_back(tmp_path: Path) -> None:
    dangerous = Labelled(RiskLevel.HIGH, frozenset({RiskKind.ABUSE}), "The zorgon is here again.")
    harmless = Labelled(RiskLevel.NONE, frozenset(), "The teapot is blue.")
    model = RiskModel.untrained(2)
    fitted(model, [dangerous, harmless] * 100, [harmless] * 50)
    model.save(tmp_path)
    thresholds = {"risk": 0.5, "direct": 0.5, "kind": 0.5}
    classifier = RiskClassifier(lambda: RiskModel.load(tmp_path), thresholds)
    found = classifier.assess("Look. The zorgon is here again. Bye.")
    assert (found.is_flagged, found.kinds) == (True, {RiskKind.ABUSE})
    assert classifier.assess("The teapot is blue.") is NO_RISK


@pytest.mark.integration
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
            for _, layer in layers_of(model.encoder):
                out, width = layer.weight.shape
                layer.weight += 0.01 * torch.randn(out, 3) @ torch.randn(3, width)
            after = model.logits(self.TEXTS)
            model.save(tmp_path)
            read = RiskModel.load(tmp_path).logits(self.TEXTS)
        assert (after - before).abs().max() > 0.05
        torch.testing.assert_close(read, after, atol=0.02, rtol=0)

    def test_of_a_change_of_any_rank_the_nearest_of_that_rank_is_kept(self) -> None:
        encoder, _ = load_encoder()
        (_, layer), *_ = layers_of(encoder)
        torch.manual_seed(1)
        change = torch.randn_like(layer.weight)
        with torch.no_grad():
            layer.weight += change
        new = with_lora(load_encoder()[0], 8, alpha=8)
        kept = nearest_lora(encoder, new, 8).merge_and_unload()
        original, _ = load_encoder()
        (_, was), *_ = layers_of(original)
        (_, now), *_ = layers_of(kept)
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
        fitted(model, [dangerous, harmless] * 100, [], quick, in_bfloat16=True)
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


class TestToldByTheWay:
    CALM = ("My cat sleeps a lot.", "We had soup.")
    LINE = Labelled(RiskLevel.HIGH, frozenset({RiskKind.ABUSE}), "Well. The zorgon is here.")

    def test_the_piece_is_found_again_among_what_is_harmless(self) -> None:
        texts = set()
        for seed in range(30):
            told, span = amid(self.LINE, (6, 25), self.CALM, random.Random(seed))
            assert told.text[slice(*span)].strip() == "The zorgon is here."
            assert told.kinds == self.LINE.kinds
            texts.add(told.text)
        assert len(texts) > 20
        assert any(text.startswith("Well.") for text in texts)
        assert any(text.count("soup") + text.count("cat") > 4 for text in texts)

    def test_what_has_no_full_stop_runs_on(self) -> None:
        line = replace(self.LINE, text="the zorgon is here")
        drawn = (amid(line, (0, 18), self.CALM, random.Random(seed)) for seed in range(40))
        shown = {told.text[slice(*span)].strip() for told, span in drawn}
        assert shown == {line.text, *(f"{line.text} {calm}" for calm in self.CALM)}


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


def test_where_the_patterns_alone_flag_more_there_is_no_threshold() -> None:
    class HearsNothing(RiskClassifier):
        def greatest(self, text: str) -> tuple[float, dict[str, float], tuple[int, int]]:
            return 0.1, {"direct": 0.1}, (0, len(text))

    turns = ["I want to kill myself."] * 2 + ["I like tea."] * 98
    with pytest.raises(ValueError, match=r"0\.0200"):
        thresholds(HearsNothing(RiskModel.load, {}), turns, 0.02)
    assert thresholds(HearsNothing(RiskModel.load, {}), turns, 0.03)["risk"] > 0.1
