"""What channels tell the action server of a message."""

from __future__ import annotations

import asyncio
from typing import Any

import fake_actions
import pytest
from conftest import Bot
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage

from rasa_bot.components.channels import APOLOGY, NOT_KEPT, _answering
from rasa_bot.launcher.greeting import greet


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The metadata that action_session_start finds."""
    found: list[Any] = []
    start = fake_actions.ACTIONS["action_session_start"]

    def look(tracker: dict[str, Any]) -> fake_actions.Reply:
        found.append(tracker["slots"]["session_started_metadata"])
        return start(tracker)

    monkeypatch.setitem(fake_actions.ACTIONS, "action_session_start", look)
    return found


async def never(*_: Any) -> bool:
    return False


@pytest.mark.parametrize("sent", [None, {"page": 3, "input_channel": "another"}])
def test_a_session_starts_with_the_name_of_the_channel(
    bot: Bot, seen: list[Any], sent: dict[str, Any] | None
) -> None:
    handle = _answering(bot.agent.handle_message, never, never, never)
    output = CollectingOutputChannel()
    message = UserMessage("hello", output, "ada", input_channel="rest", metadata=sent)
    asyncio.run(handle(message))
    assert seen == [{**(sent or {}), "input_channel": "rest"}]
    assert output.messages


def test_what_was_said_before_a_failure_is_taken_back() -> None:
    """Such as that everything was deleted, where saving that failed."""

    async def failing(message: UserMessage) -> None:
        await message.output_channel.send_text_message(message.sender_id, "It is deleted.")
        raise OSError("disk full")

    async def silent(message: UserMessage) -> None:
        raise OSError("disk full")

    said = []
    for on_new_message in (failing, silent):
        output = CollectingOutputChannel()
        message = UserMessage("/forget_me", output, "ada", input_channel="rest")
        asyncio.run(_answering(on_new_message, never, never, never)(message))
        said.append([m["text"] for m in output.messages])
    assert said == [["It is deleted.", NOT_KEPT], [APOLOGY]]


def test_so_does_one_that_begins_with_a_greeting(bot: Bot, seen: list[Any]) -> None:
    for _ in range(2):
        output = CollectingOutputChannel()
        asyncio.run(greet(bot.agent, "ada", output, channel="cmdline", new_session=True))
        assert output.messages
    assert seen == [{"input_channel": "cmdline"}] * 2
