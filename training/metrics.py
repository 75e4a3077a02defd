"""The metrics of the ESConv line of work, as its reference code counts them (PAL, Tables 3 and 4).

Pure functions of tokens and labels. Where the reference departs from the textbook, the plain name
has the reference's definition, in which published tables are, and the textbook's has a name of its
own. Shares and scores are times 100, as in those tables.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np
from nltk.tokenize import NLTKWordTokenizer, PunktSentenceTokenizer
from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu
from numpy.typing import NDArray
from sacrebleu.metrics.bleu import BLEU
from torch import Tensor
from torch.nn import functional

Tokens = Sequence[str]
Label = TypeVar("Label", bound=Hashable)

EXPECTED_VOCABULARY = 54_956
"""V of expectancy-adjusted distinct in PAL's script."""

ROUGE_BETA = 1.2
"""Recall weighs beta squared times as much as precision, as in the reference's ROUGE-L."""

_PREFERENCE_STEPS = 1000

_SENTENCES = PunktSentenceTokenizer()
_WORDS = NLTKWordTokenizer()


def tokenize(text: str) -> list[str]:
    """Return the tokens of `text` in lower case, cut as NLTK's `word_tokenize` cuts them.

    That function wants a list of abbreviations that NLTK downloads; here sentences are found
    without one, so that the full stop of "dr." is a token of its own.
    """
    sentences = _SENTENCES.tokenize(text.lower())
    return [word for sentence in sentences for word in _WORDS.tokenize(sentence)]


def bleu(responses: Sequence[Tokens], references: Sequence[Tokens], n: int) -> float:
    """Return BLEU-n of a corpus with one reference each, uniform weights up to n.

    exp(mean of log p_1 .. log p_n) times the brevity penalty (Papineni et al. 2002), smoothed by
    method 3 of Chen and Cherry (2014) as in the reference: an order without a match counts 1/2, the
    next such one 1/4, and so on.
    """
    _require_pairs(responses, references)
    if not any(responses):
        return 0.0
    score: float = corpus_bleu(
        [[reference] for reference in references],
        responses,
        (1 / n,) * n,
        SmoothingFunction().method3,
    )
    return 100 * score


def bleu_unsmoothed(responses: Sequence[Tokens], references: Sequence[Tokens], n: int) -> float:
    """Return BLEU-n as Papineni et al. (2002) define it: 0 where an order has no match.

    By sacrebleu. NLTK, and so `bleu`, counts an n-gram for a response that is too short for one.
    """
    _require_pairs(responses, references)
    metric = BLEU(tokenize="none", force=True, max_ngram_order=n, smooth_method="none")
    joined = [[" ".join(tokens) for tokens in texts] for texts in (responses, references)]
    score: float = metric.corpus_score(joined[0], [joined[1]]).score
    return score


def _require_pairs(responses: Sequence[Tokens], references: Sequence[Tokens]) -> None:
    if len(responses) != len(references):
        raise ValueError(f"There are {len(responses)} responses to {len(references)} references.")


def distinct(responses: Sequence[Tokens], n: int) -> float:
    """Return distinct-n: different n-grams over all n-grams of all responses (Li et al. 2016).

    As the reference counts it, whose loop leaves out the last n-gram of every response. It falls
    with the number of responses: compare it among equally many.
    """
    return _share_of_different([gram for r in responses for gram in list(_ngrams(r, n))[:-1]])


def distinct_all(responses: Sequence[Tokens], n: int) -> float:
    """Return distinct-n over all n-grams, the last ones too."""
    return _share_of_different([gram for r in responses for gram in _ngrams(r, n)])


def _share_of_different(grams: Sequence[Hashable]) -> float:
    return 100 * len(set(grams)) / len(grams) if grams else 0.0


def expectancy_adjusted_distinct(
    responses: Sequence[Tokens], n: int, vocabulary: int = EXPECTED_VOCABULARY
) -> float:
    """Return EAD-n: different n-grams over how many were to be expected of C draws from V.

    unique / (V (1 - ((V - 1) / V)^C)) (Liu et al. 2022, Eq. 4), C all n-grams of the responses.
    """
    grams = [gram for response in responses for gram in _ngrams(response, n)]
    if not grams:
        return 0.0
    expected = vocabulary * -math.expm1(len(grams) * math.log1p(-1 / vocabulary))
    return 100 * len(set(grams)) / expected


def rouge_l(responses: Sequence[Tokens], references: Sequence[Tokens]) -> float:
    """Return the mean over responses of ROUGE-L's F-measure (Lin 2004).

    (1 + b^2) P R / (R + b^2 P) with b = `ROUGE_BETA`, P and R the longest common subsequence over
    the tokens of the response and of the reference; 0 without a common token.
    """
    scores = [rouge_l_of(*pair) for pair in zip(responses, references, strict=True)]
    return 100 * sum(scores) / len(scores) if scores else 0.0


def rouge_l_of(response: Tokens, reference: Tokens, beta: float = ROUGE_BETA) -> float:
    """Return ROUGE-L's F-measure of one response, from 0 to 1."""
    common = _common_subsequence(response, reference)
    if not common:
        return 0.0
    precision, recall = common / len(response), common / len(reference)
    return (1 + beta**2) * precision * recall / (recall + beta**2 * precision)


