"""The persona store on real databases."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from actions.memory.cipher import FieldCipher, new_key
from actions.memory.errors import MemoryStoreError, WrongKeyError
from actions.memory.facts import Change, Fact
from actions.memory.store import Decide, PersonaStore
from tests.actions.memory.conftest import Clock, OpenStore

CHANNEL = "rest"


def adding(*sentences: str) -> Decide:
    return lambda _: [Change(sentence) for sentence in sentences]


async def agreed(store: PersonaStore, sender: str = "ada") -> str:
    seeker = store.seeker_id(CHANNEL, sender)
    await store.consent(seeker)
    return seeker


def sentences(facts: Sequence[Fact]) -> list[str]:
    return [fact.sentence for fact in facts]


async def everything(store: PersonaStore) -> bytes:
    """All that the database holds of all tables, and the files behind it."""
    found = b""
    async with store.engine.connect() as connection:
        for table in ("memory_facts", "memory_seekers", "memory_secrets"):
            for row in await connection.execute(text(f"SELECT * FROM {table}")):
                found += b"|".join(v if isinstance(v, bytes) else str(v).encode() for v in row)
    if store.engine.url.database and store.engine.dialect.name == "sqlite":
        for file in Path(store.engine.url.database).parent.iterdir():
            found += file.read_bytes()
    return found


class TestKeeping:
    async def test_facts_come_back_with_their_source_and_times(
        self, store: PersonaStore, open_store: OpenStore, clock: Clock
    ) -> None:
        seeker = await agreed(store)
        learnt = clock.now
        await store.learn(seeker, "message 7", adding("I am a nurse.", "Ich heiße Jörg 🙂"))
        clock.pass_by(days=3)
        elsewhere = await open_store()  # another process, the same sender
        facts = await elsewhere.facts(elsewhere.seeker_id(CHANNEL, "ada"))
        assert sentences(facts) == ["I am a nurse.", "Ich heiße Jörg 🙂"]
        assert {(f.source, f.learnt_at, f.confirmed_at) for f in facts} == {
            ("message 7", learnt, learnt)
        }
        assert all(fact.is_current for fact in facts)

    async def test_nothing_is_kept_of_who_did_not_agree(self, store: PersonaStore) -> None:
        stranger = store.seeker_id(CHANNEL, "bob")
        assert await store.learn(stranger, "1", adding("I am a spy.")) == []
        assert await store.count() == (0, 0)
        assert await store.consented_at(stranger) is None

    async def test_agreeing_again_counts_from_then_on(
        self, store: PersonaStore, clock: Clock
    ) -> None:
        seeker = await agreed(store)
        clock.pass_by(days=100)
        await asyncio.gather(*(store.consent(seeker) for _ in range(8)))
        assert await store.consented_at(seeker) == clock.now
        await store.expire(timedelta(days=90))
        assert await store.consented_at(seeker) is not None

    async def test_seekers_are_apart(self, store: PersonaStore) -> None:
        ada, bob = await agreed(store), await agreed(store, "bob")
        await store.learn(ada, "1", adding("I am a nurse."))
        await store.learn(bob, "1", adding("I am a spy."))
        [mine] = await store.facts(ada)
        assert await store.forget(bob, [mine.id]) == 0
        assert sentences(await store.facts(ada)) == ["I am a nurse."]
        # The same name on another channel is somebody else; so is one that only looks composed.
        ids = {
            store.seeker_id(*name) for name in (("rest", "ada"), ("slack", "ada"), ("r", "estada"))
        }
        assert len(ids) == 3

    async def test_the_same_words_twice_are_one_fact_confirmed(
        self, store: PersonaStore, clock: Clock
    ) -> None:
        seeker = await agreed(store)
        await store.learn(seeker, "1", adding("I am a nurse."))
        clock.pass_by(days=2)
        [fact] = await store.learn(seeker, "2", adding("I'm a nurse!", "I am a NURSE."))
        assert (fact.sentence, fact.source) == ("I am a nurse.", "1")
        assert fact.confirmed_at - fact.learnt_at == timedelta(days=2)

    async def test_a_superseded_fact_stays_as_history(
        self, store: PersonaStore, clock: Clock
    ) -> None:
        seeker = await agreed(store)
        [old] = await store.learn(seeker, "1", adding("I am a teacher."))
        clock.pass_by(days=5)
        change = Change("I lost my job.", supersedes=(old.id,))
        [new] = await store.learn(seeker, "2", lambda _: [change])
        assert new.sentence == "I lost my job."
        assert await store.facts(seeker) == [new]
        before, _ = await store.facts(seeker, superseded=True)
        assert (before.sentence, before.superseded_by) == ("I am a teacher.", new.id)
        assert before.superseded_at == clock.now
        # And may hold again.
        back = Change("I am a teacher.", supersedes=(new.id,))
        assert sentences(await store.learn(seeker, "3", lambda _: [back])) == ["I am a teacher."]

    async def test_what_another_seekers_fact_is_cannot_be_superseded(
        self, store: PersonaStore
    ) -> None:
        ada, bob = await agreed(store), await agreed(store, "bob")
        [hers] = await store.learn(ada, "1", adding("I am a nurse."))
        change = Change(None, confirms=hers.id, supersedes=(hers.id,))
        await store.learn(bob, "1", lambda _: [change])
        assert await store.facts(ada) == [hers]


class TestForgetting:
    async def test_a_forgotten_fact_takes_its_past_with_it(self, store: PersonaStore) -> None:
        seeker = await agreed(store)
        [a] = await store.learn(seeker, "1", adding("I live in Leeds."))
        [b] = await store.learn(
            seeker, "2", lambda _: [Change("I live in Bath.", supersedes=(a.id,))]
        )
        [c] = await store.learn(
            seeker, "3", lambda _: [Change("I live in York.", supersedes=(b.id,))]
        )
        await store.learn(seeker, "4", adding("I have a cat."))
        assert await store.forget(seeker, [c.id]) == 3
        assert sentences(await store.facts(seeker, superseded=True)) == ["I have a cat."]

    async def test_the_same_words_from_before_they_were_taken_back_go_as_well(
        self, store: PersonaStore
    ) -> None:
        seeker = await agreed(store)
        [fact] = await store.learn(seeker, "1", adding("I live in Leeds."))
        await store.learn(seeker, "2", lambda _: [Change(None, None, (fact.id,))])
        [again] = await store.learn(seeker, "3", adding("I live in Leeds."))
        assert await store.forget(seeker, [again.id]) == 2
        assert await store.facts(seeker, superseded=True) == []

    async def test_erasing_leaves_nothing_at_all(self, store: PersonaStore) -> None:
        ada, bob = await agreed(store), await agreed(store, "bob")
        await store.learn(ada, "message-of-ada", adding("I am a nurse.", "I have a cat."))
        await store.learn(bob, "1", adding("I am a spy."))
        assert ada.encode() in await everything(store)
        assert await store.erase(ada) == 2
        left = await everything(store)
        assert ada.encode() not in left
        assert b"message-of-ada" not in left
        assert await store.consented_at(ada) is None
        assert await store.learn(ada, "2", adding("I am back.")) == []
        assert await store.count() == (1, 1)

    async def test_what_nobody_said_for_long_expires(
        self, store: PersonaStore, clock: Clock
    ) -> None:
        ada, bob = await agreed(store), await agreed(store, "bob")
        await store.learn(ada, "1", adding("I am a nurse.", "I have a cat."))
        await store.learn(bob, "1", adding("I am a spy."))
        clock.pass_by(days=60)
        await store.learn(ada, "2", adding("I am a nurse."))
        clock.pass_by(days=40)
        assert await store.expire(timedelta(days=90)) == 2
        assert sentences(await store.facts(ada)) == ["I am a nurse."]
        # Who agreed long ago, and of whom nothing is left, is asked again.
        assert await store.consented_at(ada) is not None
        assert await store.consented_at(bob) is None
        assert await store.expire(timedelta(days=90)) == 0


class TestSecrecy:
    async def test_no_word_and_no_name_is_readable(self, store: PersonaStore, key: str) -> None:
        seeker = await agreed(store, "ada.lovelace@example.org")
        await store.learn(seeker, "1", adding("I work with engines."))
        held = await everything(store)
        for secret in (b"engines", b"lovelace", key.encode()):
            assert secret not in held
        assert b"rest" not in held.replace(b"restrict", b"")

    async def test_another_key_is_refused_and_the_right_one_still_opens(
        self, store: PersonaStore, open_store: OpenStore
    ) -> None:
        seeker = await agreed(store)
        await store.learn(seeker, "1", adding("I am a nurse."))
        with pytest.raises(WrongKeyError, match="Put the key back"):
            await open_store(new_key())
        again = await open_store()
        assert sentences(await again.facts(seeker)) == ["I am a nurse."]

    async def test_keys_can_be_changed(
        self, store: PersonaStore, open_store: OpenStore, key: str
    ) -> None:
        seeker = await agreed(store)
        await store.learn(seeker, "1", adding("I am a nurse.", "I have a cat."))
        newer = new_key()
        both = await open_store(newer, key)
        assert await both.rotate() == (3, 0)  # two facts and the store's own secret
        alone = await open_store(newer)
        assert alone.seeker_id(CHANNEL, "ada") == seeker
        assert sentences(await alone.facts(seeker)) == ["I am a nurse.", "I have a cat."]
        with pytest.raises(WrongKeyError):
            await open_store(key)

    async def test_who_still_has_the_old_key_alone_writes_nothing(
        self, store: PersonaStore, open_store: OpenStore, key: str
    ) -> None:
        """A server that runs while keys are changed elsewhere: its rows could not be read again."""
        seeker = await agreed(store)
        await store.learn(seeker, "1", adding("I am a nurse."))
        newer = new_key()
        await (await open_store(newer, key)).rotate()
        with pytest.raises(WrongKeyError):
            await store.learn(seeker, "2", adding("I have a cat."))
        with pytest.raises(WrongKeyError):
            await store.consent(seeker)
        alone = await open_store(newer)
        assert sentences(await alone.learn(seeker, "3", adding("I have a cat."))) == [
            "I am a nurse.",
            "I have a cat.",
        ]

    @pytest.mark.parametrize("first", ["writer", "rotation"])
    async def test_what_is_written_while_keys_are_changed_is_not_lost(
        self, store: PersonaStore, open_store: OpenStore, key: str, first: str
    ) -> None:
        """Written with the old key after the others were read, it was never read again."""
        if store.engine.dialect.name == "sqlite":
            pytest.skip("SQLite has one writer at a time")
        seeker = await agreed(store)
        newer = new_key()
        both = await open_store(newer, key)
        work: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
            "writer": lambda: store.learn(seeker, "1", adding("I am a nurse.")),
            "rotation": both.rotate,
        }
        begun: dict[str, asyncio.Task[Any]] = {}
        async with store.engine.begin() as other:
            await other.execute(text("SELECT 1 FROM memory_seekers FOR UPDATE"))
            for name in sorted(work, key=lambda name: name != first):
                begun[name] = asyncio.create_task(work[name]())
                await asyncio.sleep(0.2)  # until it waits
        if first == "writer":
            await begun["writer"]
        else:
            with pytest.raises(WrongKeyError):
                await begun["writer"]
        rows = 2 if first == "writer" else 1
        assert await begun["rotation"] == (rows, 0)
        assert len(await (await open_store(newer)).facts(seeker)) == rows - 1

    async def test_a_row_that_no_key_opens_does_not_keep_the_others_from_a_new_key(
        self, store: PersonaStore, open_store: OpenStore, key: str
    ) -> None:
        seeker = await agreed(store)
        await store.learn(seeker, "1", adding("I am a nurse.", "I have a cat."))
        first = "(SELECT MIN(id) FROM memory_facts)"
        lost = new_key()
        foreign = FieldCipher([lost]).encrypt(seeker, "I am a nurse.")
        async with store.engine.begin() as connection:
            await connection.execute(
                text(f"UPDATE memory_facts SET sentence = :x WHERE id = {first}"), {"x": foreign}
            )
        newer = new_key()
        assert await (await open_store(newer, key)).rotate() == (2, 1)
        assert sentences(await (await open_store(newer)).facts(seeker)) == ["I have a cat."]
        # It was left alone: with its own key, once that is found, it opens.
        assert await (await open_store(newer, lost)).rotate() == (3, 0)
        assert len(await (await open_store(newer)).facts(seeker)) == 2

    async def test_a_corrupt_row_can_be_told_again(self, store: PersonaStore) -> None:
        seeker = await agreed(store)
        await store.learn(seeker, "1", adding("I am a nurse."))
        async with store.engine.begin() as connection:
            await connection.execute(text("UPDATE memory_facts SET sentence = :x"), {"x": b"?"})
        assert sentences(await store.learn(seeker, "2", adding("I am a nurse."))) == [
            "I am a nurse."
        ]

    async def test_a_corrupt_row_is_left_out_and_the_others_are_read(
        self, store: PersonaStore, capfd: pytest.CaptureFixture[str]
    ) -> None:
        seeker = await agreed(store)
        await store.learn(seeker, "1", adding("I am a nurse.", "I have a cat."))
        first = "(SELECT MIN(id) FROM memory_facts)"
        async with store.engine.begin() as connection:
            damage = text(f"UPDATE memory_facts SET sentence = :x WHERE id = {first}")
            await connection.execute(damage, {"x": b"gAAAA nonsense"})
        assert sentences(await store.facts(seeker)) == ["I have a cat."]
        printed = "".join(capfd.readouterr())
        assert "corrupt_facts_left_out" in printed
        assert "cat" not in printed

    async def test_a_row_given_to_somebody_else_does_not_open(self, store: PersonaStore) -> None:
        ada, bob = await agreed(store), await agreed(store, "bob")
        await store.learn(ada, "1", adding("I am a nurse."))
        async with store.engine.begin() as connection:
            await connection.execute(text("UPDATE memory_facts SET seeker_id = :b"), {"b": bob})
        assert await store.facts(bob) == []


class TestManyAtOnce:
    async def test_concurrent_writers_lose_nothing(
        self, store: PersonaStore, open_store: OpenStore
    ) -> None:
        seeker = await agreed(store)
        others = [store, await open_store(), await open_store()]

        async def write(number: int) -> None:
            said = f"I have {number} cats.", "I am a nurse."
            await others[number % 3].learn(seeker, str(number), adding(*said))

        await asyncio.gather(*map(write, range(30)))
        known = sentences(await store.facts(seeker))
        assert sorted(known) == sorted({f"I have {n} cats." for n in range(30)} | {"I am a nurse."})

    async def test_a_decision_sees_what_the_one_before_it_did(
        self, store: PersonaStore, open_store: OpenStore
    ) -> None:
        """Each writer supersedes all that it finds: exactly one fact must be left."""
        seeker = await agreed(store)
        others = [store, await open_store(), await open_store()]

        async def write(number: int) -> None:
            def decide(known: Sequence[Fact]) -> list[Change]:
                return [Change(f"I am {number}.", supersedes=tuple(fact.id for fact in known))]

            await others[number % 3].learn(seeker, str(number), decide)

        await asyncio.gather(*map(write, range(20)))
        assert len(await store.facts(seeker)) == 1
        history = await store.facts(seeker, superseded=True)
        assert len(history) == 20
        # One chain: nobody was superseded twice, or by nobody.
        assert len({fact.superseded_by for fact in history}) == 20

    async def test_servers_that_start_together_share_one_store(self, open_store: OpenStore) -> None:
        stores = await asyncio.gather(*(open_store() for _ in range(4)))
        assert len({store.seeker_id(CHANNEL, "ada") for store in stores}) == 1


class TestFailing:
    async def test_an_error_in_a_decision_changes_nothing(self, store: PersonaStore) -> None:
        seeker = await agreed(store)
        [fact] = await store.learn(seeker, "1", adding("I am a nurse."))

        def half(_: Any) -> Any:
            yield Change("I am a spy.", supersedes=(fact.id,))
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await store.learn(seeker, "2", half)
        assert await store.facts(seeker, superseded=True) == [fact]

    async def test_a_process_killed_before_its_commit_leaves_the_store_as_it_was(
        self, store: PersonaStore, url: str, key: str
    ) -> None:
        seeker = await agreed(store)
        [fact] = await store.learn(seeker, "1", adding("I am a nurse."))
        script = f"""
