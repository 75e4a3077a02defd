"""What can go wrong with the memory. No message holds anything that a seeker said."""

from __future__ import annotations


class MemoryStoreError(Exception):
    """The persona store cannot be used; the message says why, and what to do."""


class WrongKeyError(MemoryStoreError):
    """The store was encrypted with a key that is not among those that were given."""


class CorruptFactError(MemoryStoreError):
    """A row that no key decrypts, or that belongs to somebody else."""
