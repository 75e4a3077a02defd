"""Rasa's REST channel, made to answer whatever arrives.

The stock channel replies 500 to a body it does not expect, `[]` to a message that failed, and
never ends a stream that failed. It also drops what the bot noted on a message, and makes several
messages of a text with blank lines. The addresses and the body are Rasa's own, and so is the reply,
but for `metadata.pal` on messages that have it:

    [{"recipient_id": "...", "text": "...", "metadata": {"pal": {"strategy": "Question", ...}}}]

Where a person on duty has taken over a conversation, Rasa is silent; the channel says so instead.
That person gives it back with POST .../resume {"sender": "..."} and PAL_HANDOFF_TOKEN as bearer
token, the seeker with /restart.
"""

from __future__ import annotations

import hmac
import logging
import os
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.channels.rest import RestInput
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import ActionExecuted, ConversationResumed, SlotSet
from sanic import Blueprint, response
from sanic.exceptions import SanicException
from sanic.request import Request
from sanic.response import HTTPResponse

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 1_000_000
MAX_SENDER_CHARS = 255  # the width of the tracker store's column
HANDOFF = "handoff"  # the slot that says that people on duty were told
_ENDING_INTENTS = ("forget_me", "start_over")
PAL_METADATA = "pal"  # the key under which the action server says how a message came about

APOLOGY = (
    "I'm sorry. I'm a computer program, and something in me failed just now, so I can't give you "
    "a real answer. It's not because of anything you said. Please try again in a minute.\n\n"
    "If you might hurt yourself or are not safe, please reach a person right away: in the US, "
    "call or text 988, day or night. Anywhere else, call your local emergency number."
)


NOT_KEPT = (
    "(Something in me failed just now, so I may not have kept, or not have deleted, what we have "
    "just written. If you asked me to forget or delete something, please ask again in a minute.)"
)
WAITING = (
    "A person on duty has taken over from me, so I'm quiet and don't read this myself. If they "
    "don't "
    "answer and you need someone now, please call your local emergency number, or in the US call "
    "or text 988. To go on with me instead, send /restart."
)


class ForgivingRestInput(RestInput):
    """The REST channel with checked requests and a reply to every accepted message."""

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[None]]) -> Blueprint:
        """Rasa's routes, behind the check of the request and in front of the apology; and one "
        "more.
        """

        async def give_back(sender_id: str) -> bool:
            return await _give_back(_agent(blueprint), sender_id)

        async def is_paused(sender_id: str) -> bool:
            return await _is_paused(_agent(blueprint), sender_id)

        async def ends(sender_id: str) -> bool:
            return await _is_paused(_agent(blueprint), sender_id, _ENDING_INTENTS)

        blueprint = super().blueprint(_answering(on_new_message, is_paused, ends, give_back))
        blueprint.middleware(_refuse_malformed, "request")

        @blueprint.route("/resume", methods=["POST"])  # type: ignore[untyped-decorator]
        async def resume(request: Request) -> HTTPResponse:
            return await _resume(_agent(blueprint), request)

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
    problem = _problem_with(body, is_message=not request.path.endswith("/resume"))
    return _refusal(400, problem) if problem else None


def _refusal(status: int, reason: str) -> HTTPResponse:
    return response.json({"error": reason}, status=status)


def _problem_with(body: Any, is_message: bool) -> str | None:
    """What keeps `body` from being a message, or the name of a conversation, in the client's "
    "terms.
    """
    if not isinstance(body, dict):
        return 'the body must be a JSON object: {"sender": "...", "message": "..."}'
    sender = body.get("sender")
    # Rasa gives all messages without a sender to one conversation: strangers would share it.
    if not isinstance(sender, str) or not sender.strip():
        return '"sender" must be a non-empty string: it names the conversation'
    if len(sender) > MAX_SENDER_CHARS or not sender.isprintable():
        return f'"sender" must be at most {MAX_SENDER_CHARS} printable characters'
    if not is_message:
        return None
    if not isinstance(body.get("message"), str):
        return '"message" must be a string'
    if not isinstance(body.get("input_channel"), (str, type(None))):
        return '"input_channel" must be a string'
    if not isinstance(body.get("metadata"), (dict, type(None))):
        return '"metadata" must be an object'
    return None


def _agent(blueprint: Blueprint) -> Any:
    """Rasa's agent, once the server runs."""
    return next(iter(blueprint.apps)).ctx.agent


async def _is_paused(agent: Any, sender_id: str, intents: Collection[str] = ()) -> bool:
    """Whether a person has taken over; with `intents`, whether the seeker now asks for one of "
    "them.
    """
    try:
        tracker = await agent.tracker_store.retrieve(sender_id)
    except Exception:  # then it cannot be known, and an apology is no lie
        logger.exception("The tracker could not be read.")
        return False
    if tracker is None or not tracker.is_paused():
        return False
    message = tracker.latest_message
    return not intents or (message is not None and message.intent.get("name") in intents)


async def _resume(agent: Any, request: Request) -> HTTPResponse:
    """Gives a conversation back to the bot."""
    token = os.environ.get("PAL_HANDOFF_TOKEN")
    if not token:
        return _refusal(404, "PAL_HANDOFF_TOKEN is not set, so nobody can give a conversation back")
    given = request.headers.get("authorization", "").encode(errors="surrogateescape")
    if not hmac.compare_digest(given, f"Bearer {token}".encode()):
        return _refusal(401, "the bearer token is missing or wrong")
    if not await _give_back(agent, request.json["sender"]):
        return _refusal(409, "nobody has taken over this conversation")
    return response.json({"resumed": True})


async def _give_back(agent: Any, sender_id: str) -> bool:
    """Lets the bot speak again; False where it may already."""
    async with agent.lock_store.lock(sender_id):
        tracker = await agent.tracker_store.retrieve(sender_id)
        if tracker is None or not tracker.is_paused():
            return False
        tracker.update(ConversationResumed())
        tracker.update(SlotSet(HANDOFF, None))  # whoever is in danger then is told of again
        # The turn that paused did not end, as rules see it: the next would not be understood.
        tracker.update(ActionExecuted(ACTION_LISTEN_NAME))
        await agent.tracker_store.save(tracker)
    return True


def _answering(
    on_new_message: Callable[[UserMessage], Awaitable[Any]],
    is_paused: Callable[[str], Awaitable[bool]],
    ends: Callable[[str], Awaitable[bool]],
    give_back: Callable[[str], Awaitable[bool]],
) -> Callable[[UserMessage], Awaitable[None]]:
    """`on_new_message`, with an apology where it fails or says nothing."""

    async def handle(message: UserMessage) -> None:
        # For action_session_start, which sees no more of the message.
        message.metadata = {**(message.metadata or {}), "input_channel": message.input_channel}
        message.output_channel = output = PalOutput(message.output_channel)
        try:
            await on_new_message(message)
            if not output.sent and await ends(message.sender_id):
                # Which is the seeker's to do at any time; Rasa has only noted the message.
                await give_back(message.sender_id)
                await on_new_message(message)
        except Exception:  # whatever it was, a person is waiting for an answer
            logger.exception("A message could not be handled.")
            if output.sent:  # so that what it says was done may not have been
                await output.send_text_message(message.sender_id, NOT_KEPT)
        if not output.sent:
            words = WAITING if await is_paused(message.sender_id) else APOLOGY
            await output.send_text_message(message.sender_id, words)

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
