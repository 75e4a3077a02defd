"""How sure a figure is: the bootstrap over conversations (Efron 1979; for BLEU, Koehn 2004).

Turns of one conversation are alike, so conversations are drawn, with all of their turns. That works
for metrics of sums over turns. Those of how many different things were said (distinct-n and its
kin) are no such sums: a resample says everything twice that it draws twice.

Few conversations resample as if they were all that there is: the intervals are too narrow, and of
one conversation there is none. Whether two models differ is then told by an exact test instead.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from nltk.translate.bleu_score import modified_precision
from numpy.typing import NDArray

from training.metrics import Label, Tokens, rouge_l_of

Floats = NDArray[np.float64]

RESAMPLES = 1000

FEW = 12
"""Up to so many conversations p is that of the exact test: all 4096 ways to swap them."""

_ROUNDING = 1e-9
"""Differences that are less apart are the same."""


@dataclass(frozen=True, slots=True)
class SumMetric:
    """A metric that is a function of sums over turns.

    Attributes:
        statistics: what is summed, (turns, S).
        of_sums: the metric, (..., S) -> (...).
    """

    statistics: Floats
    of_sums: Callable[[Floats], Floats]

    @property
    def value(self) -> float:
        """The metric of all turns."""
        return float(self.of_sums(self.statistics.sum(axis=0)))


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more one run has of a metric than another, on the same turns.

    Attributes:
        value: the difference.
        low, high: its 95 % interval; None of one conversation.
        p: twice the share of resamples in which it has the other sign, or none; of `FEW`
            conversations or fewer that of the exact test, which is never below 2 / 2^conversations.
    """

    value: float
    low: float | None
    high: float | None
    p: float


def mean_metric(values: Sequence[float], weights: Sequence[float] | None = None) -> SumMetric:
    """Return the mean over turns; a turn whose weight is 0 does not count."""
    weight = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    statistics = np.stack([np.asarray(values, dtype=float) * weight, weight], axis=1)
    return SumMetric(statistics, ratio)


def accuracy_metric(
    ranked: Sequence[Sequence[Label]], gold: Sequence[Label], top: int = 1
) -> SumMetric:
    """Return accuracy as `metrics.accuracy` defines it."""
    pairs = zip(ranked, gold, strict=True)
    return mean_metric([100 * (label in order[:top]) for order, label in pairs])


def bleu_metrics(
    responses: Sequence[Tokens], references: Sequence[Tokens], most: int = 4
) -> dict[int, SumMetric]:
    """Return BLEU-1 to BLEU-`most` as `metrics.bleu` defines them, each n-gram counted once."""
    matches, totals, lengths = [], [], []
    for response, reference in zip(responses, references, strict=True):
        counts = [modified_precision([reference], response, n) for n in range(1, most + 1)]
        matches.append([count.numerator for count in counts])
        totals.append([count.denominator for count in counts])
        lengths.append([len(response), len(reference)])
    of_all = [np.array(rows, dtype=float) for rows in (matches, totals, lengths)]
    return {
        n: SumMetric(np.hstack([of_all[0][:, :n], of_all[1][:, :n], of_all[2]]), _bleu)
        for n in range(1, most + 1)
    }


def rouge_l_metric(responses: Sequence[Tokens], references: Sequence[Tokens]) -> SumMetric:
    """Return ROUGE-L as `metrics.rouge_l` defines it."""
    pairs = zip(responses, references, strict=True)
    return mean_metric([100 * rouge_l_of(*pair) for pair in pairs])


def interval(
    runs: Sequence[SumMetric], conversations: Sequence[int], seed: int = 0
) -> tuple[float, float] | None:
    """Return the 95 % interval of the mean over `runs`; None of one conversation.

    Args:
        runs: of the same turns, such as with several seeds.
        conversations: which conversation each turn is of.
        seed: of the resampling.
    """
    return _between(_resampled(runs, conversations, seed), conversations)


