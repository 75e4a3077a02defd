"""Tells people on duty, over a webhook, that somebody may be in danger.

A notice names the conversation, the level and the kinds of danger, and when; what was said is in it
only where that is switched on and the seeker was told. A turn waits a moment for the receiver, so
that its reply can say truly whether anybody knows; a receiver that is away is tried again in the
background, and the next turns say what became of it. Open notices are kept in memory alone: of a
process that ends, one last attempt is made, and the seeker's next turn in danger sends it again.

The receiver answers with any 2xx status. With `{"takes_over": true}` in the body it says that a
person writes to the seeker from now on; the bot is then quiet (Rasa's `pause`) until the
conversation is given back. A receiver may get a notice twice and knows it by its `id`.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import httpx
import structlog
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_delay,
    wait_exponential_jitter,
)

from actions.counters import Counters
from actions.safety import RiskLevel
from actions.settings import HandoffSettings
from pal_model import Conversation

log = structlog.get_logger(__name__)

_REQUEST_SECONDS = 10.0
_TRY_FOR_SECONDS = 900.0
_LONGEST_PAUSE = 60.0
_LAST_SECONDS = 5.0
_MOST_OPEN = 1_000
"""Notices that are tried at once; a receiver that is away must not fill the memory."""


class HandoffState(StrEnum):
    """How far a notice has come, as the slot `handoff` holds it."""

    PENDING = "pending"
    """Not delivered yet; it is being tried."""
    TOLD = "told"
    """Delivered."""
    TAKEN = "taken"
    """Delivered, and a person takes over."""
    FAILED = "failed"
    """Given up."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What people on duty are told.

    Attributes:
        id: by which a receiver knows a notice that it has had before.
        conversation, channel: where the seeker can be found.
        level, kinds: of danger.
        locale: whose emergency numbers the seeker was given.
        at: when it was noticed, ISO 8601.
        transcript: what was said, where the seeker was told that it may be sent.
    """

    id: str
    conversation: str
    channel: str
    level: str
    kinds: tuple[str, ...]
    locale: str
    at: str
    transcript: tuple[Mapping[str, str], ...] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the body of the request."""
        body = asdict(self)
        if self.transcript is None:
            del body["transcript"]
        return body


