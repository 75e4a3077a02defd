"""`action_session_start`: begin a session with what is known, and say who is talking."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionExecuted, SessionStarted, SlotSet
from rasa_sdk.executor import CollectingDispatcher

CARRIED_SLOTS = ("persona", "risk")
"""What one session hands to the next. Rasa's own session start repeats every slot event of the
last session, so that a tracker grows with each."""


class ActionSessionStart(Action):  # type: ignore[misc]
    """Sets each carried slot once, and greets."""

    def name(self) -> str:
        """Return the action's name in Rasa's domain."""
        return "action_session_start"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Start the session."""
        dispatcher.utter_message(response="utter_greet")
        values = {name: tracker.get_slot(name) for name in CARRIED_SLOTS}
        carried = [SlotSet(name, value) for name, value in values.items() if value]
        return [SessionStarted(), *carried, ActionExecuted("action_listen")]
