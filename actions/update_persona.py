"""`action_update_persona`: infer who the seeker is from what was said so far."""

from __future__ import annotations

from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.message_screen import MAX_MESSAGE_CHARACTERS
from actions.safety.screening import screen
from actions.supporter import Supporter
from actions.tracker_conversation import conversation_from_events, persona_from_slot
from pal_model import Conversation, Speaker, Utterance
from pal_model.persona_extractor import FIRST_UTTERANCE_WITH_PERSONA

log = structlog.get_logger(__name__)


class ActionUpdatePersona(Action):  # type: ignore[misc]
    """Sets the slots `persona` and `utterances_read`; says nothing."""

    def __init__(self, supporter: Supporter) -> None:
        """Use `supporter` to infer."""
        self._supporter = supporter

    def name(self) -> str:
        """Return the action's name in Rasa's domain."""
        return "action_update_persona"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Add what the seeker's new utterances tell to what is known."""
        conversation = conversation_from_events(tracker.events)
        if screen(conversation).is_flagged:
            return []
        known = persona_from_slot(tracker.get_slot("persona"))
        spoken = len(conversation.seeker_utterances)
        read = _utterances_read(tracker, spoken)
        try:
            persona = await self._supporter.infer_persona(
                _without_danger(conversation, read), known, read
            )
        except Exception as error:
            # The reply can do without; what was not read now is read in the next turn.
            log.error("persona_not_inferred", reason=type(error).__name__)
            return []
        values: dict[str, Any] = {}
        if persona != known:
            values["persona"] = list(persona)
        if len(conversation.utterances) >= FIRST_UTTERANCE_WITH_PERSONA and spoken != read:
            values["utterances_read"] = spoken
        return [SlotSet(name, value) for name, value in values.items()]


def _utterances_read(tracker: Tracker, spoken: int) -> int:
    """Return how many of the `spoken` utterances were read before; 0 where the slot makes no sense,
    for reading again costs time alone.
    """
    read = tracker.get_slot("utterances_read")
    is_count = isinstance(read, int | float) and not isinstance(read, bool)
    return int(read) if is_count and 0 <= read <= spoken else 0


def _without_danger(conversation: Conversation, already_read: int) -> Conversation:
    """Leave out what was said in danger: it is not made a trait of the person.

    What was too long to be read is left out too. The first `already_read` utterances of the seeker
    stay as they are; they are not read again.
    """
    kept: list[Utterance] = []
    spoken = 0
    for utterance in conversation.utterances:
        if utterance.speaker is Speaker.SEEKER:
            spoken += 1
            if spoken > already_read and not _may_be_noted(utterance):
                utterance = Utterance(utterance.speaker, "", utterance.strategy)
        kept.append(utterance)
    return Conversation(tuple(kept), conversation.situation)


def _may_be_noted(utterance: Utterance) -> bool:
    return (
        len(utterance.text) <= MAX_MESSAGE_CHARACTERS
        and not screen(Conversation((utterance,))).is_flagged
    )
