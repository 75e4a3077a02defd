"""Requests share a batch, wait no longer than they must, and never pay for each other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from types import SimpleNamespace

import pytest
import pytest_asyncio

from actions import micro_batcher
from actions.micro_batcher import MicroBatcher

LONG = 3600.0


class Work:
    """Doubles numbers; `gate` holds it back, and a request in `bad` fails its batch."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.deadlines: list[float] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.began = asyncio.Event()
        self.bad: set[int] = set()
        self.now = self.most = 0

    async def __call__(self, requests: Sequence[int], deadline: float) -> Sequence[int]:
        self.batches.append(list(requests))
        self.deadlines.append(deadline)
        self.began.set()
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.gate.wait()
            if self.bad & set(requests):
                raise ValueError("bad request in the batch")
            return [2 * request for request in requests]
        finally:
            self.now -= 1


@pytest_asyncio.fixture
async def work() -> Work:
    return Work()


StartBatcher = Callable[..., MicroBatcher[int, int]]


@pytest_asyncio.fixture
async def start(work: Work) -> AsyncIterator[StartBatcher]:
    started = []

    def start_one(max_batch: int = 8, max_wait: float = 0.0) -> MicroBatcher[int, int]:
        batcher = MicroBatcher(work, max_batch=max_batch, max_wait=max_wait)
        batcher.start()
        started.append(batcher)
        return batcher

    yield start_one
    for batcher in started:
        await batcher.stop()


def soon() -> float:
    return time.monotonic() + 20


def ask(batcher: MicroBatcher[int, int], *requests: int) -> list[asyncio.Task[int]]:
    return [asyncio.create_task(batcher.submit(request, soon())) for request in requests]


async def let_others_run() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_requests_that_arrive_together_share_a_batch(start: StartBatcher, work: Work) -> None:
    batcher = start(max_batch=4, max_wait=LONG)
    assert await asyncio.gather(*ask(batcher, 1, 2, 3, 4)) == [2, 4, 6, 8]
    assert work.batches == [[1, 2, 3, 4]]


async def test_no_batch_is_larger_than_the_maximum(start: StartBatcher, work: Work) -> None:
    batcher = start(max_batch=3)
    results = await asyncio.gather(*ask(batcher, *range(8)))
    assert results == [2 * n for n in range(8)]
    assert max(map(len, work.batches)) == 3
    assert [n for batch in work.batches for n in batch] == list(range(8))


async def test_a_full_batch_does_not_wait(start: StartBatcher, work: Work) -> None:
    """With an hour's patience, this ends only because the batch is full."""
    batcher = start(max_batch=2, max_wait=LONG)
    first = ask(batcher, 1)
    await let_others_run()
    assert work.batches == []
    assert await asyncio.gather(*first, *ask(batcher, 2)) == [2, 4]


