"""Guided decoding: one token at a time for every row, both branches of Eq. 6 in one batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)

from pal_model.errors import GenerationError, GenerationTimeoutError
from pal_model.generation_options import GenerationOptions
from pal_model.guidance import combine_branches
from pal_model.row_states import RowStates

_MASKED = -torch.inf

_SHRINKING = 2
"""A batch of so many times the responses that are still open is made smaller: not sooner, for that
copies what was read of those."""


@dataclass(frozen=True, slots=True)
class DecodedRow:
    """Tokens of one response, without the end marker, and the log probability of each."""

    ids: tuple[int, ...]
    log_probs: tuple[float, ...]

    @property
    def mean_log_prob(self) -> float:
        """The mean over tokens; 0 where there are none."""
        return sum(self.log_probs) / max(1, len(self.log_probs))


def join_branches(
    with_persona: RowStates,
    history_only: RowStates | None,
    alphas: Sequence[float],
    *,
    copies: int = 1,
    room: int = 0,
) -> GuidedRows:
    """Put both branches into one batch.

    Args:
        with_persona: a row for each of `alphas`.
        history_only: a row for each of `alphas` above 0; None where there are none.
        alphas: guidance strengths.
        copies: number of responses to write to each row.
        room: number of tokens that they are expected to have.
    """
    parts = [states for states in (with_persona, history_only) if states is not None]
    rows = [(part, row) for part in parts for row in range(len(part)) for _ in range(copies)]
    longest = max(int(part.lengths.max()) for part in parts)
    states = RowStates.gathered(rows, longest + room)
    return GuidedRows(states, tuple(alpha for alpha in alphas for _ in range(copies)))


class ReadRows(Protocol):
    """Rows of tokens that a model has read: `RowStates`, or those of an encoder-decoder."""

    @property
    def logits(self) -> Tensor:
        """Of the token after each row's last one, (R, V)."""

    def __len__(self) -> int: ...

    def extended(self, rows: Sequence[Sequence[int]]) -> ReadRows:
        """Read on: row i of `rows` after row i. Uses up this object."""

    def append(self, tokens: Tensor) -> ReadRows:
        """Read on: one token after each row, (R,). Uses up this object."""

    def kept(self, indices: Sequence[int]) -> ReadRows:
        """Return the rows at `indices`, in that order. Uses up this object."""


class GuidedRows:
    """R responses being written: their R with-persona rows, then a history-only row for each
    response whose alpha is not 0.
    """

    def __init__(self, states: ReadRows, alphas: Sequence[float]) -> None:
        """Take `states` of R + G rows, G the number of `alphas` (R) that are not 0."""
        self._states = states
        self._alphas = alphas
        self._count = len(alphas)
        self._guided = [row for row, alpha in enumerate(alphas) if alpha]
        self._row_of_branch = [*range(self._count), *self._guided]
        if len(self._row_of_branch) != len(states):
            raise ValueError(
                f"{len(states)} rows of states for {self._count} responses of which "
                f"{len(self._guided)} are guided; there must be one row a branch."
            )
        device = states.logits.device
        self._alpha = torch.tensor([alphas[row] for row in self._guided], device=device)
        self._branch_index = torch.tensor(self._row_of_branch, device=device)
        self._guided_index = self._branch_index[self._count :]

    def logits(self) -> Tensor:
        """Return the guided logits of the next token of each response (Eq. 6), (R, V)."""
        logits = self._states.logits[: self._count]
        if self._guided:
            guided = combine_branches(
                logits[self._guided_index], self._states.logits[self._count :], self._alpha
            )
            logits = logits.index_copy(0, self._guided_index, guided)
        return logits

    def extend(self, rows: Sequence[Sequence[int]]) -> None:
        """Let response i go on with the given `rows[i]`, in both branches."""
        self._states = self._states.extended([rows[row] for row in self._row_of_branch])

    def append(self, tokens: Tensor) -> None:
        """Let each response go on with one token, (R,), in both branches."""
        self._states = self._states.append(tokens[self._branch_index])

    def kept(self, responses: Sequence[int]) -> GuidedRows:
        """Return the given responses, in that order. Uses up this object."""
        branches = {row: self._count + place for place, row in enumerate(self._guided)}
        rows = [*responses, *(branches[row] for row in responses if row in branches)]
        return GuidedRows(self._states.kept(rows), [self._alphas[row] for row in responses])


