"""The bootstrap and the exact test against metrics, and against what is known of means."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from training import metrics
from training.intervals import (
    FEW,
    accuracy_metric,
    bleu_metrics,
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
    assert bleu_metrics(responses, references)[n].value == pytest.approx(expected)


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
    assert math.isnan(mean_metric([1], [0]).value)


@pytest.mark.filterwarnings("error")
def test_resamples_in_which_nothing_counts_are_left_out() -> None:
    some, others = mean_metric([4, 9, 9], [1, 0, 0]), mean_metric([3, 9, 9], [1, 0, 0])
    assert interval([some], range(3)) == (4, 4)
    found = paired_difference([some], [others], range(3))
    assert (found.value, found.low, found.high) == (1, 1, 1)
    many = [mean_metric([v, *[0] * 19], [1, *[0] * 19]) for v in (4, 3)]
    assert paired_difference([many[0]], [many[1]], range(20)).p < 0.01


def test_the_interval_of_a_mean_is_that_of_statistics() -> None:
    """Of independent turns about 1.96 standard errors to each side."""
    values = np.random.default_rng(3).normal(10, 2, size=400)
    low, high = interval([mean_metric(values.tolist())], range(400)) or (0, 0)
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
    intervals = [interval(few, range(200)) for few in (runs[:1], runs)]
    widths = [between[1] - between[0] for between in intervals if between]
    assert widths[1] < 0.85 * widths[0]


def test_a_difference_is_found_where_there_is_one() -> None:
    """A small one, which only the pairing shows: turns differ much more than the two runs."""
    draw = np.random.default_rng(5)
    hard = draw.normal(0, 10, size=300)
    theirs = mean_metric((hard + draw.normal(size=300)).tolist())
    ours = mean_metric((hard + 0.5 + draw.normal(size=300)).tolist())
    found = paired_difference([ours], [theirs], range(300))
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high
    assert found.value == pytest.approx(0.5, abs=0.2)
    assert found.low > 0
    assert found.p < 0.01
    assert paired_difference([theirs], [ours], range(300)).p == found.p


def test_a_run_does_not_differ_from_itself() -> None:
    run = mean_metric([1, 2, 3])
    found = paired_difference([run], [run], range(3))
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_of_few_conversations_p_is_that_of_all_ways_to_swap_them() -> None:
    """Against scipy's, of a mean over turns, which conversations have different numbers of."""
    draw = np.random.default_rng(6)
    conversations = np.repeat(range(8), range(1, 9)).tolist()
    theirs = draw.normal(size=len(conversations))
    ours = theirs + draw.normal(0.2, size=len(conversations))
    sums = [np.bincount(conversations, values) for values in (ours, theirs)]
    expected = stats.permutation_test(
        sums,
        lambda a, b, axis: a.sum(axis) - b.sum(axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=2**8,
    )
    found = paired_difference(
        [mean_metric(ours.tolist())], [mean_metric(theirs.tolist())], conversations
    )
    assert 0.1 < found.p < 0.9
    assert found.p == pytest.approx(expected.pvalue)


@pytest.mark.parametrize("count", range(1, FEW + 1))
def test_few_conversations_are_never_surer_than_their_number_lets_them_be(count: int) -> None:
    ours, theirs = mean_metric([2.0] * count), mean_metric([1.0] * count)
    assert paired_difference([ours], [theirs], range(count)).p == 2 / 2**count


@pytest.mark.parametrize("count", [3, 6, 10, FEW])
def test_models_that_do_not_differ_are_seldom_said_to(count: int) -> None:
    """Guards against p of the bootstrap: below 0.05 in every fourth of such threes."""
    draw = np.random.default_rng(7)
    runs = [[mean_metric(draw.normal(size=count).tolist())] for _ in range(400)]
    pairs = zip(runs[::2], runs[1::2], strict=True)
    found = [paired_difference(ours, theirs, range(count)).p for ours, theirs in pairs]
    assert np.mean(np.array(found) <= 0.05) <= 0.06


def test_one_conversation_has_no_interval_and_shows_no_difference() -> None:
    ours, theirs = mean_metric([5.0, 6, 7]), mean_metric([1.0, 2, 3])
    assert interval([ours], [4, 4, 4]) is None
    found = paired_difference([ours, ours], [theirs], [4, 4, 4])
    assert (found.value, found.low, found.high, found.p) == (4, None, None, 1)
