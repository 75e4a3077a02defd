"""How a rating goes with a measure, over conversations: means, a trend line, a rank correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from pal_model import PalError
from training.intervals import Floats, interval, mean_metric

FEWEST = 5
"""Conversations that a rating needs to have a say in the trend line."""

_FEWEST_MEANS = 3
"""That a trend line needs: through two it always goes, and R squared is 1."""


class TooFewRatingsError(PalError):
    """Nothing can be said of so few conversations, or of what is the same in all."""


@dataclass(frozen=True, slots=True)
class Level:
    """The conversations of one rating.

    Attributes:
        rating: theirs.
        count: how many there are.
        similarity: their mean.
        interval: its 95 % interval, by the bootstrap over conversations; None of one.
    """

    rating: int
    count: int
    similarity: float
    interval: tuple[float, float] | None

    @property
    def counts(self) -> bool:
        """Whether the mean has a say in the trend line."""
        return self.count >= FEWEST


@dataclass(frozen=True, slots=True)
class Trend:
    """How an aspect goes with similarity.

    Attributes:
        levels: of each rating, lowest first.
        slope, intercept: of the line through the means of ratings with `FEWEST` or more.
        r_squared: of that line (the figures' coefficient of determination).
        conversations_r_squared: of the line through all conversations.
        spearman: rank correlation over conversations.
        p: of no such correlation, two-sided.
    """

    levels: tuple[Level, ...]
    slope: float
    intercept: float
    r_squared: float
    conversations_r_squared: float
    spearman: float
    p: float


def trend(ratings: Sequence[int], similarity: Sequence[float]) -> Trend:
    """Return how ratings, (N), and the similarities of the same conversations, (N), go together.

    Raises:
        TooFewRatingsError: fewer than three ratings have `FEWEST` conversations, or all
            conversations are alike.
    """
    rated, measured = np.asarray(ratings), np.asarray(similarity, dtype=float)
    levels = [_level(int(rating), measured[rated == rating]) for rating in np.unique(rated)]
    counted = [level for level in levels if level.counts]
    if len(counted) < _FEWEST_MEANS:
        raise TooFewRatingsError(
            f"Of {len(ratings)} conversations, {len(counted)} ratings have {FEWEST} or more; a "
            f"trend needs {_FEWEST_MEANS}. Take more conversations."
        )
    if np.ptp(measured) == 0:
        raise TooFewRatingsError(
            f"All {len(ratings)} conversations have the similarity {measured[0]}: there is no "
            "trend. Name another encoder."
        )
    line = stats.linregress([c.rating for c in counted], [c.similarity for c in counted])
    each = stats.linregress(rated, measured)
    ranks = stats.spearmanr(rated, measured)
    return Trend(
        tuple(levels),
        float(line.slope),
        float(line.intercept),
        float(line.rvalue**2),
        float(each.rvalue**2),
        float(ranks.statistic),
        float(ranks.pvalue),
    )


def _level(rating: int, similarity: Floats) -> Level:
    metric = mean_metric(similarity.tolist())
    return Level(rating, len(similarity), metric.value, interval([metric], range(len(similarity))))
