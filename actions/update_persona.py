"""`action_update_persona`: infer who the seeker is from what was said so far."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.message_screen import MAX_MESSAGE_CHARACTERS
from actions.safety.screening import screen
from actions.supporter import Supporter
from actions.tracker_conversation import conversation_from_events, persona_from_slot
from pal_model import Conversation, Speaker, Utterance


class ActionUpdatePersona(Action):  # type: ignore[misc]
    """Sets the slot `persona`; says nothing."""

    def __init__(self, supporter: Supporter) -> None:
        """Use `supporter` to infer."""
        self._supporter = supporter

    def name(self) -> str:
        """Return the action's name in Rasa's domain."""
        return "action_update_persona"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Add what the conversation tells about the seeker to what is known."""
        conversation = conversation_from_events(tracker.events)
        if screen(conversation).is_flagged:
            return []
        known = persona_from_slot(tracker.get_slot("persona"))
        persona = await self._supporter.infer_persona(_without_danger(conversation), known)
        return [SlotSet("persona", list(persona))] if persona != known else []


def _without_danger(conversation: Conversation) -> Conversation:
    """Leave out what was said in danger: it is not made a trait of the person.

    What was too long to be read is left out too. Screening it anew each turn would take seconds.
    """
    kept = tuple(
        Utterance(u.speaker, "", u.strategy)
        if u.speaker is Speaker.SEEKER and not _may_be_noted(u)
        else u
        for u in conversation.utterances
    )
    return Conversation(kept, conversation.situation)


def _may_be_noted(utterance: Utterance) -> bool:
    return (
        len(utterance.text) <= MAX_MESSAGE_CHARACTERS
        and not screen(Conversation((utterance,))).is_flagged
    )
