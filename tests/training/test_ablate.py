"""Every form on a tiny backbone."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from training.ablate import FORMS, SCORES, main
from training.score import Score
from training.score import main as score

pytestmark = pytest.mark.integration


def ablate(
    esconv: Path, base: Path, output: Path, *forms: str, conversations: int = 4, rank: int = 2
) -> int:
    settings = (
        f"data.esconv={esconv}",
        f"base_model={base}",
        "data.valid_conversations=2",
        "data.extractor=rules",
        f"lora.rank={rank}",
        "eval_steps=9",
    )
    words = [word for setting in settings for word in ("--set", setting)]
    budget = ("--train-conversations", str(conversations), "--score-conversations", "3")
    chosen = ("--forms", *forms) if forms else ()
    return main(["--output", str(output), *budget, *words, *chosen])


def rows_of(printed: str) -> list[str]:
    return [line for line in printed.splitlines() if line.startswith("| ")]


@pytest.fixture(scope="module")
def ablated(esconv: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("ablated")
    assert ablate(esconv, base, output) == 0
    return output


def test_every_form_is_trained_once_and_measured_under_one_budget(
    esconv: Path, base: Path, ablated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for recipe in FORMS:
        facts = json.loads((ablated / recipe / "training_run.json").read_text())
        assert facts["conversations"] == {"train": 4, "valid": 2}
    before = {path: path.stat().st_mtime_ns for path in ablated.rglob("*.json*")}
    assert ablate(esconv, base, ablated) == 0
    rows = rows_of(capsys.readouterr().out)
    assert before == {path: path.stat().st_mtime_ns for path in ablated.rglob("*.json*")}
    # The header; the backbone, three forms with the right persona, a wrong one and none; Joint.
    assert len(rows) == 1 + 4 * 3 + 1
    assert len({row.count("|") for row in rows}) == 1


def test_the_figures_are_those_of_the_score_command(
    esconv: Path, ablated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--esconv", str(esconv), "--part", "test", "--conversations", "3")
    assert score([str(ablated / "embedded"), *options]) == 0
    theirs = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    ours = [json.loads(line) for line in (ablated / SCORES).read_text().splitlines()]
    ours = [s for s in ours if s["model"].endswith("embedded") and s["part"] == "test"]
    names = [field.name for field in fields(Score)]
    assert [[s[n] for n in names] for s in ours] == [[s[n] for n in names] for s in theirs]


def test_a_run_that_was_stopped_goes_on(
    esconv: Path, base: Path, ablated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (ablated / "hard_prompt" / "training_run.json").unlink()
    lines = (ablated / SCORES).read_text().splitlines(keepends=True)
    (ablated / SCORES).write_text("".join(lines[:-1]) + lines[-1][:20])
    assert ablate(esconv, base, ablated) == 0
    assert (ablated / "hard_prompt" / "training_run.json").exists()
    assert (ablated / SCORES).read_text() == "".join(lines)
    assert len(rows_of(capsys.readouterr().out)) == 14


def test_forms_that_were_not_named_have_no_row(
    esconv: Path, base: Path, ablated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ablate(esconv, base, ablated, "hard_prompt") == 0
    rows = rows_of(capsys.readouterr().out)
    assert [row.split(" | ")[0] for row in rows[1:]] == 3 * ["| backbone untouched"] + 3 * [
        "| Hard Prompt form"
    ]


def test_what_was_begun_otherwise_is_not_passed_off_as_this(
    esconv: Path, base: Path, ablated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ablate(esconv, base, ablated, conversations=5) == 2
    assert "was begun with train_conversations 4, and this run has 5" in capsys.readouterr().err
    assert ablate(esconv, base, ablated, rank=4) == 2
    assert "lora.rank=4" in capsys.readouterr().err
    recipe = ablated / "embedded" / "training_run.yaml"
    kept = recipe.read_text()
    recipe.write_text(kept.replace("seed: 13", "seed: 14"))
    assert ablate(esconv, base, ablated) == 2
    assert "seed is 13, and there 14" in capsys.readouterr().err
    recipe.write_text(kept)


def test_a_corpus_that_is_missing_is_named(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ablate(tmp_path / "nowhere.json", base, tmp_path) == 2
    assert "nowhere.json" in capsys.readouterr().err
