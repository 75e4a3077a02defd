"""Keys and values of a batch of token rows, each row at its own slots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pal_model.row_attention import KEY_MULTIPLE
from pal_model.state_cache import LayerStates


class RowCache:
    """Key/value buffers of R rows, L slots each; a row's tokens fill its slots from 0 on.

    Takes the place of transformers' caches in a forward pass. Those give all rows of a batch the
    same slots, so shorter rows begin with padding; here every row begins at slot 0, which is what
    keeps its result independent of its neighbours (`row_attention`), and a step writes its token in
    place instead of copying all that was read before.
    """

    def __init__(self, rows: int, length: int = 0) -> None:
        """Make room for `rows` rows of `length` tokens; it grows as they do."""
        self._rows = rows
        self._length = _whole_blocks(length)
        self._layers: list[tuple[Tensor, Tensor]] = []
        self._slots = torch.empty(rows, 0, dtype=torch.long)

    @property
    def length(self) -> int:
        """Number of slots of each row, L."""
        return self._length

    def expect(self, slots: Tensor) -> None:
        """Let the tokens of the next forward pass go to `slots`, (R, N)."""
        self._slots = slots
        self._lengthen(int(slots.max()) + 1)

    def update(
        self, keys: Tensor, values: Tensor, layer_index: int, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Write a layer's new keys and values, (R, heads, N, head width); return all of them."""
        if layer_index == len(self._layers):
            self._layers.append((self._buffer(keys), self._buffer(values)))
        all_keys, all_values = self._layers[layer_index]
        row = torch.arange(self._rows, device=keys.device)[:, None]
        all_keys[row, :, self._slots] = keys.transpose(1, 2)
        all_values[row, :, self._slots] = values.transpose(1, 2)
        return all_keys, all_values

    def select(self, index: Tensor, length: int = 0) -> RowCache:
        """Return a copy of the rows at `index` with room for `length` tokens."""
        selected = RowCache(len(index), max(self._length, length))
        selected._layers = [
            (selected._copied(keys[index]), selected._copied(values[index]))
            for keys, values in self._layers
        ]
        return selected

    def joined(self, other: RowCache) -> RowCache:
        """Return a copy of the rows of both, these first."""
        both = RowCache(self._rows + other._rows, max(self._length, other._length))
        both._layers = [
            (both._copied(keys, other_keys), both._copied(values, other_values))
            for (keys, values), (other_keys, other_values) in zip(
                self._layers, other._layers, strict=True
            )
        ]
        return both

    def behind(self, prefixes: RowCache, prefix_lengths: Sequence[int], length: int) -> RowCache:
        """Return a copy, with room for `length` tokens, in which row i comes after the first
        `prefix_lengths[i]` tokens of row i of `prefixes`.
        """
        shifted = RowCache(self._rows, length)
        for row, start in enumerate(prefix_lengths):
            shifted.fill(row, 0, prefixes.row(row, 0, start))
            shifted.fill(row, start, self.row(row, 0, min(self._length, shifted._length - start)))
        return shifted

    def row(self, row: int, start: int, end: int) -> LayerStates:
        """Return a row's slots from `start` to `end`; not a copy."""
        return [
            (keys[row, :, start:end], values[row, :, start:end]) for keys, values in self._layers
        ]

    def fill(self, row: int, start: int, layers: LayerStates) -> None:
        """Write `layers` into a row's slots from `start` on."""
        if not self._layers:
            self._layers = [
                (self._buffer(keys[None]), self._buffer(values[None])) for keys, values in layers
            ]
        for buffers, new in zip(self._layers, layers, strict=bool(layers)):
            for buffer, states in zip(buffers, new, strict=True):
                buffer[row, :, start : start + states.shape[1]] = states

    def _lengthen(self, length: int) -> None:
        if length > self._length:
            self._length = _whole_blocks(length)
            self._layers = [(self._copied(k), self._copied(v)) for k, v in self._layers]

    def _copied(self, *parts: Tensor) -> Tensor:
        """Return a buffer that holds `parts`, (rows, heads, up to L, head width), in its rows."""
        buffer = self._buffer(parts[0])
        start = 0
        for part in parts:
            buffer[start : start + len(part), :, : part.shape[2]] = part
            start += len(part)
        return buffer

    def _buffer(self, like: Tensor) -> Tensor:
        _, heads, _, width = like.shape
        # Zeros, for what a softmax leaves out still meets its weight of 0 and must be finite.
        return like.new_zeros(self._rows, heads, self._length, width)


def _whole_blocks(length: int) -> int:
    return length + -length % KEY_MULTIPLE
