"""Evaluation for real, of a tiny model on a made-up corpus."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from pal_model import Strategy
from pal_model.configuration import PalConfig
from training import evaluate, score
from training.annotate_persona import main as annotate
from training.annotation import annotation_of, keep_annotation
from training.evaluate import Evaluation, main
from training.evaluation_folder import MANIFEST_FILE, RESULT_FILE
from training.finetune_pal import main as finetune
from training.predicting import conversations_at_once, predict, seeds_at_once, turn_seed
from training.predictions import Prediction, PredictionError, read_predictions
from training.provenance import file_hash, folder_hashes
from training.readers.esconv import read_pesconv
from training.sentence_encoder import SentenceEncoder

pytestmark = pytest.mark.integration

RECIPE = Path(__file__).parents[2] / "training" / "recipes" / "tiny.yaml"


def run(esconv: Path, model: Path, output: Path, *options: str) -> int:
    encoder = () if "--encoder" in options else ("--no-encoder",)
    common = ("--output", str(output), "--esconv", str(esconv), "--extractor", "rules")
    return main([str(model), *common, *encoder, *options])


def predictions_of(output: Path, seed: int = 1) -> list[Prediction]:
    return read_predictions(output / f"predictions.{seed}.jsonl")


@pytest.fixture(scope="module")
def evaluated(esconv: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("evaluated")
    assert run(esconv, base, output, "--seeds", "1", "2") == 0
    return output


def test_every_turn_of_the_part_is_responded_to(esconv: Path, evaluated: Path) -> None:
    dialogues = json.loads(esconv.read_text())
    expected = [
        (index, place)
        for index in (7, 9, 11, 13)
        for place, turn in enumerate(dialogues[index]["dialog"])
        if turn["speaker"] == "supporter"
    ]
    for seed in (1, 2):
        predictions = predictions_of(evaluated, seed)
        assert [p.turn for p in predictions] == expected
        for p in predictions:
            turn = dialogues[p.conversation]["dialog"][p.utterance]
            assert p.reference == turn["content"]
            assert p.gold_strategy == turn["annotation"]["strategy"]
            assert p.strategy is p.ranked[0]
            assert set(p.ranked) == set(Strategy)
    assert predictions_of(evaluated) != predictions_of(evaluated, 2)


def test_every_turn_has_random_numbers_of_its_own(esconv: Path, evaluated: Path) -> None:
    """Guards against turns that fall alike, and against runs that share their drafts."""
    turns = [p.turn for p in predictions_of(evaluated)]
    seeds = {turn_seed(seed, *turn) for turn in turns for seed in range(5)}
    assert len(seeds) == 5 * len(turns)


def test_the_result_has_every_metric_with_its_spread(evaluated: Path) -> None:
    result = json.loads((evaluated / RESULT_FILE).read_text())
    assert result["n"] == len(predictions_of(evaluated))
    assert result["evaluation"]["seeds"] == [1, 2]
    names = {"ACC", "B-1", "B-4", "D-1", "D-3", "E-1", "E-2", "R-L", "empty", "duplicate"}
    assert names < set(result["metrics"])
    for name in ("ACC", "B-1", "R-L", "length"):
        figure = result["metrics"][name]
        low, high = figure["interval"]
        assert low <= figure["mean"] <= high
        assert len(figure["seeds"]) == 2
    assert "interval" not in result["metrics"]["D-1"]
    assert result["training"] == []  # of a base model
    perplexity = result["perplexity"]
    assert perplexity["token_perplexity"] != perplexity["token_perplexity_with_strategy"]


@pytest.mark.parametrize("persona", ["right", "wrong", "none"])
def test_perplexity_is_that_of_score(
    persona: str, esconv: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(esconv, base, tmp_path, "--persona", persona) == 0
    found = json.loads((tmp_path / RESULT_FILE).read_text())
    capsys.readouterr()
    options = ["--esconv", str(esconv), "--part", "test", "--extractor", "rules"]
    assert score.main([str(base), *options, "--conditions", persona]) == 0
    scored = json.loads(capsys.readouterr().out)
    assert found["perplexity"] == {name: scored[name] for name in found["perplexity"]}
    assert len(found["perplexity"]) == 3
    assert found["perplexity_interval"] == scored["token_perplexity_interval"]
    assert found["perplexity_seconds"] > 0


FORMS: dict[str, tuple[str, ...]] = {
    "Hard Prompt": ("persona_form=prompt",),
    "Joint": ("data.persona=none",),
    "raw": ("data.persona=raw",),
    "fused": ("persona_form=fused",),
    "Blenderbot": ("persona_form=fused", "lora=null", "max_history_tokens=120"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_evaluated(
    form: str, esconv: Path, base: Path, blenderbot: Path, tmp_path: Path
) -> None:
    """And without its recipe it is measured as it is served."""
    backbone = blenderbot if form == "Blenderbot" else base
    settings = ("optimiser.max_steps=2", f"base_model={backbone}", f"data.esconv={esconv}")
    options = [word for value in (*settings, *FORMS[form]) for word in ("--set", value)]
    model = tmp_path / "model"
    assert finetune([str(RECIPE), "--output", str(model), *options]) == 0
    assert run(esconv, model, tmp_path / "out") == 0
    result = json.loads((tmp_path / "out" / RESULT_FILE).read_text())
    predictions = predictions_of(tmp_path / "out")
    assert result["n"] == len(predictions) > 0
    assert result["perplexity"]["token_perplexity"] > 1
    assert bool(any(p.persona for p in predictions)) is (form != "Joint")
    assert any(p.seeker_persona for p in predictions)
    if form in ("Hard Prompt", "fused", "Blenderbot"):
        (model / "training_run.yaml").unlink()
        assert run(esconv, model, tmp_path / "again") == 0
        again = json.loads((tmp_path / "again" / RESULT_FILE).read_text())
        assert again["perplexity"] == pytest.approx(result["perplexity"])


def test_who_was_trained_on_annotated_personas_is_evaluated_with_and_without_them(
    esconv: Path, base: Path, tmp_path: Path
) -> None:
    """Where the file has none they are inferred, by the same extractor: so nothing differs."""
    corpus = tmp_path / "PESConv.json"
    arguments = ["--esconv", str(esconv), "--extractor", "rules", "--output", str(corpus)]
    assert annotate(arguments) == 0
    values = (
        "optimiser.max_steps=2",
        f"base_model={base}",
        f"data.esconv={corpus}",
        "data.persona=annotated",
        "data.extractor=another",
    )
    options = [word for value in values for word in ("--set", value)]
    model = tmp_path / "model"
    assert finetune([str(RECIPE), "--output", str(model), *options]) == 0
    learnt = json.loads((model / "training_run.json").read_text())
    assert learnt["annotation"]["data"] == file_hash(esconv)
    assert (
        learnt["annotation"]["extractor"] == score.config_of(str(model)).data.extractor == "rules"
    )
    results = []
    for file, output in ((esconv, tmp_path / "plain"), (corpus, tmp_path / "annotated")):
        assert run(file, model, output) == 0
        results.append(json.loads((output / RESULT_FILE).read_text()))
    assert predictions_of(tmp_path / "plain") == predictions_of(tmp_path / "annotated")
    assert any(p.persona for p in predictions_of(tmp_path / "plain"))
    assert results[0]["perplexity"] == results[1]["perplexity"]
    assert [result["seeker_personas"] for result in results] == ["inferred", "inferred"]


@pytest.mark.parametrize("is_its_own", [True, False])
def test_who_seekers_are_is_read_where_the_same_extractor_wrote_it(
    is_its_own: bool,
    esconv: Path,
    base: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """This one cannot infer anything."""
    extractor = tmp_path / "extractor"
    extractor.mkdir()
    (extractor / "config.json").write_text("{}")
    corpus = tmp_path / "PESConv.json"
    arguments = ["--esconv", str(esconv), "--extractor", "rules", "--output", str(corpus)]
    assert annotate(arguments) == 0
    if is_its_own:
        made = annotation_of(corpus)
        keep_annotation(corpus, made | {"extractor_files": folder_hashes(extractor)})
    values = ("optimiser.max_steps=2", f"base_model={base}", f"data.esconv={corpus}")
    options = [word for value in (*values, "data.persona=none") for word in ("--set", value)]
    model = tmp_path / "model"
    assert finetune([str(RECIPE), "--output", str(model), *options]) == 0
    status = run(corpus, model, tmp_path / "out", "--extractor", str(extractor), "--no-perplexity")
    if not is_its_own:
        assert status == 2
        assert "persona extractor" in capsys.readouterr().err
        return
    annotated = list(read_pesconv(corpus))
    predictions = predictions_of(tmp_path / "out")
    assert any(p.seeker_persona for p in predictions)
    for p in predictions:
        assert p.persona == ()
        assert p.seeker_persona == annotated[p.conversation][1][p.utterance].sentences
    result = json.loads((tmp_path / "out" / RESULT_FILE).read_text())
    assert result["seeker_personas"] == "annotated"


def test_times_are_kept_of_all_that_was_made(esconv: Path, base: Path, tmp_path: Path) -> None:
    assert run(esconv, base, tmp_path, "--no-perplexity") == 0
    assert run(esconv, base, tmp_path, "--no-perplexity", "--seeds", "1", "2") == 0
    result = json.loads((tmp_path / RESULT_FILE).read_text())
    assert [time["responses"] for time in result["times"]] == [result["n"]] * 2
    assert all(time["seconds"] > 0 for time in result["times"])


def test_more_seeds_and_another_encoder_may_be_asked_for_later(
    esconv: Path, base: Path, evaluated: Path, tmp_path: Path
) -> None:
    assert run(esconv, base, tmp_path, "--seeds", "2") == 0
    more = ("--seeds", "1", "2", "--encoder", "all-MiniLM-L6-v2")
    assert run(esconv, base, tmp_path, *more) == 0
    for seed in (1, 2):
        assert predictions_of(tmp_path, seed) == predictions_of(evaluated, seed)
    result = json.loads((tmp_path / RESULT_FILE).read_text())
    assert result["evaluation"]["seeds"] == [1, 2]
    assert "Cos-Sim (all-MiniLM-L6-v2)" in result["metrics"]


def test_turns_of_another_evaluation_are_named(
    esconv: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that stands in for a missing turn, so that their number is right."""
    assert run(esconv, base, tmp_path, "--no-perplexity") == 0
    file = tmp_path / "predictions.1.jsonl"
    first, *lines = file.read_text().splitlines(keepends=True)
    before = predictions_of(tmp_path)
    moved = json.dumps({**json.loads(first), "conversation": 8}) + "\n"
    file.write_text("".join([moved, *lines]))
    assert run(esconv, base, tmp_path, "--no-perplexity") == 2
    assert "has 1 turns, such as [(8, 1)], that are not among" in capsys.readouterr().err
    file.write_text("".join(lines))
    assert run(esconv, base, tmp_path, "--no-perplexity") == 0
    assert predictions_of(tmp_path) == before


