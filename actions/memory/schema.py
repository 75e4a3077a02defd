"""The tables of the persona store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    TypeDecorator,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_IS_CURRENT = text("superseded_at IS NULL")


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time; SQLite knows no time zones, so it is UTC there."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Refuse a time without a zone: nobody could say when it was."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time must have a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Return it in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """What all tables have in common."""


class SecretRow(Base):
    """What the store needs to know of itself, encrypted; `pseudonyms` is the key of seeker ids."""

    __tablename__ = "memory_secrets"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)


class SeekerRow(Base):
    """Somebody who agreed to be remembered, by pseudonym."""

    __tablename__ = "memory_seekers"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    consented_at: Mapped[datetime] = mapped_column(UtcDateTime())


class FactRow(Base):
    """One sentence about a seeker.

    Attributes:
        form: keyed hash of the sentence's normal form, so that the database itself refuses to hold
            one twice.
        source: what it was inferred from, such as a message's id.
        confirmed_at: when it was last said.
        superseded_at, superseded_by: since when it no longer holds, and what took its place, if
            anything did.
    """

    __tablename__ = "memory_facts"
    __table_args__ = (
        Index(
            "memory_facts_current",
            "seeker_id",
            "form",
            unique=True,
            sqlite_where=_IS_CURRENT,
            postgresql_where=_IS_CURRENT,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    seeker_id: Mapped[str] = mapped_column(
        ForeignKey("memory_seekers.id", ondelete="CASCADE"), index=True
    )
    sentence: Mapped[bytes] = mapped_column(LargeBinary)
    form: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(64))
    learnt_at: Mapped[datetime] = mapped_column(UtcDateTime())
    confirmed_at: Mapped[datetime] = mapped_column(UtcDateTime(), index=True)
    superseded_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    superseded_by: Mapped[int | None] = mapped_column(
        ForeignKey("memory_facts.id", ondelete="SET NULL")
    )
