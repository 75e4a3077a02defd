"""Scores against the same turns one by one."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pal_model import Persona
from pal_model.configuration import PalConfig
from pal_model.encoding import Encoder
from pal_model.persona_extractor import load_persona_extractor
from tests.pal_model.reference import next_logits
from training.examples import encode, supporter_turns
from training.finetune_pal import main as finetune
from training.readers.esconv import read_esconv, read_split
from training.score import Counts, Scorer, compare, main
from training.turn_personas import inferred_personas

pytestmark = pytest.mark.integration

RECIPE = Path(__file__).parents[2] / "training" / "recipes" / "tiny.yaml"


def scores(capsys: pytest.CaptureFixture[str], *arguments: Any) -> dict[str, dict[str, Any]]:
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {line["condition"]: line for line in lines}


def test_scores_are_those_of_the_turns_one_by_one(
    esconv: Path, base: Path, model: Any, tokenizer: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = scores(capsys, base, "--esconv", esconv, "--part", "test", "--batch-size", 2)
    encoder = Encoder(tokenizer, PalConfig(zero_shot=False))
    everything = list(read_esconv(esconv))
    names = list(encoder.first_strategy_ids)
    extractor = load_persona_extractor()
    part = read_split(esconv.with_name("splits_seed13.json"), "pal", "test")
    turns = [
        list(supporter_turns(everything[i], inferred_personas(everything[i], extractor)))
        for i in part
    ]
    for condition in ("right", "wrong", "none"):
        loss, tokens, right, words, count = 0.0, 0, 0, 0, 0
        name_loss, name_tokens = 0.0, 0
        for index, of_one in enumerate(turns):
            others = turns[(index + 1) % len(turns)]
            for place, turn in enumerate(of_one):
                persona = {
                    "right": turn.persona,
                    "wrong": others[min(place, len(others) - 1)].persona,
                    "none": Persona(),
                }[condition]
                inputs = encoder.encode_inputs(turn.history, persona)
                target = encode(turn, encoder, in_prompt=False).target_ids
                name = encoder.strategy_ids[turn.strategy]
                for at, token in enumerate(target):
                    read = (*inputs.history_ids, *inputs.cue_ids, *target[:at])
                    logits = next_logits(
                        model, read, inputs.persona_ids, unseeing=len(inputs.history_ids)
                    )
                    log_prob = float(logits.log_softmax(-1)[token])
                    if at < len(name):
                        name_loss -= log_prob
                        name_tokens += 1
                    else:
                        loss -= log_prob
                        tokens += 1
                    if not at:
                        right += max(names, key=lambda n: float(logits[n])) == token
                words += len(turn.response.split())
                count += 1
        one = ours[condition]
        assert one["turns"] == count
        assert one["token_perplexity"] == pytest.approx(math.exp(loss / tokens), rel=1e-3)
        both = math.exp((loss + name_loss) / (tokens + name_tokens))
        assert one["token_perplexity_with_strategy"] == pytest.approx(both, rel=1e-3)
        assert one["word_perplexity"] == pytest.approx(math.exp(loss / words), rel=1e-3)
        assert one["strategy_accuracy"] == pytest.approx(right / count)


def test_a_checkpoint_is_measured_as_it_was_trained(
    esconv: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Right, wrong and no persona for one that reads it; none for one that never did."""
    common = ["--set", f"data.esconv={esconv}", "--set", f"base_model={base}"]
    results = {}
    forms = {
        "prefix": [],
        "prompt": ["--set", "persona_form=prompt"],
        "raw": ["--set", "data.persona=raw"],
        "none": ["--set", "data.persona=none"],
        "fused": ["--set", "persona_form=fused"],
    }
    for name, settings in forms.items():
        finetune([str(RECIPE), "--output", str(tmp_path / name), *common, *settings])
        results[name] = scores(capsys, tmp_path / name, "--esconv", esconv)
    untrained = scores(capsys, base, "--esconv", esconv)
    assert set(results["none"]) == {"none"}
    for name in ("prefix", "prompt", "raw", "fused"):
        assert set(results[name]) == {"right", "wrong", "none"}
        perplexities = {c: score["token_perplexity"] for c, score in results[name].items()}
        assert len(set(perplexities.values())) == 3
        assert perplexities["right"] < 0.9 * untrained["right"]["token_perplexity"]
    assert results["prefix"] != results["prompt"]


def test_what_is_not_there_is_told(
    capsys: pytest.CaptureFixture[str], esconv: Path, base: Path
) -> None:
    assert main(["/no/such/model", "--esconv", str(esconv)]) == 2
    assert "/no/such/model" in capsys.readouterr().err
    assert main([str(base), "--esconv", "/no/such/file.json"]) == 2
    assert "Cannot read /no/such/file.json" in capsys.readouterr().err


def test_a_folder_that_is_no_checkpoint_is_named(
    esconv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), "--esconv", str(esconv)]) == 2
    assert f"error: Cannot load the model '{tmp_path}': " in capsys.readouterr().err


