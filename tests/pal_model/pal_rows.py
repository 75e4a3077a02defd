"""Rows of history and persona for both backbones, and guided decoding the slow way."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from tests.pal_model import paper
from tests.pal_model.reference import forbidden_by_ngrams

VOCABULARY = 60
START, END = 1, 2
ALPHAS = [0.75, 0.0, 0.375, 0.75, 0.75]


def random_rows(lengths: Sequence[int], seed: int) -> list[list[int]]:
    source = random.Random(seed)
    return [[source.randrange(3, VOCABULARY) for _ in range(length)] for length in lengths]


HISTORIES = random_rows([7, 3, 9, 1, 5], seed=1)
PERSONAS = random_rows([4, 5, 2, 6, 0], seed=2)


def padded(rows: Sequence[Sequence[int]], side: str = "right") -> tuple[Tensor, Tensor]:
    """Ids and mask, with padding on the right, on the left, or spread among the tokens."""
    width = max(map(len, rows)) + 1
    source = random.Random(5)
    ids, masks = [], []
    for row in rows:
        places = {
            "right": list(range(len(row))),
            "left": list(range(width - len(row), width)),
            "spread": sorted(source.sample(range(width), len(row))),
        }[side]
        tokens = dict(zip(places, row, strict=True))
        ids.append([tokens.get(place, 0) for place in range(width)])
        masks.append([int(place in tokens) for place in range(width)])
    return torch.tensor(ids), torch.tensor(masks)


def inputs(side: str = "right", rows: Sequence[int] | None = None) -> dict[str, Tensor]:
    rows = range(len(HISTORIES)) if rows is None else rows
    history, history_mask = padded([HISTORIES[row] for row in rows], side)
    persona, persona_mask = padded([PERSONAS[row] for row in rows], side)
    return {
        "input_ids": history,
        "attention_mask": history_mask,
        "persona_input_ids": persona,
        "persona_attention_mask": persona_mask,
    }


class Reference(Protocol):
    """A model of one row, without batch, cache or padding."""

    def next_logits(
        self, history: Sequence[int], persona: Sequence[int], written: Sequence[int]
    ) -> Tensor:
        """The logits, (V,), after the start token and `written`."""


def guided_greedy(
    reference: Reference,
    history: Sequence[int],
    persona: Sequence[int],
    alpha: float,
    *,
    new_tokens: int,
    penalty: float,
    ngram: int,
    least: int,
) -> list[int]:
    """The decoder's tokens by Eq. 6, penalties after it, with the start token first."""
    written = [START]
    while len(written) <= new_tokens:
        logits = reference.next_logits(history, persona, written[1:])
        if alpha and persona:
            other = reference.next_logits(history, [], written[1:])
            distribution = paper.guided(logits.tolist(), other.tolist(), alpha)
            logits = (1 + alpha) * logits - alpha * other
            torch.testing.assert_close(logits.softmax(-1).tolist(), distribution)
        for token in set(written):
            logits[token] *= penalty if logits[token] < 0 else 1 / penalty
        for token in forbidden_by_ngrams(written, ngram):
            logits[token] = -torch.inf
        if len(written) <= least:
            logits[END] = -torch.inf
        written.append(int(logits.argmax()))
        if written[-1] == END:
            break
    return written
