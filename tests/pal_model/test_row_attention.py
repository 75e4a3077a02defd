from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import LlamaForCausalLM

from pal_model.row_attention import row_attention, use_row_attention

MODULE: Any = SimpleNamespace(num_key_value_groups=3, is_causal=True)


def attention(query: Tensor, key: Tensor, value: Tensor, seen: Tensor) -> Tensor:
    """Softmax attention, one head and one query at a time."""
    rows, heads, length, width = query.shape
    group = heads // key.shape[1]
    result = torch.empty(rows, length, heads, width, dtype=query.dtype)
    for row in range(rows):
        for head in range(heads):
            for position in range(length):
                visible = seen[row, 0, position]
                keys, values = key[row, head // group, visible], value[row, head // group, visible]
                weights = (keys @ query[row, head, position] * 0.5).softmax(dim=0)
                result[row, position, head] = weights @ values
    return result


@pytest.mark.parametrize("length", [1, 2, 5])
@pytest.mark.parametrize("heads", [2, 4, 6, 10], ids=lambda heads: f"{heads} heads on 2")
@pytest.mark.parametrize("additive", [True, False], ids=["additive mask", "boolean mask"])
def test_it_is_softmax_attention_whether_key_value_heads_are_shared_or_not(
    length: int, heads: int, additive: bool
) -> None:
    torch.manual_seed(1)
    query = torch.randn(2, heads, length, 4, dtype=torch.float64)
    key, value = torch.randn(2, 2, 2, 7, 4, dtype=torch.float64)
    seen = torch.rand(2, 1, length, 7) < 0.6
    seen[..., 0] = True
    mask = torch.zeros(seen.shape).double().masked_fill(~seen, -torch.inf) if additive else seen
    ours, weights = row_attention(MODULE, query, key, value, mask, scaling=0.5)
    torch.testing.assert_close(ours, attention(query, key, value, seen))
    assert weights is None


def test_without_a_mask_it_is_causal() -> None:
    query, key, value = torch.randn(3, 1, 3, 5, 4, dtype=torch.float64)
    module: Any = SimpleNamespace(num_key_value_groups=1, is_causal=True)
    ours, _ = row_attention(module, query, key, value, None, scaling=0.5)
    seen = torch.ones(1, 1, 5, 5).tril().bool()
    torch.testing.assert_close(ours, attention(query, key, value, seen))


def test_a_model_computes_the_same_with_it(model: LlamaForCausalLM) -> None:
    ids = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 0]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    expected = model(ids, attention_mask=mask).logits
    other = LlamaForCausalLM(model.config).double().eval()
    other.load_state_dict(model.state_dict())
    use_row_attention(other)
    ours = other(ids, attention_mask=mask).logits
    torch.testing.assert_close(ours[0], expected[0])
    torch.testing.assert_close(ours[1, :3], expected[1, :3])
