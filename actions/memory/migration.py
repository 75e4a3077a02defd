"""Brings the tables of a persona store up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from actions.memory.errors import MemoryStoreError

VERSION_TABLE = "memory_version"

_FOLDER = Path(__file__).parent / "migrations"


def migrate(connection: Connection, revision: str = "head") -> None:
    """Upgrade to `revision` within the transaction of `connection`.

    Raises:
        MemoryStoreError: the tables are of a later version than this program.
    """
    config = configuration(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    unknown = set(context.get_current_heads()) - known
    if unknown:
        raise MemoryStoreError(
            f"The store's tables are of revision {', '.join(sorted(unknown))}, of a later version "
            "than this program, and were left alone. Run that version, or name another store in "
            "PAL_MEMORY_DB."
        )
    command.upgrade(config, revision)


def configuration(connection: Connection) -> Config:
    """Return what Alembic needs; no file of settings."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
