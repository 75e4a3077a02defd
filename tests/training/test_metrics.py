"""Metrics against cases computed by hand, and against other people's code where it agrees."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from rouge_score.rouge_scorer import RougeScorer
from sklearn.metrics import f1_score

from training import metrics

CAT = ["the", "cat", "sat", "on", "the", "mat"]
CATS = ["the", "cat", "is", "on", "the", "mat"]
WORDS = st.lists(st.sampled_from("abcde"), min_size=1, max_size=12)
LONG = st.lists(st.sampled_from("abcde"), min_size=4, max_size=12)
PAIRS = st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5)
LABELS = ("Question", "Others", "Information")
CHOICES = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1)


def test_tokens_are_those_of_nltk_in_lower_case() -> None:
    assert metrics.tokenize("I don't know. It's OK!") == [
        *("i", "do", "n't", "know", ".", "it", "'s", "ok", "!")
    ]
    assert metrics.tokenize(" ") == []


def test_bleu_by_hand() -> None:
    # 1-grams: the the cat on mat match, 5 of 6; 2-grams: "the cat", "on the", "the mat", 3 of 5.
    assert metrics.bleu([CAT], [CATS], 1) == pytest.approx(100 * 5 / 6)
    assert metrics.bleu([CAT], [CATS], 2) == pytest.approx(100 * math.sqrt(5 / 6 * 3 / 5))
    # Half as long as the reference: brevity penalty exp(1 - 6 / 3).
    assert metrics.bleu([CAT[:3]], [CAT], 1) == pytest.approx(100 * math.exp(-1))


def test_an_order_without_a_match_counts_a_half_and_the_next_a_quarter() -> None:
    # 3-grams: "on the mat" matches, 1 of 4; 4-grams: none of 3.
    smoothed = 100 * (5 / 6 * 3 / 5 * 1 / 4 * 1 / 2 / 3) ** 0.25
    assert metrics.bleu([CAT], [CATS], 4) == pytest.approx(smoothed)
    assert metrics.bleu_unsmoothed([CAT], [CATS], 4) == 0
    assert metrics.bleu_unsmoothed([CAT], [CATS], 3) == pytest.approx(50)


@given(st.lists(st.tuples(LONG, LONG), min_size=1, max_size=5))
def test_where_every_order_has_a_match_smoothing_changes_nothing(
    pairs: list[tuple[list[str], list[str]]],
) -> None:
    """One is NLTK's, the other sacrebleu's."""
    responses, references = map(list, zip(*pairs, strict=True))
    for n in (1, 2, 4):
        unsmoothed = metrics.bleu_unsmoothed(responses, references, n)
        if unsmoothed > 0:
            assert metrics.bleu(responses, references, n) == pytest.approx(unsmoothed)


def test_a_response_that_is_too_short_has_no_ngram_but_for_nltk() -> None:
    said, references = [["a"], ["a", "a"]], [["a"], ["a", "a"]]
    assert metrics.bleu_unsmoothed(said, references, 2) == pytest.approx(100)
    assert metrics.bleu(said, references, 2) == pytest.approx(100 * math.sqrt(1 / 2))


def test_bleu_is_that_of_nltk_for_one_response() -> None:
    smoothing = SmoothingFunction().method3
    theirs = sentence_bleu([CATS], CAT, (0.25,) * 4, smoothing)
    assert metrics.bleu([CAT], [CATS], 4) == pytest.approx(100 * theirs)


def test_bleu_of_nothing_is_nothing() -> None:
    assert metrics.bleu([[]], [CAT], 2) == 0
    with pytest.raises(ValueError, match="There are 2 responses to 1 references"):
        metrics.bleu([CAT, CAT], [CAT], 2)


def test_distinct_leaves_out_each_last_ngram_as_the_reference_does() -> None:
    said = [["a", "b", "a"], ["b"]]
    assert metrics.distinct(said, 1) == 100  # a, b
    assert metrics.distinct_all(said, 1) == 50  # a, b of a, b, a, b
    assert metrics.distinct(said, 2) == 100  # ab
    assert metrics.distinct_all(said, 2) == 100  # ab, ba
    assert metrics.distinct([[]], 1) == metrics.distinct_all([], 1) == 0


@given(st.lists(WORDS, max_size=5), st.integers(1, 3))
def test_distinct_is_what_the_reference_loop_counts(said: list[list[str]], n: int) -> None:
    grams = [" ".join(words[i : i + n]) for words in said for i in range(len(words) - n)]
    expected = 100 * len(set(grams)) / len(grams) if grams else 0
    assert metrics.distinct(said, n) == pytest.approx(expected)


def test_expectancy_adjusted_distinct_by_hand() -> None:
    # Three draws of two kinds: 2 (1 - (1/2)^3) = 1.75 kinds are to be expected.
    said = [["a", "b", "a"]]
    assert metrics.expectancy_adjusted_distinct(said, 1, vocabulary=2) == pytest.approx(200 / 1.75)
    # Of a large vocabulary nearly every draw is expected to be new.
    assert metrics.expectancy_adjusted_distinct(said, 1) == pytest.approx(200 / 3, rel=1e-4)
    assert metrics.expectancy_adjusted_distinct([[]], 1) == 0


@given(PAIRS)
def test_rouge_l_is_that_of_rouge_score_at_beta_1(pairs: list[tuple[list[str], list[str]]]) -> None:
    scorer = RougeScorer(["rougeL"])
    for response, reference in pairs:
        theirs = scorer.score(" ".join(reference), " ".join(response))["rougeL"]
        assert metrics.rouge_l_of(response, reference, beta=1) == pytest.approx(theirs.fmeasure)


def test_rouge_l_weighs_recall_more() -> None:
    # "a c" of "a b c" and of "a c d e": P = 2/3, R = 2/4.
    p, r, b = 2 / 3, 2 / 4, 1.2**2
    score = (1 + b) * p * r / (r + b * p)
    pairs = ([["a", "b", "c"], ["x"]], [["a", "c", "d", "e"], ["y"]])
    assert metrics.rouge_l(*pairs) == pytest.approx(100 * score / 2)
    assert metrics.rouge_l([], []) == metrics.rouge_l_of([], []) == 0


def test_lengths_and_shares() -> None:
    said: list[Sequence[str]] = [["hi"], [], ["hi"], ["so", "what"]]
    assert metrics.mean_length(said) == 1
    assert metrics.empty_share(said) == 25
    assert metrics.duplicate_share(said) == 25
    assert metrics.mean_length([]) == metrics.empty_share([]) == metrics.duplicate_share([]) == 0


def test_accuracy_grows_with_what_may_be_tried() -> None:
    ranked = [("a", "b", "c"), ("b", "c", "a"), ("c", "a", "b"), ("a", "c", "b")]
    gold = ["a", "a", "a", "b"]
    assert [metrics.accuracy(ranked, gold, top) for top in (1, 2, 3)] == [25, 50, 100]


@given(CHOICES)
def test_f1_is_that_of_scikit_learn(choices: list[tuple[str, str]]) -> None:
    predicted, gold = map(list, zip(*choices, strict=True))
    for average, ours in (("macro", metrics.macro_f1), ("weighted", metrics.weighted_f1)):
        theirs = f1_score(gold, predicted, average=average, zero_division=0)
        assert ours(predicted, gold, LABELS) == pytest.approx(100 * theirs)


def test_a_model_without_preferences_has_no_bias() -> None:
    gold = list(LABELS) * 4
    assert metrics.preference_bias(gold, gold, LABELS) == pytest.approx(0)
    turned = [LABELS[(LABELS.index(label) + 1) % 3] for label in gold]  # every label wins as often
    assert metrics.preference_bias(turned, gold, LABELS) == pytest.approx(0, abs=1e-6)


def test_preferences_solve_their_equation() -> None:
    """p_i = sum_j w_ij p_j / (p_i + p_j) / sum_j w_ji / (p_i + p_j), of labels i that differ."""
    pairs = [("a", "b")] * 3 + [("b", "a")] + [("b", "c")] * 2 + [("c", "b")] + [("c", "a")]
    predicted, gold = map(list, zip(*[*pairs, ("a", "a")], strict=True))
    p = metrics.preferences(predicted, gold, "abc")
    for i in "abc":
        won = sum(pairs.count((i, j)) * p[j] / (p[i] + p[j]) for j in "abc" if j != i)
        lost = sum(pairs.count((j, i)) / (p[i] + p[j]) for j in "abc" if j != i)
        assert p[i] == pytest.approx(won / lost, rel=1e-4)
    assert sum(p.values()) == pytest.approx(3)
    deviations = [(value - 1) ** 2 for value in p.values()]
    assert metrics.preference_bias(predicted, gold, "abc") == pytest.approx(
        math.sqrt(sum(deviations) / 3)
    )


def test_a_model_that_always_says_the_same_is_most_biased() -> None:
    gold = list(LABELS) * 3
    always = ["Others"] * len(gold)
    assert metrics.preferences(always, gold, LABELS)["Others"] == pytest.approx(3)
    assert metrics.preference_bias(always, gold, LABELS) == pytest.approx(math.sqrt(2))


@given(CHOICES)
def test_preferences_are_numbers_of_mean_one_however_few_turns_there_are(
    choices: list[tuple[str, str]],
) -> None:
    """Guards against a division by zero where two labels tend to 0."""
    predicted, gold = map(list, zip(*choices, strict=True))
    values = metrics.preferences(predicted, gold, LABELS).values()
    assert all(value >= 0 for value in values)
    assert sum(values) == pytest.approx(3)


def test_perplexity_by_hand() -> None:
    # Two tokens of probability 1/2 and 1/8 in one word: (2 * 8) ** (1 / 2) a token, 16 a word.
    loss = np.array([math.log(16), 0.0])
    assert metrics.perplexity(loss, np.array([2.0, 0.0]))[0] == pytest.approx(4)
    assert metrics.perplexity(loss, np.array([1.0, 0.0]))[0] == pytest.approx(16)
    assert math.isnan(metrics.perplexity(loss, np.array([2.0, 0.0]))[1])


def test_cosine_similarity_by_hand() -> None:
    """Of rows, whatever their length."""
    responses = torch.tensor([[3.0, 4.0], [2.0, 0.0], [1.0, 0.0]])
    personas = torch.tensor([[4.0, 3.0], [0.0, 5.0], [-7.0, 0.0]])
    found = metrics.cosine_similarity(responses, personas)
    assert found.tolist() == pytest.approx([24 / 25, 0, -1])
