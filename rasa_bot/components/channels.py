"""Rasa's REST channel, made to answer whatever arrives.

The stock channel replies 500 to a body it does not expect, `[]` to a message that failed, and
never ends a stream that failed. It also drops what the bot noted on a message, and makes several
messages of a text with blank lines. The addresses and the body are Rasa's own, and so is the reply,
but for `metadata.pal` on messages that have it:

    [{"recipient_id": "...", "text": "...", "metadata": {"pal": {"strategy": "Question", ...}}}]
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.channels.rest import RestInput
from sanic import Blueprint, response
from sanic.exceptions import SanicException
from sanic.request import Request
from sanic.response import HTTPResponse

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 1_000_000
MAX_SENDER_CHARS = 255  # the width of the tracker store's column
PAL_METADATA = "pal"  # the key under which the action server says how a message came about

APOLOGY = (
    "I'm sorry. I'm a computer program, and something in me failed just now, so I can't give you "
    "a real answer. It's not because of anything you said. Please try again in a minute.\n\n"
    "If you might hurt yourself or are not safe, please reach a person right away: in the US, "
    "call or text 988, day or night. Anywhere else, call your local emergency number."
)


class ForgivingRestInput(RestInput):
    """The REST channel with checked requests and a reply to every accepted message."""

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[None]]) -> Blueprint:
        """Rasa's routes, behind the check of the request and in front of the apology."""
        blueprint = super().blueprint(_answering(on_new_message))
        blueprint.middleware(_refuse_malformed, "request")
        return blueprint

    def _extract_message(self, req: Request) -> str:
        # A lone surrogate is valid JSON and breaks whoever encodes the text as UTF-8 later.
        return req.json["message"].encode("utf-8", "replace").decode("utf-8")


def _refuse_malformed(request: Request) -> HTTPResponse | None:
    """A 4xx for a request that cannot be a message; None lets it pass."""
    if request.method != "POST":
        return None
    if len(request.body) > MAX_BODY_BYTES:
        return _refusal(413, f"the body is longer than {MAX_BODY_BYTES} bytes")
    try:
        body = request.json
    except SanicException:
        return _refusal(400, "the body is not valid JSON")
    problem = _problem_with(body)
    return _refusal(400, problem) if problem else None


def _refusal(status: int, reason: str) -> HTTPResponse:
    return response.json({"error": reason}, status=status)


def _problem_with(body: Any) -> str | None:
    """What keeps `body` from being a message, in the client's terms."""
    if not isinstance(body, dict):
        return 'the body must be a JSON object: {"sender": "...", "message": "..."}'
    sender = body.get("sender")
    # Rasa gives all messages without a sender to one conversation: strangers would share it.
    if not isinstance(sender, str) or not sender.strip():
        return '"sender" must be a non-empty string: it names the conversation'
    if len(sender) > MAX_SENDER_CHARS or not sender.isprintable():
        return f'"sender" must be at most {MAX_SENDER_CHARS} printable characters'
    if not isinstance(body.get("message"), str):
        return '"message" must be a string'
    if not isinstance(body.get("input_channel"), (str, type(None))):
        return '"input_channel" must be a string'
    if not isinstance(body.get("metadata"), (dict, type(None))):
        return '"metadata" must be an object'
    return None


def _answering(
    on_new_message: Callable[[UserMessage], Awaitable[Any]],
) -> Callable[[UserMessage], Awaitable[None]]:
    """`on_new_message`, with an apology where it fails or says nothing."""

    async def handle(message: UserMessage) -> None:
        message.output_channel = output = PalOutput(message.output_channel)
        try:
            await on_new_message(message)
        except Exception:  # whatever it was, a person is waiting for an answer
            logger.exception("A message could not be handled.")
        if not output.sent:
            await output.send_text_message(message.sender_id, APOLOGY)

    return handle


class PalOutput(CollectingOutputChannel):
    """Puts a turn's messages into the request's own channel, which may be a list or a stream.

    One message of the bot is one message here, with what PAL noted on it and none of the rest of
    its metadata: that is for the tracker.
    """

    def __init__(self, target: CollectingOutputChannel) -> None:
        """Nothing is sent yet."""
        super().__init__()
        self.sent = 0
        self._target = target
        self._noted: Any = None

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Sends `message`, which Rasa flattened: its metadata's keys stand among its own."""
        self._noted = message.get(PAL_METADATA)
        try:
            await super().send_response(recipient_id, message)
        finally:
            self._noted = None

    async def send_text_message(self, recipient_id: str, text: str, **_kwargs: Any) -> None:
        """Sends `text` whole; Rasa would split it at blank lines."""
        await self._persist_message(self._message(recipient_id, text=text.strip()))

    async def _persist_message(self, message: dict[str, Any]) -> None:
        if isinstance(self._noted, dict):
            message["metadata"] = {PAL_METADATA: self._noted}
        self.sent += 1
        await self._target._persist_message(message)
