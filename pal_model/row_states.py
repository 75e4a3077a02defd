"""A batch of token rows that a decoder-only model has read, and can read on from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pal_model.backbone import Backbone
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

    backbone: Backbone
    cache: RowCache
    lengths: Tensor
    prefix_lengths: Tensor
    logits: Tensor

    @classmethod
    def nothing(cls, backbone: Backbone, rows: int, length: int = 0) -> RowStates:
        """Return `rows` rows that have read nothing yet, with room for `length` tokens each."""
        form = backbone.cache_format
        none = torch.zeros(rows, dtype=torch.long, device=form.device)
        logits = torch.empty(rows, 0, device=form.device)
        return cls(backbone, RowCache(form, rows, length), none, none, logits)

    @classmethod
    @torch.inference_mode()
    def read(
        cls, backbone: Backbone, rows: Sequence[Sequence[int]], after: RowStates | None = None
    ) -> RowStates:
        """Read `rows` of token ids, each after the one row of `after` where that is given."""
        longest = max(map(len, rows))
        if after is None:
            return cls.nothing(backbone, len(rows), longest).extended(rows)
        length = int(after.lengths.max()) + longest
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
        states = self._hidden_states(ids, counts)
        row = torch.arange(len(self), device=ids.device)
        return self._grown(counts, states[row, (counts - 1).clamp(min=0)])

    @torch.inference_mode()
    def append(self, tokens: Tensor) -> RowStates:
        """Read on: one token after each row, (R,). Uses up this object."""
        states = self.backbone.step(tokens, self.lengths, self.prefix_lengths, self.cache)
        return self._grown(torch.ones_like(tokens), states)

    @torch.inference_mode()
    def all_logits(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Return the logits after each token of `rows`, (R, N, V); they mean nothing behind a
        shorter row. Uses up this object.
        """
        ids, counts = padded(rows, self.lengths.device)
        return self.backbone.logits(self._hidden_states(ids, counts))

    def select(self, indices: Sequence[int], length: int = 0) -> RowStates:
        """Return a copy of the rows at `indices`, in that order, with room for `length` tokens; a
        row may be taken repeatedly.
        """
        return self.gathered([(self, index) for index in indices], length)

    def kept(self, indices: Sequence[int]) -> RowStates:
        """Return a copy of the rows at `indices`, in that order, with as much room as they have."""
        return self.select(indices, self.cache.length)

    @staticmethod
    @torch.inference_mode()
    def gathered(rows: Sequence[tuple[RowStates, int]], length: int = 0) -> RowStates:
        """Return a copy of `rows`, each a row of some states, with room for `length` tokens."""
        return RowStates(
            rows[0][0].backbone,
            RowCache.gathered([(states.cache, row) for states, row in rows], length),
            torch.stack([states.lengths[row] for states, row in rows]),
            torch.stack([states.prefix_lengths[row] for states, row in rows]),
            torch.stack([states.logits[row] for states, row in rows]),
        )

    @torch.inference_mode()
    def behind(self, prefixes: RowStates) -> RowStates:
        """Return copies of the rows, row i after row i of `prefixes`, which may have no tokens.

        What is read from now on sees the prefix; what was read did not. The logits mean nothing
        until then.
        """
        lengths = self.lengths + prefixes.lengths
        return RowStates(
            self.backbone,
            self.cache.behind(prefixes.cache, prefixes.lengths.tolist(), int(lengths.max())),
            lengths,
            self.prefix_lengths + prefixes.lengths,
            self.logits,
        )

    def without_inputs(self) -> RowStates:
        """Return the same rows, of which keys and values alone are kept; not a copy."""
        return replace(self, cache=self.cache.without_inputs())

    def _hidden_states(self, ids: Tensor, counts: Tensor) -> Tensor:
        """Return the last hidden states at `ids` (R, N), (R, N, D)."""
        return self.backbone.read(ids, counts, self.lengths, self.prefix_lengths, self.cache)

    def _grown(self, counts: Tensor, last: Tensor) -> RowStates:
        """Return these rows with `counts` (R,) more tokens; `last` (R, D) are the last states."""
        logits = self.backbone.logits(last)
        lengths = self.lengths + counts
        return RowStates(self.backbone, self.cache, lengths, self.prefix_lengths, logits)


def padded(rows: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return `rows` of token ids with padding after the shorter ones, (R, N), and lengths, (R,)."""
    width = max(len(row) for row in rows)
    ids = torch.tensor([[*row, *[0] * (width - len(row))] for row in rows], device=device)
    return ids, torch.tensor([len(row) for row in rows], device=device)


def rows_are_independent(backbone: Backbone) -> bool:
    """Try whether this machine computes the very same logits for a row alone, in company and read
    in pieces.

    True says that no difference was seen; where kernels do differ, most tokens show it.
    """
    draw = torch.Generator().manual_seed(0)
    size = backbone.vocabulary_size
    rows = [torch.randint(size, (n,), generator=draw).tolist() for n in (33, 5, 1)]

    def read(some: Sequence[Sequence[int]]) -> Tensor:
        states = RowStates.read(backbone, some)
        first = states.logits
        return torch.stack([first, states.append(first.argmax(dim=-1)).logits], dim=1)

    together = read(rows)
    in_pieces = RowStates.read(backbone, [rows[0][:16]]).extended([rows[0][16:]]).logits[0]
    return torch.equal(in_pieces, together[0, 0]) and all(
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
    rest = states.all_logits(targets)[:, :-1].log_softmax(dim=-1)  # (R, N - 1, V)
    scores = torch.cat([first.unsqueeze(1), rest], dim=1).gather(2, ids.unsqueeze(2)).squeeze(2)
    return [float(row[: len(target)].mean()) for row, target in zip(scores, targets, strict=True)]
