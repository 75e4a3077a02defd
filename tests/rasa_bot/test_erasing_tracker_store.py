"""The tracker store: erases on restart, keeps its file private, bears several writers."""

from __future__ import annotations

import asyncio
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from rasa.core.agent import Agent
from rasa.core.tracker_store import FailSafeTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    BotUttered,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from rasa_bot.components.erasing_tracker_store import ErasingTrackerStore

POSTGRES = "postgresql://postgres@127.0.0.1:5432/test"
DOMAIN = Domain.from_dict(
    {"slots": {"persona": {"type": "list", "mappings": [{"type": "custom"}]}}}
)
TURN: list[Event] = [UserUttered("my dog died"), SlotSet("persona", ["their dog died"])]
FRESH: list[Event] = [ActionExecuted("action_session_start"), SessionStarted(), BotUttered("Hi.")]


def _postgres_answers() -> bool:
    try:
        with socket.create_connection(("127.0.0.1", 5432), timeout=1):
            pass
        sa.create_engine(POSTGRES).connect().close()
    except (OSError, sa.exc.OperationalError):
        return False
    return True


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ErasingTrackerStore]:
    """A store on each database; on PostgreSQL in a schema of its own."""
    if request.param == "sqlite":
        yield ErasingTrackerStore(DOMAIN, db=str(tmp_path / "tracker.db"))
        return
    if not _postgres_answers():
        pytest.skip("no PostgreSQL answers at 127.0.0.1:5432")
    admin = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    schema = f"pal_test_{tmp_path.name}".lower().replace("-", "_")
    admin.execute(f'CREATE SCHEMA "{schema}"')
    store = ErasingTrackerStore(DOMAIN, db=f"{POSTGRES}?options=-csearch_path={schema}")
    try:
        yield store
    finally:
        store.engine.dispose()
        admin.execute(f'DROP SCHEMA "{schema}" CASCADE')
        admin.dispose()


def say(store: ErasingTrackerStore, sender: str, *events: Event) -> DialogueStateTracker:
    """Fetches the tracker, adds events, saves it: what Rasa does for a message."""

    async def turn() -> DialogueStateTracker:
        tracker = await store.get_or_create_tracker(sender, append_action_listen=False)
        tracker.update_with_events(list(events), DOMAIN)
        await store.save(tracker)
        return tracker

    return asyncio.run(turn())


def rows(store: ErasingTrackerStore, sender: str) -> list[str]:
    """What is stored of a sender, over all sessions."""
    with store.session_scope() as session:
        found = session.query(store.SQLEvent).filter_by(sender_id=sender)
        return [row.data for row in found.order_by(store.SQLEvent.id)]


def test_a_restart_deletes_all_earlier_rows_of_that_sender_only(
    store: ErasingTrackerStore,
) -> None:
    for sender in ("a", "b"):
        say(store, sender, SessionStarted(), *TURN)
        say(store, sender, SessionStarted(), *TURN)  # an earlier session must go, too
    say(store, "a", UserUttered("/forget_me"), BotUttered("Done."), Restarted(), *FRESH)
    assert len(rows(store, "a")) == len(FRESH)
    assert "dog" not in "".join(rows(store, "a"))
    assert "".join(rows(store, "b")).count("my dog died") > 1


def test_saving_the_restarted_tracker_again_stores_nothing_twice(
    store: ErasingTrackerStore,
) -> None:
    """Rasa may save more than once during a message, and each save sees the restart."""
    say(store, "a", SessionStarted(), *TURN)
    tracker = say(store, "a", Restarted(), *FRESH)
    asyncio.run(store.save(tracker))
    assert len(rows(store, "a")) == len(FRESH)
    tracker.update(BotUttered("How are you?"))
    asyncio.run(store.save(tracker))
    asyncio.run(store.save(tracker))
    assert len(rows(store, "a")) == len(FRESH) + 1


def test_the_conversation_goes_on_after_a_restart(store: ErasingTrackerStore) -> None:
    say(store, "a", SessionStarted(), *TURN)
    say(store, "a", Restarted(), *FRESH)
    say(store, "a", UserUttered("hello again"), BotUttered("Hi."))
    say(store, "a", UserUttered("I slept well"), BotUttered("Good."))
    tracker = asyncio.run(store.retrieve("a"))
    assert tracker is not None
    texts = [event.text for event in tracker.events if isinstance(event, UserUttered)]
    assert texts == ["hello again", "I slept well"]
    assert tracker.get_slot("persona") is None
    assert len(rows(store, "a")) == len(FRESH) + 4


def test_a_restart_and_nothing_after_it_leaves_no_row(store: ErasingTrackerStore) -> None:
    say(store, "a", SessionStarted(), *TURN)
    say(store, "a", Restarted())
    assert rows(store, "a") == []
    say(store, "a", SessionStarted(), *TURN)
    assert len(rows(store, "a")) == 1 + len(TURN)


