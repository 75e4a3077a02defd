"""What a model keeps of a batch of token rows, each row at its own slots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class CacheFormat:
    """How a backbone keeps keys and values, and for a fusion what they are made of.

    Attributes:
        layers: number of layers.
        heads: number of key/value heads.
        width: of a head, W.
        input_width: of what a layer's attention reads, D, where that is kept beside keys and
            values, because a fusion changes it (`prefix_fusion`); otherwise 0.
        dtype: number format.
        device: where they lie.
        multiple: buffers have a number of slots that this divides.
        zeroed: whether attention touches slots that no token was written to. Its softmax gives them
            the weight 0, but what that meets must be finite.
    """

    layers: int
    heads: int
    width: int
    dtype: torch.dtype
    device: torch.device
    multiple: int
    zeroed: bool
    input_width: int = 0

    @property
    def parts(self) -> int:
        """Number of blocks of heads * W numbers that are kept of a token in a layer, K: its keys,
        its values, and the attention's inputs cut into as many as they need.
        """
        return 2 + -(-self.input_width // (self.heads * self.width))

    def buffer(self, rows: int, length: int) -> Tensor:
        """Return room of shape (layers, K, rows, heads, L, W); L is `length` or more."""
        slots = length + -length % self.multiple
        shape = (self.layers, self.parts, rows, self.heads, slots, self.width)
        make = torch.zeros if self.zeroed else torch.empty
        return make(shape, dtype=self.dtype, device=self.device)


class RowCache:
    """Buffers of R rows, L slots each; a row's tokens fill its slots from 0 on.

    Takes the place of transformers' caches in a forward pass. Those give all rows of a batch the
    same slots, so shorter rows begin with padding; here every row begins at slot 0, which is what
    keeps its result independent of its neighbours (`row_attention`), and a step writes its token in
    place instead of copying all that was read before.
    """

    def __init__(self, form: CacheFormat, rows: int, length: int = 0) -> None:
        """Make room for `rows` rows of `length` tokens; it grows as they do."""
        self._form = form
        self._states = form.buffer(rows, length)
        self._used = 0  # slots that any row has written to
        self._slots = torch.empty(rows, 0, dtype=torch.long)
        self._rows = torch.empty(rows, 0, dtype=torch.long)

    @property
    def states(self) -> Tensor:
        """Keys, [:, 0], values, [:, 1], and what else is kept, (layers, K, R, heads, L, W); not a
        copy.
        """
        return self._states

    @property
    def keeps_inputs(self) -> bool:
        """Whether the inputs of each layer's attention are kept, too."""
        return self._form.input_width > 0

    @property
    def length(self) -> int:
        """Number of slots of each row, L."""
        return self._states.shape[4]

    def expect(self, slots: Tensor) -> None:
        """Let the tokens of the next forward pass go to `slots`, (R, N)."""
        self._slots = slots
        self._rows = torch.arange(len(slots), device=slots.device)[:, None]
        self.lengthen(int(slots.max()) + 1)

    def lengthen(self, length: int) -> None:
        """Make room for rows of `length` tokens, which they are about to have."""
        if length > self.length:
            rows = range(self._states.shape[2])
            self._states = self.gathered([(self, row) for row in rows], length)._states
        self._used = max(self._used, length)

    def update(
        self, keys: Tensor, values: Tensor, layer_index: int, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Write a layer's new keys and values, (R, heads, N, W), to the expected slots; return all
        of that layer.
        """
        all_keys, all_values = self._states[layer_index, :2]
        all_keys[self._rows, :, self._slots] = keys.transpose(1, 2)
        all_values[self._rows, :, self._slots] = values.transpose(1, 2)
        return all_keys, all_values

    def put_inputs(self, layer_index: int, row: int, start: int, inputs: Tensor) -> None:
        """Keep the `inputs` of a layer's attention, (N, D), at a row's slots from `start` on."""
        form = self._form
        room = (form.parts - 2) * form.heads * form.width
        pieces = F.pad(inputs, (0, room - form.input_width))
        pieces = pieces.reshape(len(inputs), form.parts - 2, form.heads, form.width)
        end = start + len(inputs)
        self._states[layer_index, 2:, row, :, start:end] = pieces.permute(1, 2, 0, 3)

    def inputs(self, row: int, length: int) -> Tensor:
        """Return what each layer's attention read at a row's first slots, (layers, length, D)."""
        pieces = self._states[:, 2:, row, :, :length].permute(0, 3, 1, 2, 4)
        return pieces.flatten(2)[:, :, : self._form.input_width]

    def without_inputs(self) -> RowCache:
        """Return the same cache, of which keys and values alone are kept from now on; no copy."""
        bare = RowCache(replace(self._form, input_width=0), 0)
        bare._states, bare._used = self._states[:, :2], self._used
        return bare

    @staticmethod
    def gathered(rows: Sequence[tuple[RowCache, int]], length: int = 0) -> RowCache:
        """Return a copy of `rows`, each a row of some cache, with room for `length` tokens."""
        used = max(cache._used for cache, _ in rows)
        gathered = RowCache(rows[0][0]._form, len(rows), max(used, length))
        for row, (cache, source) in enumerate(rows):
            gathered.fill(row, 0, cache.row(source, 0, cache._used))
        return gathered

    def behind(self, prefixes: RowCache, prefix_lengths: Sequence[int], length: int) -> RowCache:
        """Return a copy, with room for `length` tokens, in which row i comes after the first
        `prefix_lengths[i]` tokens of row i of `prefixes`.
        """
        shifted = RowCache(self._form, self._states.shape[2], length)
        for row, start in enumerate(prefix_lengths):
            shifted.fill(row, 0, prefixes.row(row, 0, start))
            shifted.fill(row, start, self.row(row, 0, min(self._used, shifted.length - start)))
        return shifted

    def row(self, row: int, start: int, end: int) -> Tensor:
        """Return a row's slots from `start` to `end`, (layers, K, heads, N, W); not a copy."""
        return self._states[:, :, row, :, start:end]

    def fill(self, row: int, start: int, states: Tensor) -> None:
        """Write `states`, (layers, K, heads, N, W), into a row's slots from `start` on."""
        end = start + states.shape[3]
        self._states[:, :, row, :, start:end] = states
        self._used = max(self._used, end)
