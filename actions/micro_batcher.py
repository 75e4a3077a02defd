"""Requests that arrive together are worked on together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

RequestT = TypeVar("RequestT")
ResultT = TypeVar("ResultT")


@dataclass(slots=True)
class _Waiting(Generic[RequestT, ResultT]):
    request: RequestT
    deadline: float
    result: asyncio.Future[ResultT]

    @property
    def is_wanted(self) -> bool:
        return not self.result.done() and time.monotonic() < self.deadline


class MicroBatcher(Generic[RequestT, ResultT]):
    """Gathers requests for a short while and hands them to `work` as one batch.

    One batch is worked on at a time. If a batch fails, each of its requests is tried alone, so that
    one bad request does not spoil its neighbours' turn.
    """

    def __init__(
        self,
        work: Callable[[Sequence[RequestT], float], Awaitable[Sequence[ResultT]]],
        *,
        max_batch: int,
        max_wait: float,
    ) -> None:
        """Set up; `start` begins.

        Args:
            work: takes the requests and a deadline (`time.monotonic()`), returns as many results.
            max_batch: requests in one batch at most.
            max_wait: seconds for which the first request waits for company.
        """
        self._work = work
        self._max_batch = max_batch
        self._max_wait = max_wait
        self._queue: asyncio.Queue[_Waiting[RequestT, ResultT]] = asyncio.Queue()
        self._batch: list[_Waiting[RequestT, ResultT]] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work, in the running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="micro-batcher")

    async def stop(self) -> None:
        """Stop at once; requests that have no result yet are cancelled."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        while not self._queue.empty():
            self._batch.append(self._queue.get_nowait())
        for waiting in self._batch:
            waiting.result.cancel()
        self._batch = []

    async def submit(self, request: RequestT, deadline: float) -> ResultT:
        """Return the result of `request`.

        Raises:
            TimeoutError: `deadline` (`time.monotonic()`) passed first.
            RuntimeError: the batcher is not running.
        """
        if self._task is None:
            raise RuntimeError("The batcher is not running; call start() first.")
        waiting = _Waiting(request, deadline, asyncio.get_running_loop().create_future())
        await self._queue.put(waiting)
        async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
            result: ResultT = await waiting.result
        return result

    async def _run(self) -> None:
        while True:
            await self._gather()
            wanted = [waiting for waiting in self._batch if waiting.is_wanted]
            if wanted:
                await self._answer(wanted)

    async def _gather(self) -> None:
        self._batch = batch = [await self._queue.get()]
        closes = time.monotonic() + self._max_wait
        while len(batch) < self._max_batch:
            remaining = closes - time.monotonic()
            try:
                if remaining > 0:
                    async with asyncio.timeout(remaining):
                        batch.append(await self._queue.get())
                else:
                    batch.append(self._queue.get_nowait())
            except (TimeoutError, asyncio.QueueEmpty):
                break

    async def _answer(self, batch: Sequence[_Waiting[RequestT, ResultT]]) -> None:
        deadline = max(waiting.deadline for waiting in batch)
        try:
            results = await self._work([waiting.request for waiting in batch], deadline)
            answered = list(zip(batch, results, strict=True))
            for waiting, result in answered:
                if not waiting.result.done():
                    waiting.result.set_result(result)
        except TimeoutError as error:
            _fail(batch, error)
        except Exception as error:
            if len(batch) == 1:
                _fail(batch, error)
            else:
                for waiting in batch:
                    if waiting.is_wanted:
                        await self._answer([waiting])


def _fail(batch: Sequence[_Waiting[RequestT, ResultT]], error: Exception) -> None:
    for waiting in batch:
        if not waiting.result.done():
            waiting.result.set_exception(error)
