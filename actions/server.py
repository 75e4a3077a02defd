"""The action server: load, warm up, get ready, authenticate, serve, drain.

Run it with `python -m actions.server`; `actions/settings.py` lists the environment variables.
"""

from __future__ import annotations

import asyncio
import hmac
import sys
import warnings
import zlib
from typing import Any, TypeAlias

import structlog
from sanic import HTTPResponse, Request, Sanic
from sanic.exceptions import BadRequest, SanicException
from sanic.handlers import ErrorHandler
from sanic.response import json as json_response

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # third parties' deprecations at import
    from rasa_sdk.endpoint import create_app

from actions import message_screen
from actions.change_fact import ActionChangeFact
from actions.counters import CONTENT_TYPE_LATEST, Counters
from actions.crisis_desk import CrisisDesk
from actions.export_data import ActionExportData
from actions.forget_me import ActionForgetMe
from actions.guarded_executor import GuardedExecutor, innermost_frame
from actions.handoff import Handoff
from actions.logging_setup import configure_logging
from actions.memory.errors import MemoryStoreError
from actions.memory.known import SeekerMemory
from actions.memory.opening import memory_from_settings
from actions.remember_me import ActionRememberMe, ActionStopRemembering
from actions.respond import ActionRespond
from actions.safety.assessment import load_classifier
from actions.session_start import ActionSessionStart
from actions.settings import Settings, SettingsError, load_settings
from actions.show_persona import ActionShowPersona
from actions.supporter import Supporter
from actions.update_persona import ActionUpdatePersona

log = structlog.get_logger(__name__)

SanicApp: TypeAlias = Sanic[Any, Any]

_OPEN_PATHS = frozenset({"/health", "/ready"})
_RESPONSE_TIMEOUT = 300
"""Seconds; Rasa's own limit for an action. A turn ends long before, by `PAL_TURN_TIMEOUT`."""


def build_app(settings: Settings, supporter: Supporter, memory: SeekerMemory) -> SanicApp:
    """Return the web application with all actions; what they use starts and stops with it."""
    executor = GuardedExecutor()
    counters = Counters()
    handoff = Handoff(settings.handoff, counters)
    desk = CrisisDesk(handoff, counters, settings.locale)
    for action in (
        ActionSessionStart(memory, handoff, settings.locale),
        ActionUpdatePersona(supporter, memory),
        ActionRespond(supporter, desk, counters, settings),
        ActionShowPersona(memory, settings.locale),
        ActionRememberMe(memory, settings.locale),
        ActionStopRemembering(memory, settings.locale),
        ActionChangeFact(supporter, memory, desk),
        ActionExportData(memory, settings.locale),
        ActionForgetMe(supporter, memory, settings.locale),
    ):
        executor.register_action(action)
    app: SanicApp = create_app(executor, cors_origins=[])
    app.error_handler = _DiscreetErrorHandler()
    app.config.RESPONSE_TIMEOUT = _RESPONSE_TIMEOUT
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = settings.drain_timeout
    _add_ready_route(app, supporter)
    _add_metrics_route(app, counters)
    _check_requests(app, f"Bearer {settings.actions_token.get_secret_value()}")

    @app.before_server_start
    async def load(_: SanicApp) -> None:
        supporter.start()
        app.add_task(asyncio.to_thread(message_screen.warm_up))
        app.add_task(asyncio.to_thread(load_classifier))
        memory.start()

    @app.before_server_stop
    async def drain(_: SanicApp) -> None:
        finished = await executor.drain(settings.drain_timeout)
        log.info("stopping", all_turns_finished=finished)
        await handoff.stop()
        await supporter.stop()
        await memory.stop()

    return app


def _add_ready_route(app: SanicApp, supporter: Supporter) -> None:
    @app.get("/ready")
    async def ready(_: Request) -> HTTPResponse:
        """Answer 200 once turns can be answered, 503 before."""
        if supporter.is_ready:
            return json_response({"status": "ready"})
        error = supporter.load_error
        body = {"status": "failed", "reason": str(error)} if error else {"status": "loading"}
        return json_response(body, status=503)


def _add_metrics_route(app: SanicApp, counters: Counters) -> None:
    @app.get("/metrics")
    async def metrics(_: Request) -> HTTPResponse:
        """Answer Prometheus, who needs the token like everybody."""
        return HTTPResponse(counters.page(), content_type=CONTENT_TYPE_LATEST)


def _check_requests(app: SanicApp, credentials: str) -> None:
    @app.on_request
    async def check(request: Request) -> HTTPResponse | None:
        """Let nobody in without the token, and nothing that is no JSON object."""
        if request.path in _OPEN_PATHS:
            return None
        given = request.headers.get("authorization", "").encode(errors="surrogateescape")
        if not hmac.compare_digest(given, credentials.encode()):
            return json_response({"error": "The bearer token is missing or wrong."}, status=401)
        if request.method == "POST" and not _is_json_object(request):
            # The SDK would answer with an echo of the body, and log it.
            return json_response({"error": "The body must be a JSON object."}, status=400)
        return None


def _is_json_object(request: Request) -> bool:
    """Read the body once; the SDK is handed what was read."""
    try:
        if request.headers.pop("content-encoding", "").lower() == "deflate":
            request.body = _inflated(request.body, request.app.config.REQUEST_MAX_SIZE)
        return isinstance(request.json, dict)
    except (BadRequest, zlib.error):
        return False


def _inflated(body: bytes, max_size: int) -> bytes:
    inflater = zlib.decompressobj()
    inflated = inflater.decompress(body, max_size)
    if not inflater.eof:
        raise zlib.error("cut short, or larger than a request may be")
    return inflated


class _DiscreetErrorHandler(ErrorHandler):
    """Takes the place of the SDK's, which answers with the body of the request and logs it."""

    def default(self, request: Request, exception: Exception) -> HTTPResponse:
        """Answer with what is wrong with the request, or that something is wrong here."""
        if isinstance(exception, SanicException) and exception.status_code < 500:
            return json_response({"error": str(exception)}, status=exception.status_code)
        log.error(
            "request_failed", error=type(exception).__name__, where=innermost_frame(exception)
        )
        return json_response({"error": "The action server failed."}, status=500)


def main() -> int:
    """Serve until SIGTERM or SIGINT; return the exit status."""
    try:
        settings = load_settings()
    except SettingsError as error:
        print(f"The action server cannot start:\n{error}", file=sys.stderr)
        return 2
    configure_logging(settings.log_level)
    try:
        memory = memory_from_settings(settings)
    except MemoryStoreError as error:
        print(f"The action server cannot start:\n{error}", file=sys.stderr)
        return 2
    app = build_app(settings, Supporter(settings), memory)
    try:
        app.run(
            host=settings.host,
            port=settings.port,
            single_process=True,
            motd=False,
            access_log=False,
        )
    except OSError as error:
        print(
            f"The action server cannot listen on {settings.host}:{settings.port}: {error}.\n"
            "Set ACTIONS_PORT to a free port and ACTIONS_HOST to an address of this machine.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
