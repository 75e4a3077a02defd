"""`action_show_persona`: say what is remembered about the seeker."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.tracker_conversation import PAL_METADATA, persona_from_slot

_MAX_CHARACTERS = 3_000
"""Of one message: some channels refuse longer ones. What is left out is counted."""

NOTHING_YET = (
    "I don't know anything about you yet. As we talk, I note what you tell me about yourself, "
    "in your words. You can see it here at any time, and /forget_me deletes it."
)


class ActionShowPersona(Action):  # type: ignore[misc]
    """Lists the slot `persona`."""

    def name(self) -> str:
        """Return the action's name in Rasa's domain."""
        return "action_show_persona"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Say what is remembered."""
        text = describe_persona(list(persona_from_slot(tracker.get_slot("persona"))))
        dispatcher.utter_message(text=text, **{PAL_METADATA: {"service": True}})
        return [SlotSet("answered", True)]


def describe_persona(sentences: list[str]) -> str:
    """Return the sentences as a list to read, newest last, within one message's length."""
    if not sentences:
        return NOTHING_YET
    shown: list[str] = []
    length = 0
    for sentence in reversed(sentences):
        length += len(sentence) + 3
        if shown and length > _MAX_CHARACTERS:
            break
        shown.insert(0, f"- {sentence}")
    left_out = len(sentences) - len(shown)
    earlier = f"(and {left_out} earlier ones)\n" if left_out else ""
    return (
        f"This is what I have noted about you, from your own words:\n{earlier}"
        + "\n".join(shown)
        + "\nIf you would rather I forgot it, write /forget_me."
    )
