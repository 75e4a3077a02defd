"""From what each layer of a Llama reads to its keys and values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb


class LayerProjections:
    """Makes the keys and values of a prefix whose states were changed after it was read.

    Holds those weights alone, so that the rest of the model may be let go.
    """

    def __init__(self, decoder: Any) -> None:
        """Take the `LlamaModel` that the states come from."""
        attentions = [layer.self_attn for layer in decoder.layers]
        self._projections = [(attention.k_proj, attention.v_proj) for attention in attentions]
        self._heads = (decoder.config.num_key_value_heads, attentions[0].head_dim)
        self._rotary = decoder.rotary_emb

    def __call__(self, states: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return each layer's keys and values, (B, layers, heads, N, W).

        Args:
            states: what the attention of each layer reads, (B, N, D); positions count from 0.
        """
        rows, length, _ = states[0].shape
        positions = torch.arange(length, device=states[0].device)[None]
        cos, sin = self._rotary(states[0], position_ids=positions)
        all_keys, all_values = [], []
        for (k_proj, v_proj), state in zip(self._projections, states, strict=True):
            shape = (rows, length, *self._heads)
            keys = k_proj(state).view(shape).transpose(1, 2)
            all_keys.append(apply_rotary_pos_emb(keys, keys, cos, sin)[1])
            all_values.append(v_proj(state).view(shape).transpose(1, 2))
        return torch.stack(all_keys, dim=1), torch.stack(all_values, dim=1)
