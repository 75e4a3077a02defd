"""A tracker store that forgets when it is told to."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rasa.core.agent import Agent
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, Restarted, SessionStarted
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.orm import Session

_BUSY_TIMEOUT_MS = 10_000
_CLEANING_SECONDS = 3_600


class ErasingTrackerStore(SQLTrackerStore):
    """Rasa's SQL store, except that words go when they should.

    A `Restarted` event deletes everything before it: Rasa's own restart only hides the earlier
    events, and every word stays in the table. Here /forget_me and /restart remove the sender's
    rows. A new session deletes the ones before it, which Rasa never reads again: what is kept of a
    seeker beyond a session is kept on their word, in the persona store, and not here. And who does
    not come back is forgotten after `retention_days`.
    """

    def __init__(
        self,
        domain: Domain | None = None,
        db: str = "tracker.db",
        host: str | None = None,
        event_broker: EventBroker | None = None,
        retention_days: float | str | None = None,
        **kwargs: Any,
    ) -> None:
        """Opens `db`: a file (SQLite, created private to its owner) or an SQLAlchemy URL."""
        self._lifetime = _seconds(retention_days)
        self._next_cleaning = 0.0
        is_file = "://" not in db and not host and kwargs.get("dialect", "sqlite") == "sqlite"
        if is_file:
            _create_private_file(Path(db))
        if "://" in db:
            host = db
        super().__init__(domain=domain, db=db, host=host, event_broker=event_broker, **kwargs)
        # Otherwise an error in a statement is logged with the seeker's words in it.
        self.engine.hide_parameters = True
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            self.engine.dispose()  # the connections that exist were not prepared
        self._clean()

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Stores new events; where the conversation was restarted, only those after it."""
        await super().save(tracker)
        self._clean()
        session_began = _later_session(tracker)
        if _last_restart(tracker) is not None:
            self._empty_write_ahead_log()
        elif session_began is not None:
            self._delete(
                self.SQLEvent.sender_id == tracker.sender_id,
                self.SQLEvent.timestamp < session_began,
            )

    def _clean(self) -> None:
        """Deletes what is too old, once an hour."""
        now = time.time()
        if self._lifetime is not None and now >= self._next_cleaning:
            self._next_cleaning = now + _CLEANING_SECONDS
            self._delete_older_than(now - self._lifetime)

    def _delete_older_than(self, oldest: float) -> None:
        """Deletes all of senders who wrote nothing since."""
        event = self.SQLEvent
        silent = (
            sa.select([event.sender_id])
            .group_by(event.sender_id)
            .having(sa.func.max(event.timestamp) < oldest)
        )
        self._delete(event.sender_id.in_(silent))

    def _delete(self, *which: Any) -> None:
        with self.session_scope() as session:
            session.query(self.SQLEvent).filter(*which).delete(synchronize_session=False)
            session.commit()
        self._empty_write_ahead_log()

    def _additional_events(
        self, session: Session, tracker: DialogueStateTracker
    ) -> Iterator[Event]:
        """The events to store; deletes the erased ones in the same transaction.

        The restart itself is not stored, so a tracker read back later does not erase again. The
        tracker at hand keeps it, and may be saved more than once: each save then replaces all
        rows by the events since, which leaves the same rows however often it happens.
        """
        restart = _last_restart(tracker)
        if restart is None:
            return super()._additional_events(session, tracker)
        session.query(self.SQLEvent).filter(self.SQLEvent.sender_id == tracker.sender_id).delete(
            synchronize_session=False
        )
        return itertools.islice(tracker.events, restart + 1, None)

    def _empty_write_ahead_log(self) -> None:
        """Deleted rows linger in SQLite's log until it is written back and truncated."""
        if self.engine.dialect.name != "sqlite":
            return
        with self.engine.connect() as connection:
            connection.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)")).fetchall()


def _later_session(tracker: DialogueStateTracker) -> float | None:
    """When the session began, if there is another before it in the tracker."""
    starts = [event.timestamp for event in tracker.events if isinstance(event, SessionStarted)]
    return starts[-1] if len(starts) > 1 else None


def _seconds(days: float | str | None) -> float | None:
    """Raises ValueError where `days` is no number above 0; empty and None keep for ever."""
    if days is None or days == "":
        return None
    try:
        seconds = 86_400 * float(days)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise ValueError(f"retention_days must be a number above 0, not {days!r}")
    return seconds


def _last_restart(tracker: DialogueStateTracker) -> int | None:
    events: list[Event] = list(tracker.events)
    restarts = (i for i in reversed(range(len(events))) if isinstance(events[i], Restarted))
    return next(restarts, None)


def _create_private_file(path: Path) -> None:
    """Creates the file and its folder readable by the owner only; tightens a file that exists."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Readers and a writer side by side, patience with a busy file, deleted text overwritten."""
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


_rasas_own: Callable[[TrackerStore | None, Domain], TrackerStore] = Agent._create_tracker_store


def _that_fails_loudly(store: TrackerStore | None, domain: Domain) -> TrackerStore:
    """Rasa wraps every store in one that goes on in memory where the database fails: what was to be
    deleted is then said to be gone and is not, and a seeker in danger is met as a stranger. Ours
    raises instead, and the channel tells the seeker.
    """
    if not isinstance(store, ErasingTrackerStore):
        return _rasas_own(store, domain)
    store.domain = domain
    return store


Agent._create_tracker_store = staticmethod(_that_fails_loudly)