async def test_without_patience_a_lone_request_starts_at_once(
    start: StartBatcher, work: Work
) -> None:
    batcher = start(max_wait=0)
    (lone,) = ask(batcher, 1)
    await let_others_run()
    assert work.batches == [[1]]
    assert await lone == 2


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop that does not wait for timers: its clock jumps to the next one."""

    skipped = 0.0

    def time(self) -> float:
        return super().time() + self.skipped

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self.skipped += max(0.0, self._scheduled[0].when() - self.time())
        super()._run_once()


def test_a_lone_request_waits_for_company_as_long_as_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def wait_of_a_lone_request() -> float:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(micro_batcher, "time", SimpleNamespace(monotonic=loop.time))
        batcher = MicroBatcher(Work(), max_batch=8, max_wait=30.0)
        batcher.start()
        began = loop.time()
        assert await batcher.submit(1, began + LONG) == 2
        waited = loop.time() - began
        await batcher.stop()
        return waited

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        assert runner.run(wait_of_a_lone_request()) == pytest.approx(30, abs=2)


async def test_requests_that_come_during_work_form_the_next_batch(
    start: StartBatcher, work: Work
) -> None:
    work.gate.clear()
    batcher = start()
    first = ask(batcher, 1)
    await work.began.wait()
    later = ask(batcher, 2, 3, 4)
    await let_others_run()
    work.gate.set()
    assert await asyncio.gather(*first, *later) == [2, 4, 6, 8]
    assert work.batches == [[1], [2, 3, 4]]


async def test_batches_are_never_worked_on_at_the_same_time(
    start: StartBatcher, work: Work
) -> None:
    batcher = start(max_batch=2)
    work.bad = {5}
    await asyncio.gather(*ask(batcher, *range(10)), return_exceptions=True)
    assert work.most == 1


async def test_a_bad_request_does_not_fail_its_neighbours(start: StartBatcher, work: Work) -> None:
    work.bad = {2}
    batcher = start(max_batch=3, max_wait=LONG)
    one, two, three = await asyncio.gather(*ask(batcher, 1, 2, 3), return_exceptions=True)
    assert (one, three) == (2, 6)
    assert isinstance(two, ValueError)
    assert work.batches == [[1, 2, 3], [1], [2], [3]]


async def test_after_a_bad_request_the_next_batch_is_worked_on(
    start: StartBatcher, work: Work
) -> None:
    work.bad = {1}
    batcher = start()
    with pytest.raises(ValueError, match="bad request"):
        await batcher.submit(1, soon())
    assert await batcher.submit(2, soon()) == 4


async def test_too_few_results_are_given_to_nobody() -> None:
    """The first of them were handed out before the number was found to be wrong."""

    async def forgetful(requests: Sequence[int], deadline: float) -> Sequence[int]:
        return [2 * request for request in requests[-1:]]

    batcher: MicroBatcher[int, int] = MicroBatcher(forgetful, max_batch=3, max_wait=LONG)
    batcher.start()
    assert await asyncio.gather(*ask(batcher, 1, 2, 3)) == [2, 4, 6]
    await batcher.stop()


async def test_work_is_told_the_latest_deadline_in_its_batch(
    start: StartBatcher, work: Work
) -> None:
    batcher = start(max_batch=2, max_wait=LONG)
    near, far = soon(), soon() + 60
    await asyncio.gather(batcher.submit(1, far), batcher.submit(2, near))
    assert work.deadlines == [far]


async def test_a_passed_deadline_is_a_timeout_and_the_late_result_is_dropped(
    start: StartBatcher, work: Work
) -> None:
    work.gate.clear()
    batcher = start()
    with pytest.raises(TimeoutError):
        await batcher.submit(1, time.monotonic() + 0.02)
    assert work.batches == [[1]]
    work.gate.set()
    assert await batcher.submit(2, soon()) == 4


async def test_a_request_whose_deadline_passed_in_the_queue_is_not_worked_on(
    start: StartBatcher, work: Work
) -> None:
    work.gate.clear()
    batcher = start()
    (first,) = ask(batcher, 1)
    await work.began.wait()
    with pytest.raises(TimeoutError):
        await batcher.submit(2, time.monotonic() + 0.02)
    work.gate.set()
    assert await first == 2
    assert await batcher.submit(3, soon()) == 6
    assert work.batches == [[1], [3]]


async def test_work_that_times_out_is_not_tried_again() -> None:
    batches = []

    async def slow(requests: Sequence[int], deadline: float) -> Sequence[int]:
        batches.append(list(requests))
        raise TimeoutError

    batcher: MicroBatcher[int, int] = MicroBatcher(slow, max_batch=2, max_wait=LONG)
    batcher.start()
    ended = await asyncio.gather(*ask(batcher, 1, 2), return_exceptions=True)
    assert [type(error) for error in ended] == [TimeoutError, TimeoutError]
    assert batches == [[1, 2]]
    await batcher.stop()


async def test_a_cancelled_caller_harms_nobody_in_its_batch(
    start: StartBatcher, work: Work
) -> None:
    work.gate.clear()
    batcher = start(max_batch=3, max_wait=LONG)
    one, two, three = ask(batcher, 1, 2, 3)
    await work.began.wait()
    two.cancel()
    await let_others_run()
    work.gate.set()
    assert await asyncio.gather(one, three) == [2, 6]
    assert two.cancelled()


async def test_a_request_cancelled_in_the_queue_is_not_worked_on(
    start: StartBatcher, work: Work
) -> None:
    work.gate.clear()
    batcher = start()
    (first,) = ask(batcher, 1)
    await work.began.wait()
    second, third = ask(batcher, 2, 3)
    await let_others_run()
    second.cancel()
    await let_others_run()
    work.gate.set()
    assert await asyncio.gather(first, third) == [2, 6]
    assert work.batches == [[1], [3]]


async def test_a_request_that_nobody_waits_for_is_not_tried_again_after_a_failure(
    start: StartBatcher, work: Work
) -> None:
    work.gate.clear()
    work.bad = {1}
    batcher = start(max_batch=2, max_wait=LONG)
    one, two = ask(batcher, 1, 2)
    await work.began.wait()
    two.cancel()
    await let_others_run()
    work.gate.set()
    with pytest.raises(ValueError, match="bad request"):
        await one
    assert work.batches == [[1, 2], [1]]


async def test_stop_cancels_what_waits_in_the_queue(start: StartBatcher, work: Work) -> None:
    work.gate.clear()
    batcher = start()
    (working,) = ask(batcher, 1)
    await work.began.wait()
    (waiting,) = ask(batcher, 2)
    await let_others_run()
    await batcher.stop()
    ended = await asyncio.wait_for(asyncio.gather(working, waiting, return_exceptions=True), 5)
    assert [type(error) for error in ended] == [asyncio.CancelledError] * 2


async def test_stop_cancels_what_is_being_gathered_or_worked_on(
    start: StartBatcher, work: Work
) -> None:
    """Neither is in the queue any more: they were left to wait for their deadlines."""
    gathering = start(max_batch=2, max_wait=LONG)
    (lone,) = ask(gathering, 1)
    await let_others_run()
    await gathering.stop()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(lone, 5)
    assert work.batches == []


@pytest.mark.parametrize("was_started", [False, True])
async def test_a_request_to_a_batcher_that_does_not_run_fails_at_once(
    work: Work, was_started: bool
) -> None:
    """It would otherwise wait for its whole deadline, which keeps a shutdown from ending."""
    batcher: MicroBatcher[int, int] = MicroBatcher(work, max_batch=2, max_wait=0)
    if was_started:
        batcher.start()
        await batcher.stop()
    with pytest.raises(RuntimeError, match="not running"):
        await batcher.submit(1, soon())