def decode(
    rows: GuidedRows,
    options: GenerationOptions,
    *,
    end_ids: Sequence[int],
    seeds: Sequence[int],
    is_complete: Sequence[Callable[[Sequence[int]], bool]] | None = None,
    deadline: float | None = None,
) -> list[DecodedRow]:
    """Write every response to its end.

    The order is the one of the paper's code: the branches are combined first, then come repetition
    penalty, length and loop rules, temperature, top-k and top-p.

    Args:
        rows: the responses, ready for their first token.
        options: how tokens are chosen, and how many.
        end_ids: tokens that end a response.
        seeds: of each row's own random numbers, so that other rows change nothing.
        is_complete: for each row, says of its tokens so far that it may end here.
        deadline: `time.monotonic()` after which writing stops.

    Raises:
        GenerationTimeoutError: the deadline passed before the responses were written.
        GenerationError: the logits are no numbers.
    """
    end = torch.tensor(end_ids, device=rows.logits().device)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    responses = _Responses(len(seeds), options, end_ids, is_complete)
    batch = list(range(len(seeds)))  # which response a row of `rows` is
    tokens = torch.empty(len(seeds), 0, dtype=torch.long, device=end.device)  # (R, T)
    while True:
        if deadline is not None and time.monotonic() > deadline:
            raise GenerationTimeoutError(
                f"The deadline passed after {tokens.shape[1]} tokens of a response. "
                "Allow more time, or ask for fewer tokens or candidates."
            )
        logits = rows.logits()
        scores = _constrained(logits, tokens, end, options)
        chosen = _choose(scores, options, [generators[response] for response in batch])  # (R,)
        log_probs = logits.log_softmax(-1).gather(1, chosen[:, None])[:, 0]
        responses.add(batch, chosen.tolist(), log_probs.tolist())
        left = [row for row, response in enumerate(batch) if response in responses.open]
        if not left:
            return responses.rows
        tokens = torch.cat([tokens, chosen[:, None]], dim=1)
        if len(left) * _SHRINKING <= len(batch):
            rows, batch = rows.kept(left), [batch[row] for row in left]
            tokens, chosen = tokens[left], chosen[left]
        rows.append(chosen)


class _Responses:
    """What is written so far, and which responses are open."""

    def __init__(
        self,
        count: int,
        options: GenerationOptions,
        end_ids: Sequence[int],
        is_complete: Sequence[Callable[[Sequence[int]], bool]] | None,
    ) -> None:
        self._options = options
        self._end_ids = end_ids
        self._is_complete = is_complete
        self._ids: list[list[int]] = [[] for _ in range(count)]
        self._log_probs: list[list[float]] = [[] for _ in range(count)]
        self.open = set(range(count))

    @property
    def rows(self) -> list[DecodedRow]:
        """All of them."""
        pairs = zip(self._ids, self._log_probs, strict=True)
        return [DecodedRow(tuple(ids), tuple(log_probs)) for ids, log_probs in pairs]

    def add(
        self, responses: Sequence[int], tokens: Sequence[int], log_probs: Sequence[float]
    ) -> None:
        """Let each of `responses` that is open go on with its token, or close it."""
        for response, token, log_prob in zip(responses, tokens, log_probs, strict=True):
            if response not in self.open:
                continue
            if token in self._end_ids:
                self.open.discard(response)
                continue
            self._ids[response].append(token)
            self._log_probs[response].append(log_prob)
            if self._is_at_its_end(response):
                self.open.discard(response)

    def _is_at_its_end(self, response: int) -> bool:
        ids = self._ids[response]
        if len(ids) >= self._options.max_new_tokens:
            return True
        if self._is_complete is None or len(ids) < self._options.min_new_tokens:
            return False
        return self._is_complete[response](ids)


def _constrained(logits: Tensor, tokens: Tensor, end: Tensor, options: GenerationOptions) -> Tensor:
    """Apply what forbids or discourages tokens, (R, V) -> (R, V)."""
    processors: Any = LogitsProcessorList()
    if tokens.shape[1] and options.repetition_penalty != 1:
        processors.append(RepetitionPenaltyLogitsProcessor(options.repetition_penalty))
    scores: Tensor = processors(tokens, logits)
    if options.no_repeat_ngram_size:
        scores = _without_repeats(scores, tokens, options.no_repeat_ngram_size)
    if tokens.shape[1] < options.min_new_tokens:
        scores = scores.index_fill(1, end, _MASKED)
    return scores


def _without_repeats(scores: Tensor, tokens: Tensor, size: int) -> Tensor:
    """Mask what would end a sequence of `size` tokens that a row of `tokens`, (R, T), has already.

    As `NoRepeatNGramLogitsProcessor` of transformers does one row after the other, each of which it
    copies from a GPU and back.
    """
    if tokens.shape[1] < size:
        return scores
    sequences = tokens.unfold(1, size, 1)  # (R, T - size + 1, size)
    latest = tokens[:, None, tokens.shape[1] - (size - 1) :]
    row, place = (sequences[:, :, :-1] == latest).all(dim=2).nonzero(as_tuple=True)
    return scores.index_put((row, sequences[row, place, -1]), scores.new_tensor(_MASKED))


def _choose(
    scores: Tensor, options: GenerationOptions, generators: Sequence[torch.Generator]
) -> Tensor:
    """Choose the next token of each row, (R, V) -> (R,)."""
    if not options.do_sample:
        return scores.argmax(dim=-1)
    # Top-k first and on its own: the warpers then sort k columns instead of the vocabulary.
    best, ids = scores.topk(min(options.top_k, scores.shape[-1]), dim=-1)  # (R, k)
    warpers: Any = LogitsProcessorList([TemperatureLogitsWarper(options.temperature)])
    if options.top_p < 1:
        warpers.append(TopPLogitsWarper(options.top_p))
    probabilities = warpers(ids, best).softmax(dim=-1)
    if not probabilities.isfinite().all():
        raise GenerationError(
            "The model's logits are no numbers to draw a token by. Try another number format."
        )
    # As `multinomial` draws; with a generator for each row a GPU would be called for each.
    drawn = [torch.empty(best.shape[1]).exponential_(generator=each) for each in generators]
    chosen = (probabilities / torch.stack(drawn).to(best.device)).argmax(dim=-1, keepdim=True)
    return ids.gather(1, chosen)[:, 0]
