"""A decoder-only model as a reader: what its lower layers make of texts, for a classifier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import AutoTokenizer, LlamaForCausalLM
from transformers.utils import logging as transformers_logging

from pal_model.backbone import Backbone
from pal_model.checkpoint import find_backbone, merged
from pal_model.embedded import find_model
from pal_model.errors import ModelLoadError
from pal_model.row_cache import RowCache
from pal_model.row_states import padded


class TokenStates(NamedTuple):
    """Last hidden states of N rows of tokens.

    Attributes:
        states: (N, T, D); they mean nothing behind a row's count.
        counts: number of tokens of each row, its end included, (N,).
    """

    states: Tensor
    counts: Tensor

    def mean_and_last(self) -> Tensor:
        """Return of each row the mean of its states, and its last one beside it, (N, 2 * D)."""
        steps = torch.arange(self.states.shape[1], device=self.counts.device)
        is_token = (steps < self.counts[:, None]).unsqueeze(-1)
        mean = (self.states * is_token).sum(dim=1) / self.counts[:, None]
        last = self.states[torch.arange(len(self.counts)), self.counts - 1]
        return torch.cat([mean, last], dim=1)


class TextReader:
    """Reads texts, each alone and with the token of an end behind it; on a CPU with 8-bit weights,
    as the engine reads.
    """

    def __init__(self, backbone: Backbone, tokenizer: Any, most_tokens: int) -> None:
        """Take what runs the model; of a longer text the first `most_tokens` are read."""
        self._backbone = backbone
        self._tokenizer = tokenizer
        self._most_tokens = most_tokens

    @classmethod
    def load(
        cls, base: str, adapter: Path, *, layers: int, most_tokens: int, home: Path | None = None
    ) -> TextReader:
        """Load the first `layers` layers of a model of the Llama family with a LoRA for them, on
        the CPU.

        Args:
            base: as `find_model` takes it.
            adapter: the LoRA's folder.
            layers: how many of the model's are used.
            most_tokens: of a text.
            home: where the converted embedded model is kept; default `default_home()`.

        Raises:
            ModelLoadError: one of them cannot be loaded.
        """
        folder = find_model(base, home)
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
            model = merged(lower_layers(folder, layers), str(adapter))
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelLoadError(f"Cannot load {str(adapter)!r} on {base!r}: {error}") from error
        return cls(find_backbone(base, model, None), tokenizer, most_tokens)

    @torch.inference_mode()
    def read(self, texts: Sequence[str]) -> TokenStates:
        """Return the states of `texts`, in float32."""
        form = self._backbone.cache_format
        ids, counts = padded(token_rows(self._tokenizer, texts, self._most_tokens), form.device)
        none = torch.zeros_like(counts)
        cache = RowCache(form, len(texts), ids.shape[1])
        return TokenStates(self._backbone.read(ids, counts, none, none, cache).float(), counts)


def token_rows(tokenizer: Any, texts: Sequence[str], most: int) -> list[list[int]]:
    """Return the token ids of each text, `most` of them at most, with an end behind them."""
    return [
        [*tokenizer.encode(text, add_special_tokens=False)[:most], tokenizer.eos_token_id]
        for text in texts
    ]


def lower_layers(folder: str, layers: int) -> Any:
    """Return the model in a folder, in float32, as far as its first `layers` layers."""
    level = transformers_logging.get_verbosity()
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()  # that the upper layers are left out is meant
    try:
        return LlamaForCausalLM.from_pretrained(
            folder, dtype=torch.float32, num_hidden_layers=layers
        )
    finally:
        transformers_logging.set_verbosity(level)
