"""`python -m actions.memory`, and the key."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from actions.memory.__main__ import main
from actions.memory.cipher import FieldCipher, new_key, read_keys
from actions.memory.errors import CorruptFactError, MemoryStoreError
from actions.memory.facts import Change
from actions.memory.opening import store_from_settings
from actions.memory.store import PersonaStore
from actions.settings import load_settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PAL_HOME", str(tmp_path))
    yield tmp_path
    structlog.reset_defaults()


def keep(*sentences: str, days_ago: float = 0) -> None:
    async def keep_all() -> None:
        os.environ["PAL_ACTIONS_TOKEN"] = "x" * 20
        settings = load_settings()
        store = store_from_settings(settings)
        assert isinstance(store, PersonaStore)
        store._now = lambda: datetime.now(UTC) - timedelta(days=days_ago)
        await store.open()
        seeker = store.seeker_id("rest", "ada")
        await store.consent(seeker)
        await store.learn(seeker, "1", lambda _: [Change(s) for s in sentences])
        await store.close()

    asyncio.run(keep_all())


def damage(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE memory_facts SET sentence = ?", (b"?",))


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out.strip()


def test_a_store_is_counted_and_what_is_old_is_deleted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(capsys, "count") == "0 seekers, 0 facts."
    keep("I am a nurse.", days_ago=40)
    keep("I have a cat.", days_ago=20)
    assert said(capsys, "count") == "1 seekers, 2 facts."
    assert said(capsys, "expire").startswith("0 facts")
    monkeypatch.setenv("PAL_MEMORY_DAYS", "30")
    assert said(capsys, "expire") == "1 facts older than 30 days gone."
    assert said(capsys, "count") == "1 seekers, 1 facts."


def test_one_seeker_is_given_a_copy_and_erased(capsys: pytest.CaptureFixture[str]) -> None:
    keep("I am a nurse.", "Ich heiße Jörg.")
    copy = json.loads(said(capsys, "export", "rest", "ada"))
    assert [fact["sentence"] for fact in copy["facts"]] == ["I am a nurse.", "Ich heiße Jörg."]
    assert datetime.fromisoformat(copy["kept_since"]) <= datetime.now(UTC)
    assert json.loads(said(capsys, "export", "slack", "ada")) == {"kept_since": None, "facts": []}
    assert said(capsys, "erase", "rest", "bob") == "0 facts of this seeker are erased."
    assert said(capsys, "erase", "rest", "ada") == "2 facts of this seeker are erased."
    assert said(capsys, "count") == "0 seekers, 0 facts."


def test_a_copy_is_json_also_where_a_row_is_corrupt(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep("I am a nurse.")
    damage(home / "memory" / "memory.db")
    assert main(["export", "rest", "ada"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["facts"] == []
    assert "corrupt_facts_left_out" in printed.err


@pytest.mark.parametrize("arguments", [[], ["export"], ["erase", "rest"], ["dance"]])
def test_a_command_that_is_none_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as status:
        main(arguments)
    assert status.value.code == 2


def test_a_path_is_one_of_sqlite(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAL_MEMORY_DB", str(home / "elsewhere" / "m.db"))
    assert said(capsys, "count") == "0 seekers, 0 facts."
    assert (home / "elsewhere" / "m.db").exists()


def test_a_new_key_takes_over(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep("I am a nurse.")
    file = home / "memory.key"
    old = file.read_text()
    file.write_text(said(capsys, "new-key") + "\n" + old)
    assert said(capsys, "rotate") == "2 rows are encrypted with the first key."
    file.write_text(file.read_text().split()[0])
    damage(home / "memory" / "memory.db")
    assert said(capsys, "rotate").startswith(
        "1 rows are encrypted with the first key. 1 rows open with none of the keys"
    )
    assert said(capsys, "count") == "1 seekers, 1 facts."
    monkeypatch.setenv("PAL_MEMORY_KEY", old.strip())
    assert main(["count"]) == 2
    error = capsys.readouterr().err
    assert "encrypted with a key that is not among those given" in error
    assert old.strip() not in error


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("PAL_MEMORY_DB", "OFF", "there is no memory to look after"),
        ("PAL_MEMORY_DB", "oracle://x", "The memory cannot be used"),
        ("PAL_MEMORY_DB", "postgres://x@127.0.0.1:9/x?sslmode=on", "The memory cannot be used"),
        ("PAL_MEMORY_DB", "sqlite:////dev/null/memory.db", "The memory cannot be used"),
        ("PAL_MEMORY_KEY", "secret", "1 keys for the memory were given, and one is malformed"),
        ("PAL_MEMORY_DAYS", "0", "PAL_MEMORY_DAYS"),
    ],
)
def test_what_cannot_be_used_is_named(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    problem: str,
) -> None:
    monkeypatch.setenv(variable, value)
    assert main(["count"]) == 2
    error = capsys.readouterr().err
    assert problem in error
    assert "secret" not in error


def test_a_key_file_is_made_once_and_for_its_owner_alone(home: Path) -> None:
    file = home / "deep" / "memory.key"
    [key] = read_keys(None, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert read_keys(None, file) == [key]
    assert read_keys(" b, a ,", file) == ["b", "a"]
    file.chmod(0o640)
    with pytest.raises(MemoryStoreError, match="has mode 640: others than its owner may read it"):
        read_keys(None, file)
    with pytest.raises(MemoryStoreError, match="cannot be used"):
        read_keys(None, home)


def test_a_cipher_opens_what_it_closed_for_that_owner_alone() -> None:
    cipher = FieldCipher([new_key()])
    token = cipher.encrypt("ada", "I am a nurse. \U0001f642")
    assert cipher.decrypt("ada", token) == "I am a nurse. \U0001f642"
    assert cipher.encrypt("ada", "I am a nurse. \U0001f642") != token
    for owner, changed in (("bob", token), ("ada", token[:-2] + b"=="), ("ada", b"")):
        with pytest.raises(CorruptFactError):
            cipher.decrypt(owner, changed)
    with pytest.raises(MemoryStoreError, match="0 keys"):
        FieldCipher([])
