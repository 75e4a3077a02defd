"""From predictions to the figures of the paper's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from pal_model import Strategy
from training import metrics
from training.intervals import (
    SumMetric,
    accuracy_metric,
    bleu_metrics,
    interval,
    mean_metric,
    rouge_l_metric,
)
from training.predictions import Prediction, PredictionError
from training.sentence_encoder import SentenceEncoder

STRATEGIES = tuple(Strategy)


@dataclass(frozen=True, slots=True)
class Run:
    """The predictions of one seed, with what is counted of them.

    Attributes:
        predictions: one a turn.
        sums: metrics of sums over turns, by the names of their columns.
        others: the values of all other metrics.
    """

    predictions: Sequence[Prediction]
    sums: Mapping[str, SumMetric]
    others: Mapping[str, float]

    @property
    def values(self) -> dict[str, float]:
        """All metrics."""
        return {name: metric.value for name, metric in self.sums.items()} | dict(self.others)


def measure(predictions: Sequence[Prediction], encoder: SentenceEncoder | None) -> Run:
    """Count all metrics of one run.

    Args:
        predictions: one a turn.
        encoder: for Cos-Sim; None leaves it out.

    Raises:
        PredictionError: there are no predictions.
    """
    if not predictions:
        raise PredictionError("There are no predictions. Name a part with conversations in it.")
    said = [metrics.tokenize(p.response) for p in predictions]
    references = [metrics.tokenize(p.reference) for p in predictions]
    sums = _strategy_sums(predictions)
    sums |= {f"B-{n}": metric for n, metric in bleu_metrics(said, references).items()}
    sums["R-L"] = rouge_l_metric(said, references)
    has_both = [bool(p.seeker_persona and p.response) for p in predictions]
    if encoder is not None and any(has_both):
        sums[f"Cos-Sim ({encoder.name})"] = _persona_similarity(predictions, has_both, encoder)
    sums["length"] = mean_metric([len(tokens) for tokens in said])
    others = _strategy_shares(predictions)
    for n in range(1, 4):
        others[f"D-{n}"] = metrics.distinct(said, n)
        others[f"D-{n} all"] = metrics.distinct_all(said, n)
    for n in range(1, 3):
        others[f"E-{n}"] = metrics.expectancy_adjusted_distinct(said, n)
    for n in (2, 4):
        others[f"B-{n} unsmoothed"] = metrics.bleu_unsmoothed(said, references, n)
    others["empty"] = metrics.empty_share(said)
    others["duplicate"] = metrics.duplicate_share(said)
    others["with persona"] = 100 * fmean(has_both)
    others["fixed"] = 100 * fmean(not p.generated for p in predictions)
    return Run(predictions, sums, others)


def _strategy_sums(predictions: Sequence[Prediction]) -> dict[str, SumMetric]:
    """Return accuracy at each rank, ACC being the first (PAL, Figure 4)."""
    return {
        "ACC" if top == 1 else f"ACC top {top}": accuracy_metric(
            [p.ranked for p in predictions], [p.gold_strategy for p in predictions], top
        )
        for top in range(1, len(STRATEGIES))
    }


def _strategy_shares(predictions: Sequence[Prediction]) -> dict[str, float]:
    chosen = [p.ranked[0] for p in predictions]
    gold = [p.gold_strategy for p in predictions]
    return {
        "macro-F1": metrics.macro_f1(chosen, gold, STRATEGIES),
        "weighted F1": metrics.weighted_f1(chosen, gold, STRATEGIES),
        "preference bias": metrics.preference_bias(chosen, gold, STRATEGIES),
    }


def _persona_similarity(
    predictions: Sequence[Prediction], has_both: Sequence[bool], encoder: SentenceEncoder
) -> SumMetric:
    """Return the mean cosine of the response and the seeker's persona, as one text, of the turns
    that have both (PAL, section 4.4).
    """
    texts = [
        (p.response, " ".join(p.seeker_persona))
        for p, both in zip(predictions, has_both, strict=True)
        if both
    ]
    responses, personas = zip(*texts, strict=True)
    found = metrics.cosine_similarity(encoder.embed(responses), encoder.embed(personas))
    cosines = iter(found.tolist())
    values = [next(cosines) if both else 0.0 for both in has_both]
    return mean_metric(values, [float(both) for both in has_both])


def summarise(runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """Return of each metric its mean over seeds, its standard deviation over them, each seed's
    value, and where it is one of sums the 95 % interval of the mean, if `interval` has one.

    Raises:
        PredictionError: the runs are not of the same turns.
    """
    require_same_turns(runs)
    conversations = [p.conversation for p in runs[0].predictions]
    summary: dict[str, dict[str, Any]] = {}
    for name in common_metrics(runs):
        values = [run.values[name] for run in runs]
        summary[name] = {
            "mean": fmean(values),
            "std": stdev(values) if len(values) > 1 else None,
            "seeds": values,
        }
        if name in runs[0].sums:
            summary[name]["interval"] = interval([run.sums[name] for run in runs], conversations)
    return summary


def common_metrics(runs: Sequence[Run]) -> list[str]:
    """Return the names of the metrics that all runs have: Cos-Sim is of no run without personas."""
    return [name for name in runs[0].values if all(name in run.values for run in runs)]


def require_same_turns(runs: Sequence[Run]) -> None:
    """Raise an error where runs cannot be compared turn by turn.

    Raises:
        PredictionError: a run lacks a turn that another has, or has another supporter's response
            or strategy there.
    """
    first = {p.turn: (p.reference, p.gold_strategy) for p in runs[0].predictions}
    for run in runs[1:]:
        other = {p.turn: (p.reference, p.gold_strategy) for p in run.predictions}
        if differing := sorted(first.keys() ^ other.keys()):
            raise PredictionError(
                f"Runs of {len(first)} and of {len(other)} turns cannot be compared: "
                f"{len(differing)} turns are in one alone, such as {differing[:3]}. Evaluate both "
                "on the same conversations."
            )
        if differing := [turn for turn in first if first[turn] != other[turn]]:
            raise PredictionError(
                f"In {len(differing)} of {len(first)} turns, such as {differing[:3]}, the human "
                "supporters' responses or strategies are not the same. Evaluate both on the same "
                "file."
            )
