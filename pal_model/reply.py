"""What goes into the generator, and what comes out; free of torch, so that callers start fast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pal_model.conversation import Conversation
from pal_model.persona import Persona
from pal_model.strategy import Strategy


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """A conversation that waits for the supporter's next utterance.

    Attributes:
        conversation: the history; it usually ends with the seeker.
        persona: what is known about the seeker.
        strategy: the strategy to use; None lets the model choose.
        seed: of this turn's own random numbers; None for that of the generation options.
    """

    conversation: Conversation
    persona: Persona = field(default_factory=Persona)
    strategy: Strategy | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The supporter's next utterance.

    Attributes:
        text: the response.
        strategy: the strategy it follows.
        alpha: the guidance strength it was written with; 0 where there was no persona.
        persona: what the model saw of the seeker.
        strategy_probabilities: of all strategies, likeliest first.
        alternatives: other responses that are fit to be said, best first.
        generated: False where every candidate was flawed and `text` is a fixed sentence.
    """

    text: str
    strategy: Strategy
    alpha: float
    persona: Persona
    strategy_probabilities: Mapping[Strategy, float]
    alternatives: tuple[str, ...] = ()
    generated: bool = True
