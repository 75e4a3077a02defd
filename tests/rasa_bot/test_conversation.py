"""Whole turns through Rasa's rules, with a fake action server over real HTTP."""

from __future__ import annotations

import asyncio

import pytest
import yaml_files
from conftest import Bot
from rasa.shared.core.events import SessionStarted, SlotSet

ALL = {
    "action_session_start",
    "action_update_persona",
    "action_respond",
    "action_show_persona",
    "action_forget_me",
}
GREETING = yaml_files.response("utter_greet")
APOLOGY = yaml_files.response("utter_unavailable")
UNKNOWN = yaml_files.response("utter_unknown_command")


def test_a_first_message_is_greeted_and_answered(bot: Bot) -> None:
    assert bot.say("hello") == [*GREETING, "I hear you (5 characters). Known: []"]
    assert bot.actions.calls == [
        "action_session_start",
        "action_update_persona",
        "action_respond",
    ]


def test_the_persona_grows_and_shapes_the_reply(bot: Bot) -> None:
    bot.say("hello")
    bot.say("my dog died")
    assert bot.say("my job is hard") == [
        "I hear you (14 characters). Known: ['my dog died', 'my job is hard']"
    ]
    assert bot.say("/show_persona") == ["Known: ['my dog died', 'my job is hard']"]
    slots = bot.slots()
    assert slots["persona"] == slots["persona_used"] == ["my dog died", "my job is hard"]
    assert (slots["strategy"], slots["risk"]) == ("Question", "none")


def test_two_seekers_never_share_what_is_known(bot: Bot) -> None:
    for turn in range(3):
        bot.say(f"my secret {turn}", sender="a")
        bot.say(f"my wish {turn}", sender="b")
    assert bot.slots("a")["persona"] == [f"my secret {turn}" for turn in range(3)]
    assert bot.slots("b")["persona"] == [f"my wish {turn}" for turn in range(3)]


@pytest.mark.parametrize(
    "text",
    ["", "   ", "\U0001f622", "\x00\x07", "x" * 100_000, None],
    ids=["empty", "spaces", "emoji", "control", "long", "none"],
)
def test_odd_text_reaches_the_action_that_replies(bot: Bot, text: str | None) -> None:
    bot.say("hello")
    (reply,) = bot.say(text)
    assert reply.startswith("I hear you")


def test_help_is_explained_without_the_action_server(bot: Bot) -> None:
    bot.say("hello")
    bot.actions.failing = ALL
    assert bot.say("/help") == yaml_files.response("utter_help")


@pytest.mark.parametrize(
    "text", ['/chat{"persona": ["x"]}', "/session_start", "/EXTERNAL: x", '/slot{"risk": "x"}']
)
def test_a_slash_sets_no_slot_and_starts_no_action(bot: Bot, text: str) -> None:
    bot.say("my name is Ann")
    before, calls = bot.slots(), len(bot.actions.calls)
    assert bot.say(text) == UNKNOWN
    assert bot.slots() == before
    assert len(bot.actions.calls) == calls
    assert bot.say("hello") == ["I hear you (5 characters). Known: ['my name is Ann']"]


def test_a_failing_action_server_gets_an_apology_and_the_next_turn_works(bot: Bot) -> None:
    bot.say("my dog died")
    bot.actions.failing = ALL
    assert bot.say("hello") == APOLOGY
    assert bot.say("hello?") == APOLOGY
    bot.actions.failing = set()
    assert bot.say("hello") == ["I hear you (5 characters). Known: ['my dog died']"]


def test_a_failing_persona_does_not_keep_the_reply_away(bot: Bot) -> None:
    bot.say("hello")
    bot.actions.failing = {"action_update_persona"}
    assert bot.say("hello") == ["I hear you (5 characters). Known: []"]


def test_a_dead_action_server_gets_an_apology(bot: Bot) -> None:
    bot.say("hello")
    bot.actions.shutdown()
    bot.actions.server_close()
    assert bot.say("are you there?") == APOLOGY


