"""Reads rows of tokens that grow from turn to turn, each token once."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from pal_model.backbone import Backbone
from pal_model.row_states import RowStates
from pal_model.state_cache import StateCache


class PrefixReader:
    """Reads rows after a fixed part that all of them share, and remembers them for the next turn.

    What is remembered changes no result: it is what reading again would give.
    """

    def __init__(self, backbone: Backbone, fixed_ids: Sequence[int], max_bytes: int) -> None:
        """Read the fixed part, which may be empty; remember up to `max_bytes` of the rest."""
        self._backbone = backbone
        self._fixed = RowStates.read(backbone, [fixed_ids]) if fixed_ids else None
        self._fixed_length = len(fixed_ids)
        self._cache = StateCache(max_bytes)

    @property
    def fixed(self) -> RowStates | None:
        """The one row of the fixed part; None where it is empty."""
        return self._fixed

    @property
    def remembered(self) -> StateCache:
        """What is remembered of the rows, without the fixed part."""
        return self._cache

    @torch.inference_mode()
    def read(self, rows: Sequence[Sequence[int]]) -> RowStates:
        """Return the states of the fixed part and `rows` of token ids; a row may be empty."""
        known = [self._cache.longest(row) for row in rows]
        counts = [0 if states is None else states.shape[3] for states in known]
        start = self._fixed_length
        states = self._beginnings(len(rows), start + max(map(len, rows)))
        for index, remembered in enumerate(known):
            if remembered is not None:
                states.cache.fill(index, start, remembered)
        states.lengths = states.lengths + torch.tensor(counts, device=states.lengths.device)
        states = states.extended([row[count:] for row, count in zip(rows, counts, strict=True)])
        for index, (row, count) in enumerate(zip(rows, counts, strict=True)):
            if count < len(row):
                self._cache.keep(row, states.cache.row(index, start, start + len(row)).clone())
        return states

    def _beginnings(self, rows: int, length: int) -> RowStates:
        if self._fixed is None:
            return RowStates.nothing(self._backbone, rows, length)
        return self._fixed.select([0] * rows, length)
