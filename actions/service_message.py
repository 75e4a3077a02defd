"""Messages about the bot itself, which are no part of the conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.tracker_conversation import PAL_METADATA, input_channel

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
