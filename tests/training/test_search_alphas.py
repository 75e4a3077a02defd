"""The search for alphas, with a tiny model and with an invented one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from optuna import Study

from pal_model import DEFAULT_ALPHAS, PalGenerator, Strategy
from pal_model.generation_options import PAPER_OPTIONS
from training import alpha_responses
from training.alpha_responses import RESPONSES_FILES, AlphaResponses
from training.alphas import AlphasError, read_alphas
from training.manifest import SEARCH_MANIFEST
from training.predicting import Conversations, personas_by_turn, predict
from training.predictions import Prediction, read_predictions
from training.run_config import DataSettings
from training.score import config_of, read_part
from training.search_alphas import (
    ALPHAS_FILE,
    FRONT_FILE,
    GRID,
    PICTURE_FILE,
    TRIALS_FILE,
    main,
)

pytestmark = pytest.mark.integration


def run(esconv: Path, base: Path, output: Path, *options: str) -> int:
    common = ["--output", str(output), "--esconv", str(esconv), "--extractor", "rules"]
    return main([str(base), *common, *options])


def search(esconv: Path, base: Path, output: Path, *options: str) -> dict[str, Any]:
    assert run(esconv, base, output, *options) == 0
    record: dict[str, Any] = json.loads((output / FRONT_FILE).read_text())
    return record


def test_the_real_search_begins_with_table_2_and_goes_on_where_it_was(
    esconv: Path, base: Path, tmp_path: Path
) -> None:
    first = search(esconv, base, tmp_path, "--trials", "1", "--conversations", "1")
    table_2 = {strategy.value: alpha for strategy, alpha in DEFAULT_ALPHAS.items()}
    assert first["table 2"]["alphas"] == table_2
    assert first["chosen"] == first["table 2"]
    more = search(esconv, base, tmp_path, "--trials", "2", "--conversations", "1")
    assert more["table 2"] == first["table 2"]
    assert search(esconv, base, tmp_path, "--trials", "2", "--conversations", "1") == more
    assert (first["trials"], more["trials"]) == (1, 2)
    assert "<svg" in (tmp_path / PICTURE_FILE).read_text()
    assert read_alphas(tmp_path / ALPHAS_FILE) == more["chosen"]["alphas"]


def test_a_search_says_what_it_is_of(esconv: Path, base: Path, tmp_path: Path) -> None:
    record = search(esconv, base, tmp_path, "--trials", "1", "--conversations", "2", "--seed", "4")
    conversations = [json.loads(esconv.read_text())[index]["dialog"] for index in (1, 3)]
    turns = sum(turn["speaker"] == "supporter" for dialog in conversations for turn in dialog)
    assert record["n"] == {"conversations": 2, "turns": turns}
    assert (record["search"]["model"], record["search"]["seed"]) == (str(base), 4)
    assert "ESConv.json" in record["data"]
    assert "model.safetensors" in record["model"]
    assert "torch" in record["environment"]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_a_search_that_was_stopped_in_its_first_trial_begins_with_table_2_again(
    interruption: type[BaseException],
    esconv: Path,
    base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The killed trial neither stands for Table 2 nor counts."""

    def stopped(*_: Any, **__: Any) -> list[Any]:
        raise interruption

    with monkeypatch.context() as patch:
        patch.setattr(alpha_responses, "predict", stopped)
        with pytest.raises(interruption):
            search(esconv, base, tmp_path, "--trials", "2")
    monkeypatch.setattr(alpha_responses, "predict", says_a)
    record = search(esconv, base, tmp_path, "--trials", "2")
    assert record["trials"] == 2
    assert record["table 2"]["alphas"] == {s.value: alpha for s, alpha in DEFAULT_ALPHAS.items()}


