"""The persona store: facts of seekers who agreed to be remembered, in SQLite or PostgreSQL."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from filelock import AsyncFileLock
from sqlalchemy import delete, event, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from actions.memory.cipher import FieldCipher
from actions.memory.errors import CorruptFactError, MemoryStoreError, WrongKeyError
from actions.memory.facts import Change, Fact
from actions.memory.migration import migrate
from actions.memory.schema import FactRow, SecretRow, SeekerRow
from pal_model.persona import normal_form

log = structlog.get_logger(__name__)

_PSEUDONYMS = "pseudonyms"
_BUSY_SECONDS = 10
_CONNECT_SECONDS = 3
_ANSWER_SECONDS = 5.0
"""A seeker waits: in PostgreSQL, what a turn asks for takes no longer than this."""
_COMMAND_SECONDS = 60.0
"""For one command of what no seeker waits for, such as a change of keys."""
_MIGRATION_LOCK = 0x50414C
_WRITES = "pal_writes"
"""An execution option: SQLite locks before it reads."""

Decide = Callable[[Sequence[Fact]], Iterable[Change]]
"""Takes what is known, oldest first; returns the changes, in order."""


class PersonaStore:
    """Facts by seeker. Every method is one transaction: what fails has changed nothing.

    All of them raise MemoryStoreError where the database fails, without a word of what it holds.
    """

    def __init__(
        self, url: str, cipher: FieldCipher, now: Callable[[], datetime] | None = None
    ) -> None:
        """Set up; `open` connects.

        Args:
            url: such as "sqlite+aiosqlite:////home/me/memory.db", or "postgresql+asyncpg://...".
            cipher: of every sentence.
            now: tells the time, with a zone.

        Raises:
            MemoryStoreError: the URL is none.
        """
        try:
            self._engine = create_async_engine(
                url, hide_parameters=True, pool_pre_ping=True, connect_args=_connect_options(url)
            )
        except (SQLAlchemyError, ImportError, TypeError, ValueError) as error:
            raise _unusable(error) from None
        # SQLite gives up by itself, and its thread cannot be stopped.
        is_server = self._engine.dialect.name != "sqlite"
        self._answer_seconds = _ANSWER_SECONDS if is_server else None
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._cipher = cipher
        self._now = now or (lambda: datetime.now(UTC))
        self._pseudonym_key = b""
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self._engine.sync_engine, "begin", _begin_sqlite)

    @property
    def engine(self) -> AsyncEngine:
        """The database."""
        return self._engine

    async def open(self) -> None:
        """Connect, bring the tables up to date and make sure that the key fits.

        Raises:
            WrongKeyError: the store was encrypted with another key.
            MemoryStoreError: the database cannot be reached or written.
        """
        try:
            await self._open()
        except TypeError as error:  # an option of the URL that the driver does not know
            raise _unusable(error) from None

    async def _open(self) -> None:
        async with self._alone(), self._transaction(is_turn=False) as session:
            if self._engine.dialect.name == "postgresql":
                # Servers that start together wait for the first.
                await session.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            connection = await session.connection()
            await connection.run_sync(migrate)
            self._pseudonym_key = await self._read_pseudonym_key(session)

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    def seeker_id(self, channel: str, sender: str) -> str:
        """Return the pseudonym of a sender of a channel: without the store's key nobody can tell
        whose it is, or try names.
        """
        name = f"{len(channel)}:{channel}{sender}".encode("utf-8", "surrogatepass")
        return hmac.new(self._pseudonym_key, name, hashlib.sha256).hexdigest()

    async def consented_at(self, seeker: str) -> datetime | None:
        """Return when a seeker agreed to be remembered; None if they did not."""
        async with self._reading() as session:
            row = await session.get(SeekerRow, seeker)
            return None if row is None else row.consented_at

    async def consent(self, seeker: str) -> None:
        """Note that a seeker agrees, now."""
        insert = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        now = {"consented_at": self._now()}
        row = insert(SeekerRow).values({"id": seeker} | now)
        async with self._transaction() as session:
            await self._require_key(session)
            await session.execute(row.on_conflict_do_update(index_elements=["id"], set_=now))

    async def facts(self, seeker: str, *, superseded: bool = False) -> list[Fact]:
        """Return what is known, oldest first; with `superseded`, what no longer holds as well.

        Rows that do not decrypt are left out, and counted in the log.
        """
        async with self._reading() as session:
            return await self._facts(session, seeker, superseded=superseded)

    async def learn(self, seeker: str, source: str, decide: Decide) -> list[Fact]:
        """Change what is known by what was said; return what holds then.

        Of a seeker who has not agreed nothing is kept.

        Args:
            seeker: who said it.
            source: where, such as a message's id.
            decide: what it changes. It is called with what is known when nobody else can change it.
        """
        async with self._transaction() as session:
            await self._require_key(session)
            if not await self._lock(session, seeker):
                return []
            for change in decide(await self._facts(session, seeker)):
                await self._apply(session, seeker, source, change)
            return await self._facts(session, seeker)

    async def forget(self, seeker: str, facts: Iterable[int]) -> int:
        """Delete facts, and what they had superseded, for good; return how many rows that were."""
        async with self._transaction() as session:
            if not await self._lock(session, seeker):
                return 0
            chosen = set(facts)
            rows = (await session.scalars(_of(seeker, select(FactRow)))).all()
            # The same words from before they were taken back, and what they had superseded.
            forms = {row.form for row in rows if row.id in chosen}
            chosen |= {row.id for row in rows if row.form in forms}
            while more := {r.id for r in rows if r.superseded_by in chosen} - chosen:
                chosen |= more
            found = delete(FactRow).where(FactRow.seeker_id == seeker, FactRow.id.in_(chosen))
            deleted = _count(await session.execute(found))
        await self._scrub()
        return deleted

    async def erase(self, seeker: str) -> int:
        """Delete all that is kept of a seeker, their consent included; return how many facts."""
        async with self._transaction() as session:
            await self._lock(session, seeker)
            deleted = _count(await session.execute(_of(seeker, delete(FactRow))))
            await session.execute(delete(SeekerRow).where(SeekerRow.id == seeker))
        await self._scrub()
        return deleted

    async def expire(self, lifetime: timedelta) -> int:
        """Delete what nobody said within `lifetime`, and seekers of whom nothing is left and who
        agreed before that; return how many facts.
        """
        oldest = self._now() - lifetime
        is_stale = FactRow.confirmed_at < oldest
        has_stale = SeekerRow.id.in_(select(FactRow.seeker_id).where(is_stale))
        agreed_long_ago = SeekerRow.consented_at < oldest
        async with self._transaction(is_turn=False) as session:
            # Locked first: nobody learns what is deleted meanwhile. Who is in use comes next time.
            concerned = select(SeekerRow.id).where(has_stale | agreed_long_ago)
            ids = (await session.scalars(concerned.with_for_update(skip_locked=True))).all()
            theirs = FactRow.seeker_id.in_(ids)
            expired = _count(await session.execute(delete(FactRow).where(is_stale, theirs)))
            without_facts = SeekerRow.id.not_in(select(FactRow.seeker_id).where(theirs))
            gone = delete(SeekerRow).where(SeekerRow.id.in_(ids), agreed_long_ago, without_facts)
            await session.execute(gone)
        await self._scrub()
        return expired

    async def rotate(self) -> tuple[int, int]:
        """Encrypt every row with the first key; return how many that were, and how many no key
        opens. These stay as they are: they are corrupt, or of a key that may be found again.

        Raises:
            WrongKeyError: the store was encrypted with another key.
        """
        async with self._transaction(is_turn=False) as session:
            # Who writes with an old key has finished, or finds the new one. Then the seekers, whom
            # every change of facts locks.
            await self._require_key(session, for_change=True)
            await session.execute(select(SeekerRow.id).with_for_update())
            unreadable = 0
            rows = (await session.scalars(select(FactRow))).all()
            for row in rows:
                try:
                    row.sentence = self._cipher.rotated(row.sentence)
                except CorruptFactError:
                    unreadable += 1
            own = (await session.scalars(select(SecretRow))).all()
            for secret in own:
                secret.value = self._cipher.rotated(secret.value)
            return len(rows) - unreadable + len(own), unreadable

    async def count(self) -> tuple[int, int]:
        """Return the number of seekers and of facts."""
        async with self._reading(is_turn=False) as session:
            seekers = await session.scalar(select(func.count()).select_from(SeekerRow))
            facts = await session.scalar(select(func.count()).select_from(FactRow))
            return seekers or 0, facts or 0

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Let servers that start together on one SQLite file do so one after another: while it
        becomes one with a log, it makes nobody wait but fails them.
        """
        database = self._engine.url.database
        if self._engine.dialect.name != "sqlite" or not database or database == ":memory:":
            yield
            return
        try:
            _create_private_file(Path(database))
            lock = AsyncFileLock(f"{database}.lock", timeout=_BUSY_SECONDS, mode=0o600)
            await lock.acquire()
        except OSError as error:  # a timeout is one
            raise _unusable(error) from None
        try:
            yield
        finally:
            await lock.release()

    @asynccontextmanager
    async def _reading(self, *, is_turn: bool = True) -> AsyncIterator[AsyncSession]:
        limit = self._answer_seconds if is_turn else None
        try:
            async with asyncio.timeout(limit), self._sessions.begin() as session:
                yield session
        except (SQLAlchemyError, OSError) as error:
            raise _unusable(error) from None

    @asynccontextmanager
    async def _transaction(self, *, is_turn: bool = True) -> AsyncIterator[AsyncSession]:
        async with self._reading(is_turn=is_turn) as session:
            await session.connection(execution_options={_WRITES: True})
            yield session

    async def _read_pseudonym_key(self, session: AsyncSession) -> bytes:
        if await session.get(SecretRow, _PSEUDONYMS) is None:
            value = self._cipher.encrypt(_PSEUDONYMS, secrets.token_hex(32))
            session.add(SecretRow(name=_PSEUDONYMS, value=value))
            await session.flush()
        return await self._require_key(session)

    async def _require_key(self, session: AsyncSession, *, for_change: bool = False) -> bytes:
        """Make sure that the key has not been changed elsewhere, and is not until the transaction
        ends: what would be written with the old one could not be read again.
        """
        lock = True if for_change else {"read": True}
        row = await session.get_one(SecretRow, _PSEUDONYMS, with_for_update=lock)
        try:
            return bytes.fromhex(self._cipher.decrypt(_PSEUDONYMS, row.value))
        except CorruptFactError:
            raise WrongKeyError(
                "The memory was encrypted with a key that is not among those given. Put the key "
                "back (PAL_MEMORY_KEY, or memory.key in PAL_HOME). If it is lost, so is the "
                "memory: name another database in PAL_MEMORY_DB to begin a new one."
            ) from None

    async def _lock(self, session: AsyncSession, seeker: str) -> bool:
        """Let nobody else change this seeker's facts in this transaction; return whether they
        agreed to be remembered. (SQLite has locked all of it already.)
        """
        return await session.get(SeekerRow, seeker, with_for_update=True) is not None

    async def _facts(
        self, session: AsyncSession, seeker: str, *, superseded: bool = False
    ) -> list[Fact]:
        rows = _of(seeker, select(FactRow)).order_by(FactRow.id)
        if not superseded:
            rows = rows.where(FactRow.superseded_at.is_(None))
        facts = []
        corrupt = 0
        for row in await session.scalars(rows):
            try:
                facts.append(self._fact(row))
            except CorruptFactError:
                corrupt += 1
        if corrupt:
            log.error("corrupt_facts_left_out", rows=corrupt)
        return facts

    def _fact(self, row: FactRow) -> Fact:
        return Fact(
            row.id,
            self._cipher.decrypt(row.seeker_id, row.sentence),
            row.source,
            row.learnt_at,
            row.confirmed_at,
            row.superseded_at,
            row.superseded_by,
        )

    async def _apply(self, session: AsyncSession, seeker: str, source: str, change: Change) -> None:
        now = self._now()
        new: int | None = None
        current = _of(seeker, update(FactRow)).where(FactRow.superseded_at.is_(None))
        if change.supersedes:
            # Before the new one is added: it may be in the same words as an old one.
            ended = current.where(FactRow.id.in_(change.supersedes))
            await session.execute(ended.values(superseded_at=now))
        if change.confirms is not None:
            said_again = current.where(FactRow.id == change.confirms)
            await session.execute(said_again.values(confirmed_at=now))
            new = change.confirms
        if change.sentence is not None:
            told = change.told or Fact(0, change.sentence, source, now, now)
            new = await self._add(session, seeker, change.sentence, told)
        if change.supersedes and new is not None:
            replaced = _of(seeker, update(FactRow)).where(FactRow.id.in_(change.supersedes))
            await session.execute(replaced.values(superseded_by=new))

    async def _add(self, session: AsyncSession, seeker: str, sentence: str, told: Fact) -> int:
        """Return the number of the fact in these words; if it is known, it was said again."""
        form = self._form(seeker, sentence)
        same = _of(seeker, select(FactRow)).where(
            FactRow.form == form, FactRow.superseded_at.is_(None)
        )
        row: FactRow | None = (await session.scalars(same)).one_or_none()
        if row is None:
            token = self._cipher.encrypt(seeker, sentence)
            row = FactRow(
                seeker_id=seeker,
                sentence=token,
                form=form,
                source=told.source,
                learnt_at=told.learnt_at,
                confirmed_at=told.confirmed_at,
            )
            session.add(row)
        elif not self._opens(row):
            row.sentence = self._cipher.encrypt(seeker, sentence)
        row.confirmed_at = max(row.confirmed_at, told.confirmed_at)
        await session.flush()
        return row.id

    def _opens(self, row: FactRow) -> bool:
        try:
            self._fact(row)
        except CorruptFactError:
            return False
        return True

    def _form(self, seeker: str, sentence: str) -> str:
        key = self._pseudonym_key + seeker.encode()
        return hmac.new(key, normal_form(sentence).encode(), hashlib.sha256).hexdigest()

    async def _scrub(self) -> None:
        """Leave nothing deleted behind in SQLite's log."""
        if self._engine.dialect.name != "sqlite":
            return
        try:
            async with self._engine.connect() as connection:
                await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        except SQLAlchemyError as error:
            raise _unusable(error) from None


