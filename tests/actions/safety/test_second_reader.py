"""What is read again, what that counts, and how what reads again is trained and kept."""

from __future__ import annotations

import json
import math
import random
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from actions.safety import (
    RiskKind,
    RiskLevel,
    choose_thresholds,
    fit_second_reader,
    second_reader,
)
from actions.safety.classifier import RiskClassifier, made_up_of, shipped_classifier
from actions.safety.fit import Regimen, fit
from actions.safety.fit_second_reader import TrainableReader, judged, lessons
from actions.safety.labelled import Labelled
from actions.safety.pieces import pieces, surroundings
from actions.safety.risk_model import ADAPTER, OUTPUTS, RiskModel
from actions.safety.second_reader import (
    FOLDER,
    SecondReader,
    SecondReading,
    fingerprint_of_first,
)
from pal_model import ModelLoadError

DANGEROUS = Labelled(RiskLevel.HIGH, frozenset({RiskKind.ABUSE}), "the zorgon is here")
HARMLESS = Labelled(RiskLevel.NONE, frozenset(), "the teapot is blue")
ALONE = {"risk": 0.5, "direct": 0.5, "kind": 0.5}


READING = SecondReading(
    layers=2,
    suspected=0.01,
    weight=0.75,
    sure=0.9,
    thresholds={"risk": 0.2, "direct": 0.5, "kind": 0.5},
    first_model=fingerprint_of_first(),
)


class Reader:
    """Finds the risk of what a message's words say, by a table."""

    reading = READING

    def __init__(
        self, risks: dict[str, float], default: float = 0.001, direct: float = 0.05
    ) -> None:
        self._risks = risks
        self._default = default
        self._direct = direct
        self.read: list[str] = []

    def logits(self, texts: Sequence[str]) -> Tensor:
        self.read += [text.strip() for text in texts]
        risks = [self._risks.get(text.strip(), self._default) for text in texts]
        found = torch.full((len(texts), len(OUTPUTS)), -3.0)
        found[:, 0] = torch.tensor([logit(risk) for risk in risks])
        found[:, 1] = logit(self._direct)
        return found


def classifier(first: Reader, second: Reader) -> RiskClassifier:
    loads: Any = [lambda: first, lambda: second]
    return RiskClassifier(loads[0], ALONE, loads[1])


def logit(risk: float) -> float:
    return math.log(risk / (1 - risk))