def paired_difference(
    ours: Sequence[SumMetric],
    theirs: Sequence[SumMetric],
    conversations: Sequence[int],
    seed: int = 0,
) -> Difference:
    """Compare the means over runs by the paired bootstrap: both are resampled alike. Of `FEW`
    conversations or fewer p is that of an exact test, for the bootstrap's would be far too small.
    """
    value = np.mean([run.value for run in ours]) - np.mean([run.value for run in theirs])
    draws = _resampled(ours, conversations, seed) - _resampled(theirs, conversations, seed)
    low, high = _between(draws, conversations) or (None, None)
    if len(set(conversations)) <= FEW:
        return Difference(float(value), low, high, _exact_p(ours, theirs, conversations))
    draws = draws[~np.isnan(draws)]
    tail = 1 + min(int((draws <= 0).sum()), int((draws >= 0).sum()))
    return Difference(float(value), low, high, min(1.0, 2 * tail / (len(draws) + 1)))


def _between(draws: Floats, conversations: Sequence[int]) -> tuple[float, float] | None:
    if len(set(conversations)) < 2:
        return None
    low, high = np.nanpercentile(draws, [2.5, 97.5])  # a resample may have nothing that counts
    return float(low), float(high)


def _exact_p(
    ours: Sequence[SumMetric], theirs: Sequence[SumMetric], conversations: Sequence[int]
) -> float:
    """Return p of the sign-flip test (Fisher 1935; Noreen 1989): the share, of all ways to swap the
    models in some conversations, in which they differ as much or more, either way. What is swapped
    is a conversation's sums, the mean over runs.
    """
    a, b = (np.mean([_sums(run, conversations) for run in runs], axis=0) for runs in (ours, theirs))
    swapped = np.array(list(itertools.product((0.0, 1.0), repeat=len(a))))  # first: none
    kept = 1 - swapped
    of_sums = ours[0].of_sums
    differences = np.abs(of_sums(kept @ a + swapped @ b) - of_sums(kept @ b + swapped @ a))
    defined = ~np.isnan(differences)
    return float((differences[defined] >= differences[0] - _ROUNDING).mean())


def _resampled(runs: Sequence[SumMetric], conversations: Sequence[int], seed: int) -> Floats:
    """Return the mean over runs of each resample, (`RESAMPLES`,)."""
    count = len(set(conversations))
    draws = np.random.default_rng(seed).integers(count, size=(RESAMPLES, count))
    times = np.stack([np.bincount(draw, minlength=count) for draw in draws]).astype(float)
    values = [run.of_sums(times @ _sums(run, conversations)) for run in runs]
    return np.asarray(np.mean(values, axis=0), dtype=np.float64)


def _sums(run: SumMetric, conversations: Sequence[int]) -> Floats:
    """Return the sums of each conversation, (conversations, S)."""
    _, members = np.unique(np.asarray(conversations), return_inverse=True)
    sums = np.zeros((int(members.max()) + 1, run.statistics.shape[1]))
    np.add.at(sums, members, run.statistics)
    return sums


def ratio(sums: Floats) -> Floats:
    """Return totals over weights, (..., 2) -> (...); NaN where nothing weighs."""
    total, weight = sums[..., 0], sums[..., 1]
    return np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 0)


def _bleu(sums: Floats) -> Floats:
    """BLEU of matches and totals of each order, and both lengths, (..., 2 n + 2) -> (...)."""
    n = (sums.shape[-1] - 2) // 2
    matches, totals = sums[..., :n], sums[..., n : 2 * n]
    length, reference = sums[..., -2], sums[..., -1]
    missing = matches == 0
    smoothed = np.where(missing, 0.5 ** np.cumsum(missing, axis=-1), matches)
    precision = np.exp(np.log(smoothed / totals).mean(axis=-1))
    brevity = np.exp(np.minimum(0, 1 - reference / np.maximum(length, 1)))
    return np.where(matches[..., 0] > 0, 100 * brevity * precision, 0)
