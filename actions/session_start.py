"""`action_session_start`: begin a session with what is known, and say who is talking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionExecuted, ConversationPaused, SessionStarted, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.crisis_desk import HANDOFF, TOLD_OF_TRANSCRIPT, TRANSCRIPT_NOTICE
from actions.handoff import Handoff, HandoffState, Told
from actions.memory.known import AGREED, SeekerMemory
from actions.safety.resources import resource_line
from actions.service_message import say

CARRIED_SLOTS = ("risk",)
"""What one session hands to the next. What is known of the seeker is not among it: it is kept where
they agreed to that, and nowhere else."""

DROPPED_SLOTS = (
    *("facts", "persona", "utterances_read", "persona_used", "listed", AGREED),
    *(HANDOFF, TOLD_OF_TRANSCRIPT),
)

WELCOME_BACK = (
    "Welcome back. I'm still a computer program, not a person and not a therapist. You asked me"
    " to remember you, and I do: {count}. /show_persona shows what, and /help the rest. If you "
    "might hurt yourself or you are not safe, please reach a person right away. {resources}\n\n"
    "How are you doing today?"
)


class ActionSessionStart(Action):  # type: ignore[misc]
    """Sets each carried slot once, and greets: who agreed to be remembered, as somebody known."""

    def __init__(self, memory: SeekerMemory, handoff: Handoff, locale: str | None = None) -> None:
        """Know seekers by `memory`; say who may read along, where `handoff` lets somebody; name the
        services of `locale`.
        """
        self._memory = memory
        self._resources = resource_line(locale)
        self._handoff = handoff

    def name(self) -> str:
        """Return the action's name in Rasa's domain."""
        return "action_session_start"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Start the session."""
        handed_off = Told.from_slot(tracker.get_slot(HANDOFF))
        if handed_off is not None and handed_off.state is HandoffState.TAKEN:
            return _still_with_a_person(tracker)
        # What could not be kept while the memory did not work is kept now, or carried on: of who
        # agreed to that.
        known, _ = await self._memory.learn(tracker, (), "")
        is_pending = known.is_out and tracker.get_slot(AGREED)
        carried = (*CARRIED_SLOTS, "facts", AGREED) if is_pending else CARRIED_SLOTS
        slots = dict.fromkeys(DROPPED_SLOTS)
        slots |= {name: tracker.get_slot(name) for name in carried}
        slots["risk"] = slots["risk"] or _risk_before_restart(tracker)
        if known.is_kept:
            slots[AGREED] = True
            # How much, not what: somebody else may be looking at the screen.
            count = len(known.facts)
            things = {0: "nothing yet", 1: "one thing you told me"}
            told = things.get(count, f"{count} things you told me")
            greeting = WELCOME_BACK.format(count=told, resources=self._resources)
            say(dispatcher, tracker, greeting)
            slots["persona"] = list(await self._memory.chosen(known, ""))
        else:
            dispatcher.utter_message(response="utter_greet")
        if self._handoff.sends_transcripts:
            say(dispatcher, tracker, TRANSCRIPT_NOTICE)
            slots[TOLD_OF_TRANSCRIPT] = True
        set_ = [SlotSet(n, v) for n, v in slots.items() if v or tracker.get_slot(n)]
        return [SessionStarted(), *set_, ActionExecuted("action_listen")]


def _still_with_a_person(tracker: Tracker) -> list[dict[str, Any]]:
    """Begin a session without a word: whoever took over has not given the conversation back."""
    kept = ("risk", HANDOFF, TOLD_OF_TRANSCRIPT)
    slots = [SlotSet(name, tracker.get_slot(name)) for name in kept]
    return [SessionStarted(), *slots, ActionExecuted("action_listen"), ConversationPaused()]


def _risk_before_restart(tracker: Tracker) -> Any:
    """Return the risk that held when the seeker sent /restart, which empties every slot: danger is
    not over because somebody begins anew. (After /forget_me nothing is carried.)
    """
    risk, carried, last_action = None, None, ""
    for event in filter(None, (e if isinstance(e, Mapping) else None for e in tracker.events)):
        match event.get("event"):
            case "slot" if event.get("name") == "risk":
                risk, carried = event.get("value"), None
            case "action":
                last_action = str(event.get("name"))
            case "restart":
                carried = risk if last_action == "action_restart" else None
                risk = None
    return carried
