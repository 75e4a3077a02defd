"""Tracker events become a conversation, whatever wrote them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.tracker_conversation import (
    COMMAND_INTENTS,
    SERVICE_RESPONSES,
    conversation_from_events,
    persona_from_slot,
)
from pal_model import Conversation, Speaker, Strategy, Utterance
from tests.actions.fakes import bot, event, talk, user

DOMAIN = Path(__file__).resolve().parents[2] / "rasa_bot" / "domain"


def texts(events: list[Any]) -> list[str]:
    return [utterance.text for utterance in conversation_from_events(events).utterances]


def strategy_of(message: dict[str, Any]) -> Strategy | None:
    (utterance,) = conversation_from_events([message]).utterances
    return utterance.strategy


def test_what_was_said_is_kept_in_its_order_with_its_speaker() -> None:
    assert conversation_from_events(talk("hello", "Hi. What is up?", "my job")) == Conversation(
        (
            Utterance(Speaker.SEEKER, "hello"),
            Utterance(Speaker.SUPPORTER, "Hi. What is up?"),
            Utterance(Speaker.SEEKER, "my job"),
        )
    )


def test_no_events_are_an_empty_conversation() -> None:
    assert conversation_from_events([]) == Conversation()


@pytest.mark.parametrize("boundary", ["restart", "session_started"])
def test_what_came_before_a_restart_or_a_new_session_is_left_out(boundary: str) -> None:
    events = [*talk("old", "older"), event(boundary), user("new")]
    assert texts(events) == ["new"]


def test_only_the_last_of_several_sessions_counts() -> None:
    starts = event("session_started")
    assert texts([user("a"), starts, user("b"), event("restart"), starts, user("c")]) == ["c"]


@pytest.mark.parametrize("intent", sorted(COMMAND_INTENTS))
def test_commands_are_no_part_of_the_conversation(intent: str) -> None:
    assert texts([user("hello"), user("/command", intent=intent)]) == ["hello"]


@pytest.mark.parametrize("response", sorted(SERVICE_RESPONSES))
def test_messages_about_the_bot_are_no_part_of_the_conversation(response: str) -> None:
    assert texts([user("hello"), bot("I'm a program.", utter_action=response)]) == ["hello"]


def test_what_pal_says_about_itself_is_no_part_of_the_conversation() -> None:
    assert texts([user("hello"), bot("I took too long.", pal={"service": True})]) == ["hello"]


def test_other_bots_responses_are_kept() -> None:
    assert texts([user("a"), bot("Opening hours: 9 to 5.", utter_action="utter_hours")]) == [
        "a",
        "Opening hours: 9 to 5.",
    ]


def test_the_domain_has_no_command_or_service_message_that_is_taken_for_talk() -> None:
    """`start_over` and the words "it's still stored" were read as part of the conversation."""
    conversation = yaml.safe_load((DOMAIN / "conversation.yml").read_text("utf-8"))
    responses = yaml.safe_load((DOMAIN / "responses.yml").read_text("utf-8"))["responses"]
    assert set(conversation["intents"]) - {"chat"} <= COMMAND_INTENTS
    assert set(responses) <= SERVICE_RESPONSES


def test_events_that_are_no_messages_are_left_alone() -> None:
    others = [event(name) for name in ("action", "slot", "user_featurization", "undo", "followup")]
    assert texts([user("a"), *others, bot("b")]) == ["a", "b"]


@pytest.mark.parametrize("strategy", list(Strategy))
def test_the_strategy_of_a_reply_comes_from_its_metadata(strategy: Strategy) -> None:
    assert strategy_of(bot("Well.", pal={"strategy": strategy.value})) is strategy


@pytest.mark.parametrize("name", ["Cheering up", "", None, 3, ["Question"], {"x": 1}])
def test_a_strategy_that_is_none_of_the_eight_is_no_strategy(name: Any) -> None:
    """An old or foreign message with one made every later turn of its conversation fail."""
    assert strategy_of(bot("Well.", pal={"strategy": name})) is None


@pytest.mark.parametrize("metadata", [None, [], "x", 3, {"pal": None}, {"pal": "x"}, {"pal": []}])
def test_a_message_with_other_metadata_is_kept(metadata: Any) -> None:
    assert texts([{"event": "bot", "text": "Well.", "metadata": metadata}]) == ["Well."]


@pytest.mark.parametrize(
    "parse_data",
    [None, {}, {"intent": None}, {"intent": "chat"}, {"intent": {"name": ["help"]}}, [], "x"],
)
def test_a_message_with_other_parse_data_is_kept(parse_data: Any) -> None:
    assert texts([{"event": "user", "text": "hello", "parse_data": parse_data}]) == ["hello"]


def test_a_message_without_parse_data_is_kept() -> None:
    assert texts([{"event": "user", "text": "hello"}]) == ["hello"]


@pytest.mark.parametrize("text", [None, 3, ["hello"], {}])
def test_a_seekers_message_without_text_is_an_empty_utterance(text: Any) -> None:
    assert texts([user(text)]) == [""]


@pytest.mark.parametrize("text", [None, "", 3])
def test_a_bots_message_without_text_is_left_out(text: Any) -> None:
    assert texts([user("a"), bot(text)]) == ["a"]


def test_half_a_surrogate_pair_is_replaced() -> None:
    """JSON may carry one; tokenizers refuse it, in this turn and in all that follow."""
    (text,) = texts([user("so sad \ud83d today")])
    assert text == "so sad ? today"
    assert texts([user("so sad \U0001f622")]) == ["so sad \U0001f622"]


def test_a_thousand_events_are_read_in_no_time() -> None:
    events = talk(*(f"utterance {index}" for index in range(1000)))
    started = time.perf_counter()
    assert len(texts(events)) == 1000
    assert time.perf_counter() - started < 0.5  # 2 ms; room for a busy machine


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.sampled_from(["user", "bot", "restart", "session_started", "help", "Question"]),
)
KEYS = st.one_of(
    st.sampled_from(
        ["event", "text", "metadata", "pal", "strategy", "service", "parse_data", "intent", "name"]
    ),
    st.text(max_size=3),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
EVENTS = st.fixed_dictionaries(
    {"event": st.sampled_from(["user", "bot", "restart"])},
    optional={"text": JSON, "metadata": JSON | st.fixed_dictionaries({"pal": JSON}),
              "parse_data": JSON | st.fixed_dictionaries({"intent": JSON})},
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(EVENTS | JSON, max_size=6))
def test_no_events_ever_raise(events: list[Any]) -> None:
    conversation = conversation_from_events(events)
    for utterance in conversation.utterances:
        assert isinstance(utterance.text, str)
        utterance.text.encode("utf-8")


@pytest.mark.parametrize(
    ("value", "sentences"),
    [
        (None, []),
        ("I am a nurse.", []),
        ({"I am a nurse.": 1}, []),
        (7, []),
        ([], []),
        (
            ["I am a nurse.", None, 3, ["x"], "", "I have a dog."],
            ["I am a nurse.", "I have a dog."],
        ),
    ],
)
def test_a_persona_slot_holds_sentences_or_counts_as_nothing(
    value: Any, sentences: list[str]
) -> None:
    """A string was taken for a list of letters, and a number in the list raised."""
    assert list(persona_from_slot(value)) == sentences
