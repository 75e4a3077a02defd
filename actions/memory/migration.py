"""Brings the tables of a persona store up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

_FOLDER = Path(__file__).parent / "migrations"


def migrate(connection: Connection, revision: str = "head") -> None:
    """Upgrade to `revision` within the transaction of `connection`."""
    command.upgrade(configuration(connection), revision)


def configuration(connection: Connection) -> Config:
    """Return what Alembic needs; no file of settings."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
