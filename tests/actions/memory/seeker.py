"""A seeker who talks to the actions as Rasa would run them, without Rasa."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.change_fact import ActionChangeFact
from actions.counters import Counters
from actions.crisis_desk import CrisisDesk
from actions.export_data import ActionExportData
from actions.forget_me import ActionForgetMe
from actions.memory.known import SeekerMemory
from actions.remember_me import ActionRememberMe, ActionStopRemembering
from actions.session_start import ActionSessionStart
from actions.show_persona import ActionShowPersona
from actions.supporter import Supporter
from actions.update_persona import ASKING_INTENTS, ActionUpdatePersona
from tests.actions.fakes import bot, nobody_on_duty, user


class Seeker:
    """Keeps what Rasa's tracker would: the session's events, and the slots."""

    def __init__(self, name: str, memory: SeekerMemory, supporter: Supporter) -> None:
        self.name = name
        self.channel = "rest"
        self.events: list[dict[str, Any]] = []
        self.slots: dict[str, Any] = {}
        self._number = 0
        desk = CrisisDesk(nobody_on_duty(), Counters(), "US")
        self._learn = ActionUpdatePersona(supporter, memory)
        self._start = ActionSessionStart(memory, nobody_on_duty())
        self._actions: dict[str, Action] = {
            "show_persona": ActionShowPersona(memory),
            "remember_me": ActionRememberMe(memory),
            "stop_remembering": ActionStopRemembering(memory),
            "change_fact": ActionChangeFact(supporter, memory, desk),
            "export_data": ActionExportData(memory),
            "forget_me": ActionForgetMe(supporter, memory),
        }

    async def session(self) -> list[dict[str, Any]]:
        """Begin one; return what the bot says."""
        said = await self._run(self._start)
        last = [event for event in self.events if event["event"] == "user"][-1:]
        self.events = last and [*last, {"event": "session_started", "timestamp": 1.0}]
        return said

    async def say(self, *texts: str) -> str:
        """Say things; return what the bot said beside its replies."""
        beside: list[str] = []
        for text in texts:
            self._hear(text, "chat")
            beside += [message["text"] for message in await self._run(self._learn)]
            self.events.append(bot("I see."))
        return "\n".join(beside)

    async def ask(self, intent: str, text: str = "") -> str:
        """Give a command; return the bot's answer."""
        [message] = await self.messages(intent, text)
        answer: str = message["text"]
        return answer

    async def messages(self, intent: str, text: str = "") -> list[dict[str, Any]]:
        """Give a command; return all of the answer."""
        self._hear(text or f"/{intent}", intent)
        if intent in ASKING_INTENTS:  # as in rules.yml
            assert await self._run(self._learn) == []
        return await self._run(self._actions[intent])

    async def known(self) -> list[str]:
        """What the bot lists."""
        lines = (await self.ask("show_persona")).splitlines()
        return [line.split(". ", 1)[1] for line in lines if line[:1].isdigit()]

    @property
    def persona(self) -> list[str]:
        """What the model sees."""
        return self.slots.get("persona") or []

    def _hear(self, text: str, intent: str) -> None:
        self._number += 1
        self.events.append(
            user(text, intent)
            | {
                "message_id": f"{self.name}-{self._number}",
                "input_channel": self.channel,
            }
        )

    async def _run(self, action: Action) -> list[dict[str, Any]]:
        dispatcher = CollectingDispatcher()
        tracker = Tracker(self.name, dict(self.slots), {}, self.events, False, None, {}, "x")
        for event in await action.run(dispatcher, tracker, {}):
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
            if event["event"] == "restart":
                self.events, self.slots = [], {}
        return dispatcher.messages