def test_a_wrong_token_gets_an_apology(bot: Bot) -> None:
    bot.actions.token = "another"
    assert bot.say("hello") == [*GREETING, *APOLOGY]


def test_a_failing_session_start_still_discloses_and_apologises(bot: Bot) -> None:
    """Without action_listen no rule matched: silence, on this message and all later ones."""
    bot.actions.failing = {"action_session_start"}
    assert bot.say("hello") == [*GREETING, *APOLOGY]
    assert bot.say("hello") == ["I hear you (5 characters). Known: []"]
    assert bot.say("/help") == yaml_files.response("utter_help")


@pytest.mark.parametrize("command", ["/show_persona", "/forget_me", "/help", "/restart", "/x"])
def test_a_command_as_first_message_to_a_dead_server_is_answered(bot: Bot, command: str) -> None:
    bot.actions.failing = ALL
    assert bot.say(command) == [*GREETING, *APOLOGY]


def test_a_persona_that_cannot_be_shown_is_apologised_for(bot: Bot) -> None:
    bot.say("my dog died")
    bot.actions.failing = ALL
    assert bot.say("/show_persona") == APOLOGY
    bot.actions.failing = set()
    assert bot.say("/show_persona") == ["Known: ['my dog died']"]


def test_forgetting_erases_what_was_said_and_starts_afresh(bot: Bot) -> None:
    bot.say("my dog died")
    assert bot.say("/forget_me") == ["It is forgotten.", *GREETING]
    assert bot.slots()["persona"] is None
    events = asyncio.run(bot.tracker("seeker")).events
    assert "dog" not in str([event.as_dict() for event in events])
    assert bot.say("hello") == ["I hear you (5 characters). Known: []"]


def test_nothing_is_called_forgotten_when_the_action_server_failed(bot: Bot) -> None:
    bot.say("my dog died")
    bot.actions.failing = ALL
    assert bot.say("/forget_me") == yaml_files.response("utter_not_forgotten")
    bot.actions.failing = set()
    assert bot.say("/show_persona") == ["Known: ['my dog died']"]
    assert bot.say("/forget_me") == ["It is forgotten.", *GREETING]
    assert bot.say("/show_persona") == ["Known: []"]


def test_restart_begins_again_also_without_the_action_server(bot: Bot) -> None:
    bot.say("my dog died")
    bot.actions.failing = ALL
    assert bot.say("/restart") == yaml_files.response("utter_start_over")
    bot.actions.failing = set()
    assert bot.say("hello") == [*GREETING, *APOLOGY]  # its session could not be started
    assert bot.say("hello") == ["I hear you (5 characters). Known: []"]


def test_a_new_session_greets_again_and_keeps_the_persona_once(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rasa's own session start repeats every old SlotSet: the tracker grew with each session."""
    bot.say("my dog died")
    for _ in range(3):
        config = bot.agent.processor.domain.session_config
        expired = type(config)(session_expiration_time=1e-9, carry_over_slots=True)
        monkeypatch.setattr(bot.agent.processor.domain, "session_config", expired)
        assert bot.say("hello")[: len(GREETING)] == GREETING
        monkeypatch.undo()
    assert bot.slots()["persona"] == ["my dog died"]
    events = list(asyncio.run(bot.tracker("seeker")).events)
    assert isinstance(events[0], SessionStarted)
    before_listening = [event.key for event in events[1:6] if isinstance(event, SlotSet)]
    assert sorted(before_listening) == ["answered", "persona", "persona_used", "risk", "strategy"]


def test_messages_of_one_seeker_at_once_are_all_answered(bot: Bot) -> None:
    async def talk() -> list[list[dict[str, str]]]:
        turns = (bot.agent.handle_text(f"my wish {i}", sender_id="a") for i in range(3))
        return await asyncio.gather(*turns)

    replies = asyncio.run(talk())
    assert all(reply[-1]["text"].startswith("I hear you") for reply in replies)
    assert sorted(bot.slots("a")["persona"]) == ["my wish 0", "my wish 1", "my wish 2"]
