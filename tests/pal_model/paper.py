"""PAL's Eqs. 2-6 the slow and obvious way: one number at a time, no batch, no padding.

Written from the paper alone; imports nothing of `pal_model`. Matrices are lists of rows of floats.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

Vector = list[float]
Matrix = list[Vector]


def softmax(values: Sequence[float]) -> Vector:
    exponentials = [math.exp(value - max(values)) for value in values]
    return [value / sum(exponentials) for value in exponentials]


def layer_norm(row: Vector, weight: Vector, bias: Vector, epsilon: float = 1e-5) -> Vector:
    mean = sum(row) / len(row)
    variance = sum((value - mean) ** 2 for value in row) / len(row)
    return [
        (value - mean) / math.sqrt(variance + epsilon) * w + b
        for value, w, b in zip(row, weight, bias, strict=True)
    ]


def attended(queries: Matrix, keys: Matrix, scale: float) -> Matrix:
    """Z of Eqs. 2 and 3."""
    result = []
    for query in queries:
        weights = softmax(
            [scale * sum(q * k for q, k in zip(query, key, strict=True)) for key in keys]
        )
        result.append(
            [
                sum(w * key[d] for w, key in zip(weights, keys, strict=True))
                for d in range(len(query))
            ]
        )
    return result


def fused(
    history: Matrix,
    persona: Matrix,
    history_norm: tuple[Vector, Vector],
    persona_norm: tuple[Vector, Vector],
    lambda_weights: Vector,
    scale: float = 1.0,
) -> Matrix:
    """H_final of Eq. 4; where one side has no more positions, the other stands alone."""
    if not persona:
        return history
    hat_history = [
        layer_norm([a + b for a, b in zip(h, z, strict=True)], *history_norm)
        for h, z in zip(history, attended(history, persona, scale), strict=True)
    ]
    hat_persona = [
        layer_norm([a + b for a, b in zip(p, z, strict=True)], *persona_norm)
        for p, z in zip(persona, attended(persona, history, scale), strict=True)
    ]
    lambdas = softmax(lambda_weights)
    final = []
    for position in range(max(len(history), len(persona))):
        row = [0.0] * len(history[0])
        for d in range(len(row)):
            if position < len(history):
                row[d] += lambdas[0] * hat_history[position][d] + lambdas[2] * history[position][d]
            if position < len(persona):
                row[d] += lambdas[1] * hat_persona[position][d]
        final.append(row)
    return final


def loss(next_logits: Callable[[list[int]], Vector], target: Sequence[int]) -> float:
    """L of Eq. 5; `next_logits` gives those after the target's tokens so far."""
    total = 0.0
    for position, token in enumerate(target):
        total -= math.log(softmax(next_logits(list(target[:position])))[token])
    return total / len(target)


def guided(with_persona: Vector, history_only: Vector, alpha: float) -> Vector:
    """P_final of Eq. 6, from the logits of its two distributions."""
    p, q = softmax(with_persona), softmax(history_only)
    product = [a * (a / b) ** alpha for a, b in zip(p, q, strict=True)]
    return [value / sum(product) for value in product]