def test_table_2_is_tried_whatever_else_has_been(
    esconv: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a folder whose first trial was lost."""
    monkeypatch.setattr(alpha_responses, "predict", says_a)
    with monkeypatch.context() as patch:
        patch.setattr(Study, "enqueue_trial", lambda *_: None)
        with pytest.raises(StopIteration):
            search(esconv, base, tmp_path, "--trials", "1")
    record = search(esconv, base, tmp_path, "--trials", "1")
    assert record["trials"] == 2
    assert record["table 2"]["alphas"] == {s.value: alpha for s, alpha in DEFAULT_ALPHAS.items()}


def test_no_alpha_is_written_with_twice(
    esconv: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many trials there are, and although the second search goes on with the first."""
    written = []

    def counted(*args: Any, **kwargs: Any) -> Predictions:
        written.append(args[3].alphas[Strategy.QUESTION])
        return says_a(*args, **kwargs)

    monkeypatch.setattr(alpha_responses, "predict", counted)
    for trials in (20, 60):
        assert search(esconv, base, tmp_path, "--trials", str(trials))["trials"] == trials
    assert sorted(set(written)) == sorted(written)
    assert 2 < len(written) <= 13


def test_a_pass_that_was_stopped_is_gone_on_with(esconv: Path, base: Path, tmp_path: Path) -> None:
    options = ("--trials", "1", "--conversations", "2")
    whole = search(esconv, base, tmp_path / "whole", *options)
    cut = tmp_path / "cut"
    search(esconv, base, cut, *options)
    for file in cut.glob(RESPONSES_FILES):
        file.write_text(file.read_text()[:-20])
    (cut / TRIALS_FILE).unlink()
    assert search(esconv, base, cut, *options)["table 2"] == whole["table 2"]
    names = sorted(file.name for file in (tmp_path / "whole").glob(RESPONSES_FILES))
    assert len(names) > 0
    for name in names:
        assert read_predictions(cut / name) == read_predictions(tmp_path / "whole" / name)


@pytest.fixture
def begun(
    esconv: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """What a search of one trial writes to `tmp_path`; nothing is really said in it."""
    monkeypatch.setattr(alpha_responses, "predict", says_a)
    return search(esconv, base, tmp_path, "--trials", "1")


@pytest.mark.usefixtures("begun")
def test_a_search_of_all_alphas_on_a_gpu_goes_on_on_a_cpu(
    esconv: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that still has something to say does not: the devices round differently."""
    manifest = tmp_path / SEARCH_MANIFEST
    facts = json.loads(manifest.read_text())
    facts["environment"]["gpu"] = "NVIDIA H200"
    manifest.write_text(json.dumps(facts))
    assert run(esconv, base, tmp_path, "--trials", "2") == 2
    assert "was begun on a GPU (NVIDIA H200)" in capsys.readouterr().err
    some = (tmp_path / "responses.0.jsonl").read_text()
    for alpha in GRID:
        (tmp_path / f"responses.{alpha:g}.jsonl").write_text(some)
    record = search(esconv, base, tmp_path, "--trials", "2")
    assert record["environment"]["gpu"] == "NVIDIA H200"
    assert record["trials"] == 2


@pytest.mark.usefixtures("begun")
def test_responses_of_two_models_are_not_put_together(
    esconv: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (tmp_path / "responses.0.jsonl").read_text()
    others = lines.replace('"strategy": "Question"', '"strategy": "Others"')
    assert others != lines
    for alpha in GRID[1:]:
        (tmp_path / f"responses.{alpha:g}.jsonl").write_text(others)
    assert run(esconv, base, tmp_path, "--trials", "30") == 2
    assert "at one alpha and" in capsys.readouterr().err


def test_what_is_put_together_is_what_the_model_says_with_these_alphas(
    esconv: Path, base: Path, tmp_path: Path
) -> None:
    generator = PalGenerator.load(str(base))
    data = DataSettings(extractor="rules")
    turns = read_part(config_of(str(base), data), esconv, "pal", "valid", None)
    conversations = dict(zip(turns.indices["valid"], turns.parts["valid"], strict=True))
    alphas = {strategy: 0.5 * place for place, strategy in enumerate(Strategy)}
    options = replace(PAPER_OPTIONS, alphas=alphas)
    personas = personas_by_turn(conversations)
    batches = predict(generator, conversations, personas, options, seeds=[3])
    said = {p.turn: p for _, batch in batches for p in batch}
    found = AlphaResponses(generator, conversations, tmp_path, seed=3).at(alphas)
    assert {p.turn: p for p in found} == said
    assert len({p.alpha for p in found}) > 2


@pytest.mark.parametrize(
    "other", [("--conversations", "2"), ("--seed", "4"), ("--all-eight",)], ids=lambda o: o[0]
)
def test_another_search_does_not_go_on_with_this_one(
    other: tuple[str, ...],
    begun: dict[str, Any],
    esconv: Path,
    base: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(esconv, base, tmp_path, "--trials", "2", *other) == 2
    error = capsys.readouterr().err
    assert "was begun with search" in error
    assert error.count("':") == 2  # what differs, of both, and nothing else
    assert json.loads((tmp_path / FRONT_FILE).read_text()) == begun


def test_trials_of_nobody_knows_what_are_not_gone_on_with(
    esconv: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / TRIALS_FILE).touch()
    assert main([str(base), "--output", str(tmp_path), "--esconv", str(esconv)]) == 2
    assert "what was tried on what cannot be told" in capsys.readouterr().err


@pytest.mark.parametrize("options", [(), ("--all-eight",)], ids=["levels", "all eight"])
def test_what_is_better_in_both_is_found(
    options: tuple[str, ...],
    esconv: Path,
    base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of an invented model that says more of what humans said, and less of the same, the nearer
    Question's alpha is to 1.
    """
    words = [f"w{number}" for number in range(24)]

    def predict(*args: Any, **_: Any) -> Predictions:
        count = 24 - round(20 * min(1, abs(args[3].alphas[Strategy.QUESTION] - 1)))
        said = words[:count] + ["x"] * (24 - count)
        return says(" ".join(said), " ".join(words), args[1])

    monkeypatch.setattr(alpha_responses, "predict", predict)
    found = search(esconv, base, tmp_path, "--trials", "30", *options)
    alphas = found["chosen"]["alphas"]
    assert alphas["Question"] == pytest.approx(1, abs=0.25)
    assert found["chosen"]["B-2"] > found["table 2"]["B-2"]
    assert found["chosen"]["D-2"] > found["table 2"]["D-2"]
    # Table 2 has the same level for both.
    assert (alphas["Question"] == alphas["Self-disclosure"]) is not bool(options)


Predictions = list[tuple[int, list[Prediction]]]


def says(response: str, reference: str, conversations: Conversations) -> Predictions:
    """Return that each turn is a question, and answered so."""
    first, *_ = ranked = tuple(Strategy)
    return [
        (13, [Prediction(*turn, (), (), first, reference, ranked, first, 0.0, response)])
        for turn in personas_by_turn(conversations)
    ]


def says_a(*args: Any, **_: Any) -> Predictions:
    return says("a", "a", args[1])


def test_alphas_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    file = tmp_path / "alphas.json"
    unknown = dict.fromkeys((strategy.value for strategy in Strategy), None)
    contents = ('{"Question": 1.0}', '{"Quest": 1.0}', "[]", "{", "null", "3", json.dumps(unknown))
    for content in contents:
        file.write_text(content)
        with pytest.raises(AlphasError, match=r"alphas\.json cannot be used"):
            read_alphas(file)


@pytest.mark.parametrize("option", ["--trials", "--conversations"])
@pytest.mark.parametrize("count", ["0", "-1", "1.5"])
def test_counts_that_make_no_sense_are_named(
    option: str, count: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["/no/such/model", "--output", str(tmp_path), option, count])
    assert f"{option}: '{count}' is given; it must be a whole" in capsys.readouterr().err
