"""`action_remember_me` and `action_stop_remembering`: the seeker's word on being remembered."""

from __future__ import annotations

from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.memory.errors import MemoryStoreError
from actions.memory.known import AGREED, Known, SeekerMemory
from actions.memory.session_facts import facts_to_slot
from actions.service_message import answer
from actions.tracker_conversation import message_id, session_began

log = structlog.get_logger(__name__)

REMEMBERING = (
    "Thank you for trusting me with that. From now on I'll remember what I note about you, also"
    " when you come back another day. It is stored encrypted, it goes after {days} days in "
    "which you don't mention it, and /show_persona, /stop_remembering and /forget_me work at "
    "any time."
)
CANNOT = (
    "I'm sorry, I can't do that here: {reason}. I'll go on remembering what you tell me while "
    "we talk."
)

NO_STORE = "whoever runs me has switched the memory off"
OUT = "my memory isn't working at the moment. Please try again in a while"
STOPPED = (
    "All right. I have erased what I had stored about you, and I'll keep nothing beyond our "
    "conversations. What you told me in this one I still know until it ends; /forget_me erases "
    "that as well."
)
NOT_STOPPED = (
    "I'm sorry, that did not work: my memory can't be reached, so what it holds about you is "
    "still there. Please send /stop_remembering again in a while."
)


class ActionRememberMe(Action):  # type: ignore[misc]
    """Keeps what is known of the session, and what comes."""

    def __init__(self, memory: SeekerMemory, locale: str | None = None) -> None:
        """Keep it in `memory`; name the services of `locale` in danger."""
        self._memory = memory
        self._locale = locale

    def name(self) -> str:
        """Return the action's name in Rasa's domain."""
        return "action_remember_me"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Note the consent, and keep what is known."""
        slots: list[dict[str, Any]] = []
        if not self._memory.can_keep:
            text = CANNOT.format(reason=NO_STORE)
        else:
            try:
                slots = await self._memory.keep(tracker, message_id(tracker))
                text = REMEMBERING.format(days=self._memory.lifetime.days)
            except MemoryStoreError as error:
                log.error("memory_unusable", reason=str(error))
                text = CANNOT.format(reason=OUT)
        answer(
            dispatcher, tracker, text, self._locale, [("What do you remember?", "/show_persona")]
        )
        return [*slots, SlotSet("answered", True)]


class ActionStopRemembering(Action):  # type: ignore[misc]
    """Erases what is kept; the session goes on with it until it ends."""

    def __init__(self, memory: SeekerMemory, locale: str | None = None) -> None:
        """Erase it from `memory`; name the services of `locale` in danger."""
        self._memory = memory
        self._locale = locale

    def name(self) -> str:
        """Return the action's name in Rasa's domain."""
        return "action_stop_remembering"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Erase, and say whether that worked."""
        known = await self._memory.recall(tracker)
        slots: list[dict[str, Any]] = []
        try:
            if known.is_out:
                raise MemoryStoreError("The memory cannot be reached.")
            await self._memory.drop(tracker)
            began = session_began(tracker)
            left = [fact for fact in known.facts if fact.learnt_at >= began]
            seen = list(await self._memory.chosen(Known(tuple(left)), ""))
            slots = [SlotSet("facts", facts_to_slot(left)), SlotSet("persona", seen)]
            slots.append(SlotSet(AGREED, False))
            text = STOPPED
        except MemoryStoreError as error:
            log.error("memory_unusable", reason=str(error))
            text = NOT_STOPPED
        answer(dispatcher, tracker, text, self._locale)
        return [*slots, SlotSet("answered", True)]
