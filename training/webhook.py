"""The REST channel of a running bot, as a seeker uses it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import httpx

from pal_model import PalError

_CHANNEL = "/webhooks/rest"
_WEBHOOK = f"{_CHANNEL}/webhook"


class WebhookError(PalError):
    """No bot can be talked to; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the webhook sent back: messages, or the reason why there are none."""

    messages: tuple[dict[str, Any], ...]
    seconds: float
    error: str | None = None


class Webhook:
    """The REST channel of a running bot."""

    def __init__(self, client: httpx.AsyncClient, address: str) -> None:
        """Talk to the bot at `address`, such as http://127.0.0.1:5005."""
        self._client = client
        self._address = address.rstrip("/").removesuffix(_WEBHOOK)

    async def check(self) -> None:
        """Return if the channel is there.

        Raises:
            WebhookError: it is not.
        """
        try:
            response = await self._client.get(f"{self._address}{_CHANNEL}/")
            response.raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise WebhookError(
                f"No bot answers at {self._address} ({_reason(error)}). Start one with "
                "'make serve' and wait until it is ready, or name another address with --url."
            ) from error

    async def say(self, sender: str, text: str) -> Answer:
        """Send one message of `sender` and wait for everything that it is answered with."""
        started = time.perf_counter()
        try:
            response = await self._client.post(
                f"{self._address}{_WEBHOOK}", json={"sender": sender, "message": text}
            )
            response.raise_for_status()
            messages, problem = _messages(response), None
        except (httpx.HTTPError, ValueError) as error:
            messages, problem = (), _reason(error)
        return Answer(messages, time.perf_counter() - started, problem)


def _messages(response: httpx.Response) -> tuple[dict[str, Any], ...]:
    body = response.json()
    if not isinstance(body, list) or not all(isinstance(message, dict) for message in body):
        raise ValueError("the answer is no list of messages")
    return tuple(body)


def _reason(error: Exception) -> str:
    """Describe an error without what was said or heard."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"status {error.response.status_code}"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
