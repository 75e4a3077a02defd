"""Guided decoding the slow and obvious way: no cache, no batch, no padding, nothing shared.

Written from PAL's Eq. 6 and the order of its released code alone; imports nothing of `pal_model`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch


def next_logits(model: Any, ids: Sequence[int], room: int = 1) -> torch.Tensor:
    """The logits after `ids`; padding after them fills a multiple of `room`.

    In bfloat16 the kernels sum in an order that depends on the room, not on what is in it.
    """
    pads = -len(ids) % room
    mask = torch.tensor([[1] * len(ids) + [0] * pads])
    with torch.no_grad():
        output = model(input_ids=torch.tensor([[*ids, *[0] * pads]]), attention_mask=mask)
    return output.logits[0, len(ids) - 1].double()


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
    room: int = 1,
) -> list[int]:
    written: list[int] = []
    while len(written) < max_new_tokens:
        logits = next_logits(model, [*with_persona, *written], room)
        if alpha:
            other = next_logits(model, [*history_only, *written], room)
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
