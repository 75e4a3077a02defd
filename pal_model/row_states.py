"""A batch of token rows that a decoder-only model has read, and can read on from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import DynamicCache, PreTrainedModel


@dataclass(slots=True)
class RowStates:
    """Key/value states of R rows, L positions each, and the logits after the last one.

    Rows of different lengths share one batch: a row's missing positions are masked, and each token
    keeps the position that it has in its own row, so padding changes no row's result.

    Attributes:
        cache: key/value states of every layer, (R, heads, L, head width).
        attention_mask: 1 where a position is a token, 0 where it is padding, (R, L).
        logits: of the token after the last one, (R, V), float32.
    """

    model: PreTrainedModel
    cache: DynamicCache
    attention_mask: Tensor
    logits: Tensor

    @classmethod
    @torch.inference_mode()
    def read(
        cls, model: PreTrainedModel, rows: Sequence[Sequence[int]], after: RowStates | None = None
    ) -> RowStates:
        """Read `rows` of token ids, each after the one row of `after` where that is given."""
        if after is None:
            device = model.device
            empty = cls(
                model,
                DynamicCache(config=model.config),
                torch.ones(len(rows), 0, dtype=torch.long, device=device),
                torch.empty(len(rows), 0, device=device),
            )
            return empty.extended(rows)
        return after.select([0] * len(rows)).extended(rows)

    def __len__(self) -> int:
        return self.attention_mask.shape[0]

    @torch.inference_mode()
    def extended(self, rows: Sequence[Sequence[int]]) -> RowStates:
        """Read on: row i of `rows` (one or more token ids) after row i. Uses up this object."""
        device = self.attention_mask.device
        width = max(len(row) for row in rows)
        ids = torch.tensor([[0] * (width - len(row)) + list(row) for row in rows], device=device)
        mask = torch.tensor(
            [[0] * (width - len(row)) + [1] * len(row) for row in rows], device=device
        )
        return self.append(ids, mask)

    @torch.inference_mode()
    def append(self, ids: Tensor, mask: Tensor | None = None) -> RowStates:
        """Read on: `ids` (R, N), of which `mask` (R, N) says which are tokens; default all."""
        mask = torch.ones_like(ids) if mask is None else mask
        attention_mask, logits = self._forward(ids, mask, logits_to_keep=1)
        return RowStates(self.model, self.cache, attention_mask, logits[:, -1])

    def all_logits(self, ids: Tensor) -> Tensor:
        """Return the logits after each of `ids` (R, N), (R, N, V). Uses up this object."""
        return self._forward(ids, torch.ones_like(ids), logits_to_keep=0)[1]

    def _forward(self, ids: Tensor, mask: Tensor, logits_to_keep: int) -> tuple[Tensor, Tensor]:
        attention_mask = torch.cat([self.attention_mask, mask], dim=1)  # (R, L + N)
        read_before = self.attention_mask.sum(dim=1, keepdim=True)  # (R, 1)
        position_ids = (read_before + mask.cumsum(dim=1) - 1).clamp(min=0)  # (R, N)
        output: Any = self.model(
            input_ids=ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=logits_to_keep,
        )
        return attention_mask, output.logits.float()

    def select(self, indices: Sequence[int]) -> RowStates:
        """Return a copy of the rows at `indices`, in that order; a row may be taken repeatedly."""
        index = torch.tensor(indices, device=self.attention_mask.device)
        layers = [(keys[index], values[index]) for keys, values in self._layers()]
        return RowStates(
            self.model, DynamicCache(layers), self.attention_mask[index], self.logits[index]
        )

    def joined(self, other: RowStates) -> RowStates:
        """Return the rows of both, these first, the shorter ones padded on the left."""
        length = max(self.attention_mask.shape[1], other.attention_mask.shape[1])
        first, second = self._padded(length), other._padded(length)
        layers = [
            (torch.cat([keys, other_keys]), torch.cat([values, other_values]))
            for (keys, values), (other_keys, other_values) in zip(
                first._layers(), second._layers(), strict=True
            )
        ]
        return RowStates(
            self.model,
            DynamicCache(layers),
            torch.cat([first.attention_mask, second.attention_mask]),
            torch.cat([first.logits, second.logits]),
        )

    def _layers(self) -> list[tuple[Tensor, Tensor]]:
        """Return keys and values of each layer, (R, heads, L, head width)."""
        layers: list[Any] = self.cache.layers
        return [(layer.keys, layer.values) for layer in layers]

    def _padded(self, length: int) -> RowStates:
        missing = length - self.attention_mask.shape[1]
        if not missing:
            return self
        layers = [
            (F.pad(keys, (0, 0, missing, 0)), F.pad(values, (0, 0, missing, 0)))
            for keys, values in self._layers()
        ]
        mask = F.pad(self.attention_mask, (missing, 0))
        return RowStates(self.model, DynamicCache(layers), mask, self.logits)


@torch.inference_mode()
def mean_log_probs(
    after: RowStates, contexts: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> list[float]:
    """Return the mean log probability of the tokens of `targets[i]` after `contexts[i]`.

    Args:
        after: states of one row that every context follows.
        contexts: token ids, one or more each.
        targets: token ids, one or more each.
    """
    states = after.select([0] * len(contexts)).extended(contexts)
    first = states.logits.log_softmax(dim=-1)  # (R, V)
    # Padding stands on the right here: the logits before it do not see it.
    width = max(len(target) for target in targets)
    padded = [[*target, *[0] * (width - len(target))] for target in targets]
    ids = torch.tensor(padded, device=first.device)  # (R, N)
    rest = states.all_logits(ids)[:, :-1].log_softmax(dim=-1)  # (R, N - 1, V)
    scores = torch.cat([first.unsqueeze(1), rest], dim=1).gather(2, ids.unsqueeze(2)).squeeze(2)
    return [float(row[: len(target)].mean()) for row, target in zip(scores, targets, strict=True)]
