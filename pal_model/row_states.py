"""A batch of token rows that a decoder-only model has read, and can read on from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import PreTrainedModel

from pal_model.row_cache import RowCache


@dataclass(slots=True)
class RowStates:
    """Key/value states of R rows of different lengths, and the logits after each one's last token.

    Each token keeps the position that it has in its own row; padding stands after a row, where
    nothing sees it and what is read next overwrites it. A row may begin with a prefix, which was
    read on its own: the positions of what follows count from behind it.

    Attributes:
        cache: key/value states of every layer.
        lengths: number of tokens of each row, its prefix included, (R,).
        prefix_lengths: number of tokens of each row's prefix, (R,).
        logits: of the token after the last one, (R, V), float32.
    """

    model: PreTrainedModel
    cache: RowCache
    lengths: Tensor
    prefix_lengths: Tensor
    logits: Tensor

    @classmethod
    def nothing(cls, model: PreTrainedModel, rows: int, cache: RowCache | None = None) -> RowStates:
        """Return `rows` rows that have read nothing yet."""
        none = torch.zeros(rows, dtype=torch.long, device=model.device)
        no_logits = torch.empty(rows, 0, device=model.device)
        return cls(model, cache or RowCache(rows), none, none, no_logits)

    @classmethod
    @torch.inference_mode()
    def read(
        cls, model: PreTrainedModel, rows: Sequence[Sequence[int]], after: RowStates | None = None
    ) -> RowStates:
        """Read `rows` of token ids, each after the one row of `after` where that is given."""
        if after is None:
            return cls.nothing(model, len(rows)).extended(rows)
        length = int(after.lengths.max()) + max(map(len, rows))
        return after.select([0] * len(rows), length).extended(rows)

    def __len__(self) -> int:
        return len(self.lengths)

    @torch.inference_mode()
    def extended(self, rows: Sequence[Sequence[int]]) -> RowStates:
        """Read on: row i of `rows` after row i. Uses up this object.

        A row of no token ids stays as it is, and its logits mean nothing.
        """
        if not any(rows):
            return self
        ids, counts = padded(rows, self.lengths.device)
        return self._read_on(ids, counts)

    @torch.inference_mode()
    def append(self, tokens: Tensor) -> RowStates:
        """Read on: one token after each row, (R,). Uses up this object."""
        return self._read_on(tokens[:, None], torch.ones_like(tokens))

    @torch.inference_mode()
    def all_logits(self, ids: Tensor) -> Tensor:
        """Return the logits after each of `ids` (R, N), (R, N, V). Uses up this object."""
        return self._logits(self._hidden_states(ids))[:, : ids.shape[1]]

    @torch.inference_mode()
    def select(self, indices: Sequence[int], length: int = 0) -> RowStates:
        """Return a copy of the rows at `indices`, in that order, with room for `length` tokens; a
        row may be taken repeatedly.
        """
        index = torch.tensor(indices, device=self.lengths.device)
        return RowStates(
            self.model,
            self.cache.select(index, length),
            self.lengths[index],
            self.prefix_lengths[index],
            self.logits[index],
        )

    @torch.inference_mode()
    def joined(self, other: RowStates) -> RowStates:
        """Return the rows of both, these first."""
        return RowStates(
            self.model,
            self.cache.joined(other.cache),
            torch.cat([self.lengths, other.lengths]),
            torch.cat([self.prefix_lengths, other.prefix_lengths]),
            torch.cat([self.logits, other.logits]),
        )

    @torch.inference_mode()
    def behind(self, prefixes: RowStates) -> RowStates:
        """Return copies of the rows, row i after row i of `prefixes`, which may have no tokens.

        What is read from now on sees the prefix; what was read did not. The logits mean nothing
        until then.
        """
        lengths = self.lengths + prefixes.lengths
        return RowStates(
            self.model,
            self.cache.behind(prefixes.cache, prefixes.lengths.tolist(), int(lengths.max())),
            lengths,
            self.prefix_lengths + prefixes.lengths,
            self.logits,
        )

    def _read_on(self, ids: Tensor, counts: Tensor) -> RowStates:
        """Read the first `counts` (R,) tokens of each row of `ids` (R, N)."""
        hidden_states = self._hidden_states(ids)
        row = torch.arange(len(self), device=ids.device)
        logits = self._logits(hidden_states[row, (counts - 1).clamp(min=0)])  # the last ones
        return RowStates(self.model, self.cache, self.lengths + counts, self.prefix_lengths, logits)

    def _hidden_states(self, ids: Tensor) -> Tensor:
        """Return the last hidden states at `ids` (R, N), (R, N, D); a lone token gets a pad beside
        it, for products with a single vector take a kernel that adds up in an order of its own.
        """
        if ids.numel() == 1:
            ids = F.pad(ids, (0, 1))
        slots = self.lengths[:, None] + torch.arange(ids.shape[1], device=ids.device)  # (R, N)
        self.cache.expect(slots)
        output: Any = self.model.base_model(
            input_ids=ids,
            attention_mask=self._mask(slots),
            position_ids=slots - self.prefix_lengths[:, None],
            past_key_values=self.cache,
            use_cache=True,
        )
        states: Tensor = output.last_hidden_state
        return states

    def _mask(self, slots: Tensor) -> Tensor:
        """Let each token see its row up to itself: 0 there, else -inf, (R, 1, N, L)."""
        all_slots = torch.arange(self.cache.length, device=slots.device)
        unseen = all_slots > slots[:, None, :, None]
        return torch.zeros_like(unseen, dtype=self.model.dtype).masked_fill(unseen, -torch.inf)

    def _logits(self, hidden_states: Tensor) -> Tensor:
        """Return the logits (R, ..., V) at `hidden_states` (R, ..., D), float32."""
        head: Any = self.model.get_output_embeddings()
        rows = len(hidden_states)
        if rows == 1:  # as in `_hidden_states`
            hidden_states = hidden_states.repeat(2, *[1] * (hidden_states.dim() - 1))
        logits: Tensor = head(hidden_states)
        return logits[:rows].float()


def padded(rows: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return `rows` of token ids with padding after the shorter ones, (R, N), and lengths, (R,)."""
    width = max(len(row) for row in rows)
    ids = torch.tensor([[*row, *[0] * (width - len(row))] for row in rows], device=device)
    return ids, torch.tensor([len(row) for row in rows], device=device)


def rows_are_independent(model: PreTrainedModel) -> bool:
    """Try whether this machine computes the very same logits for a row alone and in company.

    Reads and goes on with rows of several lengths, in the model's number format. True says that no
    difference was seen; where kernels do differ, most tokens show it.
    """
    vocabulary = model.config.get_text_config().vocab_size
    draw = torch.Generator().manual_seed(0)
    rows = [torch.randint(vocabulary, (n,), generator=draw).tolist() for n in (33, 5, 1)]

    def read(some: Sequence[Sequence[int]]) -> Tensor:
        states = RowStates.read(model, some)
        first = states.logits
        return torch.stack([first, states.append(first.argmax(dim=-1)).logits], dim=1)

    together = read(rows)
    return all(
        torch.equal(read([row])[0], expected) for row, expected in zip(rows, together, strict=True)
    )


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
    ids, _ = padded(targets, first.device)  # (R, N)
    rest = states.all_logits(ids)[:, :-1].log_softmax(dim=-1)  # (R, N - 1, V)
    scores = torch.cat([first.unsqueeze(1), rest], dim=1).gather(2, ids.unsqueeze(2)).squeeze(2)
    return [float(row[: len(target)].mean()) for row, target in zip(scores, targets, strict=True)]
