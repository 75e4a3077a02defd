"""The bootstrap against metrics, and against what is known of means."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training import metrics
from training.intervals import (
    accuracy_metric,
    bleu_metric,
    interval,
    mean_metric,
    paired_difference,
    rouge_l_metric,
)

WORDS = st.lists(st.sampled_from("abcd"), max_size=8)
PAIRS = st.lists(st.tuples(WORDS, WORDS.filter(bool)), min_size=1, max_size=6)


@given(PAIRS, st.integers(1, 4))
def test_bleu_of_sums_is_bleu(pairs: list[tuple[list[str], list[str]]], n: int) -> None:
    responses, references = map(list, zip(*pairs, strict=True))
    expected = metrics.bleu(responses, references, n)
    assert bleu_metric(responses, references, n).value == pytest.approx(expected)


def test_accuracy_of_sums_is_accuracy() -> None:
    ranked, gold = [("a", "b"), ("b", "a"), ("a", "b")], ["a", "a", "b"]
    for top in (1, 2):
        expected = metrics.accuracy(ranked, gold, top)
        assert accuracy_metric(ranked, gold, top).value == pytest.approx(expected)


@given(PAIRS)
def test_rouge_of_sums_is_rouge(pairs: list[tuple[list[str], list[str]]]) -> None:
    responses, references = map(list, zip(*pairs, strict=True))
    expected = metrics.rouge_l(responses, references)
    assert rouge_l_metric(responses, references).value == pytest.approx(expected)


def test_turns_without_weight_do_not_count() -> None:
    assert mean_metric([1, 5, 3], [1, 0, 1]).value == 2
    assert mean_metric([1], [0]).value == 0


def test_the_interval_of_a_mean_is_that_of_statistics() -> None:
    """Of independent turns about 1.96 standard errors to each side."""
    values = np.random.default_rng(3).normal(10, 2, size=400)
    low, high = interval([mean_metric(values.tolist())], range(400))
    error = values.std() / math.sqrt(400)
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.05)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.05)


def test_turns_of_a_conversation_count_as_one() -> None:
    """Guards against intervals that narrow when each turn is copied ten times."""
    values = np.random.default_rng(3).normal(size=40)
    once = interval([mean_metric(values.tolist())], range(40))
    copies = np.repeat(values, 10).tolist()
    assert interval([mean_metric(copies)], np.repeat(range(40), 10).tolist()) == pytest.approx(once)


def test_the_mean_of_two_runs_is_surer_than_one() -> None:
    draw = np.random.default_rng(4)
    runs = [mean_metric(draw.normal(size=200).tolist()) for _ in range(2)]
    widths = [
        high - low for low, high in (interval(runs[:1], range(200)), interval(runs, range(200)))
    ]
    assert widths[1] < 0.85 * widths[0]


def test_a_difference_is_found_where_there_is_one() -> None:
    """A small one, which only the pairing shows: turns differ much more than the two runs."""
    draw = np.random.default_rng(5)
    hard = draw.normal(0, 10, size=300)
    theirs = mean_metric((hard + draw.normal(size=300)).tolist())
    ours = mean_metric((hard + 0.5 + draw.normal(size=300)).tolist())
    found = paired_difference([ours], [theirs], range(300))
    assert found.low < found.value < found.high
    assert found.value == pytest.approx(0.5, abs=0.2)
    assert found.low > 0
    assert found.p < 0.01
    assert paired_difference([theirs], [ours], range(300)).p == found.p


def test_a_run_does_not_differ_from_itself() -> None:
    run = mean_metric([1, 2, 3])
    found = paired_difference([run], [run], range(3))
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)
