"""`action_export_data`: give the seeker a copy of what is kept of them."""

from __future__ import annotations

import json
from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.memory.errors import MemoryStoreError
from actions.memory.known import SeekerMemory
from actions.service_message import answer
from actions.tracker_conversation import conversation_from_events

log = structlog.get_logger(__name__)

_MAX_CHARACTERS = 3_000
INTRODUCTION = (
    "This is what I have noted about you, with what no longer holds, and what we said in this "
    "conversation, as JSON:"
)
CUT = (
    "It is too long for one message here, so this is its beginning; over the web the complete copy "
    "is attached to this message. If you asked me to remember you, whoever runs me can give you "
    "all that I have noted."
)
OUT = (
    "I'm sorry, I can't reach my memory at the moment, so I can't give you a copy. Please try "
    "again in a while."
)


class ActionExportData(Action):  # type: ignore[misc]
    """Sends it as text, for eyes, and as JSON, for channels that pass it on."""

    def __init__(self, memory: SeekerMemory, locale: str | None = None) -> None:
        """Read it from `memory`; name the services of `locale` in danger."""
        self._memory = memory
        self._locale = locale

    def name(self) -> str:
        """Return the action's name in Rasa's domain."""
        return "action_export_data"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Send the copy."""
        try:
            data = await self._memory.export(tracker)
        except MemoryStoreError as error:
            log.error("memory_unusable", reason=str(error))
            answer(dispatcher, tracker, OUT, self._locale)
            return [SlotSet("answered", True)]
        data["risk"] = tracker.get_slot("risk")
        data["conversation"] = [
            {"speaker": utterance.speaker.value, "text": utterance.text}
            for utterance in conversation_from_events(tracker.events).utterances
        ]
        text = json.dumps(data, indent=2, ensure_ascii=False)
        shown = text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}\n…\n{CUT}"
        words = f"{INTRODUCTION}\n{shown}"
        answer(dispatcher, tracker, words, self._locale, json_message={"export": data})
        return [SlotSet("answered", True)]
