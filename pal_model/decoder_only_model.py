"""A decoder-only model as `PalGenerator` uses it: what it has read stays for the next turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor

from pal_model.backbone import Backbone
from pal_model.configuration import PalConfig
from pal_model.decoding import GuidedRows, join_branches
from pal_model.encoding import Encoder, PalInputs, TokenIds
from pal_model.prefix_fusion import PrefixFusion
from pal_model.prefix_reader import PrefixReader
from pal_model.reply import ReplyRequest
from pal_model.response_model import StartedResponses, WrittenResponse
from pal_model.row_states import RowStates, mean_log_probs
from pal_model.strategy import Strategy

ReadHistory = Callable[[Sequence[int]], RowStates]
"""Returns the histories of the given turns, without persona and cue; a copy."""

_OPENER_TOKENS = 10  # about; where there are more, memory grows

DEFAULT_CACHE_BYTES = 1_024_000_000
"""Some seventy conversations of ten turns with the embedded default; `make bench` measures it."""


class DecoderOnlyModel:
    """Encodes, reads and remembers for one backbone (see `ResponseModel`)."""

    def __init__(
        self,
        backbone: Backbone,
        tokenizer: Any,
        config: PalConfig,
        fusion: PrefixFusion | None = None,
        *,
        cache_bytes: int = DEFAULT_CACHE_BYTES,
    ) -> None:
        """Prepare what all turns share.

        Args:
            backbone: what reads and predicts tokens.
            tokenizer: the backbone's.
            config: what the checkpoint was made for.
            fusion: where `config.persona_form` is "fused"; the backbone then keeps the inputs of
                attention.
            cache_bytes: of what was read, kept in memory for the conversations' next turns.

        Raises:
            ValueError: the configuration and the fusion do not go together.
            ModelLoadError: the tokenizer cannot write the text format.
        """
        if (config.persona_form == "fused") != (fusion is not None):
            raise ValueError(
                f"persona_form is {config.persona_form!r} and the fusion {fusion}; a fusion is "
                'needed for "fused", and for no other form.'
            )
        self.backbone = backbone
        self.encoder = Encoder(tokenizer, config)
        self._config = config
        self._fusion = fusion
        if config.persona_form == "prompt":
            # It begins with the persona, and goes on with the history for as long as nothing new is
            # known about the seeker.
            before_persona, of_histories = self.encoder.fixed_ids, cache_bytes // 2
            of_personas = cache_bytes - of_histories
        else:
            before_persona, of_histories, of_personas = (), cache_bytes, cache_bytes // 8
        self.histories = PrefixReader(backbone, self.encoder.fixed_ids, of_histories)
        self.personas = PrefixReader(backbone, before_persona, of_personas)

    @property
    def name(self) -> str:
        """The backbone's number format."""
        return self.backbone.name

    @property
    def config(self) -> PalConfig:
        """What the checkpoint was made for."""
        return self._config

    @property
    def first_strategy_ids(self) -> dict[int, Strategy]:
        """The token after the cue that begins each strategy's name."""
        return self.encoder.first_strategy_ids

    @property
    def end_ids(self) -> TokenIds:
        """Tokens that end a response."""
        return self.encoder.end_ids

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`."""
        return self.encoder.decode(ids)

    def read(self, requests: Sequence[ReplyRequest]) -> DecoderOnlyTurns:
        """Read histories and personas as far as the cue, after which a strategy is named. A turn
        that is asked about repeatedly, with several seeds, is read once.
        """
        asked = [(r.conversation, r.persona) for r in requests]
        places = {turn: place for place, turn in enumerate(dict.fromkeys(asked))}
        inputs = [self.encoder.encode_inputs(*turn) for turn in places]
        read_history, states = self._read_branches(inputs)
        states = states.extended([i.cue_ids for i in inputs])
        turns = DecoderOnlyTurns(self.encoder, inputs, read_history, states)
        return turns if len(asked) == len(places) else turns.repeated([places[t] for t in asked])

    def ordinary_logits(self) -> Tensor | None:
        """Read hand-written turns of all kinds (see `ResponseModel`)."""
        if not self._config.zero_shot:
            return None
        ordinary = [inputs.history_only for inputs in self.encoder.calibration_inputs()]
        return self.read_prompts(ordinary).logits

    def log_probs_anywhere(self, responses: Sequence[WrittenResponse]) -> list[float] | None:
        """Read the responses after a neutral message (see `ResponseModel`)."""
        neutral = self.encoder.neutral_inputs().history_only
        names = self.encoder.strategy_ids
        return mean_log_probs(
            self.histories.fixed or RowStates.nothing(self.backbone, 1),
            [(*neutral, *names[r.strategy], *r.opening) for r in responses],
            [r.ids for r in responses],
        )

    def forget(self) -> None:
        """Drop all that is remembered of any conversation."""
        self.histories.remembered.clear()
        self.personas.remembered.clear()

    def read_prompts(self, rows: Sequence[TokenIds]) -> RowStates:
        """Read `rows` after the fixed part, remembering nothing."""
        return RowStates.read(self.backbone, rows, after=self.histories.fixed)

    def _read_branches(self, inputs: Sequence[PalInputs]) -> tuple[ReadHistory, RowStates]:
        """Return how to get the histories of some turns, and the states of all turns' histories
        with their personas; both end before the cue.
        """
        if self._config.persona_form == "prompt" and any(i.persona_ids for i in inputs):
            rows = [i.persona_ids + i.history_ids for i in inputs]
            return partial(self._histories_of, inputs), self.personas.read(rows)
        history = self.histories.read([i.history_ids for i in inputs])
        only_history = history.without_inputs()
        if not any(i.persona_ids for i in inputs):
            return only_history.select, only_history  # read on; but nobody is guided, who would ask
        personas = self.personas.read([i.persona_ids for i in inputs])
        if self._fusion is None:
            return only_history.select, history.behind(personas)
        return only_history.select, self._fusion.fuse(history, personas)

    def _histories_of(self, inputs: Sequence[PalInputs], turns: Sequence[int]) -> RowStates:
        """Read the histories of some turns, which a prompt with the persona before has not read."""
        return self.histories.read([inputs[turn].history_ids for turn in turns])


@dataclass(slots=True)
class DecoderOnlyTurns:
    """Turns that were read as far as the cue (see `TurnStates`)."""

    encoder: Encoder
    inputs: Sequence[PalInputs]
    read_history: ReadHistory
    states: RowStates  # with persona and cue

    @property
    def logits(self) -> Tensor:
        """Of the token that begins a strategy's name, (B, V)."""
        return self.states.logits

    @property
    def has_persona(self) -> Sequence[bool]:
        """Whether a turn has a persona, within its budget of tokens."""
        return [bool(i.persona_ids) for i in self.inputs]

    def repeated(self, places: Sequence[int]) -> DecoderOnlyTurns:
        """Return the turns at `places`, in that order; one may be taken repeatedly."""

        def read_history(turns: Sequence[int]) -> RowStates:
            return self.read_history([places[turn] for turn in turns])

        inputs = [self.inputs[place] for place in places]
        return DecoderOnlyTurns(self.encoder, inputs, read_history, self.states.select(places))

    def start(
        self, strategies: Sequence[Strategy], alphas: Sequence[float], *, copies: int, room: int
    ) -> StartedResponses:
        """Read the names of the strategies in both branches, and for a model that was not trained
        opening words of which it chooses (see `TurnStates`).
        """
        names = [self.encoder.strategy_ids[strategy] for strategy in strategies]
        guided = [index for index, alpha in enumerate(alphas) if alpha]
        without = None
        if guided:
            without = self.read_history(guided).extended(
                [(*self.inputs[index].cue_ids, *names[index]) for index in guided]
            )
        with_names = self.states.extended(names)
        rows = join_branches(with_names, without, alphas, copies=copies, room=_OPENER_TOKENS + room)
        openings = self._choose_openings(
            rows, [strategy for strategy in strategies for _ in range(copies)], copies
        )
        if any(openings):
            rows.extend(openings)
        return StartedResponses(rows, openings)

    def _choose_openings(
        self, rows: GuidedRows, strategies: Sequence[Strategy], copies: int
    ) -> list[TokenIds]:
        """Let the model rank a strategy's openers; the responses to a turn take different ones."""
        logits = rows.logits()
        chosen = []
        for index, strategy in enumerate(strategies):
            scores = {ids: float(logits[index, ids[0]]) for ids in self.encoder.openers(strategy)}
            ranked = sorted(scores, key=lambda ids: -scores[ids])
            chosen.append(ranked[index % copies % len(ranked)] if ranked else ())
        return chosen
