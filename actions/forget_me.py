"""`action_forget_me`: delete the conversation and everything noted from it."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import Restarted
from rasa_sdk.executor import CollectingDispatcher

from actions.memory.known import SeekerMemory
from actions.service_message import answer
from actions.supporter import Supporter

FORGOTTEN = (
    "Done. I have deleted our conversation and everything I noted about you. "
    "If you write again, we start anew, and that is fine."
)


class ActionForgetMe(Action):  # type: ignore[misc]
    """Erases the memory and restarts the tracker, whose store erases what came before a restart.

    Where the memory cannot be reached it raises: nobody is told that it is gone when it is not.
    """

    def __init__(
        self, supporter: Supporter, memory: SeekerMemory, locale: str | None = None
    ) -> None:
        """Let `supporter` forget as well what the model holds in memory; name the services of
        `locale` to those in danger.
        """
        self._supporter = supporter
        self._memory = memory
        self._locale = locale

    def name(self) -> str:
        """Return the action's name in Rasa's domain."""
        return "action_forget_me"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Confirm, and restart."""
        await self._memory.drop(tracker)
        self._supporter.forget()
        # The danger is forgotten with all the rest, and may not be over.
        answer(dispatcher, tracker, FORGOTTEN, self._locale)
        return [Restarted()]
