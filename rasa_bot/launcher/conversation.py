"""Whose conversation `chat` is: the same person's every time, unless they say otherwise."""

from __future__ import annotations

import fcntl
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

_FILES = ("terminal.id", *(f"terminal-{number}.id" for number in range(2, 10)))


@dataclass(frozen=True)
class Conversation:
    """What `chat` talks in.

    With `begins` a new session starts, as for somebody who comes back; without, the conversation
    goes on where it was.
    """

    id: str
    begins: bool


def own_conversation(home: Path) -> Conversation:
    """The one of whoever uses this folder; of a second `chat` beside a first one, the second.

    The file that holds its id stays locked while this process lives.
    """
    for name in _FILES:
        handle = os.open(home / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            continue
        known = os.read(handle, 64).decode("ascii", "replace").strip()
        if not known:
            known = uuid.uuid4().hex
            os.write(handle, known.encode())
        return Conversation(known, begins=True)
    return Conversation(uuid.uuid4().hex, begins=True)