def transcript_of(conversation: Conversation) -> tuple[Mapping[str, str], ...]:
    """Return what was said, oldest first."""
    return tuple(
        {"speaker": utterance.speaker.value, "text": utterance.text}
        for utterance in conversation.utterances
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What the slot `handoff` holds: of what people were told last, and what became of that."""

    level: RiskLevel
    id: str
    state: HandoffState
    kinds: tuple[str, ...] = ()
    at: str = ""

    @classmethod
    def new(cls, level: RiskLevel, kinds: Iterable[str]) -> Told:
        """Return what is to be told now."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(level, uuid.uuid4().hex, HandoffState.PENDING, tuple(sorted(kinds)), at)

    @classmethod
    def from_slot(cls, value: Any) -> Told | None:
        """Read the slot; None where nobody was told, and where it makes no sense: twice is better
        than never.
        """
        if not isinstance(value, Mapping):
            return None
        kinds = value.get("kinds")
        try:
            return cls(
                RiskLevel.parse(str(value["level"])),
                str(value["id"]),
                HandoffState(str(value["state"])),
                tuple(map(str, kinds)) if isinstance(kinds, list) else (),
                str(value.get("at", "")),
            )
        except (KeyError, ValueError):
            return None

    def as_slot(self) -> dict[str, Any]:
        """Return what the slot is set to."""
        return {
            "level": self.level.label,
            "id": self.id,
            "state": self.state.value,
            "kinds": list(self.kinds),
            "at": self.at,
        }


class Handoff:
    """Delivers notices."""

    def __init__(
        self,
        settings: HandoffSettings,
        counters: Counters,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        first_pause: float = 1.0,
    ) -> None:
        """Send to `settings.url`, and nothing where that is None.

        Args:
            settings: where to, from which level on, how long a turn waits.
            counters: count what became of each notice.
            transport: in place of the network.
            first_pause: seconds before the second attempt; each later pause is twice as long.
        """
        self._settings = settings
        self._counters = counters
        self._transport = transport
        self._first_pause = first_pause
        self._open: dict[str, asyncio.Task[HandoffState]] = {}
        self._ended: dict[str, HandoffState] = {}
        self._stopping = asyncio.Event()

    def is_due(self, level: RiskLevel, told_of: RiskLevel) -> bool:
        """Whether people are to be told of `level`, who were told of another, or of none."""
        if self._settings.url is None:
            return False
        return level >= self._settings.least_level and level > told_of

    @property
    def sends_transcripts(self) -> bool:
        """Whether what was said goes with a notice, where the seeker was told."""
        return self._settings.url is not None and self._settings.transcript

    async def tell(self, notice: Notice) -> HandoffState:
        """Send a notice; return what became of it within the time that a turn waits."""
        if len(self._open) >= _MOST_OPEN:
            log.error("handoff_refused", open=len(self._open))
            self._counters.count_handoff("failed")
            return HandoffState.FAILED
        task = asyncio.create_task(self._deliver(notice))
        self._open[notice.id] = task
        task.add_done_callback(lambda done: self._end(notice.id, done))
        await asyncio.wait([task], timeout=self._settings.wait)
        return task.result() if task.done() else HandoffState.PENDING

    def state(self, notice_id: str) -> HandoffState | None:
        """Return how far a notice has come; None where this process knows none of that id."""
        if notice_id in self._open:
            return HandoffState.PENDING
        return self._ended.get(notice_id)

    async def stop(self) -> None:
        """Make one last attempt for each notice that is still open, and give up."""
        tasks = list(self._open.values())
        self._stopping.set()
        if not tasks:
            return
        _, open_still = await asyncio.wait(tasks, timeout=_LAST_SECONDS)
        for task in open_still:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        lost = sum(state not in (HandoffState.TOLD, HandoffState.TAKEN) for state in ended)
        if lost:
            log.error("handoffs_given_up", count=lost)

    async def _pause(self, seconds: float) -> None:
        """Wait before another attempt; not when the server stops."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _is_last(self, state: RetryCallState) -> bool:
        """Whether no attempt follows: it is too late, or this one was made as the server stops."""
        began_before = self._stopping.is_set() and state.idle_for > 0
        return began_before or bool(stop_after_delay(_TRY_FOR_SECONDS)(state))

    def _end(self, notice_id: str, task: asyncio.Task[HandoffState]) -> None:
        self._open.pop(notice_id, None)
        state = HandoffState.FAILED if task.cancelled() else task.result()
        outcomes = {HandoffState.TOLD: "delivered", HandoffState.TAKEN: "taken_over"}
        self._counters.count_handoff(outcomes.get(state, "failed"))
        self._ended[notice_id] = state
        while len(self._ended) > _MOST_OPEN:
            del self._ended[next(iter(self._ended))]

    async def _deliver(self, notice: Notice) -> HandoffState:
        """Try until it is delivered, refused for good, or too late."""
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(_NotDeliveredError),
                wait=wait_exponential_jitter(
                    multiplier=self._first_pause, max=_LONGEST_PAUSE, jitter=self._first_pause
                ),
                stop=self._is_last,
                sleep=self._pause,
                reraise=True,
            ):
                with attempt:
                    return await self._send(notice)
        except _NotDeliveredError as error:
            log.error("handoff_failed", reason=str(error))
        except Exception as error:  # a notice that fails must not take the turn with it
            log.error("handoff_failed", reason=type(error).__name__)
        return HandoffState.FAILED

    async def _send(self, notice: Notice) -> HandoffState:
        """Make one attempt.

        Raises:
            _NotDeliveredError: it may go better another time.
        """
        headers = {"Idempotency-Key": notice.id}
        if self._settings.token is not None:
            headers["Authorization"] = f"Bearer {self._settings.token.get_secret_value()}"
        try:
            async with httpx.AsyncClient(
                transport=self._transport, timeout=_REQUEST_SECONDS, trust_env=False
            ) as client:
                answer = await client.post(
                    str(self._settings.url), json=notice.as_json(), headers=headers
                )
        except httpx.HTTPError as error:
            raise _NotDeliveredError(type(error).__name__) from None
        if answer.is_success:
            return HandoffState.TAKEN if _takes_over(answer) else HandoffState.TOLD
        if answer.status_code in _WORTH_ANOTHER_TRY or answer.is_server_error:
            raise _NotDeliveredError(f"status {answer.status_code}")
        log.error("handoff_failed", reason=f"status {answer.status_code}")
        return HandoffState.FAILED


class _NotDeliveredError(Exception):
    """An attempt failed, and another may not."""


_WORTH_ANOTHER_TRY = (408, 425, 429)


def _takes_over(answer: httpx.Response) -> bool:
    try:
        body = answer.json()
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("takes_over") is True
