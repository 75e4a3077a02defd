"""A backbone that PyTorch runs: on a GPU, or in the precision of its weights on a CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import PreTrainedModel

from pal_model.row_attention import KEY_MULTIPLE, use_row_attention
from pal_model.row_cache import CacheFormat, RowCache


class TorchBackbone:
    """Runs a model of transformers as it is (see `Backbone`).

    In formats coarser than float32 products with a single vector take a kernel that adds up in an
    order of its own; so a lone row never goes alone.
    """

    def __init__(self, model: PreTrainedModel, *, keeps_inputs: bool = False) -> None:
        """Take a decoder-only `model` of the Llama family; its attention is set to our own.

        Args:
            model: as transformers loads it.
            keeps_inputs: keep what each layer's attention reads, for a fusion.
        """
        model.train(False)
        use_row_attention(model)
        self._model = model
        self._keeps_inputs = keeps_inputs

    @property
    def name(self) -> str:
        """The number format of the weights."""
        return str(self._model.dtype).removeprefix("torch.")

    @property
    def vocabulary_size(self) -> int:
        """Number of tokens known, V."""
        size: int = self._model.config.get_text_config().vocab_size
        return size

    @property
    def cache_format(self) -> CacheFormat:
        """As the model computes keys and values."""
        config: Any = self._model.config
        width = getattr(config, "head_dim", None)
        return CacheFormat(
            layers=config.num_hidden_layers,
            heads=config.num_key_value_heads,
            width=width or config.hidden_size // config.num_attention_heads,
            dtype=self._model.dtype,
            device=self._model.device,
            multiple=KEY_MULTIPLE,
            zeroed=True,
            input_width=config.hidden_size if self._keeps_inputs else 0,
        )

    @torch.inference_mode()
    def read(
        self,
        ids: Tensor,
        counts: Tensor,  # noqa: ARG002 (padding is read too; nothing sees it)
        lengths: Tensor,
        prefix_lengths: Tensor,
        cache: RowCache,
    ) -> Tensor:
        """Read all rows at once (see `Backbone.read`)."""
        length = ids.shape[1]
        if ids.numel() == 1:
            ids = F.pad(ids, (0, 1))
        slots = lengths[:, None] + torch.arange(ids.shape[1], device=ids.device)  # (R, N)
        cache.expect(slots)
        output: Any = self._model.base_model(
            input_ids=ids,
            attention_mask=self._mask(slots, cache.length),
            position_ids=slots - prefix_lengths[:, None],
            past_key_values=cache,
            use_cache=True,
            output_hidden_states=cache.keeps_inputs,
        )
        if cache.keeps_inputs:
            self._keep_inputs(output.hidden_states, lengths, cache)
        states: Tensor = output.last_hidden_state
        return states[:, :length]

    def step(
        self, tokens: Tensor, lengths: Tensor, prefix_lengths: Tensor, cache: RowCache
    ) -> Tensor:
        """Read one token of each row (see `Backbone.step`)."""
        ones = torch.ones_like(tokens)
        return self.read(tokens[:, None], ones, lengths, prefix_lengths, cache)[:, 0]

    @torch.inference_mode()
    def logits(self, hidden_states: Tensor) -> Tensor:
        """Return the logits, (..., V), float32, at last hidden states, (..., D)."""
        head: Any = self._model.get_output_embeddings()
        vectors = hidden_states.flatten(0, -2)
        if len(vectors) == 1:
            return self.logits(hidden_states.repeat(2, *[1] * (hidden_states.dim() - 1)))[:1]
        logits: Tensor = head(vectors)
        return logits.float().reshape(*hidden_states.shape[:-1], -1)

    def _keep_inputs(
        self, hidden_states: Sequence[Tensor], lengths: Tensor, cache: RowCache
    ) -> None:
        """Keep what each layer's attention reads, given what goes into each layer, (R, N, D)."""
        model: Any = self._model.base_model
        starts = lengths.tolist()
        for index, layer in enumerate(model.layers):
            inputs = layer.input_layernorm(hidden_states[index])
            for row, start in enumerate(starts):
                cache.put_inputs(index, row, start, inputs[row])

    def _mask(self, slots: Tensor, length: int) -> Tensor:
        """Let each token see its row up to itself: 0 there, else -inf, (R, 1, N, L)."""
        all_slots = torch.arange(length, device=slots.device)
        unseen = all_slots > slots[:, None, :, None]
        return torch.zeros_like(unseen, dtype=self._model.dtype).masked_fill(unseen, -torch.inf)
