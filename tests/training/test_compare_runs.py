"""Two evaluations against each other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pal_model import Strategy
from training.compare_runs import main
from training.predictions import Prediction, as_line

RANKED = tuple(Strategy)


def written(folder: Path, *seeds: list[Prediction], **facts: Any) -> Path:
    folder.mkdir()
    evaluation = {
        **{"model": "model", "split": "pal", "part": "test", "persona": "right"},
        **{"strategy": "predicted", "served": False, "seeds": list(range(len(seeds)))},
        **facts.pop("evaluation", {}),
    }
    result = {
        **{"evaluation": evaluation, "data": {"ESConv.json": "ab12"}, "n": len(seeds[0])},
        "metrics": {"ACC": {"mean": 0, "std": None, "seeds": [0]}},
        **{"perplexity": {}, "environment": {}, **facts},
    }
    (folder / "evaluation.json").write_text(json.dumps(result))
    for seed, predictions in enumerate(seeds):
        lines = "".join(map(as_line, predictions))
        (folder / f"predictions.{seed}.jsonl").write_text(lines)
    return folder


def prediction(conversation: int, *, right: bool) -> Prediction:
    ranked = RANKED if right else (RANKED[1], RANKED[0], *RANKED[2:])
    return Prediction(
        conversation=conversation,
        utterance=1,
        persona=(),
        seeker_persona=(),
        gold_strategy=RANKED[0],
        reference="that must be hard",
        ranked=ranked,
        strategy=ranked[0],
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
    for record in records.values():
        assert (record["turns"], record["conversations"]) == (40, 40)
        assert record["seeds"] == [[0, 1], [0]]
    assert main([*map(str, folders[::-1])]) == 0
    first, *others = capsys.readouterr().out.splitlines()
    assert first == "n = 40 turns, 40 conversations, seeds [0] and [0, 1]"
    assert "uncorrected" in others[0]
    assert "-37.500" in others[1]


def test_few_conversations_are_said_to_be_few(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def compared(count: int) -> str:
        runs = {
            f"{name} {count}": [prediction(i, right=right) for i in range(count)]
            for name, right in (("ours", True), ("theirs", False))
        }
        assert main([str(written(tmp_path / name, run)) for name, run in runs.items()]) == 0
        return capsys.readouterr().out

    assert "an exact sign-flip test" in compared(3)
    assert "an exact sign-flip test" not in compared(13)
    accuracy = next(line for line in compared(1).splitlines() if line.startswith("ACC "))
    assert accuracy.endswith("+100.000  p 1.000")


def test_runs_of_other_turns_are_not_compared(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = [replace(prediction(i, right=True), utterance=3) for i in range(40)]
    other = written(tmp_path / "other", moved)
    assert main([str(folders[0]), str(other)]) == 2
    assert "80 turns are in one alone, such as [(0, 1), (0, 3)" in capsys.readouterr().err
    assert main([str(folders[0]), str(tmp_path)]) == 2
    assert "Name a folder that training.evaluate wrote" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change", [{"reference": "oh"}, {"gold_strategy": RANKED[2]}], ids=["reference", "strategy"]
)
def test_runs_against_other_supporters_are_not_compared(
    change: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the same places of another file."""
    theirs = [prediction(i, right=True) for i in range(4)]
    ours = [*theirs[:3], replace(theirs[3], **change)]
    folders = written(tmp_path / "ours", ours), written(tmp_path / "theirs", theirs)
    assert main([*map(str, folders)]) == 2
    assert "In 1 of 4 turns, such as [(3, 1)], the human" in capsys.readouterr().err


def test_runs_of_other_data_are_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [
        written(tmp_path / digest, [prediction(1, right=True)], data={"ESConv.json": digest})
        for digest in ("ab12", "cd34")
    ]
    assert main([*map(str, folders)]) == 2
    assert "on other data, {'ESConv.json': 'ab12'} and" in capsys.readouterr().err


@pytest.mark.parametrize("by_hash", [False, True])
def test_likeness_to_personas_of_other_extractors_is_left_out(
    by_hash: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def folder(name: str, extractor: str) -> str:
        evaluation = {"extractor": "e" if by_hash else extractor}
        facts = {"evaluation": evaluation, "extractor": {"x.json": extractor} if by_hash else {}}
        known = replace(prediction(1, right=True), seeker_persona=("I am a nurse.",))
        return str(written(tmp_path / name, [known], **facts))

    ours, same, other = folder("ours", "rules"), folder("same", "rules"), folder("other", "other")
    assert main([ours, same, "--encoder", "all-MiniLM-L6-v2"]) == 0
    assert "Cos-Sim (all-MiniLM-L6-v2)" in capsys.readouterr().out
    assert main([ours, other, "--encoder", "all-MiniLM-L6-v2"]) == 0
    said = capsys.readouterr()
    assert "Cos-Sim" not in said.out
    assert "Cos-Sim is left out: the seekers' personas are from different" in said.err
