"""What the tests of the actions are made of: a generator without a model, and Rasa's trackers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.counters import Counters
from actions.crisis_desk import CrisisDesk
from actions.handoff import Handoff
from actions.memory.embedder import Embedder
from actions.respond import ActionRespond
from actions.settings import HandoffSettings, Settings
from pal_model import GenerationOptions, Reply, ReplyRequest, Speaker, Strategy

TOKEN = "a-token-for-the-tests-only"
DANGER = "I want to kill myself."
PROBABILITIES = {strategy: 1 / len(Strategy) for strategy in Strategy}


def settings(**values: Any) -> Settings:
    """Of a server that loads no model of its own."""
    defaults = {"actions_token": TOKEN, "batch_wait": 0.0, "persona_extractor": "rules"}
    return Settings(**defaults | values)


def responder(
    supporter: Any,
    handoff: Handoff | None = None,
    counters: Counters | None = None,
    **values: Any,
) -> ActionRespond:
    """The action that answers, with nobody on duty unless `handoff` says so."""
    chosen = settings(**values)
    counters = counters or Counters()
    handoff = handoff or Handoff(chosen.handoff, counters)
    return ActionRespond(supporter, CrisisDesk(handoff, counters, chosen.locale), counters, chosen)


def nobody_on_duty() -> Handoff:
    return Handoff(HandoffSettings(), Counters())


def reply_to(request: ReplyRequest, text: str | None = None, *alternatives: str) -> Reply:
    """A reply whose default text tells how many utterances the generator was shown."""
    return Reply(
        text=text or f"I hear you, after {len(request.conversation.utterances)} utterances.",
        strategy=Strategy.QUESTION,
        alpha=0.0,
        persona=request.persona,
        strategy_probabilities=PROBABILITIES,
        alternatives=alternatives,
    )


class ExactEmbedder(Embedder):
    """Finds the same words alike, and nothing else; needs no model."""

    def _look_up(self, sentences: Sequence[str]) -> dict[str, Any]:
        """Know no vectors."""
        return {}


@dataclass
class FakeGenerator:
    """Stands in for PalGenerator; works while `gate` is open, and blocks its thread otherwise."""

    write: Callable[[ReplyRequest], Reply] = reply_to
    gate: threading.Event = field(default_factory=threading.Event)
    batches: list[list[ReplyRequest]] = field(default_factory=list)
    options: list[GenerationOptions | None] = field(default_factory=list)
    called: threading.Event = field(default_factory=threading.Event)
    forgot: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def reply(
        self,
        requests: Sequence[ReplyRequest],
        options: GenerationOptions | None = None,
        *,
        deadline: float | None = None,
    ) -> list[Reply]:
        if deadline is not None:  # not the warm-up
            self.batches.append(list(requests))
            self.options.append(options)
            self.called.set()
        assert self.gate.wait(30), "a test forgot to open the gate"
        return [self.write(request) for request in requests]

    def forget(self) -> None:
        self.forgot.set()

    @property
    def heard(self) -> list[str]:
        """The seekers' utterances in all requests so far."""
        return [
            utterance.text
            for batch in self.batches
            for request in batch
            for utterance in request.conversation.utterances
            if utterance.speaker is Speaker.SEEKER
        ]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.002)


def user(text: Any, intent: str = "chat") -> dict[str, Any]:
    """A message of the seeker as Rasa posts it."""
    return {
        "event": "user",
        "timestamp": 1.0,
        "text": text,
        "parse_data": {"text": text, "intent": {"name": intent, "confidence": 1.0}},
        "input_channel": "rest",
        "metadata": {},
    }


def bot(text: Any, **metadata: Any) -> dict[str, Any]:
    """A message of the bot as Rasa posts it."""
    return {"event": "bot", "timestamp": 1.0, "text": text, "data": {}, "metadata": metadata}


def event(kind: str, **more: Any) -> dict[str, Any]:
    return {"event": kind, "timestamp": 1.0, **more}


def talk(*texts: str) -> list[dict[str, Any]]:
    """A conversation in turns, begun by the seeker."""
    return [bot(text) if index % 2 else user(text) for index, text in enumerate(texts)]


def tracker(events: list[Any], **slots: Any) -> Tracker:
    return Tracker("seeker-1", slots, {}, events, False, None, {}, "action_listen")


@dataclass
class Turn:
    """What an action said and set."""

    messages: list[dict[str, Any]]
    events: list[dict[str, Any]]

    @property
    def text(self) -> str:
        (message,) = self.messages
        return message["text"]

    @property
    def pal(self) -> dict[str, Any]:
        """What PAL noted on the one message."""
        (message,) = self.messages
        return message["pal"]

    @property
    def slots(self) -> dict[str, Any]:
        return {e["name"]: e["value"] for e in self.events if e["event"] == "slot"}

    def as_tracker_event(self) -> dict[str, Any]:
        """The one message as it comes back in the next turn's tracker."""
        return bot(self.text, pal=self.pal)


async def run(action: Action, events: list[Any], **slots: Any) -> Turn:
    dispatcher = CollectingDispatcher()
    return Turn(dispatcher.messages, await action.run(dispatcher, tracker(events, **slots), {}))