def _of(seeker: str, statement: Any) -> Any:
    """Restrict a statement to a seeker's facts."""
    return statement.where(FactRow.seeker_id == seeker)


def _count(deletion: Any) -> int:
    return int(deletion.rowcount)


def _connect_options(url: str) -> dict[str, Any]:
    """A server that does not answer holds nobody for ever."""
    if not url.startswith("postgresql+asyncpg:"):
        return {}
    return {"timeout": _CONNECT_SECONDS, "command_timeout": _COMMAND_SECONDS}


def _unusable(error: Exception) -> MemoryStoreError:
    """Return an error with the kind of failure, and no parameter of a statement."""
    cause = getattr(error, "orig", None) or error
    reason = next(iter(str(cause).splitlines()), "no more is known")
    return MemoryStoreError(
        f"The memory cannot be used ({type(cause).__name__}: {reason}). Check "
        "that the database of PAL_MEMORY_DB is there, and that this user may write to it."
    )


def _create_private_file(path: Path) -> None:
    """Create the file readable by its owner alone; tighten one that exists."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)


def _prepare_sqlite(connection: Any, _: Any) -> None:
    """Readers beside a writer, patience, what is deleted overwritten, foreign keys obeyed."""
    connection.isolation_level = None  # `_begin_sqlite` begins
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={1000 * _BUSY_SECONDS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    """Lock before reading what is to be changed: of two that read first, one could not write."""
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