class TestReadingAgain:
    def test_what_is_not_suspected_is_read_once(self) -> None:
        second = Reader({}, default=0.99)
        found = classifier(Reader({}, default=0.009), second).assess("Tea. And cake.")
        assert second.read == []
        assert not found.is_flagged

    def test_both_count_by_weight(self) -> None:
        text = "I gave my paints away"
        judge = classifier(Reader({text: 0.9}), Reader({text: 0.05}))
        risk, _, _ = judge.greatest(text)
        expected = 0.25 * logit(0.9) + 0.75 * logit(0.05)
        assert risk == pytest.approx(1 / (1 + math.exp(-expected)), abs=1e-5)
        assert not judge.assess(text).is_flagged  # by the first alone it would be

    def test_it_counts_for_danger_too_and_with_thresholds_of_its_own(self) -> None:
        text = "the dog is hers from Friday on"
        judge = classifier(Reader({text: 0.02}), Reader({text: 0.6}))
        risk, _, _ = judge.greatest(text)
        assert 0.2 < risk < 0.5
        assert judge.assess(text).level is RiskLevel.CONCERN

    def test_outright_danger_is_what_both_are_sure_of(self) -> None:
        text = "the dog is hers from Friday on"
        for risk, level in ((0.89, RiskLevel.CONCERN), (0.91, RiskLevel.HIGH)):
            first, second = Reader({text: risk}, direct=0.9), Reader({text: risk}, direct=0.9)
            assert classifier(first, second).assess(text).level is level
            assert classifier(first, Reader({text: risk})).assess(text).level is RiskLevel.CONCERN

    def test_it_reads_a_piece_in_its_surroundings(self) -> None:
        text = "I gave my paints away. The dog is hers."
        second = Reader({text: 0.2})
        risk, _, _ = classifier(Reader({text[:22]: 0.5}), second).greatest(text)
        first = 0.8 * logit(0.5) + 0.2 * logit(0.001)
        by_both = 0.25 * first + 0.75 * logit(0.2) - 0.35 * math.log(3)  # of three pieces
        assert risk == pytest.approx(1 / (1 + math.exp(-by_both)), abs=1e-5)
        assert second.read == [text]

    def test_the_piece_counts_that_both_find_most_dangerous(self) -> None:
        """The one that the first suspects most may be cleared by the second."""
        paints, dog = "I gave my paints away.", "The dog is hers from Friday on."
        text = f"{paints} {'It rained and we had soup for lunch again. ' * 20}{dog}"
        around = {
            piece: text[slice(*surroundings(text, (start, start + len(piece))))].strip()
            for piece in (paints, dog)
            for start in [text.index(piece)]
        }
        first, second = Reader({paints: 0.9, dog: 0.3}), Reader({around[dog]: 0.99})
        _, _, span = classifier(first, second).greatest(text)
        assert text[slice(*span)].strip() == dog

    def test_six_surroundings_are_read_again_and_of_others_the_first_counts(self) -> None:
        """A message full of figures of speech once hid what was suspected seventh."""
        figures = [f"Exam number {n} is killing me." for n in range(6)]
        dog = "The dog is hers from Friday on."
        tea = "It rained and we had soup for lunch again. " * 20
        text = tea.join([*figures, dog])
        first = Reader({**dict.fromkeys(figures, 0.9), dog: 0.6})
        second = Reader({})
        judge = classifier(first, second)
        risk, _, span = judge.greatest(text)
        assert len(second.read) == 6
        assert all(any(figure in whole for whole in second.read) for figure in figures)
        assert not any(dog in whole for whole in second.read)
        assert text[slice(*span)].strip() == dog
        different = {text[slice(*span)].strip() for span in pieces(text)}
        by_first = 0.8 * logit(0.6) + 0.2 * logit(0.001) - 0.35 * math.log(len(different))
        assert risk == pytest.approx(1 / (1 + math.exp(-by_first)))

    def test_what_very_much_is_said_around_is_heard_as_if_it_were_less(self) -> None:
        """Of many pieces one sounds like danger by chance; but who writes pages may be in it."""
        dog = "The dog is hers from Friday on."
        risks = []
        for turns in (0, 40, 80):
            text = " ".join([dog, *(f"We had soup number {n}." for n in range(turns))])
            risk, _, _ = classifier(Reader({dog: 0.6}), Reader({}, default=0.6)).greatest(text)
            risks.append(risk)
        assert risks[0] > risks[1]
        assert risks[1] == pytest.approx(risks[2], abs=1e-5)

    def test_what_is_said_over_and_over_is_read_once(self) -> None:
        """Where it had not read, the first counted, however often it had read the same."""
        text = "It rains on and on. " * 40
        first, second = Reader({}, default=0.5), Reader({})
        found = classifier(first, second).assess(text)
        assert not found.is_flagged
        assert max(Counter(first.read).values()) == max(Counter(second.read).values()) == 1

    def test_what_is_around_several_pieces_is_read_once(self) -> None:
        text = "I gave my paints away. The dog is hers from Friday on."
        second = Reader({})
        classifier(Reader({}, default=0.5), second).assess(text)
        assert second.read == [text]

    def test_if_it_cannot_be_loaded_the_first_reads_alone(
        self, capfd: pytest.CaptureFixture[str]
    ) -> None:
        def broken() -> Any:
            raise ModelLoadError("no such thing")

        text = "I gave my paints away"
        first: Any = Reader({text: 0.6})
        judge = RiskClassifier(lambda: first, ALONE, broken)
        risk, _, _ = judge.greatest(text)
        assert risk == pytest.approx(0.6)
        assert judge.assess(text).is_flagged
        printed = "".join(capfd.readouterr())
        assert printed.count("second_reader_failed") == 1

    def test_while_it_is_loaded_the_first_reads_alone(self) -> None:
        text = "I gave my paints away"
        first: Any = Reader({text: 0.6})
        flagged_meanwhile = []

        def slow() -> Any:
            flagged_meanwhile.append(judge.assess(text).is_flagged)
            return Reader({text: 0.01})

        judge = RiskClassifier(lambda: first, ALONE, slow)
        judge.load()
        judge.load()
        assert flagged_meanwhile == [True]
        assert not judge.assess(text).is_flagged


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    words = [*f"{DANGEROUS.text} {HARMLESS.text}".split(), "<end>", "<unknown>"]
    model = Tokenizer(
        models.WordLevel(
            {word: n for n, word in enumerate(dict.fromkeys(words))}, unk_token="<unknown>"
        )
    )
    model.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=model, eos_token="<end>")


