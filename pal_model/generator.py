"""PalGenerator: choose a strategy, then write a response, for a batch of conversations."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from pal_model.checkpoint import load_response_model
from pal_model.conversation import Conversation
from pal_model.decoder_only_model import DEFAULT_CACHE_BYTES
from pal_model.decoding import DecodedRow, decode
from pal_model.embedded import EMBEDDED_MODEL
from pal_model.encoding import TokenIds
from pal_model.fallback_responses import fallback_response
from pal_model.generation_options import GenerationOptions
from pal_model.reply import Reply, ReplyRequest
from pal_model.response_model import ResponseModel, TurnStates, WrittenResponse
from pal_model.response_text import (
    find_flaw,
    is_complete,
    is_finished,
    trimmed,
)
from pal_model.strategy import Strategy
from pal_model.strategy_choice import StrategyChooser

_RECENT_UTTERANCES = 3

_SEED_STEP = 1_000_003
"""From one candidate's seed to the next, so that those of seeds 1, 2, 3 are all different."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """One request on its way through the model."""

    request: ReplyRequest
    strategy_probabilities: Mapping[Strategy, float]
    strategy: Strategy
    alpha: float


@dataclass(frozen=True, slots=True)
class _Draft:
    """One response to a turn as it was drawn."""

    turn: _Turn
    text: str
    opening: TokenIds
    row: DecodedRow


class PalGenerator:
    """Writes supporter responses with one model; not safe for several threads at once."""

    def __init__(self, model: ResponseModel) -> None:
        """Take a model; calibrate the choice of a strategy where it was not trained for that."""
        self._model = model
        self._chooser = StrategyChooser(model.first_strategy_ids)
        ordinary = model.ordinary_logits()
        if ordinary is not None:
            self._chooser.calibrate(ordinary)

    @property
    def model(self) -> ResponseModel:
        """What reads and predicts tokens."""
        return self._model

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
                ChatML chat model or of PAL on BlenderbotSmall.
            device: such as "cpu" or "cuda:0"; default: a GPU where there is one.
            dtype: number format of the weights; default: the fastest on the device; on a CPU, in
                which one seeker's words never change another's reply.
            home: where the converted embedded model is kept; default `default_home()`.
            cache_bytes: of what was read, kept in memory for the conversations' next turns.

        Raises:
            ModelLoadError: there is no such model, or it cannot be used here.
        """
        return cls(
            load_response_model(
                name_or_path, device=device, dtype=dtype, home=home, cache_bytes=cache_bytes
            )
        )

    def reply(
        self,
        requests: Sequence[ReplyRequest],
        options: GenerationOptions | None = None,
        *,
        deadline: float | None = None,
    ) -> list[Reply]:
        """Write a response to each request, all in one batch.

        With a seed, a request's response does not depend on the others in the batch. (Near ties can
        still part on a GPU in a format coarser than float32, and with an encoder-decoder.)

        Args:
            requests: what to respond to.
            options: how to draw; default: as the bot does. `PAPER_OPTIONS` are the paper's.
            deadline: `time.monotonic()` after which the work is given up.

        Raises:
            GenerationTimeoutError: the deadline passed.
        """
        if not requests:
            return []
        options = options or GenerationOptions()
        states = self._model.read(requests)
        turns = self._choose_strategies(requests, states, options.alphas)
        drafts = self._write(states, turns, options, deadline)
        kept = self._without_flaws(drafts) if options.edited else [d for d in drafts if d.row.ids]
        ranked = self._ranked(kept)
        return [
            _reply(turn, [d.text for d in ranked if d.turn is turn], edited=options.edited)
            for turn in turns
        ]

    def forget(self) -> None:
        """Drop all that is remembered of any conversation; what is read next is read anew."""
        self._model.forget()

    def _choose_strategies(
        self,
        requests: Sequence[ReplyRequest],
        states: TurnStates,
        alphas: Mapping[Strategy, float] | None = None,
    ) -> list[_Turn]:
        distributions = self._chooser.distributions(
            states.logits, [_recent_strategies(r.conversation) for r in requests]
        )
        alphas = alphas or self._model.config.alphas
        turns = []
        for request, has_persona, probabilities in zip(
            requests, states.has_persona, distributions, strict=True
        ):
            strategy = request.strategy or next(iter(probabilities))
            alpha = alphas[strategy] if has_persona else 0.0
            turns.append(_Turn(request, probabilities, strategy, alpha))
        return turns

    def _write(
        self,
        states: TurnStates,
        turns: Sequence[_Turn],
        options: GenerationOptions,
        deadline: float | None,
    ) -> list[_Draft]:
        """Write the candidates for each turn, to the end. Uses up `states`."""
        count = options.candidates if options.do_sample else 1
        row_turns = [turn for turn in turns for _ in range(count)]
        started = states.start(
            [turn.strategy for turn in turns],
            [turn.alpha for turn in turns],
            copies=count,
            room=options.max_new_tokens,
        )
        # A seed names a turn's random numbers alone, so that the batch it is in changes nothing.
        common = secrets.randbits(48) if options.seed is None else options.seed
        seeds = [common if t.request.seed is None else t.request.seed for t in turns]
        decoded = decode(
            started.rows,
            options,
            end_ids=self._model.end_ids,
            seeds=[seed + candidate * _SEED_STEP for seed in seeds for candidate in range(count)],
            is_complete=[
                self._completes(turn.strategy, options.max_sentences) for turn in row_turns
            ],
            deadline=deadline,
        )
        return [
            _Draft(turn, self._text(turn, opening, row, options), opening, row)
            for turn, opening, row in zip(row_turns, started.openings, decoded, strict=True)
        ]

    def _text(
        self, turn: _Turn, opening: TokenIds, row: DecodedRow, options: GenerationOptions
    ) -> str:
        text = self._model.decode((*opening, *row.ids))
        if not options.edited:
            return " ".join(text.split())
        return trimmed(text, turn.strategy, options.max_sentences)

    def _completes(self, strategy: Strategy, max_sentences: int) -> Callable[[Sequence[int]], bool]:
        def completes(ids: Sequence[int]) -> bool:
            # Most tokens end no sentence; only for those that do is the whole text looked at.
            if not is_finished(self._model.decode(ids[-1:])):
                return False
            return is_complete(self._model.decode(ids), strategy, max_sentences)

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
        anywhere = None
        if len({id(draft.turn) for draft in drafts}) < len(
            drafts
        ):  # of some turn there are several
            anywhere = self._model.log_probs_anywhere(
                [WrittenResponse(d.turn.strategy, d.opening, d.row.ids) for d in drafts]
            )
        if anywhere is None:
            return sorted(drafts, key=lambda draft: -draft.row.mean_log_prob)
        gains = {
            id(draft): draft.row.mean_log_prob - log_prob
            for draft, log_prob in zip(drafts, anywhere, strict=True)
        }
        return sorted(drafts, key=lambda draft: -gains[id(draft)])


def _recent_strategies(conversation: Conversation) -> list[Strategy]:
    """Return the strategies of the supporter's latest utterances, newest first."""
    used = [u.strategy for u in conversation.utterances if u.strategy]
    return used[: -_RECENT_UTTERANCES - 1 : -1]


def _reply(turn: _Turn, texts: Sequence[str], *, edited: bool) -> Reply:
    if not texts and not edited:
        texts = [""]  # is what the model wrote
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
