"""A started supporter on a fake generator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from actions.memory.known import SeekerMemory
from actions.supporter import Supporter
from tests.actions import fakes


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith(("PAL_", "ACTIONS_")):
            monkeypatch.delenv(name)


@pytest.fixture
def memory() -> SeekerMemory:
    """Of sessions alone."""
    return SeekerMemory(None, fakes.ExactEmbedder(), timedelta(days=90))


@pytest.fixture
def generator() -> fakes.FakeGenerator:
    return fakes.FakeGenerator()


@pytest_asyncio.fixture
async def start(
    generator: fakes.FakeGenerator,
) -> AsyncIterator[Callable[..., Supporter]]:
    """Starts supporters on the fake generator (or another load), and stops them at the end."""
    started: list[Supporter] = []

    def start_one(load: Callable[..., Any] | None = None, **settings: Any) -> Supporter:
        supporter = Supporter(fakes.settings(**settings), load or (lambda _: generator))
        supporter.start()
        started.append(supporter)
        return supporter

    yield start_one
    generator.gate.set()
    for supporter in started:
        await supporter.stop()


@pytest_asyncio.fixture
async def supporter(start: Callable[..., Supporter]) -> Supporter:
    return start()
