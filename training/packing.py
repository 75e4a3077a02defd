"""Many turns in one row: what they have in common is read once.

The turns of a conversation begin with the same history, and their personas with the same sentences.
A row holds these as trees of tokens; each response is a branch that sees its own history, its own
persona and itself, at the positions that it has when it is served. What a branch computes is what
the turn alone would compute (held by a test), in less than half the tokens on ESConv.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.examples import TurnExample

IGNORED = -100
"""Stands where nothing is to be predicted."""


@dataclass(slots=True)
class PackedRow:
    """Turns packed into N tokens, the last K of which are the responses'.

    Attributes:
        ids: the tokens, (N,).
        positions: of each token, as when it is served, (N,).
        parents: place of the token that each one follows; -1 for the first of a tree, (N,).
        prefixes: place of the last persona token that the first token of a response sees, or -1;
            -1 for all other tokens, (N,).
        labels: the token to be predicted at each place, or `IGNORED`, (N,).
        names: whether that token names a strategy, (N,).
        response_start: place of the first response token, N - K.
        turns: number of turns.
    """

    ids: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    prefixes: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    names: list[bool] = field(default_factory=list)
    response_start: int = 0
    turns: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    def visible(self) -> Tensor:
        """Return which tokens each token sees, (N, N), bool."""
        seen: list[int] = []  # a token's row as one number: rows of tensors are slow here
        for place, (parent, prefix) in enumerate(zip(self.parents, self.prefixes, strict=True)):
            bits = 1 << place
            for earlier in (parent, prefix):
                if earlier >= 0:
                    bits |= seen[earlier]
            seen.append(bits)
        width = -(-len(self) // 8)
        packed = np.frombuffer(b"".join(bits.to_bytes(width, "little") for bits in seen), np.uint8)
        unpacked = np.unpackbits(
            packed.reshape(-1, width), axis=1, count=len(self), bitorder="little"
        )
        return torch.from_numpy(unpacked.view(np.bool_))


class _Tree:
    """Sequences of tokens that share their beginnings."""

    def __init__(self) -> None:
        self._children: dict[tuple[int, int], int] = {}
        self.tokens: list[tuple[int, int, int]] = []  # parent, token, position

    def __len__(self) -> int:
        return len(self.tokens)

    def missing(self, ids: Sequence[int]) -> int:
        """Return how many tokens `ids` would add."""
        place = -1
        for position, token in enumerate(ids):
            found = self._children.get((place, token))
            if found is None:
                return len(ids) - position
            place = found
        return 0

    def add(self, ids: Sequence[int]) -> int:
        """Add `ids`; return the place of the last of them, -1 where there are none."""
        place = -1
        for position, token in enumerate(ids):
            found = self._children.get((place, token))
            if found is None:
                found = len(self.tokens)
                self._children[place, token] = found
                self.tokens.append((place, token, position))
            place = found
        return place


def pack(turns: Iterable[TurnExample], max_tokens: int) -> Iterator[PackedRow]:
    """Pack the `turns` of one conversation, in their order, into rows of `max_tokens` at most.

    A turn that is longer than that by itself gets a row of its own.
    """
    kept: list[TurnExample] = []
    personas, histories, written = _Tree(), _Tree(), 0
    for turn in turns:
        response = len(turn.cue_ids) + len(turn.target_ids) - 1
        more = personas.missing(turn.persona_ids) + histories.missing(turn.history_ids) + response
        if kept and len(personas) + len(histories) + written + more > max_tokens:
            yield _row(kept)
            kept, personas, histories, written = [], _Tree(), _Tree(), 0
        personas.add(turn.persona_ids)
        histories.add(turn.history_ids)
        written += response
        kept.append(turn)
    if kept:
        yield _row(kept)


def _row(turns: Sequence[TurnExample]) -> PackedRow:
    personas, histories = _Tree(), _Tree()
    ends = [(personas.add(turn.persona_ids), histories.add(turn.history_ids)) for turn in turns]
    row = PackedRow()
    for tree in (personas, histories):
        offset = len(row)
        for parent, token, position in tree.tokens:
            _append(row, token, position, parent + offset if parent >= 0 else -1)
    row.response_start = len(row)
    for turn, (persona_end, history_end) in zip(turns, ends, strict=True):
        _append_response(
            row, turn, persona_end, history_end + len(personas) if history_end >= 0 else -1
        )
    return row


def _append_response(row: PackedRow, turn: TurnExample, persona_end: int, history_end: int) -> None:
    row.turns += 1
    read = (*turn.cue_ids, *turn.target_ids[:-1])
    silent = len(turn.cue_ids) - 1
    labels = (*[IGNORED] * silent, *turn.target_ids)
    for index, (token, label) in enumerate(zip(read, labels, strict=True)):
        first = index == 0
        _append(
            row,
            token,
            len(turn.history_ids) + index,
            history_end if first else len(row) - 1,
            prefix=persona_end if first else -1,
            label=label,
            is_name=silent <= index < silent + turn.strategy_length,
        )


def _append(
    row: PackedRow,
    token: int,
    position: int,
    parent: int,
    *,
    prefix: int = -1,
    label: int = IGNORED,
    is_name: bool = False,
) -> None:
    row.ids.append(token)
    row.positions.append(position)
    row.parents.append(parent)
    row.prefixes.append(prefix)
    row.labels.append(label)
    row.names.append(is_name)


def collate(rows: Sequence[PackedRow], pad_id: int = 0) -> dict[str, Tensor]:
    """Return a batch; padding stands in front, so that the responses end together.

    Returns:
        `input_ids` and `position_ids`, (B, N); `attention_mask`, (B, 1, N, N), True where a token
        sees another; `labels` and `is_name`, (B, K), of the last K tokens, K the longest row's.
    """
    length = max(map(len, rows))
    kept = max(len(row) - row.response_start for row in rows)
    mask = torch.eye(length, dtype=torch.bool).repeat(len(rows), 1, 1)
    for index, row in enumerate(rows):
        start = length - len(row)
        mask[index, start:, start:] = row.visible()
    labels = _stacked([row.labels for row in rows], length, IGNORED)[:, -kept:]
    return {
        "input_ids": _stacked([row.ids for row in rows], length, pad_id),
        "position_ids": _stacked([row.positions for row in rows], length, 0),
        "attention_mask": mask[:, None],
        "labels": labels,
        "is_name": _stacked([row.names for row in rows], length, False)[:, -kept:],
    }


def packed_logits(model: Any, batch: Mapping[str, Tensor]) -> Tensor:
    """Return what a decoder-only model predicts at the last K tokens of each row, (B, K, V)."""
    logits: Tensor = model(
        input_ids=batch["input_ids"],
        attention_mask=batch["attention_mask"],
        position_ids=batch["position_ids"],
        use_cache=False,
        logits_to_keep=batch["labels"].shape[1],
    ).logits
    return logits


def _stacked(rows: Sequence[Sequence[int]], length: int, padding: int) -> Tensor:
    return torch.tensor([[padding] * (length - len(row)) + list(row) for row in rows])
