"""`action_forget_me`: delete the conversation and everything noted from it."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import Restarted
from rasa_sdk.executor import CollectingDispatcher

from actions.supporter import Supporter
from actions.tracker_conversation import PAL_METADATA

FORGOTTEN = (
    "Done. I have deleted our conversation and everything I noted about you. "
    "If you write again, we start anew, and that is fine."
)


class ActionForgetMe(Action):  # type: ignore[misc]
    """Restarts the tracker; the tracker store erases what came before a restart."""

    def __init__(self, supporter: Supporter) -> None:
        """Let `supporter` forget as well what the model holds in memory."""
        self._supporter = supporter

    def name(self) -> str:
        """Return the action's name in Rasa's domain."""
        return "action_forget_me"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Confirm, and restart."""
        self._supporter.forget()
        dispatcher.utter_message(text=FORGOTTEN, **{PAL_METADATA: {"service": True}})
        return [Restarted()]
