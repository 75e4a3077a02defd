"""The memory that the settings name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from actions.memory.cipher import FieldCipher, read_keys
from actions.memory.embedder import Embedder
from actions.memory.known import SeekerMemory
from actions.memory.store import PersonaStore
from actions.settings import Settings

OFF = "off"
_POSTGRESQL = "postgresql+asyncpg"
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": _POSTGRESQL, "postgres": _POSTGRESQL}


def store_from_settings(settings: Settings) -> PersonaStore | None:
    """Return the store, not open yet; None where the memory is off.

    Raises:
        MemoryStoreError: its key or its address cannot be used.
    """
    if settings.memory_db.casefold() == OFF:
        return None
    key = settings.memory_key
    given = None if key is None else key.get_secret_value()
    cipher = FieldCipher(read_keys(given, settings.home / "memory.key"))
    return PersonaStore(_url(settings), cipher)


def memory_from_settings(settings: Settings) -> SeekerMemory:
    """Return the memory, not open yet.

    Raises:
        MemoryStoreError: its key or its address cannot be used.
    """
    store = store_from_settings(settings)
    return SeekerMemory(store, Embedder(), timedelta(days=settings.memory_days))


def _url(settings: Settings) -> str:
    """Return the URL with a driver; a plain path is one of an SQLite file."""
    url = settings.memory_db or str(settings.home / "memory" / "memory.db")
    if "://" not in url:
        url = f"sqlite:///{Path(url).expanduser().resolve()}"
    dialect, separator, rest = url.partition("://")
    return f"{_DRIVERS.get(dialect, dialect)}{separator}{rest}"