import asyncio, sys, time
from actions.memory.cipher import FieldCipher
from actions.memory.facts import Change
from actions.memory.store import PersonaStore

async def main():
    store = PersonaStore({url!r}, FieldCipher([{key!r}]))
    await store.open()
    def decide(known):
        yield Change("I am a spy.", supersedes=tuple(fact.id for fact in known))
        print("ready", flush=True)
        time.sleep(60)
    await store.learn({seeker!r}, "2", decide)

asyncio.run(main())
"""
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == b"ready\n"
        os.kill(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.wait)
        process.stdout.close()
        assert await store.facts(seeker, superseded=True) == [fact]
        after = await store.learn(seeker, "3", adding("I have a cat."))
        assert sentences(after) == ["I am a nurse.", "I have a cat."]

    async def test_a_server_that_never_answers_is_a_clear_error(self, key: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:  # accepts, and says nothing
            address = f"x@127.0.0.1:{server.getsockname()[1]}/x"
            store = PersonaStore(f"postgresql+asyncpg://{address}", FieldCipher([key]))
            with pytest.raises(MemoryStoreError, match="TimeoutError"):
                await store.open()
            await store.close()

    async def test_a_server_that_stops_answering_holds_nobody_for_long(
        self, store: PersonaStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As while somebody else holds a lock; the turn waited for as long as that."""
        if store.engine.dialect.name == "sqlite":
            pytest.skip("SQLite is no server, and has a patience of its own")
        monkeypatch.setattr(store, "_answer_seconds", 0.3)
        seeker = await agreed(store)
        async with store.engine.begin() as other:
            await other.execute(text("LOCK memory_seekers, memory_facts IN ACCESS EXCLUSIVE MODE"))
            for work in (
                lambda: store.consented_at(seeker),
                lambda: store.consent(seeker),
                lambda: store.facts(seeker),
                lambda: store.learn(seeker, "1", adding("I am a nurse.")),
                lambda: store.forget(seeker, [1]),
                lambda: store.erase(seeker),
            ):
                began = time.monotonic()
                with pytest.raises(MemoryStoreError, match="TimeoutError"):
                    await work()
                assert time.monotonic() - began < 4
        await store.learn(seeker, "1", adding("I am a nurse."))
        assert sentences(await store.facts(seeker)) == ["I am a nurse."]

    @pytest.mark.parametrize(
        "url", ["nonsense", "mysql+nothing://x/y", "sqlite+aiosqlite://a:b:c/"]
    )
    async def test_an_address_that_is_none_is_a_clear_error(self, key: str, url: str) -> None:
        with pytest.raises(MemoryStoreError, match="Check that the database of PAL_MEMORY_DB"):
            await PersonaStore(url, FieldCipher([key])).open()

    async def test_a_database_that_is_gone_is_a_clear_error_without_a_word_of_a_seeker(
        self, key: str
    ) -> None:
        gone = PersonaStore("postgresql+asyncpg://nobody@127.0.0.1:9/nothing", FieldCipher([key]))
        with pytest.raises(MemoryStoreError, match="Check that the database of PAL_MEMORY_DB"):
            await gone.open()
        await gone.close()

    async def test_a_folder_that_cannot_be_made_is_a_clear_error(
        self, key: str, tmp_path: Path
    ) -> None:
        (tmp_path / "taken").touch()
        url = f"sqlite+aiosqlite:///{tmp_path / 'taken' / 'memory.db'}"
        with pytest.raises(MemoryStoreError, match=r"FileExistsError|NotADirectoryError"):
            await PersonaStore(url, FieldCipher([key])).open()

    async def test_a_file_that_is_no_database_is_a_clear_error_and_stays(
        self, key: str, tmp_path: Path
    ) -> None:
        file = tmp_path / "memory.db"
        file.write_text("a letter to a friend, " * 100)
        with pytest.raises(MemoryStoreError, match="file is not a database"):
            await PersonaStore(f"sqlite+aiosqlite:///{file}", FieldCipher([key])).open()
        assert file.read_text().startswith("a letter")

    async def test_a_database_that_can_only_be_read_is_read(
        self, key: str, tmp_path: Path, clock: Clock
    ) -> None:
        file = tmp_path / "memory.db"
        store = PersonaStore(f"sqlite+aiosqlite:///{file}", FieldCipher([key]), clock)
        await store.open()
        seeker = await agreed(store)
        await store.learn(seeker, "1", adding("I am a nurse."))
        async with store.engine.connect() as connection:
            await connection.execute(text("PRAGMA query_only=ON"))
        assert sentences(await store.facts(seeker)) == ["I am a nurse."]
        with pytest.raises(MemoryStoreError, match="readonly database"):
            await store.learn(seeker, "2", adding("I have a cat."))
        await store.close()


async def test_an_sqlite_file_is_its_owners_alone(tmp_path: Path, key: str) -> None:
    file = tmp_path / "memory" / "memory.db"
    store = PersonaStore(f"sqlite+aiosqlite:///{file}", FieldCipher([key]))
    await store.open()
    await agreed(store)
    modes = {path.name: path.stat().st_mode & 0o777 for path in file.parent.iterdir()}
    assert modes["memory.db"] == 0o600
    assert not any(mode & 0o077 for mode in modes.values())
    await store.close()
    with sqlite3.connect(file) as connection:
        [(journal,)] = connection.execute("PRAGMA journal_mode")
    connection.close()
    assert journal == "wal"
