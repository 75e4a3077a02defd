"""Command line: `python -m actions.memory`. Looks after the persona store that the settings name.

new-key   print a new key; put it before the others, in PAL_MEMORY_KEY or in PAL_HOME/memory.key
rotate    encrypt everything with the first key; after that the others may go
expire    delete what nobody mentioned for PAL_MEMORY_DAYS (the action server does so at start)
count     print how many seekers and facts there are
export CHANNEL SENDER   print all that is kept of one seeker, as JSON
erase CHANNEL SENDER    delete all that is kept of one seeker, and their word that it may be

A seeker has the name of their channel, such as "rest" or "cmdline", and the one that it has for
them. What Rasa holds of a conversation is not here: it goes with /forget_me, or by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import sys
from collections.abc import Sequence
from datetime import timedelta

from actions.logging_setup import configure_logging
from actions.memory.cipher import new_key
from actions.memory.errors import MemoryStoreError
from actions.memory.known import exported
from actions.memory.opening import store_from_settings
from actions.memory.store import PersonaStore
from actions.settings import Settings, SettingsError, load_settings

_OF_ONE = ("export", "erase")

UNREADABLE = (
    "{rows} rows open with none of the keys, and were left as they are. If a key is missing, put "
    "it behind the others and rotate again; if none is, these rows are corrupt."
)


async def _run(given: argparse.Namespace, store: PersonaStore, settings: Settings) -> str:
    command = given.command
    try:
        await store.open()
        if command in _OF_ONE:
            seeker = store.seeker_id(given.channel, given.sender)
            if command == "erase":
                return f"{await store.erase(seeker)} facts of this seeker are erased."
            return json.dumps(await exported(store, seeker), indent=2, ensure_ascii=False)
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
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in ("new-key", "rotate", "expire", "count", *_OF_ONE):
        command = commands.add_parser(name)
        if name in _OF_ONE:
            command.add_argument("channel")
            command.add_argument("sender")
    given = parser.parse_args(arguments)
    if given.command == "new-key":
        print(new_key())
        return 0
    # Asked for by the settings, and used by nobody here.
    os.environ.setdefault("PAL_ACTIONS_TOKEN", secrets.token_urlsafe(32))
    try:
        settings = load_settings()
        configure_logging(settings.log_level)  # to standard error: what is printed is the answer
        store = store_from_settings(settings)
        if store is None:
            raise MemoryStoreError("PAL_MEMORY_DB is 'off': there is no memory to look after.")
        print(asyncio.run(_run(given, store, settings)))
    except (MemoryStoreError, SettingsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
