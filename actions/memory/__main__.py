"""Command line: `python -m actions.memory`. Looks after the persona store that the settings name.

new-key   print a new key; put it before the others, in PAL_MEMORY_KEY or in PAL_HOME/memory.key
rotate    encrypt everything with the first key; after that the others may go
expire    delete what nobody mentioned for PAL_MEMORY_DAYS (the action server does so at start)
count     print how many seekers and facts there are
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
from collections.abc import Sequence
from datetime import timedelta

from actions.memory.cipher import new_key
from actions.memory.errors import MemoryStoreError
from actions.memory.opening import store_from_settings
from actions.memory.store import PersonaStore
from actions.settings import Settings, SettingsError, load_settings

UNREADABLE = (
    "{rows} rows open with none of the keys, and were left as they are. If a key is missing, put "
    "it behind the others and rotate again; if none is, these rows are corrupt."
)


async def _run(command: str, store: PersonaStore, settings: Settings) -> str:
    try:
        await store.open()
        if command == "rotate":
            rotated, unreadable = await store.rotate()
            done = f"{rotated} rows are encrypted with the first key."
            return f"{done} {UNREADABLE.format(rows=unreadable)}" if unreadable else done
        if command == "expire":
            days = settings.memory_days
            return f"{await store.expire(timedelta(days=days))} facts older than {days} days gone."
        seekers, facts = await store.count()
        return f"{seekers} seekers, {facts} facts."
    finally:
        await store.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m actions.memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=("new-key", "rotate", "expire", "count"))
    command = parser.parse_args(arguments).command
    if command == "new-key":
        print(new_key())
        return 0
    # Asked for by the settings, and used by nobody here.
    os.environ.setdefault("PAL_ACTIONS_TOKEN", secrets.token_urlsafe(32))
    try:
        settings = load_settings()
        store = store_from_settings(settings)
        if store is None:
            raise MemoryStoreError("PAL_MEMORY_DB is 'off': there is no memory to look after.")
        print(asyncio.run(_run(command, store, settings)))
    except (MemoryStoreError, SettingsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
