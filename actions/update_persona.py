"""`action_update_persona`: infer who the seeker is from what was said so far."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.memory.known import PERSONA, TOLD, Known, SeekerMemory
from actions.message_screen import MAX_MESSAGE_CHARACTERS
from actions.safety.screening import screen, screened
from actions.service_message import say
from actions.supporter import Supporter
from actions.tracker_conversation import (
    conversation_from_events,
    latest_intent,
    message_id,
    persona_from_slot,
)
from pal_model import Conversation, Speaker, Utterance
from pal_model.persona_extractor import FIRST_UTTERANCE_WITH_PERSONA

log = structlog.get_logger(__name__)

OUT = (
    "(I can't reach my memory at the moment. We can talk all the same; I may just not know what "
    "you told me on other days. If you asked me to remember you, I'll keep what you tell me now as "
    "soon as it works again.)"
)
BACK = "(My memory works again.)"


ASKING_INTENTS = frozenset({"show_persona", "remember_me", "change_fact", "export_data"})
"""With these a seeker means all that they have said until now, be it one sentence."""


class ActionUpdatePersona(Action):  # type: ignore[misc]
    """Learns what is new and chooses what the model shall see: sets the slots `persona`, `facts`
    and `utterances_read`. Says something only where the memory does not work.
    """

    def __init__(self, supporter: Supporter, memory: SeekerMemory) -> None:
        """Use `supporter` to infer, and `memory` to remember."""
        self._supporter = supporter
        self._memory = memory

    def name(self) -> str:
        """Return the action's name in Rasa's domain."""
        return "action_update_persona"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Add what the seeker's new utterances tell to what is known."""
        conversation = conversation_from_events(tracker.events)
        is_asked = latest_intent(tracker) in ASKING_INTENTS
        if not is_asked and (await screened(conversation)).is_flagged:
            return []
        spoken = len(conversation.seeker_utterances)
        read = _utterances_read(tracker, spoken)
        try:
            harmless = await asyncio.to_thread(_without_danger, conversation, read)
            found = await self._supporter.infer_persona(harmless, read, from_first=is_asked)
        except Exception as error:
            # The reply can do without; what was not read now is read in the next turn.
            log.error("persona_not_inferred", reason=type(error).__name__)
            return []
        known, events = await self._memory.learn(tracker, tuple(found), message_id(tracker))
        said = conversation.seeker_utterances[-1] if spoken else ""
        persona = await self._memory.chosen(known, said)
        if persona != tuple(persona_from_slot(tracker.get_slot(PERSONA))):
            events.append(SlotSet(PERSONA, list(persona)))
        is_read = is_asked or len(conversation.utterances) >= FIRST_UTTERANCE_WITH_PERSONA
        if is_read and spoken != read:
            events.append(SlotSet("utterances_read", spoken))
        if is_asked:  # the action that follows says what it could not do
            return events
        return [*events, *_tell_of_outage(dispatcher, tracker, known)]


def _tell_of_outage(
    dispatcher: CollectingDispatcher, tracker: Tracker, known: Known
) -> list[dict[str, Any]]:
    """Say once that the memory does not work, and once that it does again."""
    was_told = bool(tracker.get_slot(TOLD))
    if known.is_out == was_told:
        return []
    say(dispatcher, tracker, OUT if known.is_out else BACK)
    return [SlotSet(TOLD, known.is_out)]


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
            until_then = Conversation(conversation.utterances[: len(kept) + 1])
            if spoken > already_read and not _may_be_noted(until_then):
                utterance = Utterance(utterance.speaker, "", utterance.strategy)
        kept.append(utterance)
    return Conversation(tuple(kept), conversation.situation)


def _may_be_noted(conversation: Conversation) -> bool:
    """Whether the latest utterance tells of no danger, as an answer to the one before it either."""
    return (
        len(conversation.utterances[-1].text) <= MAX_MESSAGE_CHARACTERS
        and not screen(conversation).is_flagged
    )
