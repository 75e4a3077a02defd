"""The tables of a report: what was measured, what others published, and what training cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pal_model import Strategy
from training.predictions import Prediction
from training.published import OF_RESPONSES, PUBLISHED, PUBLISHED_COLUMNS
from training.tables import Table

COLUMNS = ("n", "ACC", "PPL a token", "PPL a word", *OF_RESPONSES)
"""Table 3's, with the count and with what may be compared across tokenizers; behind them stands
Cos-Sim, a column for each encoder.
"""

_INTERVALS = {f"{metric}, 95 %": metric for metric in ("ACC", "B-2", "B-4", "R-L")}
_PERPLEXITY_INTERVAL = "PPL a token, 95 %"

FURTHER_COLUMNS = (
    "n",
    *_INTERVALS,
    _PERPLEXITY_INTERVAL,
    "PPL with strategy",
    "macro-F1",
    "weighted F1",
    "preference bias",
    "B-1",
    "B-3",
    "D-3",
    "B-2 unsmoothed",
    "B-4 unsmoothed",
    "D-1 all",
    "D-2 all",
    "empty",
    "duplicate",
    "fixed",
    "length",
    "with persona",
)
"""Beside the reference's definitions those of the textbook: B-n without smoothing, D-n of all
n-grams. Cos-Sim is of the share of turns "with persona".
"""

_COS_SIM = "Cos-Sim ("

_PERPLEXITIES = {
    "PPL a token": "token_perplexity",
    "PPL a word": "word_perplexity",
    "PPL with strategy": "token_perplexity_with_strategy",
}

RANKS = tuple(range(1, len(Strategy)))
"""Of Figure 4; with all strategies every turn is right."""


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
    def settings(self) -> str:
        """What was evaluated, and how, in a sentence."""
        of = self.result["evaluation"]
        count = "all" if of.get("conversations") is None else f"the first {of['conversations']}"
        facts = [
            f"{self.result['n']} turns of {count} conversations of {of['split']}/{of['part']}",
            "those right after a supporter's too" if of.get("consecutive") else "",
            f"model {of['model']}",
            f"seeds {', '.join(map(str, of['seeds']))}",
            f"persona {of['persona']}",
            f"seekers by the extractor {of.get('extractor', 'unknown')}",
            f"strategy {of['strategy']}",
            _alphas(of.get("alphas")),
            "as served" if of["served"] else "drawn as in the paper",
        ]
        return "; ".join(filter(None, facts)) + "."

    @property
    def environments(self) -> list[dict[str, Any]]:
        """Where it was begun, and where it went on."""
        return [self.result["environment"], *self.result.get("resumed", ())]

    def accuracy(self, rank: int) -> dict[str, Any]:
        """Return how often the supporter's strategy is among the `rank` likeliest."""
        return self.metrics["ACC" if rank == 1 else f"ACC top {rank}"]

    def cell(self, column: str) -> str:
        """Return what stands in a column; nothing where it was not measured."""
        if column == "n":
            return str(self.result["n"])
        if column in _PERPLEXITIES:
            value = self.result["perplexity"].get(_PERPLEXITIES[column])
            return "" if value is None else f"{value:.2f}"
        if column == _PERPLEXITY_INTERVAL:
            return _interval({"interval": self.result.get("perplexity_interval")})
        figure = self.metrics.get(_INTERVALS.get(column, column))
        if figure is None:
            return ""
        if column in COLUMNS:
            return _mean(figure)
        if column in _INTERVALS:
            return _interval(figure)
        return _with_interval(figure, 3 if column.startswith(_COS_SIM) else 2)


def _alphas(alphas: Mapping[str, float] | None) -> str:
    if alphas is None:
        return "the checkpoint's alphas"
    if len(set(alphas.values())) == 1:
        return f"alpha {next(iter(alphas.values())):g}"
    return "alphas " + ", ".join(f"{name} {alpha:.3g}" for name, alpha in alphas.items())


def _with_interval(figure: dict[str, Any], digits: int = 2) -> str:
    return f"{_mean(figure, digits)} {_interval(figure, digits)}".rstrip()


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
    measured = (name for one in evaluated for name in one.metrics if name.startswith(_COS_SIM))
    columns = (*COLUMNS, *dict.fromkeys(measured))
    return _of_models("figures", "Metrics of PAL's Table 3 over n turns", columns, evaluated)


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
        ("model", "turns", *(f"n = {rank}" for rank in RANKS)),
        tuple(
            (one.name, one.cell("n"), *(_with_interval(one.accuracy(rank)) for rank in RANKS))
            for one in evaluated
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


def times_table(evaluated: Sequence[Evaluated]) -> Table:
    """Return what the evaluations themselves cost, once all is loaded."""
    header = ("model", "responses", "seconds", "responses a second", "seconds of perplexity")
    return Table("times", "Costs of evaluation", header, tuple(map(_times, evaluated)))


def _times(one: Evaluated) -> tuple[str, ...]:
    """What was made by a process that was killed has no time."""
    times = one.result.get("times", ())
    made, seconds = (sum(time[fact] for time in times) for fact in ("responses", "seconds"))
    perplexity = one.result.get("perplexity_seconds")
    rate = f"{made / seconds:.2f}" if seconds else "unknown"
    return (
        one.name,
        str(made) if made else "unknown",
        f"{seconds:.0f}" if seconds else "unknown",
        rate,
        "unknown" if perplexity is None else f"{perplexity:.0f}",
    )
