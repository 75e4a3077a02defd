"""`action_show_persona`: say what is remembered about the seeker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.memory.facts import Fact
from actions.memory.known import Known, SeekerMemory
from actions.service_message import answer

_MAX_CHARACTERS = 3_000
"""Of one message: some channels refuse longer ones. What is left out is counted."""

LISTED = "listed"
"""Slot: the sentences of the list last shown, in their order."""

NOTHING_YET = (
    "I don't know anything about you yet. As we talk, I note what you tell me about yourself, "
    "in your words. You can see it here at any time, and /forget_me deletes it."
)
KEPT = (
    "You asked me to remember this for next time. /stop_remembering ends that and erases it here, "
    "/export_data gives you a copy."
)
NOT_KEPT = (
    "I know this only while we talk; in a later conversation I won't. If you'd like me to remember "
    "it, write /remember_me."
)
CANNOT_KEEP = "I know this only while we talk; in a later conversation I won't."
OUT = (
    "I can't reach my memory at the moment, so this is only what I know from this conversation. "
    "Please ask again in a while."
)


class ActionShowPersona(Action):  # type: ignore[misc]
    """Lists what is known, each fact with the number by which commands name it."""

    def __init__(self, memory: SeekerMemory, locale: str | None = None) -> None:
        """Show what `memory` knows; name the services of `locale` in danger."""
        self._memory = memory
        self._locale = locale

    def name(self) -> str:
        """Return the action's name in Rasa's domain."""
        return "action_show_persona"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Say what is remembered."""
        known = await self._memory.recall(tracker)
        text = describe(known, self._memory.can_keep)
        answer(dispatcher, tracker, text, self._locale, _buttons(known))
        return [listed(known.facts), SlotSet("answered", True)]


def describe(known: Known, can_keep: bool) -> str:
    """Return what is known as a list to read, newest last, within one message's length."""
    if not known.facts:
        return OUT if known.is_out else NOTHING_YET
    lines = _lines(known.facts)
    left_out = len(known.facts) - len(lines)
    earlier = f"(and {left_out} earlier ones)\n" if left_out else ""
    where = NOT_KEPT if can_keep else CANNOT_KEEP
    about_it = OUT if known.is_out else KEPT if known.is_kept else where
    return (
        f"This is what I have noted about you, from your own words:\n{earlier}"
        + "\n".join(lines)
        + "\nIs something wrong? Write, for example, /wrong 1 or /correct 1 and how it is; "
        f"/forget 1 deletes it, and /forget_me deletes everything. {about_it}"
    )


def listed(facts: Sequence[Fact]) -> dict[str, Any]:
    """Return the slot that says which number is which fact, as the seeker sees it."""
    event: dict[str, Any] = SlotSet(LISTED, [fact.sentence for fact in facts])
    return event


def numbered(tracker: Tracker, facts: Sequence[Fact], number: int) -> Fact | None:
    """Return the fact that the list last shown calls by a number; None where it has no such, or it
    is known no more.
    """
    shown = tracker.get_slot(LISTED)
    sentences = shown if isinstance(shown, list) else [fact.sentence for fact in facts]
    named = sentences[number - 1] if 1 <= number <= len(sentences) else None
    return next((fact for fact in facts if fact.sentence == named), None)


def _lines(facts: Sequence[Fact]) -> list[str]:
    shown: list[str] = []
    length = 0
    for number, fact in reversed(list(enumerate(facts, start=1))):
        length += len(fact.sentence) + 6
        if shown and length > _MAX_CHARACTERS:
            break
        shown.insert(0, f"{number}. {fact.sentence}")
    return shown


def _buttons(known: Known) -> list[tuple[str, str]]:
    if not known.facts:
        return []
    keeping = (
        ("Stop remembering", "/stop_remembering")
        if known.is_kept
        else ("Remember me", "/remember_me")
    )
    wrong = [(f"{n} is wrong", f"/wrong {n}") for n in range(1, 1 + min(5, len(known.facts)))]
    return [*wrong, keeping, ("Export my data", "/export_data"), ("Forget me", "/forget_me")]
