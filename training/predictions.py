"""What a model made of the turns of a split, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from pal_model import PalError, Strategy


class PredictionError(PalError):
    """A file of predictions that cannot be used."""


Turn = tuple[int, int]
"""A conversation's place in ESConv.json, and a response's place in it."""


def _each_strategy_once(ranked: tuple[Strategy, ...]) -> tuple[Strategy, ...]:
    if len(ranked) != len(Strategy) or set(ranked) != set(Strategy):
        raise ValueError(
            f"{[strategy.value for strategy in ranked]} is not each of the {len(Strategy)} "
            "strategies once"
        )
    return ranked


@dataclass(frozen=True, slots=True)
class Prediction:
    """One turn, what the human supporter did in it, and what the model did.

    Attributes:
        conversation: its place in ESConv.json.
        utterance: place of the human response in it.
        persona: what the model saw of the seeker.
        seeker_persona: who the seeker is, by the extractor of the evaluation.
        gold_strategy: the supporter's.
        reference: the supporter's response.
        ranked: each strategy once, the model's likeliest first.
        strategy: which the response was written with.
        alpha: and with which guidance strength.
        response: the model's.
        generated: False where a fixed sentence stands in for it.
    """

    conversation: Annotated[int, Field(ge=0)]
    utterance: Annotated[int, Field(ge=0)]
    persona: tuple[str, ...]
    seeker_persona: tuple[str, ...]
    gold_strategy: Strategy
    reference: str
    ranked: Annotated[tuple[Strategy, ...], AfterValidator(_each_strategy_once)]
    strategy: Strategy
    alpha: float
    response: str
    generated: bool = True

    @property
    def turn(self) -> Turn:
        """What tells the turn from all others."""
        return self.conversation, self.utterance


_READER = TypeAdapter(Prediction)


def as_line(prediction: Prediction) -> str:
    """Return a line for a file of predictions."""
    return json.dumps(asdict(prediction), ensure_ascii=False) + "\n"


def drop_cut_line(path: Path) -> None:
    """Take away what stands behind the last whole line, if there is a file: writing it was
    interrupted.
    """
    if not path.exists():
        return
    whole, newline, cut = path.read_bytes().rpartition(b"\n")
    if cut:
        path.write_bytes(whole + newline)


def read_predictions(path: Path) -> list[Prediction]:
    """Return the predictions in a file, in the order of the turns.

    Raises:
        PredictionError: the file is missing, a line is malformed, or a turn is there twice.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise PredictionError(f"Cannot read {path}: {error}.") from error
    predictions = [
        _parsed(path, number, line) for number, line in enumerate(lines, start=1) if line
    ]
    _require_each_once(path, predictions)
    return sorted(predictions, key=lambda prediction: prediction.turn)


def read_done(path: Path, turns: Container[Turn]) -> set[Turn]:
    """Return the turns in a file that may have been cut off, if there is one.

    Raises:
        PredictionError: not all of them are in `turns`, or the file cannot be used.
    """
    if not path.exists():
        return set()
    drop_cut_line(path)
    done = {prediction.turn for prediction in read_predictions(path)}
    if strange := sorted(turn for turn in done if turn not in turns):
        raise PredictionError(
            f"{path} has {len(strange)} turns, such as {strange[:3]}, that are not among those "
            "that are asked for. Delete their lines and run the same command again; it makes what "
            "is missing."
        )
    return done


def _parsed(path: Path, number: int, line: str) -> Prediction:
    try:
        return _READER.validate_json(line)
    except ValidationError as error:
        problem: Any = error.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        raise PredictionError(
            f"{path}, line {number}: {place or 'the line'} is no prediction: {problem['msg']}. "
            "Delete the line and run the same command again; it makes what is missing."
        ) from error


def _require_each_once(path: Path, predictions: Iterable[Prediction]) -> None:
    seen: set[Turn] = set()
    for prediction in predictions:
        if prediction.turn in seen:
            conversation, utterance = prediction.turn
            raise PredictionError(
                f"{path}: utterance {utterance} of conversation {conversation} is there twice. "
                "Delete one of the two lines."
            )
        seen.add(prediction.turn)
