"""Rasa's own shell, in a terminal: its server, its channel and its prompt.

What it lacks is added from outside: it greets nobody, a failed request or Ctrl-D ends it with a
traceback and leaves its server running, and its server listens to the whole network.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import rasa.core.run
from rasa.core.agent import Agent
from rasa.core.channels import console
from rasa.core.channels.channel import CollectingOutputChannel
from rasa.core.utils import AvailableEndpoints

from rasa_bot.components.channels import APOLOGY, ForgivingRestInput
from rasa_bot.launcher.conversation import Conversation
from rasa_bot.launcher.errors import LaunchError
from rasa_bot.launcher.greeting import greet
from rasa_bot.launcher.ports import free_port
from rasa_bot.launcher.rest_server import configure_limits

logger = logging.getLogger(__name__)

CHANNEL = "cmdline"
"""By this name Rasa knows its shell's channel, in its server and in trackers."""

EXIT_COMMAND = "/stop"

_HOST = "127.0.0.1"


class ShellInput(ForgivingRestInput):
    """The shell's channel; Rasa opens the prompt for whatever has its name."""

    @classmethod
    def name(cls) -> str:
        """The name of Rasa's shell."""
        return CHANNEL

    def url_prefix(self) -> str:
        """Where the prompt sends what was typed."""
        return "rest"


class Shell:
    """One run of Rasa's shell."""

    def __init__(self, model: Path, endpoints: Path, conversation: Conversation) -> None:
        """Nothing is started yet."""
        self._model = model
        self._endpoints = AvailableEndpoints.read_endpoints(str(endpoints))
        self._conversation_id = conversation.id
        self._begins = conversation.begins
        self._agent: Agent | None = None
        self._record_messages = console.record_messages

    def run(self) -> None:
        """Talks until /stop, Ctrl-C or Ctrl-D.

        Raises:
            LaunchError: Rasa could not load its model.
        """
        console.record_messages = self._converse
        console._get_user_input = _unless_ended(console._get_user_input)
        rasa.core.run.serve_application(
            model_path=str(self._model),
            channel=f"{__name__}.{ShellInput.__name__}",
            interface=_HOST,
            port=free_port(_HOST),
            endpoints=self._endpoints,
            enable_api=False,
            conversation_id=self._conversation_id,
            server_listeners=[
                (configure_limits, "before_server_start"),
                (self._take_agent, "after_server_start"),
            ],
        )
        require_loaded(self._agent, self._model)

    async def _take_agent(self, app: Any, _loop: Any) -> None:
        self._agent = app.ctx.agent
        # Who leaves while a reply is written waits for it no longer.
        app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 0.0

    async def _converse(self, **options: Any) -> None:
        """What Rasa runs for the prompt; when it returns, the server stops."""
        if self._agent is None or not self._agent.is_ready():
            return
        output = CollectingOutputChannel()
        await greet(
            self._agent,
            self._conversation_id,
            output,
            channel=CHANNEL,
            new_session=self._begins,
        )
        _print(output)
        while True:
            try:
                await self._record_messages(**options)
            except Exception:  # whatever it was, a person is waiting for an answer
                logger.exception("A message could not be handled.")
                await output.send_text_message(self._conversation_id, APOLOGY)
                _print(output)
            else:
                return


def _print(output: CollectingOutputChannel) -> None:
    for message in output.messages:
        console._print_bot_output(message)
    output.messages.clear()


def _unless_ended(
    ask: Callable[[Any], Awaitable[str | None]],
) -> Callable[[Any], Awaitable[str | None]]:
    """`ask`, until something was typed; None, which leaves the shell, at the end of the input."""

    async def get_user_input(previous_response: Any) -> str | None:
        text: str | None = ""
        while text == "":
            try:
                text = await ask(previous_response)
            except EOFError:
                return None
            previous_response = None
        return text

    return get_user_input


def require_loaded(agent: Agent | None, model: Path) -> None:
    """Raises `LaunchError` unless `agent` has its model."""
    if agent is None or not agent.is_ready():
        raise LaunchError(f"Rasa could not load its model {model}; delete it and try again")
