"""An action executor that keeps failures away from the seeker, and seekers out of the log."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from rasa_sdk.executor import ActionExecutor, ActionExecutorRunResult
from rasa_sdk.interfaces import (
    ActionExecutionRejection,
    ActionMissingDomainException,
    ActionNotFoundException,
)

log = structlog.get_logger(__name__)


class GuardedExecutor(ActionExecutor):  # type: ignore[misc]
    """Runs actions; one that fails yields no events instead of an error response.

    The SDK would answer an exception with the whole tracker in the body, which Rasa then logs.
    With no events the slot `answered` stays unset, and Rasa's rules say that something went wrong.
    """

    def __init__(self) -> None:
        """Start with no actions and nothing running."""
        super().__init__()
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self, action_call: dict[str, Any]) -> ActionExecutorRunResult | None:
        """Run the action that `action_call` names, as `ActionExecutor.run` does."""
        self._running += 1
        self._idle.clear()
        try:
            return await super().run(action_call)
        except (ActionExecutionRejection, ActionMissingDomainException, ActionNotFoundException):
            raise  # the SDK answers these with the action's name and nothing else
        except Exception as error:
            # The message may quote what was said; the type and place are enough to find the cause.
            log.error(
                "action_failed",
                action=action_call.get("next_action"),
                error=type(error).__name__,
                where=innermost_frame(error),
            )
            return ActionExecutorRunResult(events=[], responses=[])
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def drain(self, seconds: float) -> bool:
        """Wait until no action is running; False where some still are after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True


def innermost_frame(error: BaseException) -> str:
    """Return the file and line in which `error` was raised."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else "unknown"