def test_perplexity_may_be_asked_for_later(esconv: Path, base: Path, tmp_path: Path) -> None:
    assert run(esconv, base, tmp_path, "--no-perplexity") == 0
    first = json.loads((tmp_path / RESULT_FILE).read_text())
    assert first["perplexity"] == {}
    said = (tmp_path / "predictions.1.jsonl").read_text()
    assert run(esconv, base, tmp_path) == 0
    second = json.loads((tmp_path / RESULT_FILE).read_text())
    assert second["perplexity"]["token_perplexity"] > 1
    assert second["metrics"] == first["metrics"]
    assert (tmp_path / "predictions.1.jsonl").read_text() == said


def test_a_run_that_was_killed_goes_on_where_it_was(
    esconv: Path, base: Path, evaluated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*args: Any, **kwargs: Any) -> Iterator[Any]:
        batches = predict(*args, **kwargs)
        yield next(batches)
        yield next(batches)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "predict", killed)
        with pytest.raises(KeyboardInterrupt):
            run(esconv, base, tmp_path, "--seeds", "1", "2")
    assert 0 < len(predictions_of(tmp_path)) < len(predictions_of(evaluated))
    file = tmp_path / "predictions.1.jsonl"
    lines = file.read_bytes()
    file.write_bytes(lines + lines[:99])  # a line was cut off
    assert run(esconv, base, tmp_path, "--seeds", "1", "2") == 0
    for seed in (1, 2):
        assert predictions_of(tmp_path, seed) == predictions_of(evaluated, seed)
    ours, theirs = (json.loads((f / RESULT_FILE).read_text()) for f in (tmp_path, evaluated))
    assert ours["metrics"] == theirs["metrics"]
    # Nothing is made twice.
    for owner, name in ((evaluate.PalGenerator, "load"), (evaluate.Scorer, "__init__")):
        monkeypatch.setattr(owner, name, lambda *_, **__: pytest.fail("nothing to do"))
    assert run(esconv, base, tmp_path, "--seeds", "1", "2") == 0


