"""`action_change_fact`: the seeker says that something noted is wrong, or should be forgotten."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.memory.errors import MemoryStoreError
from actions.memory.facts import Fact
from actions.memory.known import SeekerMemory
from actions.safety import crisis_reply
from actions.safety.screening import screen
from actions.service_message import say
from actions.show_persona import describe, numbered
from actions.tracker_conversation import PAL_METADATA, latest_text, message_id
from pal_model import Conversation, Speaker, Utterance

log = structlog.get_logger(__name__)

NOT_FOUND = "I'm not sure which of these you mean, so I changed nothing. Please tell me its number."
CROSSED_OUT = (
    "Thank you for telling me. I no longer take this for true: \u201c{old}\u201d If you tell me"
    " how it is, I'll note that instead."
)
CORRECTED = "Thank you. Instead of \u201c{old}\u201d I have noted: \u201c{new}\u201d"
FORGOTTEN = "Done. I have deleted this, and won't use it again: {sentences}"
NOTHING_KNOWN = "I haven't noted anything about you, so there is nothing to change."
OUT = (
    "I'm sorry, that did not work: my memory can't be reached at the moment, so nothing was "
    "changed. Please try again in a while."
)

_COMMAND = re.compile(r"^/\s*(forget|wrong|correct)[\s_]+#?(\d{1,6})\b[\s.:,]*(.*)$", re.S | re.I)
_PLAINLY = (
    re.compile(r"^(?:please )?(?:forget|delete|erase) (?:that|the fact that) (.+)$", re.S | re.I),
    re.compile(
        r"^(?:please )?(?:forget|delete|erase) what i (?:said|told you|wrote) about (.+?)"
        r"(?:,? please)?$",
        re.S | re.I,
    ),
)
_ALIKE = 0.6
"""Cosine from which a fact may be what somebody means by other words for it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a message asks for.

    Attributes:
        kind: "forget" deletes, "wrong" no longer takes it for true, "correct" puts something else.
        number: of the fact in the list; None where it is described.
        words: that describe it, or that are right instead.
    """

    kind: Literal["forget", "wrong", "correct"]
    number: int | None
    words: str


def read_wish(text: str) -> Wish | None:
    """Return what a message asks for; None where it asks for nothing of the kind."""
    text = text.strip()
    if match := _COMMAND.match(text):
        kind = match[1].lower()
        words = match[3].strip()
        if kind == "correct" and not words:
            kind = "wrong"
        return Wish(kind, int(match[2]), words)  # type: ignore[arg-type]
    for pattern in _PLAINLY:
        if match := pattern.match(text.rstrip(".! ")):
            return Wish("forget", None, match[1])
    return None


class ActionChangeFact(Action):  # type: ignore[misc]
    """Changes one fact; asks where it is not clear which.

    "Forget that I ..." can also be somebody in danger, whom it answers as `action_respond` does.
    """

    def __init__(self, memory: SeekerMemory, locale: str) -> None:
        """Change what `memory` knows; give the emergency numbers of `locale`."""
        self._memory = memory
        self._locale = locale

    def name(self) -> str:
        """Return the action's name in Rasa's domain."""
        return "action_change_fact"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Do as the latest message asks, and say what was done."""
        slots: list[dict[str, Any]] = []
        written = latest_text(tracker)
        risk = screen(Conversation((Utterance(Speaker.SEEKER, written),)))
        if risk.is_flagged:
            words = crisis_reply(risk, locale=self._locale, earlier_replies=0)
            dispatcher.utter_message(text=words, **{PAL_METADATA: {"risk": risk.level.label}})
            return [SlotSet("risk", risk.level.label), SlotSet("answered", True)]
        try:
            text, slots = await self._change(tracker, read_wish(written))
        except MemoryStoreError as error:
            log.error("memory_unusable", reason=str(error))
            text = OUT
        say(dispatcher, tracker, text, [("What do you remember?", "/show_persona")])
        return [*slots, SlotSet("answered", True)]

    async def _change(
        self, tracker: Tracker, wish: Wish | None
    ) -> tuple[str, list[dict[str, Any]]]:
        known = await self._memory.recall(tracker)
        if known.is_out:
            raise MemoryStoreError("The memory cannot be reached.")
        if not known.facts:
            return NOTHING_KNOWN, []
        meant = await self._meant(wish, known.facts) if wish else []
        if wish is None or not meant:
            return f"{NOT_FOUND}\n\n{describe(known, self._memory.can_keep)}", []
        if wish.kind == "forget":
            sentences = [fact.sentence for fact in meant]
            slots = await self._memory.forget(tracker, sentences)
            return FORGOTTEN.format(
                sentences=" ".join(f"\u201c{s}\u201d" for s in sentences)
            ), slots
        old, new = meant[0].sentence, wish.words or None
        _, slots = await self._memory.correct(tracker, old, new, message_id(tracker))
        return (CORRECTED if new else CROSSED_OUT).format(old=old, new=new), slots

    async def _meant(self, wish: Wish, facts: Sequence[Fact]) -> list[Fact]:
        if wish.number is not None:
            fact = numbered(facts, wish.number)
            return [] if fact is None else [fact]
        return await self._memory.described(facts, wish.words, _ALIKE)
