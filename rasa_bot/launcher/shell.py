"""A conversation in the terminal, or from a script on standard input."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import uuid
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent, load_agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.utils import AvailableEndpoints

from rasa_bot.components.channels import APOLOGY
from rasa_bot.launcher import say
from rasa_bot.launcher.errors import LaunchError

logger = logging.getLogger(__name__)

EXIT_COMMAND = "/stop"
PROMPT = "you> "


class TerminalOutput(CollectingOutputChannel):
    """Prints what the bot says, as it says it."""

    @classmethod
    def name(cls) -> str:
        """The channel's name in the tracker: that of Rasa's own shell."""
        return "cmdline"

    async def _persist_message(self, message: dict[str, Any]) -> None:
        await super()._persist_message(message)
        if message.get("text"):
            print(message["text"], end="\n\n", flush=True)


class Shell:
    """Reads lines, lets the bot answer. Needs no port, so any number can run side by side.

    Rasa's own shell talks to a server of its own over HTTP, by its source waits for ever at the
    end of its input, and fills a pipe with control codes; this one hands each line to the agent.
    """

    def __init__(self, model: Path, endpoints: Path, conversation_id: str | None = None) -> None:
        """Loads the model."""
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._conversation_id = conversation_id or uuid.uuid4().hex
        self._agent: Agent = self._loop.run_until_complete(
            load_agent(str(model), endpoints=AvailableEndpoints.read_endpoints(str(endpoints)))
        )
        if not self._agent.is_ready():
            raise LaunchError(f"Rasa could not load its model {model}; delete it and try again")

    def run(self) -> None:
        """Talks until /stop or the end of the input."""
        if sys.stdin is None:  # closed by whoever started this
            raise LaunchError("there is no standard input to read messages from")
        sys.stdin.reconfigure(errors="replace")  # a stray byte must not end the conversation
        say.progress(f"Write a message and press Enter; {EXIT_COMMAND} leaves.")
        self._loop.run_until_complete(self._greet())
        while True:
            text = _read_line()
            if text is None or text == EXIT_COMMAND:
                return
            if text:
                self._loop.run_until_complete(self._answer(text))

    async def _greet(self) -> None:
        """Starts the session, so that what this is gets said before anybody has written."""
        async with self._agent.lock_store.lock(self._conversation_id):
            tracker = await self._agent.processor.fetch_tracker_with_initial_session(
                self._conversation_id, TerminalOutput()
            )
            await self._agent.processor.save_tracker(tracker)

    async def _answer(self, text: str) -> None:
        output = TerminalOutput()
        message = UserMessage(text, output, self._conversation_id, input_channel=output.name())
        try:
            await self._agent.handle_message(message)
        except Exception:  # whatever it was, a person is waiting for an answer
            logger.exception("A message could not be handled.")
        if not output.messages:
            await output.send_text_message(self._conversation_id, APOLOGY)


def _read_line() -> str | None:
    """The next line without outer spaces; None at the end of the input."""
    if not sys.stdin.isatty():
        line = sys.stdin.readline()
        return line.strip() if line else None
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  (gives input() line editing)
    try:
        return input(PROMPT).strip()
    except EOFError:
        print()
        return None
