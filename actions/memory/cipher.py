"""Encryption of single fields at rest, with keys that can be changed.

Fernet (AES-128 in CBC mode, HMAC-SHA256) of the `cryptography` package. What is encrypted names its
owner, so that a row that was copied to somebody else does not open there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from actions.memory.errors import CorruptFactError, MemoryStoreError

_MAKE_ONE = "make one with 'python -m actions.memory new-key'"


def new_key() -> str:
    """Return a new random key: 32 bytes in URL-safe base 64."""
    return Fernet.generate_key().decode()


class FieldCipher:
    """Encrypts with the first of its keys; decrypts with any of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the keys, newest first.

        Raises:
            MemoryStoreError: there is none, or one is malformed.
        """
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            # Neither the key nor its length is told.
            raise MemoryStoreError(
                f"{len(keys)} keys for the memory were given, and one is malformed, or there is "
                f"none. A key is 32 bytes in URL-safe base 64; {_MAKE_ONE}."
            ) from None

    def encrypt(self, owner: str, text: str) -> bytes:
        """Return `text` encrypted for `owner`; no two results are equal."""
        return self._fernet.encrypt(json.dumps([owner, text]).encode())

    def decrypt(self, owner: str, token: bytes) -> str:
        """Return what was encrypted for `owner`.

        Raises:
            CorruptFactError: it was changed, is somebody else's, or no key fits.
        """
        try:
            encrypted_for, text = json.loads(self._fernet.decrypt(token))
        except (InvalidToken, ValueError, TypeError):
            raise CorruptFactError("A row of the memory does not decrypt.") from None
        if encrypted_for != owner:
            raise CorruptFactError("A row of the memory was encrypted for another owner.")
        return str(text)

    def rotated(self, token: bytes) -> bytes:
        """Return `token` encrypted with the first key.

        Raises:
            CorruptFactError: no key fits.
        """
        try:
            return self._fernet.rotate(token)
        except InvalidToken:
            raise CorruptFactError("A row of the memory does not decrypt.") from None


def read_keys(given: str | None, file: Path) -> list[str]:
    """Return the keys: those given, by commas, newest first; else those in `file`, a line each.

    A file that is not there is made, with a new key, readable by its owner alone.

    Raises:
        MemoryStoreError: the file cannot be read or made, or others may read it.
    """
    if given:
        return [key.strip() for key in given.split(",") if key.strip()]
    try:
        _make(file)
        mode = file.stat().st_mode & 0o777
        lines = file.read_text(encoding="ascii").split()
    except (OSError, ValueError) as error:
        raise MemoryStoreError(
            f"The key file {file} cannot be used: {error}. Mend that, or set PAL_MEMORY_KEY."
        ) from error
    if mode & 0o077:
        raise MemoryStoreError(
            f"The key file {file} has mode {mode:o}: others than its owner may read it. Run "
            f"'chmod 600 {file}'; if somebody did read it, rotate the key."
        )
    return lines


def _make(file: Path) -> None:
    """Make a key file unless there is one; of two that try at once, one does."""
    if file.exists():
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="ascii") as sink:
        sink.write(new_key() + "\n")
        sink.flush()
        os.fsync(handle)
