"""Two evaluations against each other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pal_model import Strategy
from training.compare_runs import main
from training.predictions import Prediction, as_line

RANKED = tuple(Strategy)


def written(folder: Path, *seeds: list[Prediction]) -> Path:
    folder.mkdir()
    manifest = {"evaluation": {"seeds": list(range(len(seeds)))}}
    (folder / "evaluation_run.json").write_text(json.dumps(manifest))
    for seed, predictions in enumerate(seeds):
        lines = "".join(map(as_line, predictions))
        (folder / f"predictions.{seed}.jsonl").write_text(lines)
    return folder


def prediction(conversation: int, *, right: bool) -> Prediction:
    return Prediction(
        conversation=conversation,
        utterance=1,
        persona=(),
        seeker_persona=(),
        gold_strategy=RANKED[0] if right else RANKED[1],
        reference="that must be hard",
        ranked=RANKED,
        strategy=RANKED[0],
        alpha=0.0,
        response="that must be hard" if right else "hello there you",
    )


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Ours is right in 30 of 40 conversations with the one seed, and in 20 with the other; theirs
    in 10.
    """
    ours = [[prediction(i, right=i < count) for i in range(40)] for count in (30, 20)]
    theirs = [prediction(i, right=i < 10) for i in range(40)]
    return written(tmp_path / "ours", *ours), written(tmp_path / "theirs", theirs)


def test_differences_are_those_of_the_means_over_seeds(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*map(str, folders), "--json"]) == 0
    records = {r["metric"]: r for r in map(json.loads, capsys.readouterr().out.splitlines())}
    accuracy = records["ACC"]
    assert (accuracy["ours"], accuracy["theirs"]) == (62.5, 25)
    assert accuracy["low"] < accuracy["difference"] == 37.5 < accuracy["high"]
    assert accuracy["p"] < 0.01
    assert records["ACC top 2"]["p"] == 1
    assert "p" not in records["D-1"]
    assert main([*map(str, folders[::-1])]) == 0
    assert "-37.500" in capsys.readouterr().out


def test_runs_of_other_turns_are_not_compared(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = [replace(prediction(i, right=True), utterance=3) for i in range(40)]
    other = written(tmp_path / "other", moved)
    assert main([str(folders[0]), str(other)]) == 2
    assert "80 turns are in one alone, such as [(0, 1), (0, 3)" in capsys.readouterr().err
    assert main([str(folders[0]), str(tmp_path)]) == 2
    assert "Name a folder that training.evaluate wrote" in capsys.readouterr().err
