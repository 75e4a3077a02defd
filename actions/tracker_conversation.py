"""Rasa tracker events and slots -> Conversation and Persona.

What Rasa posts was written by many hands: other versions of this bot, other actions, any client of
a channel. Nothing here raises on a shape it does not know; what it cannot read, it leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from rasa_sdk import Tracker

from pal_model import (
    Conversation,
    Persona,
    Speaker,
    Strategy,
    UnknownStrategyError,
    Utterance,
)

COMMAND_INTENTS = frozenset(
    {
        "show_persona",
        "remember_me",
        "stop_remembering",
        "change_fact",
        "export_data",
        "forget_me",
        "help",
        "start_over",
        "unknown_command",
        "restart",
        "session_start",
        "back",
    }
)
"""Intents that steer the bot; what is said with them is not part of the conversation."""

SERVICE_RESPONSES = frozenset(
    {
        "utter_greet",
        "utter_help",
        "utter_unavailable",
        "utter_unknown_command",
        "utter_not_forgotten",
        "utter_start_over",
    }
)
"""Responses about the bot itself; the model would take them for the supporter's manner."""

PAL_METADATA = "pal"
"""The key under which a bot message says how it came about."""

_SESSION_METADATA = "session_started_metadata"
"""Rasa's own slot: the metadata of the message that a session starts with."""

DISCLOSURE = "disclosure"
"""What PAL notes on a message that says again that it is a program."""


def conversation_from_events(events: Iterable[Any]) -> Conversation:
    """Return what was said since the session began, or since the last restart.

    Args:
        events: the tracker's events as Rasa posts them, oldest first.
    """
    utterances: list[Utterance] = []
    for event in events:
        if not isinstance(event, Mapping):
            continue
        text = _text_of(event)
        match event.get("event"):
            case "restart" | "session_started":
                utterances.clear()
            case "user" if _is_said_to_the_supporter(event):
                utterances.append(Utterance(Speaker.SEEKER, text))
            case "bot" if text and not _is_about_the_bot(event):
                utterances.append(Utterance(Speaker.SUPPORTER, text, _strategy_of(event)))
    return Conversation(tuple(utterances))


def persona_from_slot(value: Any) -> Persona:
    """Return the slot `persona` as a Persona; what is not a list of sentences counts as nothing."""
    sentences = value if isinstance(value, list) else []
    return Persona.of(sentence for sentence in sentences if isinstance(sentence, str))


def turns_since_disclosure(events: Iterable[Any]) -> int:
    """Return how many messages the seeker has sent the supporter since they were last told that it
    is a program: when the session began, or since.
    """
    turns = 0
    for event in events:
        if not isinstance(event, Mapping):
            continue
        match event.get("event"):
            case "restart" | "session_started":
                turns = 0
            case "bot" if pal_metadata(event).get(DISCLOSURE):
                turns = 0
            case "user" if _is_said_to_the_supporter(event):
                turns += 1
    return turns


def latest_text(tracker: Tracker) -> str:
    """Return what the seeker wrote last; empty where that is no text."""
    return _text_of(_latest_message(tracker))


def latest_intent(tracker: Tracker) -> str:
    """Return the intent of the seeker's latest message; empty where it has none."""
    return _intent_of(_latest_message(tracker))


def input_channel(tracker: Tracker) -> str:
    """Return the name of the channel that the seeker wrote on last; empty where nothing says.

    A session starts before its first message is in the tracker; what Rasa sets then is that
    message's metadata, in which the channel has named itself.
    """
    for event in map(_mapping, reversed(tracker.events)):
        match event.get("event"):
            case "user":
                return str(event.get("input_channel") or "")
            case "slot" if event.get("name") == _SESSION_METADATA:
                if channel := _mapping(event.get("value")).get("input_channel"):
                    return str(channel)
    return ""


def session_began(tracker: Tracker) -> datetime:
    """Return when the session began; long ago where nothing says."""
    starts = [_mapping(e).get("timestamp") for e in tracker.events if _is_session_start(e)]
    last = starts[-1] if starts else None
    return datetime.fromtimestamp(last if isinstance(last, int | float) else 0, UTC)


def _is_session_start(event: Any) -> bool:
    return _mapping(event).get("event") == "session_started"


def message_id(tracker: Tracker) -> str:
    """Return what tells the seeker's latest message from all others; empty where nothing does."""
    return str(_latest_message(tracker).get("message_id") or "")[:64]


def _latest_message(tracker: Tracker) -> Mapping[str, Any]:
    said = (e for e in reversed(tracker.events) if _mapping(e).get("event") == "user")
    return _mapping(next(said, None))


def pal_metadata(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what PAL noted on a bot message; empty where it is not PAL's."""
    return _mapping(_mapping(event.get("metadata")).get(PAL_METADATA))


def _text_of(event: Mapping[str, Any]) -> str:
    text = event.get("text")
    if not isinstance(text, str):
        return ""
    # JSON can carry half of a surrogate pair, which no tokenizer takes: one such message would
    # spoil every later turn of its conversation.
    return text.encode("utf-8", "replace").decode()


def _is_said_to_the_supporter(event: Mapping[str, Any]) -> bool:
    return _intent_of(event) not in COMMAND_INTENTS


def _intent_of(event: Mapping[str, Any]) -> str:
    name = _mapping(_mapping(event.get("parse_data")).get("intent")).get("name")
    return name if isinstance(name, str) else ""


def _is_about_the_bot(event: Mapping[str, Any]) -> bool:
    response = _mapping(event.get("metadata")).get("utter_action")
    return (isinstance(response, str) and response in SERVICE_RESPONSES) or bool(
        pal_metadata(event).get("service")
    )


def _strategy_of(event: Mapping[str, Any]) -> Strategy | None:
    name = pal_metadata(event).get("strategy")
    if not isinstance(name, str):
        return None
    try:
        return Strategy.parse(name)
    except UnknownStrategyError:
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
