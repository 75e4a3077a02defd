"""Each column of a table against the same figure by hand, or by other people's code."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, stdev

import pytest
from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU
from sklearn.metrics import f1_score

from pal_model import Strategy
from training.evaluation import Run, measure, summarise
from training.predictions import Prediction
from training.sentence_encoder import SentenceEncoder

STRATEGIES = tuple(Strategy)
FIRST, SECOND, THIRD = STRATEGIES[:3]
REFERENCES = ("the cat sat on the mat today", "how are you now", "go home now")
GOLD = (FIRST, SECOND, THIRD)


def ranked(*first: Strategy) -> tuple[Strategy, ...]:
    return (*first, *(strategy for strategy in STRATEGIES if strategy not in first))


def made(responses: Sequence[str], rankings: Sequence[tuple[Strategy, ...]]) -> list[Prediction]:
    """A conversation a turn; the first two know a persona, the last one has fixed words."""
    return [
        Prediction(
            conversation=index,
            utterance=1,
            persona=(),
            seeker_persona=("I have a cat.",) if index < 2 else (),
            gold_strategy=GOLD[index],
            reference=REFERENCES[index],
            ranked=rankings[index],
            strategy=rankings[index][0],
            alpha=0.0,
            response=responses[index],
            generated=index < 2,
        )
        for index in range(3)
    ]


SAID = ("the cat is on the mat", "how are you you", "")
OTHER = ("the cat sat on the mat today", "go now", "go now")
RANKINGS = ranked(FIRST), ranked(FIRST, SECOND), ranked(SECOND, FIRST, THIRD)


@pytest.fixture(scope="module")
def one() -> Run:
    return measure(made(SAID, RANKINGS), None)


@pytest.fixture(scope="module")
def other() -> Run:
    return measure(made(OTHER, (ranked(FIRST), ranked(SECOND), ranked(FIRST))), None)


def test_accuracy_is_of_the_likeliest_strategies(one: Run) -> None:
    assert one.values["ACC"] == pytest.approx(100 / 3)
    assert one.values["ACC top 2"] == pytest.approx(200 / 3)
    assert [one.values[f"ACC top {top}"] for top in range(3, 8)] == [100] * 5


def test_f1_is_of_the_likeliest_strategy(one: Run) -> None:
    gold, chosen = GOLD, [ranking[0] for ranking in RANKINGS]
    for name, average in (("macro-F1", "macro"), ("weighted F1", "weighted")):
        theirs = f1_score([str(g) for g in gold], [str(c) for c in chosen], average=average)
        assert one.values[name] == pytest.approx(100 * theirs)
    assert one.values["preference bias"] > 0


def test_bleu_is_of_the_responses_against_the_references(one: Run) -> None:
    said, references = [s.split() for s in SAID], [[r.split()] for r in REFERENCES]
    smooth = SmoothingFunction().method3
    for n in range(1, 5):
        theirs = corpus_bleu(references, said, (1 / n,) * n, smooth)
        assert one.values[f"B-{n}"] == pytest.approx(100 * theirs)
    for n in (2, 4):
        unsmoothed = BLEU(tokenize="none", max_ngram_order=n, smooth_method="none", force=True)
        theirs = unsmoothed.corpus_score(list(SAID), [list(REFERENCES)]).score
        assert one.values[f"B-{n} unsmoothed"] == pytest.approx(theirs)


def test_distinct_is_of_the_responses(one: Run) -> None:
    # Without each last word: the cat is on the, how are you.
    assert one.values["D-1"] == pytest.approx(100 * 7 / 8)
    assert one.values["D-1 all"] == pytest.approx(100 * 8 / 10)
    vocabulary = 54_956
    for n, (different, all_of_them) in {1: (8, 10), 2: (8, 8)}.items():
        expected = vocabulary * (1 - ((vocabulary - 1) / vocabulary) ** all_of_them)
        assert one.values[f"E-{n}"] == pytest.approx(100 * different / expected)


def test_distinct_n_is_of_n_grams() -> None:
    """a b a b a b | a b c: "a b" 3 + 1 times, "b a" twice, "b c"; "a b a" and "b a b" twice each,
    "a b c". The last ones, which the reference leaves out: "a b" and "b c", "b a b" and "a b c".
    """
    found = measure(made(("a b a b a b", "a b c", ""), RANKINGS), None).values
    assert found["D-2 all"] == pytest.approx(100 * 3 / 7)
    assert found["D-2"] == pytest.approx(100 * 2 / 5)
    assert found["D-3 all"] == pytest.approx(100 * 3 / 5)
    assert found["D-3"] == pytest.approx(100 * 2 / 3)


def test_rouge_l_is_of_the_responses_against_the_references(one: Run) -> None:
    scorer, beta = RougeScorer(["rougeL"]), 1.2**2
    scores = []
    for said, reference in zip(SAID, REFERENCES, strict=True):
        theirs = scorer.score(reference, said)["rougeL"]
        weighed = theirs.recall + beta * theirs.precision
        scores.append((1 + beta) * theirs.precision * theirs.recall / weighed if weighed else 0)
    assert one.values["R-L"] == pytest.approx(100 * fmean(scores))


def test_length_and_shares_are_of_all_responses(one: Run, other: Run) -> None:
    assert one.values["length"] == pytest.approx(10 / 3)
    assert one.values["empty"] == pytest.approx(100 / 3)
    assert one.values["duplicate"] == 0
    assert other.values["duplicate"] == pytest.approx(100 / 3)
    assert one.values["fixed"] == pytest.approx(100 / 3)
    assert one.values["with persona"] == other.values["with persona"] == pytest.approx(200 / 3)


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder()


@pytest.fixture(scope="module")
def cosines(encoder: SentenceEncoder) -> list[float]:
    """Of what was said to who has a cat."""
    return [float(encoder.similarities([said], ["I have a cat."])) for said in OTHER[:2]]


def test_likeness_is_of_turns_with_a_persona_and_a_response(
    encoder: SentenceEncoder, cosines: list[float]
) -> None:
    found = measure(made(OTHER, RANKINGS), encoder)
    assert found.values["Cos-Sim (all-MiniLM-L6-v2)"] == pytest.approx(fmean(cosines), abs=1e-5)
    nothing = measure(made(("", "", "go"), RANKINGS), encoder)
    assert not any(name.startswith("Cos-Sim") for name in nothing.values)
    assert nothing.values["with persona"] == 0
    assert not any(name.startswith("Cos-Sim") for name in summarise([found, nothing]))


def test_a_resample_without_a_persona_is_no_likeness_of_0(
    encoder: SentenceEncoder, cosines: list[float]
) -> None:
    """Of three conversations one resample in 27 has the last alone."""
    figure = summarise([measure(made(OTHER, RANKINGS), encoder)])
    low, high = figure["Cos-Sim (all-MiniLM-L6-v2)"]["interval"]
    assert (low, high) == pytest.approx((min(cosines), max(cosines)), abs=1e-5)


def test_a_summary_has_mean_and_deviation_over_seeds(one: Run, other: Run) -> None:
    summary = summarise([one, other])
    for name, value in one.values.items():
        seeds = [value, other.values[name]]
        assert summary[name]["seeds"] == seeds
        assert summary[name]["mean"] == pytest.approx(fmean(seeds))
        assert summary[name]["std"] == pytest.approx(stdev(seeds))
        assert ("interval" in summary[name]) == (name in one.sums)
    assert summarise([one])["ACC"]["std"] is None
    low, high = summary["ACC"]["interval"]
    # Of the third conversation alone no seed is right, of the first alone both are.
    assert (low, high) == (0, 100)