def test_rasa_does_not_go_on_in_memory_where_the_database_fails(
    store: ErasingTrackerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would say that words are deleted which are not, and take who is known for a stranger."""

    def failing(*_: Any, **__: Any) -> Any:
        raise sa.exc.OperationalError("SELECT", {}, OSError("locked"))

    kept = Agent(DOMAIN, tracker_store=store).tracker_store
    say(store, "a", SessionStarted(), *TURN)
    tracker = asyncio.run(kept.get_or_create_tracker("a"))
    before = rows(store, "a")
    with monkeypatch.context() as patch:
        patch.setattr(store, "session_scope", failing)
        with pytest.raises(sa.exc.OperationalError):
            asyncio.run(kept.get_or_create_tracker("a"))
        tracker.update(Restarted())
        with pytest.raises(sa.exc.OperationalError):
            asyncio.run(kept.save(tracker))
    assert rows(store, "a") == before
    assert isinstance(Agent(DOMAIN).tracker_store, FailSafeTrackerStore)  # others as Rasa has them


def test_a_turn_of_the_first_session_deletes_nothing(
    store: ErasingTrackerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted: list[Any] = []
    monkeypatch.setattr(store, "_delete", lambda *which: deleted.append(which))
    say(store, "a", ActionExecuted("action_session_start"), SessionStarted(), *TURN)
    say(store, "a", UserUttered("I slept well"))
    assert deleted == []
    assert len(rows(store, "a")) == 3 + len(TURN)


def test_a_new_session_deletes_the_one_before_it(store: ErasingTrackerStore) -> None:
    for sender in ("a", "b"):
        say(store, sender, SessionStarted(), *TURN)
    later = [SessionStarted(), BotUttered("Hi again."), UserUttered("hello")]
    tracker = say(store, "a", *later)
    assert "dog" not in "".join(rows(store, "a"))
    assert len(rows(store, "a")) == len(later)
    assert "dog" in "".join(rows(store, "b"))
    # And the session goes on.
    say(store, "a", UserUttered("I slept well"))
    found = asyncio.run(store.retrieve("a"))
    assert found is not None
    texts = [event.text for event in found.events if isinstance(event, UserUttered)]
    assert texts == ["hello", "I slept well"]
    assert tracker.sender_id == "a"


def test_who_does_not_come_back_is_forgotten(tmp_path: Path) -> None:
    path = str(tmp_path / "tracker.db")
    store = ErasingTrackerStore(DOMAIN, db=path)
    week = 7 * 86_400
    for sender, age in (("gone", week + 60), ("here", week - 60)):
        say(store, sender, SessionStarted(), UserUttered(f"it is {sender}, my dog died"))
        with store.session_scope() as session:
            session.query(store.SQLEvent).filter_by(sender_id=sender).update(
                {"timestamp": time.time() - age}
            )
            session.commit()
    say(store, "back", UserUttered("long ago", timestamp=time.time() - 9 * week))
    say(store, "back", UserUttered("now"))
    again = ErasingTrackerStore(DOMAIN, db=path, retention_days="7")
    assert [len(rows(again, sender)) for sender in ("gone", "here", "back")] == [0, 2, 2]
    for file in tmp_path.iterdir():
        assert b"it is gone" not in file.read_bytes(), file.name


@pytest.mark.parametrize("days", ["soon", 0, -1, "nan"])
def test_days_that_are_none_are_named(tmp_path: Path, days: Any) -> None:
    with pytest.raises(ValueError, match=f"retention_days must be a number above 0, not {days!r}"):
        ErasingTrackerStore(DOMAIN, db=str(tmp_path / "tracker.db"), retention_days=days)


def test_only_the_last_of_several_restarts_counts(store: ErasingTrackerStore) -> None:
    say(store, "a", Restarted(), *TURN, Restarted(), *FRESH)
    assert "dog" not in "".join(rows(store, "a"))


def test_the_words_leave_the_file_and_not_only_the_table(tmp_path: Path) -> None:
    """SQLite leaves deleted text in free pages and in its log unless told otherwise."""
    store = ErasingTrackerStore(DOMAIN, db=str(tmp_path / "tracker.db"))
    for turn in range(50):
        say(store, "a", UserUttered(f"my dog died {turn} " + "and I miss him " * 100))
    say(store, "a", Restarted(), *FRESH)
    assert list(tmp_path.iterdir())
    for file in tmp_path.iterdir():
        assert b"I miss him" not in file.read_bytes(), file.name


def test_the_file_is_private_and_so_is_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "data" / "tracker.db"
    store = ErasingTrackerStore(DOMAIN, db=str(path))
    say(store, "a", *TURN)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_a_file_left_open_to_others_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "tracker.db"
    path.touch(mode=0o644)
    ErasingTrackerStore(DOMAIN, db=str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_processes_may_write_at_once(tmp_path: Path) -> None:
    """`chat` and `serve` share the file; SQLite's default is to fail a writer that must wait."""
    errors: list[BaseException] = []

    def write(sender: str) -> None:
        try:
            store = ErasingTrackerStore(DOMAIN, db=str(tmp_path / "tracker.db"))
            for _ in range(20):
                say(store, sender, *TURN)
        except BaseException as error:  # reported below, in the test's own thread
            errors.append(error)

    ErasingTrackerStore(DOMAIN, db=str(tmp_path / "tracker.db"))
    writers = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert not errors
    store = ErasingTrackerStore(DOMAIN, db=str(tmp_path / "tracker.db"))
    assert [len(rows(store, name)) for name in "abcd"] == [20 * len(TURN)] * 4


def test_an_error_does_not_quote_what_was_to_be_stored(tmp_path: Path) -> None:
    """SQLAlchemy puts a failed statement's values into the exception, and Rasa logs that."""
    store = ErasingTrackerStore(DOMAIN, db=str(tmp_path / "tracker.db"))
    store.engine.execute("DROP TABLE events")
    store.engine.execute("CREATE TABLE events (id INTEGER, sender_id TEXT, type_name TEXT)")
    with store.session_scope() as session:
        session.add(store.SQLEvent(sender_id="a", type_name="user", data="my dog died"))
        with pytest.raises(sa.exc.OperationalError) as caught:
            session.commit()
    assert "dog" not in str(caught.value)
