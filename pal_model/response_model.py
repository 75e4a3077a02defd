"""What `PalGenerator` asks of a model, decoder-only or encoder-decoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from pal_model.configuration import PalConfig
from pal_model.decoding import GuidedRows
from pal_model.encoding import TokenIds
from pal_model.reply import ReplyRequest
from pal_model.strategy import Strategy


@dataclass(frozen=True, slots=True)
class StartedResponses:
    """Responses that have begun.

    Attributes:
        rows: ready for the next token of each response.
        openings: what each response begins with and `rows` has read, without the strategy.
    """

    rows: GuidedRows
    openings: Sequence[TokenIds]


@dataclass(frozen=True, slots=True)
class WrittenResponse:
    """A response as tokens: those it was given, `opening`, and those that were drawn, `ids`."""

    strategy: Strategy
    opening: TokenIds
    ids: TokenIds


class TurnStates(Protocol):
    """B turns that a model has read, in both branches of Eq. 6."""

    @property
    def logits(self) -> Tensor:
        """Of the token that names a strategy, given history and persona, (B, V)."""

    @property
    def has_persona(self) -> Sequence[bool]:
        """Whether there was a persona to read, of each turn."""

    def start(
        self, strategies: Sequence[Strategy], alphas: Sequence[float], *, copies: int, room: int
    ) -> StartedResponses:
        """Begin `copies` responses to each turn. Uses up this object.

        Args:
            strategies: of each turn.
            alphas: guidance strength of each turn; 0 where it has no persona.
            copies: number of responses to each turn, which come one after the other.
            room: number of tokens that a response is expected to have.
        """


class ResponseModel(Protocol):
    """Reads conversations and personas, and goes on from there; knows how text becomes tokens."""

    @property
    def name(self) -> str:
        """How it computes, in a word or two."""

    @property
    def config(self) -> PalConfig:
        """What the checkpoint was made for."""

    @property
    def first_strategy_ids(self) -> dict[int, Strategy]:
        """The token that names each strategy, or begins its name."""

    @property
    def end_ids(self) -> TokenIds:
        """Tokens that end a response."""

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of a response's `ids`, or of a part of it."""

    def read(self, requests: Sequence[ReplyRequest]) -> TurnStates:
        """Read what is to be responded to, one turn or more."""

    def ordinary_logits(self) -> Tensor | None:
        """Return `TurnStates.logits` of ordinary turns, (N, V), for a model whose choice of a
        strategy needs calibration; None for one that was trained.
        """

    def log_probs_anywhere(self, responses: Sequence[WrittenResponse]) -> list[float] | None:
        """Return how likely each response would be after a message that says nothing: the mean log
        probability of its `ids`; None where the model cannot tell cheaply.
        """

    def forget(self) -> None:
        """Drop all that is remembered of any conversation; what is read next is read anew."""
