"""A store of an earlier version is brought up to date, or left as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from sqlalchemy import Connection, text

from actions.memory import migration
from actions.memory.cipher import FieldCipher
from actions.memory.errors import MemoryStoreError
from actions.memory.facts import Change
from actions.memory.store import PersonaStore
from tests.actions.memory.conftest import OpenStore

NEXT = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None
def upgrade():
    op.add_column("memory_facts", sa.Column("mood", sa.String(16)))
    op.execute("UPDATE memory_facts SET mood = 'unknown'")
    {then}
"""
HEAD = "0001"

FIRST_KEY = "rs8fcBjg6UW87jgceRJOpcyGO3Dz7QPCeHRnOXZWosY="
FIRST_STORE = Path(__file__).with_name("store_0001.sql")


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes the code be of a later version, whose migration ends with some statement."""
    before = migration.configuration

    def install(then: str) -> None:
        folder = tmp_path / "versions"
        folder.mkdir(exist_ok=True)
        (folder / "9999_mood.py").write_text(NEXT.format(head=HEAD, then=then), "utf-8")

        def later(connection: Connection) -> Config:
            config = before(connection)
            shipped = Path(migration.__file__).parent / "migrations" / "versions"
            config.set_main_option("version_locations", f"{shipped}:{folder}")
            return config

        monkeypatch.setattr(migration, "configuration", later)

    yield install
    monkeypatch.undo()


async def told(store: PersonaStore, *sentences: str) -> str:
    seeker = store.seeker_id("rest", "ada")
    await store.consent(seeker)
    await store.learn(seeker, "1", lambda _: [Change(sentence) for sentence in sentences])
    return seeker


async def known(store: PersonaStore) -> list[str]:
    return [fact.sentence for fact in await store.facts(store.seeker_id("rest", "ada"))]


async def version(store: PersonaStore) -> str:
    async with store.engine.connect() as connection:
        found = await connection.execute(text("SELECT version_num FROM memory_version"))
        return str(found.scalar_one())


async def test_the_newest_version_is_the_one_that_these_tests_go_on_from(
    store: PersonaStore,
) -> None:
    assert await version(store) == HEAD


async def test_a_store_of_the_version_before_keeps_all_and_gains_what_is_new(
    open_store: OpenStore, next_version: Any
) -> None:
    await told(await open_store(), "I am a nurse.", "I have two dogs.")
    next_version("pass")
    later = await open_store()
    assert await version(later) == "9999"
    assert await known(later) == ["I am a nurse.", "I have two dogs."]
    async with later.engine.connect() as connection:
        moods = await connection.execute(text("SELECT mood FROM memory_facts"))
        assert set(moods.scalars()) == {"unknown"}


async def test_a_migration_that_breaks_half_way_leaves_all_as_it_was(
    open_store: OpenStore, next_version: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await open_store()
    await told(before, "I am a nurse.")
    next_version('op.execute("SELECT nothing FROM nowhere")')
    with pytest.raises(MemoryStoreError):
        await open_store()
    assert await version(before) == HEAD
    assert await known(before) == ["I am a nurse."]
    monkeypatch.undo()
    assert await known(await open_store()) == ["I am a nurse."]


async def test_a_store_of_a_later_version_is_left_alone_and_named(
    open_store: OpenStore, next_version: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody went back to an older release."""
    next_version("pass")
    await told(await open_store(), "I am a nurse.")
    monkeypatch.undo()
    with pytest.raises(MemoryStoreError, match=r"9999.*later version"):
        await open_store()


async def test_the_first_version_s_own_store_is_read(tmp_path: Path) -> None:
    """A database that version 0.1 wrote, word for word."""
    import sqlite3

    file = tmp_path / "memory.db"
    with sqlite3.connect(file) as database:
        database.executescript(FIRST_STORE.read_text("utf-8"))
    database.close()
    store = PersonaStore(f"sqlite+aiosqlite:///{file}", FieldCipher((FIRST_KEY,)))
    try:
        await store.open()
        seeker = store.seeker_id("rest", "ada")
        facts = await store.facts(seeker, superseded=True)
        assert [(fact.sentence, fact.is_current) for fact in facts] == [
            ("I am a teacher.", False),
            ("I have two dogs.", True),
            ("I lost my job.", True),
        ]
        assert await store.consented_at(seeker) is not None
    finally:
        await store.close()
