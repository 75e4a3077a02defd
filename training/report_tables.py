"""The tables of a report: what was measured, what others published, and what training cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pal_model import Strategy
from training.predictions import Prediction
from training.published import OF_RESPONSES, PUBLISHED, PUBLISHED_COLUMNS

COLUMNS = ("n", "ACC", "PPL a token", "PPL a word", *OF_RESPONSES, "Cos-Sim")
"""Table 3's, with the count and with what may be compared across tokenizers."""

_INTERVALS = {f"{metric}, 95 %": metric for metric in ("ACC", "B-2", "B-4", "R-L", "Cos-Sim")}

FURTHER_COLUMNS = (
    *_INTERVALS,
    "PPL with strategy",
    "macro-F1",
    "weighted F1",
    "preference bias",
    "B-1",
    "B-3",
    "D-3",
    "empty",
    "duplicate",
    "length",
)

_PERPLEXITIES = {
    "PPL a token": "token_perplexity",
    "PPL a word": "word_perplexity",
    "PPL with strategy": "token_perplexity_with_strategy",
}

RANKS = tuple(range(1, len(Strategy)))
"""Of Figure 4; with all strategies every turn is right."""


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as they are shown.

    Attributes:
        name: such as it may stand in an address.
        caption: what the table is of.
        header: of each column.
        rows: each of them begins with what it is of.
    """

    name: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One evaluation.

    Attributes:
        name: of its folder.
        result: what `training.evaluate` wrote.
        predictions: of its first seed.
    """

    name: str
    result: dict[str, Any]
    predictions: list[Prediction]

    @property
    def metrics(self) -> dict[str, dict[str, Any]]:
        """Of each metric its mean, spread and interval."""
        metrics: dict[str, dict[str, Any]] = self.result["metrics"]
        return metrics

    @property
    def encoder(self) -> str | None:
        """The one behind Cos-Sim."""
        name: str | None = self.result["evaluation"]["encoder"]
        return name

    @property
    def environments(self) -> list[dict[str, Any]]:
        """Where it was begun, and where it went on."""
        return [self.result["environment"], *self.result.get("resumed", ())]

    def accuracy(self, rank: int) -> dict[str, Any]:
        """Return how often the supporter's strategy is among the `rank` likeliest."""
        return self.metrics["ACC" if rank == 1 else f"ACC top {rank}"]

    def cell(self, column: str) -> str:
        """Return what stands in one of `COLUMNS` or `FURTHER_COLUMNS`; nothing where it was not
        measured.
        """
        if column == "n":
            return str(self.result["n"])
        if column in _PERPLEXITIES:
            value = self.result["perplexity"].get(_PERPLEXITIES[column])
            return "" if value is None else f"{value:.2f}"
        metric = _INTERVALS.get(column, column)
        digits = 3 if metric == "Cos-Sim" else 2
        figure = self.metrics.get(f"Cos-Sim ({self.encoder})" if metric == "Cos-Sim" else metric)
        if figure is None:
            return ""
        if column in COLUMNS:
            return _mean(figure, digits)
        return _interval(figure, digits) if column in _INTERVALS else _with_interval(figure)


def _with_interval(figure: dict[str, Any]) -> str:
    return f"{_mean(figure)} {_interval(figure)}".rstrip()


def _mean(figure: dict[str, Any], digits: int = 2) -> str:
    """Return the mean, and the deviation over seeds."""
    spread = "" if figure["std"] is None else f" ± {figure['std']:.{digits}f}"
    return f"{figure['mean']:.{digits}f}{spread}"


def _interval(figure: dict[str, Any], digits: int = 2) -> str:
    """Return the 95 % interval; nothing of one conversation."""
    ends = figure.get("interval")
    return "[{:.{d}f}, {:.{d}f}]".format(*ends, d=digits) if ends else ""


def figures_table(evaluated: Sequence[Evaluated]) -> Table:
    """Return Table 3."""
    return _of_models("figures", "Metrics of PAL's Table 3 over n turns", COLUMNS, evaluated)


def further_table(evaluated: Sequence[Evaluated]) -> Table:
    """Return what stands beside Table 3."""
    return _of_models("further", "Further figures of the same turns", FURTHER_COLUMNS, evaluated)


def _of_models(
    name: str, caption: str, columns: tuple[str, ...], evaluated: Sequence[Evaluated]
) -> Table:
    rows = tuple((one.name, *map(one.cell, columns)) for one in evaluated)
    return Table(name, caption, ("model", *columns), rows)


def accuracy_table(evaluated: Sequence[Evaluated]) -> Table:
    """Return the numbers of Figure 4."""
    return Table(
        "ranks",
        "Accuracy of the strategy, %, where n may be tried; in brackets 95 % intervals",
        ("model", *(f"n = {rank}" for rank in RANKS)),
        tuple(
            (one.name, *(_with_interval(one.accuracy(rank)) for rank in RANKS)) for one in evaluated
        ),
    )


def published_table() -> Table:
    """Return what others published."""
    return Table(
        "published",
        "Published figures, by other protocols: no ranking",
        ("system", *PUBLISHED_COLUMNS),
        tuple(
            (system, *(figures.get(column, "") for column in PUBLISHED_COLUMNS))
            for system, figures in PUBLISHED.items()
        ),
    )


_COSTS = ("tokens_an_epoch", "steps", "seconds", "validation_loss")


def costs_table(evaluated: Sequence[Evaluated]) -> Table:
    """Return what training cost, stage by stage, as each evaluation recorded it."""
    rows = [(one.name, *cells) for one in evaluated for cells in _costs(one.result.get("training"))]
    header = ("model", "stage", *(name.replace("_", " ") for name in _COSTS))
    return Table("costs", "Costs of training", header, tuple(rows))


def _costs(stages: Sequence[Mapping[str, Any]] | None) -> Iterator[tuple[str, ...]]:
    """Yield a row for each stage, and one for all where there are several.

    Args:
        stages: what `training.evaluate` recorded; None of an evaluation that recorded none.
    """
    if not stages:
        yield ("unknown" if stages is None else "not trained", *[""] * len(_COSTS))
        return
    for number, stage in enumerate(stages, 1):
        name = f"{number} of {len(stages)}: {stage.get('corpus', 'unknown')}"
        yield (name, *(_cost(stage.get(fact)) for fact in _COSTS))
    if len(stages) > 1:
        yield ("all", "", _total(stages, "steps"), _total(stages, "seconds"), "")


def _total(stages: Sequence[Mapping[str, Any]], fact: str) -> str:
    is_known = all(fact in stage for stage in stages)
    return _cost(sum(stage[fact] for stage in stages) if is_known else None)


def _cost(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
