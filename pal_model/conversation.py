"""Immutable types for an emotional-support conversation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pal_model.errors import InvalidConversationError
from pal_model.strategy import Strategy


class Speaker(StrEnum):
    """Who says an utterance: the person who seeks support, or the one who gives it."""

    SEEKER = "seeker"
    SUPPORTER = "supporter"


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one speaker says in one turn; `strategy` is set on a supporter's utterance at most."""

    speaker: Speaker
    text: str
    strategy: Strategy | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """Utterances in the order they were said, oldest first.

    `situation` is ESConv's description of the seeker's problem, written before the chat.
    """

    utterances: tuple[Utterance, ...] = ()
    situation: str | None = None

    @property
    def seeker_utterances(self) -> tuple[str, ...]:
        """The seeker's texts alone: U_A of PAL section 3.1, what the persona is inferred from."""
        return tuple(u.text for u in self.utterances if u.speaker is Speaker.SEEKER)

    def with_utterance(self, utterance: Utterance) -> Conversation:
        """Return this conversation and one more utterance at its end."""
        return Conversation((*self.utterances, utterance), self.situation)


def conversation_from_record(record: Mapping[str, Any]) -> Conversation:
    """Read one conversation in ESConv's published layout.

    Expected keys: `dialog`, a list of objects with `speaker` ("seeker" or "supporter"), `content`
    and optionally `annotation.strategy`; optionally `situation`. Other keys are left alone.

    Raises:
        InvalidConversationError: a key is missing or of the wrong type; the message says where.
        UnknownStrategyError: an annotated strategy is none of ESConv's eight.
    """
    if not isinstance(record, Mapping):
        raise InvalidConversationError(
            f"Expected a JSON object with the key 'dialog', got {type(record).__name__}."
        )
    dialog = record.get("dialog")
    if not isinstance(dialog, list):
        raise InvalidConversationError(
            f"'dialog' must be a list of utterances, got {type(dialog).__name__}."
        )
    situation = record.get("situation")
    if situation is not None and not isinstance(situation, str):
        raise InvalidConversationError(
            f"'situation' must be text or absent, got {type(situation).__name__}."
        )
    utterances = tuple(_utterance_from_record(turn, index) for index, turn in enumerate(dialog))
    return Conversation(utterances, situation.strip() if situation else None)


def _utterance_from_record(turn: Any, index: int) -> Utterance:
    if not isinstance(turn, Mapping):
        raise InvalidConversationError(
            f"'dialog[{index}]' must be an object, got {type(turn).__name__}."
        )
    try:
        speaker = Speaker(str(turn.get("speaker")))
    except ValueError:
        raise InvalidConversationError(
            f"'dialog[{index}].speaker' must be 'seeker' or 'supporter', "
            f"got {turn.get('speaker')!r}."
        ) from None
    content = turn.get("content")
    if not isinstance(content, str):
        raise InvalidConversationError(
            f"'dialog[{index}].content' must be text, got {type(content).__name__}."
        )
    annotation = turn.get("annotation")
    name = annotation.get("strategy") if isinstance(annotation, Mapping) else None
    strategy = Strategy.parse(name) if isinstance(name, str) else None
    return Utterance(speaker, content.strip(), strategy)
