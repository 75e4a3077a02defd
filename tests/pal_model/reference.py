"""Guided decoding the slow and obvious way: no cache, no batch, no padding, nothing shared.

Written from PAL's Eq. 6 and the order of its released code alone; imports nothing of `pal_model`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch


def next_logits(
    model: Any, ids: Sequence[int], prefix: Sequence[int] = (), unseeing: int = 0
) -> torch.Tensor:
    """The logits after `ids`, which come after a `prefix` that has positions of its own and that
    the first `unseeing` of them do not see.
    """
    p, n = len(prefix), len(ids)
    visible = torch.ones(p + n, p + n).tril().bool()
    visible[p : p + unseeing, :p] = False
    with torch.no_grad():
        output = model(
            input_ids=torch.tensor([[*prefix, *ids]]),
            attention_mask=visible[None, None],
            position_ids=torch.tensor([[*range(p), *range(n)]]),
        )
    return output.logits[0, -1].double()


def guided_greedy(
    model: Any,
    with_persona: Sequence[int],
    history_only: Sequence[int],
    alpha: float,
    *,
    end_ids: Sequence[int],
    min_new_tokens: int,
    max_new_tokens: int,
    repetition_penalty: float = 1.0,
    no_repeat_ngram_size: int = 0,
    prefix: Sequence[int] = (),
    unseeing: int = 0,
) -> list[int]:
    """Tokens by Eq. 6; `prefix` belongs to the branch with persona (see `next_logits`)."""
    written: list[int] = []
    while len(written) < max_new_tokens:
        logits = next_logits(model, [*with_persona, *written], prefix, unseeing)
        if alpha:
            other = next_logits(model, [*history_only, *written])
            logits = (1 + alpha) * logits - alpha * other
        for token in set(written):
            if logits[token] > 0:
                logits[token] /= repetition_penalty
            else:
                logits[token] *= repetition_penalty
        for token in forbidden_by_ngrams(written, no_repeat_ngram_size):
            logits[token] = -torch.inf
        if len(written) < min_new_tokens:
            for token in end_ids:
                logits[token] = -torch.inf
        token = int(logits.argmax())
        if token in end_ids:
            break
        written.append(token)
    return written


def forbidden_by_ngrams(written: Sequence[int], size: int) -> set[int]:
    if not size or len(written) < size:
        return set()
    start = tuple(written[len(written) - size + 1 :])
    grams = [tuple(written[i : i + size]) for i in range(len(written) - size + 1)]
    return {gram[-1] for gram in grams if gram[:-1] == start}
