from __future__ import annotations

import pytest
import torch

from pal_model import Strategy
from pal_model.strategy_choice import StrategyChooser

NAMES = {10 + index: strategy for index, strategy in enumerate(Strategy)}


def logits(**scores: float) -> torch.Tensor:
    row = torch.zeros(1, 30)
    for name, score in scores.items():
        row[0, 10 + list(Strategy).index(Strategy[name])] = score
    return row


def test_uncalibrated_it_is_the_softmax_over_the_strategies_tokens() -> None:
    [distribution] = StrategyChooser(NAMES).distributions(logits(QUESTION=2.0, OTHERS=1.0))
    total = torch.tensor([2.0, 1.0] + [0.0] * 6).exp().sum()
    assert list(distribution)[:2] == [Strategy.QUESTION, Strategy.OTHERS]
    assert distribution[Strategy.QUESTION] == pytest.approx(float(torch.tensor(2.0).exp() / total))
    assert sum(distribution.values()) == pytest.approx(1)


def test_other_tokens_of_the_vocabulary_do_not_count() -> None:
    row = logits(QUESTION=2.0)
    row[0, 0] = 50.0
    assert next(iter(StrategyChooser(NAMES).distributions(row)[0])) is Strategy.QUESTION


def test_calibration_takes_off_what_is_always_preferred() -> None:
    chooser = StrategyChooser(NAMES)
    ordinary = torch.cat([logits(OTHERS=5.0 + i, QUESTION=float(i % 2)) for i in range(4)])
    chooser.calibrate(ordinary)
    [distribution] = chooser.distributions(logits(OTHERS=5.0, QUESTION=3.0))
    assert next(iter(distribution)) is Strategy.QUESTION


def test_once_calibrated_each_recent_use_halves_a_strategys_odds() -> None:
    """Guards against the untrained model's habit of going on with one strategy for ever."""
    chooser = StrategyChooser(NAMES)
    row = logits(QUESTION=1.0)
    used = [[Strategy.QUESTION, Strategy.QUESTION, Strategy.OTHERS]]
    assert chooser.distributions(row, used) == chooser.distributions(row)
    chooser.calibrate(torch.cat([logits(OTHERS=float(i)) for i in range(3)]))
    [fresh], [tired] = chooser.distributions(row), chooser.distributions(row, used)
    reference = Strategy.INFORMATION
    for strategy, halvings in ((Strategy.QUESTION, 2), (Strategy.OTHERS, 1)):
        odds = [d[strategy] / d[reference] for d in (fresh, tired)]
        assert odds[1] == pytest.approx(odds[0] / 2**halvings, rel=1e-4)
