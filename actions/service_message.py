"""Messages about the bot itself, which are no part of the conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.crisis_desk import risk_from_slot
from actions.safety import RiskLevel
from actions.safety.resources import resource_line
from actions.tracker_conversation import PAL_METADATA, input_channel

IN_DANGER = (
    "One thing that matters to me: if you might hurt yourself or you are not safe, please reach a "
    "person right away. {resources}"
)

_WITHOUT_BUTTONS = ("cmdline",)
"""Channels on which buttons are worse than words: Rasa's shell lets nobody write beside them."""


def say(
    dispatcher: CollectingDispatcher,
    tracker: Tracker,
    text: str,
    buttons: Sequence[tuple[str, str]] = (),
    **more: Any,
) -> None:
    """Send a message.

    Args:
        dispatcher: takes it.
        tracker: of the conversation.
        text: the words; they must do without the buttons.
        buttons: title, and what pressing it sends.
        more: such as `json_message`.
    """
    if buttons and input_channel(tracker) not in _WITHOUT_BUTTONS:
        more["buttons"] = [{"title": title, "payload": sent} for title, sent in buttons]
    dispatcher.utter_message(text=text, **more, **{PAL_METADATA: {"service": True}})


def answer(
    dispatcher: CollectingDispatcher,
    tracker: Tracker,
    text: str,
    locale: str | None,
    buttons: Sequence[tuple[str, str]] = (),
    **more: Any,
) -> None:
    """Send the answer to a command, as `say` does; in danger it names services of `locale`."""
    say(dispatcher, tracker, f"{text}{in_danger(tracker, locale)}", buttons, **more)


def in_danger(tracker: Tracker, locale: str | None) -> str:
    """Return what is added to words that a seeker hears in danger; nothing where there is none."""
    if risk_from_slot(tracker.get_slot("risk")) is RiskLevel.NONE:
        return ""
    return f"\n\n{IN_DANGER.format(resources=resource_line(locale))}"
