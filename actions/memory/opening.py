"""The memory that the settings name."""

from __future__ import annotations

from datetime import timedelta

from actions.memory.cipher import FieldCipher, read_keys
from actions.memory.embedder import Embedder
from actions.memory.known import SeekerMemory
from actions.memory.store import PersonaStore
from actions.settings import Settings

OFF = "off"
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}


def store_from_settings(settings: Settings) -> PersonaStore | None:
    """Return the store, not open yet; None where the memory is off.

    Raises:
        MemoryStoreError: its key cannot be used.
    """
    if settings.memory_db == OFF:
        return None
    key = settings.memory_key
    given = None if key is None else key.get_secret_value()
    cipher = FieldCipher(read_keys(given, settings.home / "memory.key"))
    return PersonaStore(_url(settings), cipher)


def memory_from_settings(settings: Settings) -> SeekerMemory:
    """Return the memory, not open yet.

    Raises:
        MemoryStoreError: its key cannot be used.
    """
    store = store_from_settings(settings)
    return SeekerMemory(store, Embedder(), timedelta(days=settings.memory_days))


def _url(settings: Settings) -> str:
    """Name the driver where the user did not."""
    url = settings.memory_db or f"sqlite:///{settings.home / 'memory' / 'memory.db'}"
    dialect, separator, rest = url.partition("://")
    return f"{_DRIVERS.get(dialect, dialect)}{separator}{rest}"