def test_without_another_seeker_there_is_no_wrong_persona(
    esconv: Path, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would be the seeker's own."""
    one = ["--esconv", esconv, "--conversations", "1"]
    assert main([str(argument) for argument in (base, *one)]) == 2
    said = capsys.readouterr()
    assert "'wrong' is another seeker's, and conversations are 1" in said.err
    assert not said.out
    assert set(scores(capsys, base, *one, "--conditions", "right", "none")) == {"right", "none"}


@pytest.mark.parametrize("option", ["--conversations", "--batch-size"])
@pytest.mark.parametrize("count", ["0", "-1", "one"])
def test_counts_that_make_no_sense_are_named(
    option: str, count: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["/no/such/model", option, count])
    assert f"{option}: '{count}' is given; it must be a whole" in capsys.readouterr().err


def test_models_are_compared_with_the_first_and_conditions_with_the_right_persona(
    esconv: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--set", f"data.esconv={esconv}", "--set", f"base_model={base}"]
    for name, settings in {"trained": [], "none": ["--set", "data.persona=none"]}.items():
        finetune([str(RECIPE), "--output", str(tmp_path / name), *common, *settings])
    capsys.readouterr()
    models = [base, tmp_path / "trained", tmp_path / "none"]
    options = ["--esconv", esconv, "--conditions", "right", "none", "--extractor", "rules"]
    assert main([str(argument) for argument in [*models, *options]]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["condition"] for line in lines] == ["right", "none", "right", "none", "none"]
    for line in lines:
        low, high = line["token_perplexity_interval"]
        assert low < line["token_perplexity"] < high
    for right, none in (lines[:2], lines[2:4]):
        assert "against_right" not in right
        difference = none["token_perplexity"] - right["token_perplexity"]
        found = none["against_right"]["token_perplexity"]["value"]
        assert found == pytest.approx(difference)
    assert not any("against_first" in line for line in lines[:2])
    first = {line["condition"]: line for line in lines[:2]}
    for line in lines[2:]:
        found, value = line["against_first"]["token_perplexity"], line["token_perplexity"]
        assert found["value"] == pytest.approx(value - first[line["condition"]]["token_perplexity"])
        assert found["low"] < found["value"] < found["high"] < 0
        assert found["p"] == 2 / 2**3  # three conversations: no surer than that


def test_one_that_reads_personas_is_compared_with_one_that_never_did(
    esconv: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--set", f"data.esconv={esconv}", "--set", f"base_model={base}"]
    joint = tmp_path / "none"
    finetune([str(RECIPE), "--output", str(joint), *common, "--set", "data.persona=none"])
    capsys.readouterr()
    assert main([str(joint), str(base), "--esconv", str(esconv)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["condition"] for line in lines] == ["none", "right", "wrong", "none"]
    assert all(line["against_first"]["condition"] == "none" for line in lines[1:])
    assert main([str(joint), "--esconv", str(esconv), "--conditions", "right"]) == 0
    assert "never saw a persona" in capsys.readouterr().err


def test_what_is_counted_of_a_conversation_is_its_own(esconv: Path, base: Path) -> None:
    scorer = Scorer(str(base))
    conversations = scorer.read(esconv, "pal", "test", None)
    together = scorer.count(conversations, "right", 2)
    for index, turns in enumerate(conversations):
        alone = scorer.count([turns], "right", 1)
        for field in fields(Counts):
            one, of_all = getattr(alone, field.name), getattr(together, field.name)
            assert of_all[index] == pytest.approx(one[0], rel=1e-4), field.name


def test_intervals_and_p_of_what_every_resample_says_alike() -> None:
    counts = {
        name: Counts(
            loss=np.array([10.0, 20, 30]) * factor,
            tokens=np.array([10.0, 20, 30]),
            name_loss=np.zeros(3),
            name_tokens=np.zeros(3),
            right=np.array([1.0, 2, 3]),
            turns=np.array([2.0, 4, 6]),
            words=np.array([5.0, 10, 15]),
        )
        for name, factor in {"ours": 1.0, "theirs": 2.0}.items()
    }
    score = counts["ours"].score("m", "right")
    assert score.token_perplexity_interval == pytest.approx((math.e, math.e))
    assert score.word_perplexity == pytest.approx(math.exp(2))
    assert (score.turns, score.strategy_accuracy_interval) == (12, (0.5, 0.5))
    difference = compare(counts["ours"], counts["theirs"], same_tokens=True)
    assert difference["token_perplexity"]["value"] == pytest.approx(math.e - math.exp(2))
    assert difference["token_perplexity"]["p"] == 2 / 2**3
    assert difference["strategy_accuracy"]["p"] == 1
    others = compare(counts["ours"], counts["theirs"], same_tokens=False)
    assert set(others) == {"word_perplexity", "strategy_accuracy"}
    with pytest.raises(ValueError, match="measured on other turns"):
        compare(counts["ours"], replace(counts["ours"], turns=np.ones(3)), same_tokens=True)
