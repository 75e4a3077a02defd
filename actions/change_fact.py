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

from actions.crisis_desk import CrisisDesk
from actions.memory.errors import MemoryStoreError
from actions.memory.facts import Fact
from actions.memory.known import SeekerMemory
from actions.service_message import answer
from actions.show_persona import LISTED, describe, listed, numbered
from actions.supporter import Supporter
from actions.tracker_conversation import (
    PAL_METADATA,
    conversation_from_events,
    latest_text,
    message_id,
)
from pal_model import Conversation, Speaker, Utterance

log = structlog.get_logger(__name__)

NOT_FOUND = "I'm not sure which of these you mean, so I changed nothing. Please tell me its number."
CROSSED_OUT = (
    "Thank you for telling me. I no longer take this for true: \u201c{old}\u201d If you tell me"
    " how it is, I'll note that instead."
)
CORRECTED = "Thank you. Instead of \u201c{old}\u201d I have noted: \u201c{new}\u201d"
FORGOTTEN = (
    "Done. I have deleted this from what I note about you: \u201c{old}\u201d What we wrote stays "
    "part of this conversation until it ends; /restart erases it now."
)
NOTHING_KNOWN = "I haven't noted anything about you, so there is nothing to change."
OUT = (
    "I'm sorry, that did not work: my memory can't be reached at the moment, so nothing was "
    "changed. Please try again in a while."
)

_COMMAND = re.compile(r"^/\s*(forget|wrong|correct)[\s_]+#?(\d{1,6})\b[\s.:,]*(.*)$", re.S | re.I)
_THAT = re.compile(
    r"^(?:please )?(?:forget|delete|erase) (?:that|the fact that) (.+)$", re.S | re.I
)
_ABOUT = re.compile(
    r"^(?:please )?(?:forget|delete|erase) what i (?:said|told you|wrote) about (.+?)"
    r"(?:,? please)?$",
    re.S | re.I,
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a message asks for.

    Attributes:
        kind: "forget" deletes, "wrong" no longer takes it for true, "correct" puts something else.
        number: of the fact in the list; None where it is described.
        words: that describe it, or that are right instead.
        is_topic: they name what it is about, and do not say it.
    """

    kind: Literal["forget", "wrong", "correct"]
    number: int | None
    words: str
    is_topic: bool = False


def read_wish(text: str) -> Wish | None:
    """Return what a message asks for; None where it asks for nothing of the kind."""
    text = text.strip()
    if match := _COMMAND.match(text):
        kind = match[1].lower()
        words = match[3].strip()
        if kind == "correct" and not words:
            kind = "wrong"
        return Wish(kind, int(match[2]), words)  # type: ignore[arg-type]
    for pattern, is_topic in ((_THAT, False), (_ABOUT, True)):
        if match := pattern.match(text.rstrip(".! ")):
            return Wish("forget", None, match[1], is_topic)
    return None


class ActionChangeFact(Action):  # type: ignore[misc]
    """Changes one fact; asks where it is not clear which.

    "Forget that I ..." can also be somebody in danger, whom it answers as `action_respond` does.
    """

    def __init__(self, supporter: Supporter, memory: SeekerMemory, desk: CrisisDesk) -> None:
        """Change what `memory` knows, and let `supporter` forget what the model has read of it;
        leave danger to `desk`.
        """
        self._supporter = supporter
        self._memory = memory
        self._desk = desk

    def name(self) -> str:
        """Return the action's name in Rasa's domain."""
        return "action_change_fact"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Do as the latest message asks, and say what was done."""
        slots: list[dict[str, Any]] = []
        written = latest_text(tracker)
        said = Utterance(Speaker.SEEKER, written)
        found = await self._desk.assess(Conversation((said,)))
        if found.is_flagged:
            before = conversation_from_events(tracker.events)
            conversation = Conversation((*before.utterances, said))
            standing = self._desk.standing(tracker, conversation, found)
            words, events = await self._desk.answer(tracker, conversation, found, standing)
            dispatcher.utter_message(text=words, **{PAL_METADATA: standing.noted})
            return [SlotSet("risk", standing.now.label), SlotSet("answered", True), *events]
        try:
            text, slots = await self._change(tracker, read_wish(written))
        except MemoryStoreError as error:
            log.error("memory_unusable", reason=str(error))
            text = OUT
        buttons = [("What do you remember?", "/show_persona")]
        answer(dispatcher, tracker, text, self._desk.locale, buttons)
        return [*slots, SlotSet("answered", True)]

    async def _change(
        self, tracker: Tracker, wish: Wish | None
    ) -> tuple[str, list[dict[str, Any]]]:
        known = await self._memory.recall(tracker)
        if known.is_out:
            raise MemoryStoreError("The memory cannot be reached.")
        meant = await self._meant(tracker, wish, known.facts) if wish else None
        if meant is None and not known.facts:
            return NOTHING_KNOWN, _not_read_later(tracker, wish)
        if wish is None or meant is None:
            return (
                f"{NOT_FOUND}\n\n{describe(known, self._memory.can_keep)}",
                [listed(known.facts), *_not_read_later(tracker, wish)],
            )
        old, new = meant.sentence, wish.words or None
        if wish.kind == "forget":
            slots = await self._memory.forget(tracker, [old])
            self._supporter.forget()
            slots += [*_taken_from_the_list(tracker, old), *_not_read_later(tracker, wish)]
            return FORGOTTEN.format(old=old), slots
        changed, slots = await self._memory.correct(tracker, old, new, message_id(tracker))
        if changed.is_out:
            raise MemoryStoreError("The memory could not be changed.")
        return (CORRECTED if new else CROSSED_OUT).format(old=old, new=new), slots

    async def _meant(self, tracker: Tracker, wish: Wish, facts: Sequence[Fact]) -> Fact | None:
        """Return the one fact that is meant, be it one that no longer holds; None where it may be
        another. What is forgotten does not come back.
        """
        if wish.number is not None:
            return numbered(tracker, facts, wish.number)
        for among in (facts, await self._memory.past(tracker)):
            found, in_their_words = await self._memory.described(among, wish.words)
            if in_their_words or (wish.is_topic and len(found) == 1):
                return found[0]
            if found and wish.is_topic:
                break
        return None


def _not_read_later(tracker: Tracker, wish: Wish | None) -> list[dict[str, Any]]:
    """What could not be read before, such as in danger, is not read: it may be what was meant."""
    if wish is None or wish.number is not None:
        return []
    spoken = len(conversation_from_events(tracker.events).seeker_utterances)
    return [SlotSet("utterances_read", spoken)]


def _taken_from_the_list(tracker: Tracker, sentence: str) -> list[dict[str, Any]]:
    """The other numbers stay what they are."""
    shown = tracker.get_slot(LISTED)
    if not isinstance(shown, list):
        return []
    return [SlotSet(LISTED, [None if known == sentence else known for known in shown])]
