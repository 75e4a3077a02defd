"""A conversation read from standard input where that is a file or a pipe.

Rasa's own shell is for terminals: at the end of a pipe it raises EOFError and waits for ever, and
it writes control codes among the replies. Here a line is a message and replies are plain text.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent, load_agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.utils import AvailableEndpoints

from rasa_bot.components.channels import APOLOGY
from rasa_bot.launcher import say
from rasa_bot.launcher.conversation import Conversation
from rasa_bot.launcher.greeting import greet
from rasa_bot.launcher.shell import CHANNEL, EXIT_COMMAND, require_loaded

logger = logging.getLogger(__name__)


class PlainOutput(CollectingOutputChannel):
    """Prints what the bot says, as it says it."""

    @classmethod
    def name(cls) -> str:
        """The channel's name in the tracker."""
        return CHANNEL

    async def _persist_message(self, message: dict[str, Any]) -> None:
        await super()._persist_message(message)
        if message.get("text"):
            print(message["text"], end="\n\n", flush=True)


def talk_through_script(model: Path, endpoints: Path, conversation: Conversation) -> None:
    """Answers each line of standard input, until /stop or its end; needs no port."""
    asyncio.run(_talk(model, AvailableEndpoints.read_endpoints(str(endpoints)), conversation))


async def _talk(model: Path, endpoints: AvailableEndpoints, conversation: Conversation) -> None:
    agent = await load_agent(str(model), endpoints=endpoints)
    require_loaded(agent, model)
    sys.stdin.reconfigure(errors="replace")  # a stray byte must not end the conversation
    say.progress(f"One message a line; {EXIT_COMMAND} leaves.")
    await greet(
        agent, conversation.id, PlainOutput(), channel=CHANNEL, new_session=conversation.begins
    )
    for line in sys.stdin:
        text = line.strip()
        if text == EXIT_COMMAND:
            return
        if text:
            await _answer(agent, text, conversation.id)


async def _answer(agent: Agent, text: str, conversation_id: str) -> None:
    output = PlainOutput()
    message = UserMessage(text, output, conversation_id, input_channel=output.name())
    try:
        await agent.handle_message(message)
    except Exception:  # whatever it was, a person is waiting for an answer
        logger.exception("A message could not be handled.")
    if not output.messages:
        await output.send_text_message(conversation_id, APOLOGY)