def test_what_training_cost_is_kept_with_the_result(
    esconv: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = [{"corpus": "daily_dialog", "seconds": 1}, {"corpus": "esconv", "seconds": 2}]
    monkeypatch.setattr(evaluate, "training_costs", {str(base): costs}.get)
    assert run(esconv, base, tmp_path, "--conversations", "1", "--no-perplexity") == 0
    assert json.loads((tmp_path / RESULT_FILE).read_text())["training"] == costs


def test_each_environment_of_a_run_that_goes_on_is_kept(
    esconv: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for commit in ("one", "two", "three"):
        here = {"commit": commit, "gpu": None}
        monkeypatch.setattr(evaluate, "environment", lambda here=here: here)
        assert run(esconv, base, tmp_path, "--conversations", "1", "--no-perplexity") == 0
    for file in (RESULT_FILE, MANIFEST_FILE):
        written = json.loads((tmp_path / file).read_text())
        assert written["environment"]["commit"] == "one"
        assert [later["commit"] for later in written["resumed"]] == ["two", "three"]


@pytest.mark.parametrize(
    "more", [("--no-perplexity", "--seeds", "1", "2"), ()], ids=["say", "score"]
)
@pytest.mark.parametrize("gpus", [(None, "H100"), ("H100", None)], ids=["CPU", "GPU"])
def test_a_run_goes_on_on_no_other_kind_of_device(
    gpus: tuple[str | None, str | None],
    more: tuple[str, ...],
    esconv: Path,
    base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, now = gpus
    monkeypatch.setattr(evaluate, "environment", lambda: {"gpu": before})
    assert run(esconv, base, tmp_path, "--conversations", "1", "--no-perplexity") == 0
    begun = (tmp_path / MANIFEST_FILE).read_bytes()
    monkeypatch.setattr(evaluate, "environment", lambda: {"gpu": now})
    assert run(esconv, base, tmp_path, "--conversations", "1", *more) == 2
    error = capsys.readouterr().err
    assert "a GPU (H100)" in error
    assert "a CPU" in error
    assert "name another folder" in error
    assert (tmp_path / MANIFEST_FILE).read_bytes() == begun
    # Another card is of the same kind.
    monkeypatch.setattr(evaluate, "environment", lambda: {"gpu": before and "H200"})
    assert run(esconv, base, tmp_path, "--conversations", "1", *more) == 0


def test_what_is_said_can_be_counted_anew_on_any_device(
    esconv: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "environment", lambda: {"gpu": "H100"})
    assert run(esconv, base, tmp_path, "--conversations", "1") == 0
    on_gpu = json.loads((tmp_path / RESULT_FILE).read_text())
    monkeypatch.setattr(evaluate, "environment", lambda: {"gpu": None})
    assert run(esconv, base, tmp_path, "--conversations", "1") == 0
    here = json.loads((tmp_path / RESULT_FILE).read_text())
    assert here["resumed"] == [{"gpu": None}]
    assert here["metrics"] == on_gpu["metrics"]
    assert here["perplexity"] == on_gpu["perplexity"]


def test_what_is_said_in_a_conversation_does_not_depend_on_the_others(
    esconv: Path, base: Path, evaluated: Path, tmp_path: Path
) -> None:
    assert run(esconv, base, tmp_path, "--batch-size", "1", "--conversations", "2") == 0
    alone = predictions_of(tmp_path)
    assert len({p.conversation for p in alone}) == 2
    together = {p.turn: p for p in predictions_of(evaluated)}
    assert alone == [together[p.turn] for p in alone]


def test_runs_that_are_written_together_are_those_written_one_after_the_other(
    esconv: Path, base: Path, evaluated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def together(*args: Any, **kwargs: Any) -> Iterator[Any]:
        return predict(*args, **kwargs | {"seeds_at_once": 2})

    monkeypatch.setattr(evaluate, "predict", together)
    # The first is done in part, one place of it in all conversations.
    done = {p.turn for p in predictions_of(evaluated) if p.utterance < 2 or p.conversation == 9}
    assert run(esconv, base, tmp_path, "--no-perplexity") == 0
    lines = (tmp_path / "predictions.1.jsonl").read_text().splitlines(keepends=True)
    turns = [p.turn for p in predictions_of(tmp_path)]
    kept = [line for line, turn in zip(lines, turns, strict=True) if turn in done]
    assert 0 < len(kept) < len(lines)
    (tmp_path / "predictions.1.jsonl").write_text("".join(kept))
    assert run(esconv, base, tmp_path, "--seeds", "1", "2", "--no-perplexity") == 0
    for seed in (1, 2):
        assert predictions_of(tmp_path, seed) == predictions_of(evaluated, seed)


@pytest.mark.parametrize(
    ("gigabytes", "conversations", "of_three", "seeds"),
    [(14, 38, 12, 1), (23, 63, 21, 1), (80, 65, 65, 3), (150, 65, 65, 6)],
)
def test_a_gpu_has_room_for_what_is_written_at_once(
    gigabytes: int,
    conversations: int,
    of_three: int,
    seeds: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free = gigabytes * 10**9
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda: (free, 10**12))
    assert conversations_at_once() == conversations
    assert conversations_at_once(candidates=3) == of_three
    assert seeds_at_once(65) == seeds
    assert seeds_at_once(1_000) == 1
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert (conversations_at_once(3), seeds_at_once(1)) == (32, 1)


def test_strategy_alpha_and_persona_may_be_given(
    esconv: Path, base: Path, evaluated: Path, tmp_path: Path
) -> None:
    options = ("--strategy", "gold", "--alpha", "0.5", "--persona", "wrong")
    assert run(esconv, base, tmp_path, *options, "--conversations", "3") == 0
    right = {p.turn: p for p in predictions_of(evaluated)}
    for p in predictions_of(tmp_path):
        assert p.strategy is p.gold_strategy
        assert p.alpha == (0.5 if p.persona else 0)
    assert any(p.persona != right[p.turn].persona for p in predictions_of(tmp_path))


def test_likeness_to_the_persona_names_its_encoder(
    esconv: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--conversations", "1", "--encoder")
    assert run(esconv, base, tmp_path, *options, "all-MiniLM-L6-v2") == 0
    assert "Cos-Sim (all-MiniLM-L6-v2)" in capsys.readouterr().out
    assert run(esconv, base, tmp_path, *options, "/no/such/encoder") == 2
    assert "Cannot load the sentence encoder '/no/such/encoder'" in capsys.readouterr().err


def test_likeness_is_to_the_seekers_persona_whatever_the_model_is_shown(
    esconv: Path, base: Path, evaluated: Path, tmp_path: Path
) -> None:
    assert run(esconv, base, tmp_path, "--persona", "none", "--encoder", "all-MiniLM-L6-v2") == 0
    shown = predictions_of(evaluated)
    blind = predictions_of(tmp_path)
    assert not any(p.persona for p in blind)
    assert [p.seeker_persona for p in blind] == [p.persona for p in shown]
    encoder = SentenceEncoder()
    both = [p for p in blind if p.seeker_persona and p.response]
    cosines = [
        float(encoder.similarities([p.response], [" ".join(p.seeker_persona)])) for p in both
    ]
    result = json.loads((tmp_path / RESULT_FILE).read_text())
    mean = result["metrics"]["Cos-Sim (all-MiniLM-L6-v2)"]["mean"]
    assert mean == pytest.approx(sum(cosines) / len(cosines), abs=1e-5)


def test_as_served_responses_are_edited(esconv: Path, base: Path, tmp_path: Path) -> None:
    assert run(esconv, base, tmp_path, "--served", "--conversations", "2") == 0
    predictions = predictions_of(tmp_path)
    assert all(p.response[-1] in ".!?" for p in predictions)
    fixed = 100 * sum(not p.generated for p in predictions) / len(predictions)
    result = json.loads((tmp_path / RESULT_FILE).read_text())
    assert result["metrics"]["fixed"]["mean"] == pytest.approx(fixed)


def test_turns_right_after_a_supporters_may_count(esconv: Path, base: Path, tmp_path: Path) -> None:
    file = tmp_path / "ESConv.json"
    dialogues = json.loads(esconv.read_text())
    dialogues[7]["dialog"].append(dialogues[7]["dialog"][-1])
    file.write_text(json.dumps(dialogues))
    splits = esconv.with_name("splits_seed13.json").read_bytes()
    file.with_name("splits_seed13.json").write_bytes(splits)
    counts = []
    for options in ((), ("--consecutive",)):
        folder = tmp_path / f"{len(options)}"
        assert run(file, base, folder, "--conversations", "1", *options) == 0
        counts.append(len(predictions_of(folder)))
    assert counts[1] == counts[0] + 1


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--seeds", "1", "1"), "The seeds are [1, 1]"),
        (("--alphas", "/no/such.json"), "/no/such.json cannot be used"),
    ],
)
def test_options_that_make_no_sense_are_named_before_anything_is_loaded(
    options: tuple[str, ...],
    problem: str,
    esconv: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(esconv, tmp_path / "no-such-model", tmp_path, *options) == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize("alpha", ["-1", "much", "nan"])
def test_an_alpha_that_makes_no_sense_is_named(
    alpha: str, esconv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(esconv, tmp_path / "no-such-model", tmp_path, "--alpha", alpha)
    assert f"--alpha: '{alpha}' is given; it must be a number, 0 or more" in capsys.readouterr().err


def test_what_is_neither_persona_nor_strategy_is_named() -> None:
    """Guards against a slip that would mean another one in silence."""
    with pytest.raises(ValueError, match="persona is 'rigth'; it must be one of"):
        Evaluation("model", persona="rigth")
    with pytest.raises(ValueError, match="strategy is 'Gold'; it must be one of"):
        Evaluation("model", strategy="Gold")  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["--conversations", "--batch-size"])
def test_counts_that_make_no_sense_are_named(
    option: str, esconv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(esconv, tmp_path / "no-such-model", tmp_path, option, "0")
    assert f"{option}: '0' is given; it must be a whole" in capsys.readouterr().err
    with pytest.raises(ValueError, match="conversations is 0"):
        Evaluation("model", conversations=0)


@pytest.mark.parametrize("options", [(), ("--no-perplexity",)])
def test_what_cannot_be_loaded_is_not_begun(
    options: tuple[str, ...], esconv: Path, base: Path, tmp_path: Path
) -> None:
    """Guards against a folder that stays with a model that was not there yet."""
    model, output = tmp_path / "model", tmp_path / "out"
    assert run(esconv, model, output, "--conversations", "1", *options) == 2
    assert not output.exists()
    shutil.copytree(base, model)
    assert run(esconv, model, output, "--conversations", "1", *options) == 0


@pytest.mark.parametrize("left", ["predictions.1.jsonl", "perplexity.json"])
def test_what_is_of_nobody_knows_which_evaluation_is_not_gone_on_with(
    left: str, esconv: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / left).write_text("")
    assert run(esconv, base, tmp_path) == 2
    assert f"{left} is there without evaluation_run.json" in capsys.readouterr().err


def test_times_that_were_cut_off_are_dropped(esconv: Path, base: Path, tmp_path: Path) -> None:
    options = ("--conversations", "1", "--no-perplexity")
    assert run(esconv, base, tmp_path, *options) == 0
    with (tmp_path / "times.jsonl").open("a") as sink:
        sink.write('{"responses": 3, "sec')
    assert run(esconv, base, tmp_path, *options) == 0
    times = json.loads((tmp_path / RESULT_FILE).read_text())["times"]
    assert len(times) == 1


def test_a_lora_of_another_kind_has_responses_and_no_perplexity_here(
    esconv: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """That would be measured as a plain one's."""
    model, output = tmp_path / "model", tmp_path / "out"
    config = LoraConfig(r=2, use_rslora=True, target_modules="all-linear", task_type="CAUSAL_LM")
    get_peft_model(AutoModelForCausalLM.from_pretrained(base), config).save_pretrained(model)
    PalConfig(base_model=str(base), zero_shot=False).save(model)
    assert run(esconv, model, output, "--conversations", "1") == 2
    assert "its delta is no plain LoRA" in capsys.readouterr().err
    assert run(esconv, model, output, "--conversations", "1", "--no-perplexity") == 0
    assert json.loads((output / RESULT_FILE).read_text())["n"] > 0


def test_a_lora_that_is_gone_is_named(
    esconv: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    PalConfig(base_model=str(base), zero_shot=False).save(tmp_path)
    assert run(esconv, tmp_path, tmp_path / "out") == 2
    assert "Cannot load the model" in capsys.readouterr().err
    assert score.main([str(tmp_path), "--esconv", str(esconv)]) == 2
    assert "names a base model, so that it must hold a LoRA" in capsys.readouterr().err


def test_a_folder_that_is_no_checkpoint_is_named(
    esconv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(esconv, tmp_path, tmp_path / "out") == 2
    assert f"error: Cannot load the model '{tmp_path}': " in capsys.readouterr().err


def test_without_another_seeker_there_is_no_wrong_persona(
    esconv: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would be the seeker's own. The folder stays free for what can be evaluated."""
    assert run(esconv, base, tmp_path, "--conversations", "1", "--persona", "wrong") == 2
    assert "'wrong' is another seeker's, and conversations are 1" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


def test_another_evaluation_does_not_go_on_with_this_one(
    esconv: Path, base: Path, evaluated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(esconv, base, evaluated, "--strategy", "gold") == 2
    assert "was begun with evaluation" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"conversation": 1', "the line is no prediction"),
        ('{"conversation": "x"}', "conversation is no prediction"),
        (None, "is there twice"),
    ],
)
def test_predictions_that_cannot_be_used_are_named(
    line: str | None, problem: str, evaluated: Path, tmp_path: Path
) -> None:
    file = tmp_path / "predictions.jsonl"
    good = (evaluated / "predictions.1.jsonl").read_text().splitlines()[0]
    file.write_text(f"{good}\n{line or good}\n")
    with pytest.raises(PredictionError, match=problem):
        read_predictions(file)
    with pytest.raises(PredictionError, match="Cannot read"):
        read_predictions(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "kept", [(), range(7), (0, *range(7))], ids=["none", "one missing", "one twice"]
)
def test_strategies_that_are_not_each_ranked_once_are_named(
    kept: Sequence[int], evaluated: Path, tmp_path: Path
) -> None:
    file = tmp_path / "predictions.jsonl"
    line = json.loads((evaluated / "predictions.1.jsonl").read_text().splitlines()[0])
    line["ranked"] = [line["ranked"][place] for place in kept]
    file.write_text(json.dumps(line) + "\n")
    with pytest.raises(PredictionError, match=r"line 1: ranked is .*not each of the 8"):
        read_predictions(file)
