"""What runs a decoder-only model for the engine: PyTorch, or ONNX Runtime with 8-bit weights."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from pal_model.row_cache import CacheFormat, RowCache


class Backbone(Protocol):
    """Reads tokens into a cache; knows nothing of text, of personas or of guidance.

    What it computes for a row depends on that row alone, to the bit. Reading a row of tokens in
    pieces gives what reading it at once gives; a step may differ from reading by rounding.
    """

    @property
    def name(self) -> str:
        """How it computes, in a word or two."""

    @property
    def vocabulary_size(self) -> int:
        """Number of tokens known, V."""

    @property
    def cache_format(self) -> CacheFormat:
        """How it keeps keys and values; tells the device too."""

    def read(
        self, ids: Tensor, counts: Tensor, lengths: Tensor, prefix_lengths: Tensor, cache: RowCache
    ) -> Tensor:
        """Read the first `counts` (R,) of `ids` (R, N) after each row's tokens in `cache`.

        Args:
            ids: (R, N); what stands behind a row's count is padding.
            counts: (R,); a row may have none.
            lengths: number of tokens that each row holds already, (R,).
            prefix_lengths: how many of them move no position, (R,).
            cache: holds the rows' keys and values, and takes those of `ids`; and what the attention
                of each layer reads there, if it keeps that.

        Returns:
            Last hidden states, (R, N, D); they mean nothing at padding.
        """

    def step(
        self, tokens: Tensor, lengths: Tensor, prefix_lengths: Tensor, cache: RowCache
    ) -> Tensor:
        """Read one token of each row, (R,); otherwise as `read`, though the inputs of
        attention may go unkept. Returns (R, D).
        """

    def logits(self, hidden_states: Tensor) -> Tensor:
        """Return the logits, (..., V), float32, at last hidden states, (..., D)."""
