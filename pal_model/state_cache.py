"""Remembers what a model has read, so that a conversation's next turn costs only what is new."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class _Entry:
    ids: tuple[int, ...]
    states: Tensor  # (layers, K, heads, N, W)


class StateCache:
    """States of token rows (see `RowCache`), found again by the tokens that they were made of.

    What is found depends on the tokens alone. So no two conversations can be confused, and who
    begins with the same words may share what was read. Held in memory only, up to a limit; the
    least recently used go first.
    """

    def __init__(self, max_bytes: int) -> None:
        """Keep up to `max_bytes` of states; 0 keeps none."""
        self._max_bytes = max_bytes
        self._entries: OrderedDict[tuple[int, ...], _Entry] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """Bytes held now."""
        return self._size

    def longest(self, ids: Sequence[int]) -> Tensor | None:
        """Return the states of the longest beginning of `ids` that is known, (layers, K, heads, N,
        W); None for none.
        """
        best, length = None, 0
        for entry in self._entries.values():
            common = _common_beginning(entry.ids, ids)
            if common > length:
                best, length = entry, common
        if best is None:
            return None
        self._entries.move_to_end(best.ids)
        return best.states[:, :, :, :length]

    def keep(self, ids: Sequence[int], states: Tensor) -> None:
        """Remember the `states` of `ids`, (layers, K, heads, N, W); those of any beginning of them
        are dropped.
        """
        new = _Entry(tuple(ids), states)
        for old in list(self._entries):
            if new.ids[: len(old)] == old:
                self._drop(old)
        if not new.ids or new.states.nbytes > self._max_bytes:
            return
        self._entries[new.ids] = new
        self._size += new.states.nbytes
        while self._size > self._max_bytes:
            self._drop(next(iter(self._entries)))

    def clear(self) -> None:
        """Drop everything."""
        self._entries.clear()
        self._size = 0

    def _drop(self, ids: tuple[int, ...]) -> None:
        self._size -= self._entries.pop(ids).states.nbytes


def _common_beginning(one: Sequence[int], other: Sequence[int]) -> int:
    for index, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return index
    return min(len(one), len(other))
