"""Choosing a support strategy from the model's own probabilities."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from pal_model.strategy import Strategy


class StrategyChooser:
    """Reads the strategy off the logits of the token that names it."""

    def __init__(self, first_strategy_ids: Mapping[int, Strategy]) -> None:
        """Take the token that names each strategy; nothing is calibrated yet."""
        self._strategies = tuple(first_strategy_ids.values())
        self._ids = torch.tensor(list(first_strategy_ids))
        self._is_calibrated = False
        self._habit = torch.zeros(len(self._strategies))
        self._spread = torch.ones(len(self._strategies))

    def calibrate(self, ordinary_logits: Tensor) -> None:
        """Measure every strategy from now on against ordinary turns, (N, V) logits, N >= 2.

        A model that was not fine-tuned favours some strategies for their names alone, and moves
        some scores far more than others; without this, two strategies would nearly always win.
        """
        scores = self._log_probabilities(ordinary_logits)
        self._habit = scores.mean(dim=0)
        self._spread = scores.std(dim=0).clamp(min=1e-3)
        self._is_calibrated = True

    def distributions(
        self, logits: Tensor, recent: Sequence[Sequence[Strategy]] | None = None
    ) -> list[dict[Strategy, float]]:
        """Return the probability of each strategy, likeliest first.

        Args:
            logits: of the token that names the strategy, (B, V).
            recent: for each row, the strategies used lately. Once calibrated, each use halves a
                strategy's odds: a model that was not fine-tuned goes on as it began.
        """
        scores = (self._log_probabilities(logits) - self._habit) / self._spread
        if recent is not None and self._is_calibrated:
            uses = [[used.count(strategy) for strategy in self._strategies] for used in recent]
            scores = scores - math.log(2) * torch.tensor(uses)
        return [self._ranked(row) for row in scores.softmax(dim=-1).tolist()]

    def _log_probabilities(self, logits: Tensor) -> Tensor:
        return logits[:, self._ids.to(logits.device)].float().log_softmax(dim=-1).cpu()

    def _ranked(self, probabilities: Sequence[float]) -> dict[Strategy, float]:
        named = zip(self._strategies, probabilities, strict=True)
        return dict(sorted(named, key=lambda item: -item[1]))
