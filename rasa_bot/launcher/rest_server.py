"""Rasa's server with the REST channel, in the foreground."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import rasa.core.run
from rasa.core.utils import AvailableEndpoints

from rasa_bot.components.channels import MAX_BODY_BYTES
from rasa_bot.launcher import say
from rasa_bot.launcher.environment import Settings

# Sanic gives up on a reply after 60 s unless told otherwise; Rasa waits 300 s for an action.
_RESPONSE_SECONDS = 330


async def configure_limits(app: Any, _loop: Any) -> None:
    """Lets turns and messages have the size that they may have; a listener of Sanic's."""
    app.config.RESPONSE_TIMEOUT = _RESPONSE_SECONDS
    app.config.REQUEST_MAX_SIZE = 2 * MAX_BODY_BYTES  # the channel refuses the rest kindly


def serve(settings: Settings, model: Path) -> None:
    """Serves until SIGINT or SIGTERM. Rasa's own HTTP API, which shows trackers, stays off."""
    address = f"http://{settings.rasa_host}:{settings.rasa_port}"

    async def announce(app: Any, loop: Any) -> None:
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
            loop.add_signal_handler(signal.SIGHUP, app.stop)  # the terminal was closed
        say.progress(f"Ready: POST {address}/webhooks/rest/webhook   (Ctrl-C stops)")

    rasa.core.run.serve_application(
        model_path=str(model),
        interface=settings.rasa_host,
        port=settings.rasa_port,
        credentials=str(settings.bot / "credentials" / "rest.yml"),
        endpoints=AvailableEndpoints.read_endpoints(str(settings.endpoints)),
        enable_api=False,
        server_listeners=[
            (configure_limits, "before_server_start"),
            (announce, "after_server_start"),
        ],
    )
