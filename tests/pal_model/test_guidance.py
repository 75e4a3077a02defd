from __future__ import annotations

import math

import torch

from pal_model import DEFAULT_ALPHAS, Strategy
from pal_model.guidance import combine_branches


def test_eq_6_on_logits_is_the_papers_product_of_distributions() -> None:
    """Compares with P_final ~ P_persona * (P_persona / P_history) ** alpha, term by term."""
    torch.manual_seed(0)
    with_persona = torch.randn(3, 5, dtype=torch.float64)
    history_only = torch.randn(3, 5, dtype=torch.float64)
    alphas = [0.0, 0.375, 0.75]
    guided = combine_branches(with_persona, history_only, torch.tensor(alphas)).softmax(-1)
    for row, alpha in enumerate(alphas):
        p = [math.exp(v) for v in with_persona[row]]
        q = [math.exp(v) for v in history_only[row]]
        p, q = [v / sum(p) for v in p], [v / sum(q) for v in q]
        product = [a * (a / b) ** alpha for a, b in zip(p, q, strict=True)]
        expected = [v / sum(product) for v in product]
        torch.testing.assert_close(guided[row], torch.tensor(expected, dtype=torch.float64))


def test_alpha_0_leaves_the_with_persona_branch_to_the_last_bit() -> None:
    with_persona, history_only = torch.randn(2, 7), torch.randn(2, 7)
    assert torch.equal(combine_branches(with_persona, history_only, torch.zeros(2)), with_persona)


def test_the_default_alphas_are_table_2() -> None:
    low = {Strategy.QUESTION, Strategy.REFLECTION_OF_FEELINGS, Strategy.SELF_DISCLOSURE}
    assert {s for s, alpha in DEFAULT_ALPHAS.items() if alpha == 0} == low
    assert {s for s, alpha in DEFAULT_ALPHAS.items() if alpha == 0.375} == {Strategy.OTHERS}
    assert {s for s, alpha in DEFAULT_ALPHAS.items() if alpha == 0.75} == set(Strategy) - low - {
        Strategy.OTHERS
    }
