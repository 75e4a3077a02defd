"""Persona stores on the databases that are there: SQLite always, PostgreSQL where one answers."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from actions.memory.cipher import FieldCipher, new_key
from actions.memory.store import PersonaStore

SERVER = os.environ.get("PAL_TEST_POSTGRES", "127.0.0.1:5432")
"""Host and port; the user is the one of PGUSER, or "postgres"."""


class Clock:
    """Time that stands still until it is told to pass."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def key() -> str:
    return new_key()


@pytest_asyncio.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)]
)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'memory' / 'memory.db'}"
        return
    user = os.environ.get("PGUSER", "postgres")
    address = f"postgresql://{user}@{SERVER}"
    try:
        server = await asyncpg.connect(f"{address}/postgres", timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        pytest.skip(f"no PostgreSQL at {SERVER} (PAL_TEST_POSTGRES names another): {error}")
    name = f"pal_test_{secrets.token_hex(8)}"
    await server.execute(f"CREATE DATABASE {name}")
    yield f"{address.replace('postgresql', 'postgresql+asyncpg')}/{name}"
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()


OpenStore = Callable[..., PersonaStore]


@pytest_asyncio.fixture
async def open_store(url: str, key: str, clock: Clock) -> AsyncIterator[OpenStore]:
    """Opens stores of one database, each as another process would."""
    opened: list[PersonaStore] = []

    async def open_(*keys: str, at: str = url) -> PersonaStore:
        store = PersonaStore(at, FieldCipher(keys or (key,)), clock)
        opened.append(store)
        await store.open()
        return store

    yield open_
    for store in opened:
        await store.close()


@pytest_asyncio.fixture
async def store(open_store: OpenStore) -> PersonaStore:
    return await open_store()
