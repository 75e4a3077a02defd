"""PalGenerator: choose a strategy, then write a response, for a batch of conversations."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pal_model.backbone import Backbone
from pal_model.checkpoint import load_checkpoint
from pal_model.configuration import PalConfig
from pal_model.conversation import Conversation
from pal_model.decoding import DecodedRow, GuidedRows, decode, join_branches
from pal_model.embedded import EMBEDDED_MODEL
from pal_model.encoding import Encoder, PalInputs, TokenIds
from pal_model.fallback_responses import fallback_response
from pal_model.generation_options import GenerationOptions
from pal_model.prefix_fusion import PrefixFusion
from pal_model.prefix_reader import PrefixReader
from pal_model.reply import Reply, ReplyRequest
from pal_model.response_text import (
    find_flaw,
    is_complete,
    is_finished,
    trimmed,
)
from pal_model.row_states import RowStates, mean_log_probs
from pal_model.strategy import Strategy
from pal_model.strategy_choice import StrategyChooser

_RECENT_UTTERANCES = 3
_OPENER_TOKENS = 10  # about; where there are more, memory grows

DEFAULT_CACHE_BYTES = 1_024_000_000
"""Some seventy conversations of ten turns with the embedded default; `make bench` measures it."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """One request on its way through the model."""

    request: ReplyRequest
    inputs: PalInputs
    strategy_probabilities: Mapping[Strategy, float]
    strategy: Strategy
    alpha: float


@dataclass(frozen=True, slots=True)
class _Draft:
    """One response to a turn as it was drawn."""

    turn: _Turn
    text: str
    opener: TokenIds
    row: DecodedRow


class PalGenerator:
    """Writes supporter responses with one model; not safe for several threads at once."""

    def __init__(
        self,
        backbone: Backbone,
        tokenizer: Any,
        config: PalConfig,
        fusion: PrefixFusion | None = None,
        *,
        cache_bytes: int = DEFAULT_CACHE_BYTES,
    ) -> None:
        """Take a decoder-only backbone with its tokenizer, and prepare what all turns share.

        Args:
            backbone: what reads and predicts tokens.
            tokenizer: the backbone's.
            config: what the checkpoint was made for.
            fusion: where `config.persona_form` is "fused"; the backbone then keeps the inputs of
                attention.
            cache_bytes: of what was read, kept in memory for the conversations' next turns.

        Raises:
            ValueError: the configuration and the fusion do not go together.
        """
        if (config.persona_form == "fused") != (fusion is not None):
            raise ValueError(
                f"persona_form is {config.persona_form!r} and the fusion {fusion}; a fusion is "
                'needed for "fused", and for no other form.'
            )
        self._fusion = fusion
        self._backbone = backbone
        self._config = config
        self._encoder = Encoder(tokenizer, config)
        self._chooser = StrategyChooser(self._encoder.first_strategy_ids)
        self._histories = PrefixReader(backbone, self._encoder.fixed_ids, cache_bytes)
        self._personas = PrefixReader(backbone, (), cache_bytes // 8)
        if config.zero_shot:
            ordinary = [inputs.history_only for inputs in self._encoder.calibration_inputs()]
            self._chooser.calibrate(self._read(ordinary).logits)

    @classmethod
    def load(
        cls,
        name_or_path: str = EMBEDDED_MODEL,
        *,
        device: str | None = None,
        dtype: torch.dtype | None = None,
        home: Path | None = None,
        cache_bytes: int = DEFAULT_CACHE_BYTES,
    ) -> PalGenerator:
        """Load a model by name: the embedded default, a folder, or a model of the hub.

        Args:
            name_or_path: "embedded", a folder with a checkpoint or a LoRA, or a hub name of a
                ChatML chat model.
            device: such as "cpu" or "cuda:0"; default: a GPU where there is one.
            dtype: number format of the weights; default: the fastest on the device; on a CPU, in
                which one seeker's words never change another's reply.
            home: where the converted embedded model is kept; default `default_home()`.
            cache_bytes: of what was read, kept in memory for the conversations' next turns.

        Raises:
            ModelLoadError: there is no such model, or it cannot be used here.
        """
        checkpoint = load_checkpoint(name_or_path, device=device, dtype=dtype, home=home)
        return cls(*checkpoint, cache_bytes=cache_bytes)

    def reply(
        self,
        requests: Sequence[ReplyRequest],
        options: GenerationOptions | None = None,
        *,
        deadline: float | None = None,
    ) -> list[Reply]:
        """Write a response to each request, all in one batch.

        With a seed, a request's response does not depend on the others in the batch. (On a GPU in a
        format coarser than float32 near ties can still part.)

        Args:
            requests: what to respond to.
            options: how to draw; default: the paper's.
            deadline: `time.monotonic()` after which the work is given up.

        Raises:
            GenerationTimeoutError: the deadline passed.
        """
        if not requests:
            return []
        options = options or GenerationOptions()
        states, history, turns = self._choose_strategies(requests)
        count = options.candidates if options.do_sample else 1
        rows = self._branches(states, history, turns, count, options)
        drafts = self._write(rows, turns, count, options, deadline)
        ranked = self._ranked(self._without_flaws(drafts))
        return [_reply(turn, [d.text for d in ranked if d.turn is turn]) for turn in turns]

    def forget(self) -> None:
        """Drop all that is remembered of any conversation; what is read next is read anew."""
        self._histories.remembered.clear()
        self._personas.remembered.clear()

    def _read(self, rows: Sequence[TokenIds]) -> RowStates:
        return RowStates.read(self._backbone, rows, after=self._histories.fixed)

    def _choose_strategies(
        self, requests: Sequence[ReplyRequest]
    ) -> tuple[RowStates, RowStates, list[_Turn]]:
        """Return the states with persona, ready for a strategy's name; those of the history; and
        the turns.
        """
        inputs = [self._encoder.encode_inputs(r.conversation, r.persona) for r in requests]
        history, states = self._read_branches(inputs)
        states = states.extended([i.cue_ids for i in inputs])
        distributions = self._chooser.distributions(
            states.logits, [_recent_strategies(r.conversation) for r in requests]
        )
        turns = [self._turn(*item) for item in zip(requests, inputs, distributions, strict=True)]
        return states, history, turns

    def _read_branches(self, inputs: Sequence[PalInputs]) -> tuple[RowStates, RowStates]:
        """Return the histories, and the same with their personas; all that comes before the cue."""
        history = self._histories.read([i.history_ids for i in inputs])
        only_history = history.without_inputs()
        if not any(i.persona_ids for i in inputs):
            return only_history, only_history
        if self._config.persona_form == "prompt":
            return only_history, self._read([i.persona_ids + i.history_ids for i in inputs])
        personas = self._personas.read([i.persona_ids for i in inputs])
        if self._fusion is None:
            return only_history, history.behind(personas)
        return only_history, self._fusion.fuse(history, personas)

    def _branches(
        self,
        states: RowStates,
        history: RowStates,
        turns: Sequence[_Turn],
        count: int,
        options: GenerationOptions,
    ) -> GuidedRows:
        """Read the names of the turns' strategies in both branches; return `count` rows a turn."""
        names = [self._encoder.strategy_ids[turn.strategy] for turn in turns]
        guided = [index for index, turn in enumerate(turns) if turn.alpha]
        without = None
        if guided:
            without = history.select(guided).extended(
                [(*turns[index].inputs.cue_ids, *names[index]) for index in guided]
            )
        return join_branches(
            states.extended(names),
            without,
            [turn.alpha for turn in turns],
            copies=count,
            room=_OPENER_TOKENS + options.max_new_tokens,
        )

    def _turn(
        self, request: ReplyRequest, inputs: PalInputs, probabilities: Mapping[Strategy, float]
    ) -> _Turn:
        strategy = request.strategy or next(iter(probabilities))
        alpha = self._config.alphas[strategy] if inputs.persona_ids else 0.0
        return _Turn(request, inputs, probabilities, strategy, alpha)

    def _write(
        self,
        rows: GuidedRows,
        turns: Sequence[_Turn],
        count: int,
        options: GenerationOptions,
        deadline: float | None,
    ) -> list[_Draft]:
        """Write `count` responses to each turn: their opening words, and what follows them."""
        row_turns = [turn for turn in turns for _ in range(count)]
        strategies = [turn.strategy for turn in row_turns]
        openers = self._choose_openers(rows, strategies, count)
        if any(openers):
            rows.extend(openers)
        # A seed names a turn's random numbers alone, so that the batch it is in changes nothing.
        first_seed = secrets.randbits(48) if options.seed is None else options.seed
        decoded = decode(
            rows,
            options,
            end_ids=self._encoder.end_ids,
            seeds=[first_seed + index % count for index in range(len(strategies))],
            is_complete=[
                self._completes(strategy, options.max_sentences) for strategy in strategies
            ],
            deadline=deadline,
        )
        return [
            _Draft(turn, self._text(turn, opener, row, options), opener, row)
            for turn, opener, row in zip(row_turns, openers, decoded, strict=True)
        ]

    def _text(
        self, turn: _Turn, opener: TokenIds, row: DecodedRow, options: GenerationOptions
    ) -> str:
        text = self._encoder.decode((*opener, *row.ids))
        return trimmed(text, turn.strategy, options.max_sentences)

    def _choose_openers(
        self, rows: GuidedRows, strategies: Sequence[Strategy], count: int
    ) -> list[TokenIds]:
        """Let the model rank a strategy's openers; the candidates of a turn take different ones."""
        logits = rows.logits()
        chosen = []
        for index, strategy in enumerate(strategies):
            scores = {ids: float(logits[index, ids[0]]) for ids in self._encoder.openers(strategy)}
            ranked = sorted(scores, key=lambda ids: -scores[ids])
            chosen.append(ranked[index % count % len(ranked)] if ranked else ())
        return chosen

    def _completes(self, strategy: Strategy, max_sentences: int) -> Callable[[Sequence[int]], bool]:
        def completes(ids: Sequence[int]) -> bool:
            # Most tokens end no sentence; only for those that do is the whole text looked at.
            if not is_finished(self._encoder.decode(ids[-1:])):
                return False
            return is_complete(self._encoder.decode(ids), strategy, max_sentences)

        return completes

    def _without_flaws(self, drafts: Sequence[_Draft]) -> list[_Draft]:
        """Leave out what should not be said, and what another draft of the turn says already."""
        fit = {
            (id(draft.turn), draft.text): draft
            for draft in drafts
            if draft.row.ids
            and not find_flaw(
                draft.text,
                draft.turn.request.conversation,
                draft.turn.request.persona,
                draft.turn.strategy,
            )
        }
        return list(fit.values())

    def _ranked(self, drafts: Sequence[_Draft]) -> list[_Draft]:
        """Sort drafts by what they owe to the conversation, most first.

        That is how much likelier a response became by this conversation (its mean log probability
        against that after a neutral message): "I'm here for you" is likely anywhere.
        """
        if self._histories.fixed is None or len(drafts) < 2:
            return sorted(drafts, key=lambda draft: -draft.row.mean_log_prob)
        neutral = self._encoder.neutral_inputs().history_only
        anywhere = mean_log_probs(
            self._histories.fixed,
            [(*neutral, *self._encoder.strategy_ids[d.turn.strategy], *d.opener) for d in drafts],
            [d.row.ids for d in drafts],
        )
        gains = {
            id(draft): draft.row.mean_log_prob - log_prob
            for draft, log_prob in zip(drafts, anywhere, strict=True)
        }
        return sorted(drafts, key=lambda draft: -gains[id(draft)])


def _recent_strategies(conversation: Conversation) -> list[Strategy]:
    """Return the strategies of the supporter's latest utterances, newest first."""
    used = [u.strategy for u in conversation.utterances if u.strategy]
    return used[: -_RECENT_UTTERANCES - 1 : -1]


def _reply(turn: _Turn, texts: Sequence[str]) -> Reply:
    conversation = turn.request.conversation
    return Reply(
        text=texts[0] if texts else fallback_response(turn.strategy, conversation),
        strategy=turn.strategy,
        alpha=turn.alpha,
        persona=turn.request.persona,
        strategy_probabilities=turn.strategy_probabilities,
        alternatives=tuple(texts[1:]),
        generated=bool(texts),
    )
