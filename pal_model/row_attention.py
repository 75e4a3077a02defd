"""Attention whose result for a row does not depend on the rows and the padding beside it.

In bfloat16 a sum taken in another order is another number, near ties then fall differently, and a
seeker's reply would depend on who else is writing. Measured on CPUs (torch 2.13, AVX-512): linear
layers give a row the same bits in any batch, and so does scaled-dot-product attention, provided
that a row's keys start at slot 0 of a buffer whose length is a multiple of `KEY_MULTIPLE`, and that
the matrix products have at least `_QUERY_MULTIPLE` query rows; with fewer, another kernel is taken.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

KEY_MULTIPLE = 512
"""Buffers of keys and values have a length that this divides."""

_QUERY_MULTIPLE = 4
_NAME = "pal_row_attention"


def row_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    **options: Any,
) -> tuple[Tensor, None]:
    """Attend as `scaled_dot_product_attention` does, in the interface of transformers.

    The query heads that share a key/value head become more query rows of that head, so keys and
    values are read once and never repeated in memory.

    Args:
        module: the attention layer.
        query: (R, query heads, N, W).
        key: (R, key/value heads, L, W).
        value: as `key`.
        attention_mask: True or 0 where a query sees a key, (R, 1, N, L); None for causal attention.
        options: as transformers gives them.

    Returns:
        (R, N, query heads, W), and no weights.
    """
    if attention_mask is None:
        return sdpa_attention_forward(module, query, key, value, None, **options)
    heads, key_heads = query.shape[1], key.shape[1]
    if attention_mask.shape[1] != 1 or heads % key_heads:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    rows, _, length, width = query.shape
    group = heads // key_heads
    missing = -group * length % _QUERY_MULTIPLE
    query = query.reshape(rows, key_heads, group * length, width)
    mask = attention_mask.repeat(1, 1, group, 1)
    if missing:
        query = F.pad(query, (0, 0, 0, missing))
        mask = torch.cat([mask, mask[:, :, -1:].expand(-1, -1, missing, -1)], dim=2)
    attended = F.scaled_dot_product_attention(
        query,
        key,
        value,
        attn_mask=mask,
        dropout_p=options.get("dropout", 0.0),
        scale=options.get("scaling"),
    )
    attended = attended[:, :, : group * length].reshape(rows, heads, length, width)
    return attended.transpose(1, 2).contiguous(), None


def use_row_attention(model: PreTrainedModel) -> None:
    """Let `model` attend with `row_attention` from now on."""
    AttentionInterface.register(_NAME, row_attention)
    AttentionMaskInterface.register(_NAME, sdpa_mask)
    model.set_attn_implementation(_NAME)
