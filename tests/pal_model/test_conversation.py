from __future__ import annotations

import pytest

from pal_model import (
    Conversation,
    InvalidConversationError,
    Speaker,
    Strategy,
    UnknownStrategyError,
    Utterance,
    conversation_from_record,
)


def test_reads_speakers_texts_strategies_and_situation() -> None:
    record = {
        "situation": " My exam is near. ",
        "dialog": [
            {"speaker": "seeker", "annotation": {}, "content": "Hello \n"},
            {
                "speaker": "supporter",
                "annotation": {"strategy": "Reflection of feelings"},
                "content": "You sound tense.",
            },
        ],
        "survey_score": {"seeker": {}},
    }
    assert conversation_from_record(record) == Conversation(
        (
            Utterance(Speaker.SEEKER, "Hello"),
            Utterance(Speaker.SUPPORTER, "You sound tense.", Strategy.REFLECTION_OF_FEELINGS),
        ),
        "My exam is near.",
    )


def test_seeker_utterances_leave_the_supporter_out() -> None:
    conversation = Conversation(
        (
            Utterance(Speaker.SEEKER, "a"),
            Utterance(Speaker.SUPPORTER, "b"),
            Utterance(Speaker.SEEKER, "c"),
        )
    )
    assert conversation.seeker_utterances == ("a", "c")


@pytest.mark.parametrize(
    ("record", "what_the_message_says"),
    [
        ([], "JSON object"),
        ({}, "'dialog' must be a list"),
        ({"dialog": "hi"}, "got str"),
        ({"dialog": ["hi"]}, r"dialog\[0\]"),
        ({"dialog": [{"speaker": "bot", "content": "x"}]}, "'seeker' or 'supporter', got 'bot'"),
        ({"dialog": [{"content": "x"}]}, "got None"),
        ({"dialog": [{"speaker": "seeker"}]}, r"dialog\[0\].content"),
        ({"dialog": [], "situation": 3}, "'situation'"),
    ],
)
def test_a_record_of_another_layout_is_refused_and_the_place_named(
    record: object, what_the_message_says: str
) -> None:
    with pytest.raises(InvalidConversationError, match=what_the_message_says):
        conversation_from_record(record)  # type: ignore[arg-type]


def test_an_unknown_strategy_is_refused_and_the_known_ones_named() -> None:
    turn = {"speaker": "supporter", "content": "x", "annotation": {"strategy": "Hypnosis"}}
    with pytest.raises(UnknownStrategyError, match=r"'Hypnosis'.*Question.*Others"):
        conversation_from_record({"dialog": [turn]})


@pytest.mark.parametrize("name", ["Reflection of feelings", "Reflection of Feelings", " QUESTION "])
def test_strategy_names_are_read_in_any_letter_case(name: str) -> None:
    assert Strategy.parse(name).value.casefold() == name.strip().casefold()
