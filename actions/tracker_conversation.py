"""Rasa tracker events -> Conversation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pal_model import Conversation, Speaker, Strategy, Utterance

COMMAND_INTENTS = frozenset(
    {"show_persona", "forget_me", "help", "unknown_command", "restart", "session_start", "back"}
)
"""Intents that steer the bot; what is said with them is not part of the conversation."""

SERVICE_RESPONSES = frozenset(
    {
        "utter_greet",
        "utter_help",
        "utter_unavailable",
        "utter_unknown_command",
    }
)
"""Responses about the bot itself; the model would take them for the supporter's manner."""

PAL_METADATA = "pal"
"""The key under which a bot message says how it came about."""


def conversation_from_events(events: Iterable[Mapping[str, Any]]) -> Conversation:
    """Return what was said since the session began, or since the last restart.

    Args:
        events: the tracker's events as Rasa posts them, oldest first.
    """
    utterances: list[Utterance] = []
    for event in events:
        match event.get("event"):
            case "restart" | "session_started":
                utterances.clear()
            case "user" if _is_said_to_the_supporter(event):
                utterances.append(Utterance(Speaker.SEEKER, event.get("text") or ""))
            case "bot" if event.get("text") and not _is_about_the_bot(event):
                utterances.append(Utterance(Speaker.SUPPORTER, event["text"], _strategy_of(event)))
    return Conversation(tuple(utterances))


def pal_metadata(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what PAL noted on a bot message; empty where it is not PAL's."""
    metadata = event.get("metadata") or {}
    noted = metadata.get(PAL_METADATA)
    return noted if isinstance(noted, Mapping) else {}


def _is_said_to_the_supporter(event: Mapping[str, Any]) -> bool:
    intent = ((event.get("parse_data") or {}).get("intent") or {}).get("name")
    return intent not in COMMAND_INTENTS


def _is_about_the_bot(event: Mapping[str, Any]) -> bool:
    metadata = event.get("metadata") or {}
    return metadata.get("utter_action") in SERVICE_RESPONSES or bool(
        pal_metadata(event).get("service")
    )


def _strategy_of(event: Mapping[str, Any]) -> Strategy | None:
    name = pal_metadata(event).get("strategy")
    return Strategy.parse(name) if isinstance(name, str) else None
