"""What `training.evaluate` leaves in the folder of an evaluation."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, field_validator

from training.predictions import PredictionError, drop_cut_line

MANIFEST_FILE = "evaluation_run.json"
RESULT_FILE = "evaluation.json"
PERPLEXITY_FILE = "perplexity.json"
TIMES_FILE = "times.jsonl"


class _Figure(BaseModel):
    mean: float
    std: float | None
    seeds: list[float]
    interval: tuple[float, float] | None = None


class _Evaluation(BaseModel):
    model: str
    split: str
    part: str
    persona: str
    strategy: str
    seeds: Annotated[list[int], Field(min_length=1)]
    served: bool


class _Result(BaseModel):
    evaluation: _Evaluation
    data: dict[str, str]
    n: int
    perplexity: dict[str, float]
    metrics: dict[str, _Figure]
    environment: dict[str, Any]
    times: list[dict[str, float]] = []

    @field_validator("metrics")
    @classmethod
    def _has_accuracy(cls, metrics: dict[str, _Figure]) -> dict[str, _Figure]:
        if "ACC" not in metrics:
            raise ValueError("there is no ACC")
        return metrics


def predictions_file(output: Path, seed: int) -> Path:
    """Return where the predictions of a seed are kept."""
    return output / f"predictions.{seed}.jsonl"


def read_result(folder: Path) -> dict[str, Any]:
    """Return what came of an evaluation.

    Raises:
        PredictionError: there is none in `folder`, or it is not finished, or cannot be used.
    """
    file = folder / RESULT_FILE
    if not (folder / MANIFEST_FILE).exists() and not file.exists():
        raise PredictionError(
            f"{folder} has no evaluation. Name a folder that training.evaluate wrote."
        )
    try:
        text = file.read_text(encoding="utf-8")
        _Result.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        raise PredictionError(
            f"Cannot use {file}: {place or 'the file'}: {problem['msg']}. Run training.evaluate "
            "again; what is there is kept."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise PredictionError(
            f"Cannot use {file}: {error}. Run training.evaluate again; it goes on where it was."
        ) from error
    result: dict[str, Any] = json.loads(text)
    return result


@contextmanager
def timed(file: Path) -> Iterator[dict[str, float]]:
    """Give a record to count responses in; with the seconds since then it becomes a line of `file`,
    whatever happens, unless there is none.
    """
    begun = time.monotonic()
    record: dict[str, float] = {"responses": 0}
    try:
        yield record
    finally:
        if record["responses"]:
            record["seconds"] = round(time.monotonic() - begun, 3)
            drop_cut_line(file)
            with file.open("a", encoding="utf-8") as sink:
                sink.write(json.dumps(record) + "\n")


def read_times(file: Path) -> list[dict[str, float]]:
    """Return how many responses were made in how many seconds, each time that the evaluation went
    on. What was made by a process that was killed has no time.
    """
    if not file.exists():
        return []
    drop_cut_line(file)
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