@pytest.fixture(scope="module")
def base(tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Wide enough that its matrices change by more than a LoRA holds."""
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    folder = str(tmp_path_factory.mktemp("base"))
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.integration
class TestTraining:
    def test_it_learns_what_it_is_shown_and_is_read_back(
        self,
        base: str,
        tokenizer: PreTrainedTokenizerFast,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        texts = [DANGEROUS.text, HARMLESS.text]
        model = TrainableReader(LlamaForCausalLM.from_pretrained(base), tokenizer)
        quick = Regimen(passes=2, first=0, rate=3e-3, head_rate=1e-2, most_norm=1.0)
        fit(model, [[DANGEROUS, HARMLESS] * 200] * 2, random.Random(1), regimen=quick)
        with torch.inference_mode():
            trained = model.logits(texts)
        danger, none = trained[:, 0].tolist()
        assert danger > 1
        assert none < -1
        model.save(LlamaForCausalLM.from_pretrained(base), tmp_path)
        READING.save(tmp_path)
        monkeypatch.setattr(second_reader, "EMBEDDED_BASE", base)
        with torch.inference_mode():
            kept = SecondReader.load(tmp_path).logits([f"{text}. " for text in texts])
        torch.testing.assert_close(kept, trained, atol=0.3, rtol=0)  # bfloat16, then 8 bits

    def test_the_layers_alone_are_trained(
        self, base: str, tokenizer: PreTrainedTokenizerFast
    ) -> None:
        model = TrainableReader(LlamaForCausalLM.from_pretrained(base), tokenizer)
        trained = {
            name for name, weight in model.encoder.named_parameters() if weight.requires_grad
        }
        assert len(trained) == 2 * 7
        assert all(name.endswith("proj.weight") for name in trained)


class TestLessons:
    def test_all_danger_all_that_is_suspected_and_a_sample_of_the_rest(self) -> None:
        def judged(line: Labelled, risk: float) -> Any:
            return line, (risk, None)

        def harmless(text: str) -> Labelled:
            return Labelled(RiskLevel.NONE, frozenset(), text)

        lines = [judged(DANGEROUS, 0.0001)] * 20
        lines += [judged(harmless(f"line {n}"), 0.001) for n in range(1_000)]
        turns = [judged(harmless(f"suspected {n}"), 0.005) for n in range(30)]
        turns += [judged(harmless(f"turn {n}"), 0.001) for n in range(1_000)]
        epochs = list(lessons(lines, turns, random.Random(1), 2))
        assert len(epochs) == 2
        for shown in epochs:
            counts = Counter(line.text.split()[0] for line in shown)
            assert (counts["the"], counts["suspected"]) == (20, 30)
            assert 300 < counts["line"] < 400
            assert 20 < counts["turn"] < 60
        assert {line.text for line in epochs[0]} != {line.text for line in epochs[1]}

    def test_many_hand_written_lines_are_shown_as_told_by_the_way(self) -> None:
        dangerous = replace(DANGEROUS, text="the zorgon is here.")
        suspected = replace(HARMLESS, text="my zorgon ate. my cat slept.")
        lines: list[Any] = [(dangerous, (0.9, (0, 19)))] * 1_000
        calm: list[Any] = [(replace(HARMLESS, text=f"turn {n}."), (0.001, None)) for n in range(50)]
        turns = [*calm, (suspected, (0.1, (0, 14)))]
        (shown,) = lessons(lines, turns, random.Random(1), 1)
        told = [line.text for line in shown if line.kinds]
        assert all(dangerous.text in text for text in told)
        # Five in ten are; few of them have nothing around.
        assert 400 < sum("turn" in text for text in told) < 520
        assert not any("cat" in text for text in told)
        assert suspected.text in {line.text for line in shown}

    def test_of_a_harmless_line_all_that_is_suspected_is_shown_of_a_dangerous_one_the_worst(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        text = "a. " * 200
        worst, near_it, far_off, calm = (
            (0.9, (0, 2)),
            (0.2, (3, 5)),
            (0.1, (590, 592)),
            (0.0, (9, 11)),
        )
        monkeypatch.setattr(
            fit_second_reader,
            "piece_risks",
            lambda _, lines: [[worst, near_it, far_off, calm], [worst, far_off], [calm], []],
        )
        some = [replace(HARMLESS, text=text), replace(DANGEROUS, text=text)]
        model: Any = None
        found = judged(model, [*some, some[0], replace(HARMLESS, text="?")])
        of_first = [piece for line, piece in found[:-3] if line is some[0]]
        # What is next to the worst is read with it.
        assert sorted(of_first) == [far_off, worst]
        assert found[-3:] == [
            (some[1], worst),
            (some[0], calm),
            (replace(HARMLESS, text="?"), (0.0, None)),
        ]


@pytest.fixture
def corpora(tmp_path: Path) -> list[str]:
    """What the command reads: three corpora of one conversation each."""
    said = [("seeker", "I lost my keys today."), ("supporter", "Where did you look?")]
    dialog = [{"speaker": who, "content": text, "annotation": {}} for who, text in said]
    esconv = tmp_path / "ESConv.json"
    record = {"dialog": dialog, "emotion_type": "anger", "problem_type": "job", "situation": "."}
    esconv.write_text(json.dumps([record]), "utf-8")
    split = {"pal": {"train": [0], "valid": [0], "test": [0]}}
    (tmp_path / "splits_seed13.json").write_text(json.dumps(split), "utf-8")
    told = tmp_path / "told.jsonl"
    utterances = [{"speaker": "speaker", "text": "We have a new kettle."}]
    told.write_text(json.dumps({"split": "train", "utterances": utterances}) + "\n", "utf-8")
    chatted = tmp_path / "chatted.txt"
    chatted.write_text("1 i like tea .\tso do i .\t\ta|b\n", "utf-8")
    files = {"esconv": esconv, "empathetic-dialogues": told, "persona-chat": chatted}
    return [word for name, file in files.items() for word in (f"--{name}", str(file))]


@pytest.mark.integration
class TestCommands:
    @pytest.fixture
    def made(
        self, base: str, corpora: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Path:
        for module in (second_reader, fit_second_reader):
            monkeypatch.setattr(module, "EMBEDDED_BASE", base)
        monkeypatch.setattr(fit_second_reader, "_LAYERS", 1)
        monkeypatch.setattr(fit_second_reader, "hand_written", lambda: [DANGEROUS, HARMLESS] * 20)
        output = tmp_path / "made"
        assert fit_second_reader.main([*corpora, "--output", str(output), "--false-alarms=.5"]) == 0
        return output

    def test_training_writes_all_that_is_loaded_and_what_it_was_made_of(self, made: Path) -> None:
        assert SecondReading.load(made).layers == 1
        assert SecondReader.load(made).logits(["the teapot"]).shape == (1, len(OUTPUTS))
        run = json.loads((made / "training_run.json").read_text("utf-8"))
        assert (run["lines"], run["harmless_turns"]) == (40, 4)
        assert run["thresholds"]["false_alarms"] == 0.5
        assert run["first_model"] == fingerprint_of_first()
        assert {"ESConv.json", "told.jsonl", "chatted.txt"} <= run["data"].keys()

    @pytest.fixture
    def first(self, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A copy of the first model that ships, to choose for it and for what was made."""
        first = shutil.copytree(choose_thresholds.ADAPTER, tmp_path / "first")
        monkeypatch.setattr(choose_thresholds, "ADAPTER", first)
        monkeypatch.setattr(choose_thresholds, "FOLDER", made)
        return first

    def test_thresholds_are_chosen_anew(
        self, made: Path, first: Path, corpora: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        replace(SecondReading.load(made), thresholds=dict.fromkeys(ALONE, 0.0)).save(made)
        assert choose_thresholds.main([*corpora[:2], "--false-alarms=.6"]) == 0
        alone = RiskClassifier(RiskModel.load, ALONE)
        both = RiskClassifier(RiskModel.load, ALONE, lambda: SecondReader.load(made))
        both.load()
        for folder, judge in ((first, alone), (made, both)):
            # The corpus has one turn, and less than one may be flagged.
            risk, _, _ = judge.greatest("I lost my keys today.")
            settings = json.loads((folder / "settings.json").read_text("utf-8"))
            assert settings["thresholds"]["risk"] == pytest.approx(risk, rel=1e-4)
            assert settings["thresholds"]["risk"] > risk
            run = json.loads((folder / "training_run.json").read_text("utf-8"))
            assert run["thresholds"]["false_alarms"] == 0.6
            assert run["thresholds"]["made_up_of"] == made_up_of()
            assert run["seed"] == 1

    def test_where_some_cannot_be_chosen_nothing_is_written(
        self, made: Path, first: Path, corpora: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        files = [file for folder in (made, first) for file in sorted(folder.glob("*.json"))]
        before = [file.read_bytes() for file in files]
        run = made / "training_run.json"
        kept = run.read_bytes()
        run.unlink()
        with pytest.raises(SystemExit):
            choose_thresholds.main([*corpora[:2], "--false-alarms=.6"])
        assert f"{run}' Nothing was written." in capsys.readouterr().err
        run.write_bytes(kept)
        assert [file.read_bytes() for file in files] == before

    @pytest.mark.parametrize("share", ["1.0", "0", "-0.1", "nan", "0.8 %"])
    def test_what_is_no_share_is_refused(
        self, share: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit):
            choose_thresholds.main(["--esconv=ESConv.json", f"--false-alarms={share}"])
        assert (
            f"{share!r} is no share: give a number above 0 and below 1" in capsys.readouterr().err
        )


class TestSettings:
    def test_they_are_read_back(self, tmp_path: Path) -> None:
        READING.save(tmp_path)
        assert SecondReading.load(tmp_path) == READING

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"first_model": "another"}, "another first model"),
            ({"outputs": ["risk"]}, "outputs"),
            ({"thresholds": {}}, "threshold is missing"),
        ],
    )
    def test_what_does_not_belong_together_is_not_loaded(
        self, wrong: dict[str, Any], message: str, tmp_path: Path
    ) -> None:
        READING.save(tmp_path)
        path = tmp_path / "settings.json"
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | wrong), "utf-8")
        with pytest.raises(ValueError, match=message):
            SecondReader.load(tmp_path)


@pytest.mark.integration
class TestShipped:
    def test_it_is_loaded(self, capfd: pytest.CaptureFixture[str]) -> None:
        """If it were not, the first would read alone, and most tests would pass."""
        assert SecondReading.load(FOLDER).layers == 20
        shipped_classifier().load()
        assert shipped_classifier()._second is not None
        assert "second_reader_failed" not in "".join(capfd.readouterr())

    @pytest.mark.parametrize("folder", [ADAPTER, FOLDER], ids=["first", "second"])
    def test_its_thresholds_were_chosen_for_what_a_risk_is_made_up_of(self, folder: Path) -> None:
        """Else run `python -m actions.safety.choose_thresholds`."""
        run = json.loads((folder / "training_run.json").read_text("utf-8"))
        assert run["thresholds"]["made_up_of"] == made_up_of()

    def test_what_many_tokens_stand_before_is_read(self) -> None:
        """An emoji without a space before it is three tokens."""
        text = "Sorry " + "\U0001f62d" * 40 + " I've got the pills next to me"
        assert shipped_classifier().assess(text).is_flagged