def _common_subsequence(one: Tokens, other: Tokens) -> int:
    """Return the length of the longest one."""
    row = [0] * (len(other) + 1)
    for token in one:
        diagonal = 0
        for place, opposite in enumerate(other, start=1):
            above = row[place]
            row[place] = diagonal + 1 if token == opposite else max(above, row[place - 1])
            diagonal = above
    return row[-1]


def mean_length(responses: Sequence[Tokens]) -> float:
    """Return the mean number of tokens of a response."""
    return sum(map(len, responses)) / len(responses) if responses else 0.0


def empty_share(responses: Sequence[Tokens]) -> float:
    """Return the share of responses without a token."""
    return 100 * sum(not response for response in responses) / len(responses) if responses else 0.0


def duplicate_share(responses: Sequence[Tokens]) -> float:
    """Return the share of responses that say, word for word, what an earlier one says."""
    different = len({tuple(response) for response in responses})
    return 100 * (1 - different / len(responses)) if responses else 0.0


def _ngrams(tokens: Tokens, n: int) -> Iterator[tuple[str, ...]]:
    return (tuple(tokens[start : start + n]) for start in range(len(tokens) - n + 1))


def accuracy(ranked: Sequence[Sequence[Label]], gold: Sequence[Label], top: int = 1) -> float:
    """Return the share of turns whose label is among the `top` likeliest (PAL, Figure 4).

    Args:
        ranked: of each turn all labels, likeliest first.
        gold: the label of each turn.
        top: how many may be tried.
    """
    hits = [label in order[:top] for order, label in zip(ranked, gold, strict=True)]
    return 100 * sum(hits) / len(hits) if hits else 0.0


def perplexity(loss: NDArray[np.float64], count: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return exp(loss / count), elementwise; NaN where nothing is counted.

    Args:
        loss: the sum of -ln p over the tokens of responses, in nats.
        count: of their tokens, for perplexity a token; of their words, which white space separates,
            for perplexity a word, which may be compared across tokenizers. With or without the
            strategy's token, in both (the reference masks it, PAL's script counts it).
    """
    mean = np.divide(loss, count, out=np.full_like(loss, np.nan), where=count > 0)
    return np.exp(mean)


def cosine_similarity(responses: Tensor, personas: Tensor) -> Tensor:
    """Return the cosine of each response and its persona, (N, D) and (N, D) -> (N); its mean is
    Cos-Sim (PAL, section 4.4), from the sentence embeddings of a named encoder.
    """
    return functional.cosine_similarity(responses, personas, dim=1)


def f1_by_label(
    predicted: Sequence[Label], gold: Sequence[Label], labels: Sequence[Label]
) -> dict[Label, float]:
    """Return of each label 2 TP / (2 TP + FP + FN); 0 for one that neither has."""
    right = Counter(p for p, g in zip(predicted, gold, strict=True) if p == g)
    both = Counter(predicted) + Counter(gold)
    return {label: 200 * right[label] / both[label] if both[label] else 0.0 for label in labels}


def macro_f1(predicted: Sequence[Label], gold: Sequence[Label], labels: Sequence[Label]) -> float:
    """Return the mean F1 of those of `labels` that occur in either."""
    present = [label for label in labels if label in {*predicted, *gold}]
    scores = f1_by_label(predicted, gold, present)
    return sum(scores.values()) / len(scores) if scores else 0.0


def weighted_f1(
    predicted: Sequence[Label], gold: Sequence[Label], labels: Sequence[Label]
) -> float:
    """Return the mean F1 of `labels`, each weighing as often as it is right."""
    scores, counts = f1_by_label(predicted, gold, labels), Counter(gold)
    return sum(scores[label] * counts[label] for label in labels) / len(gold) if gold else 0.0


def preferences(
    predicted: Sequence[Label], gold: Sequence[Label], labels: Sequence[Label]
) -> Mapping[Label, float]:
    """Return how much a model prefers each label (Kang et al. 2024, Eq. 2), with mean 1.

    A Bradley-Terry model, each turn a comparison in which the predicted label won over the gold
    one, solved by Newman's iteration, p_i = sum_j w_ij p_j / (p_i + p_j) / sum_j w_ji / (p_i + p_j)
    with w_ij the turns of gold label j that were given i, for 1000 steps at most. Of few turns,
    labels that only ever lose tend to 0, and one that only ever wins, whose strength has no bound,
    keeps the one it begins with.
    """
    wins = Counter(pair for pair in zip(predicted, gold, strict=True) if pair[0] != pair[1])
    strength = dict.fromkeys(labels, 1.0)
    for _ in range(_PREFERENCE_STEPS):
        before = dict(strength)
        for label in labels:
            won = lost = 0.0
            for (one, other), count in wins.items():
                both = strength[one] + strength[other]
                share = count / both if both else 0.0
                won += share * strength[other] if one == label else 0
                lost += share if other == label else 0
            strength[label] = won / lost if lost else strength[label]
        mean = sum(strength.values()) / len(labels)
        strength = {label: value / mean for label, value in strength.items()}
        if all(math.isclose(strength[i], before[i], abs_tol=1e-9) for i in labels):
            break
    return strength


def preference_bias(
    predicted: Sequence[Label], gold: Sequence[Label], labels: Sequence[Label]
) -> float:
    """Return the standard deviation of `preferences` (Kang et al. 2024, Eq. 3); 0 prefers none."""
    values = preferences(predicted, gold, labels).values()
    return math.sqrt(sum((value - 1) ** 2 for value in values) / len(values))
