"""Who asks to be forgotten is: Rasa and the real actions with both their databases are searched.

The sender's name stays on the fresh conversation that follows; none of its words does.
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import CHECKOUT, Running

PYTHON = CHECKOUT / ".venv" / "bin" / "python"
RUNNER = CHECKOUT / "tests" / "actions" / "server_runner.py"
SERVER = "postgres@127.0.0.1:5432"
SENDER = "ada"
SAID = [
    "Hello there, it rains in Lilliput today",
    "I live in Zanzibar.",
    "I am a beekeeper.",
    "I want to kill myself, nobody in Xanadu would mind.",
    "yes, that is over, I am safe now, I sit in the Marzipan Café",
]
WORDS = ["Lilliput", "Zanzibar", "beekeeper", "Xanadu", "Marzipan"]

if not PYTHON.exists():
    pytest.skip("the action server's environment is not installed", allow_module_level=True)


@dataclass
class Databases:
    """The tracker store and the memory, each as its program wants it named, and for reading."""

    tracker: str
    memory: str
    readable: dict[str, str]

    def rows(self, name: str) -> str:
        """Every row of every table, one a line."""
        engine = sa.create_engine(self.readable[name])
        lines = []
        with engine.connect() as connection:
            tables = sa.inspect(engine).get_table_names()
            for table in sorted(set(tables) - {"sqlite_sequence"}):  # SQLite's own counters
                rows = connection.execute(sa.text(f'SELECT * FROM "{table}"'))
                lines += sorted(f"{table}: {list(map(_plain, row))}" for row in rows)
        engine.dispose()
        return "\n".join(lines)


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    """Two empty databases."""
    if request.param == "sqlite":
        tracker, memory = tmp_path / "stores" / "tracker.db", tmp_path / "stores" / "memory.db"
        readable = {"tracker": f"sqlite:///{tracker}", "memory": f"sqlite:///{memory}"}
        yield Databases(str(tracker), f"sqlite+aiosqlite:///{memory}", readable)
        return
    admin = sa.create_engine(f"postgresql://{SERVER}/postgres", isolation_level="AUTOCOMMIT")
    names = [f"pal_test_{secrets.token_hex(8)}" for _ in range(2)]
    try:
        for name in names:
            admin.execute(f"CREATE DATABASE {name}")
    except sa.exc.OperationalError as error:
        pytest.skip(f"no PostgreSQL answers at {SERVER}: {error}")
    tracker, memory = (f"postgresql://{SERVER}/{name}" for name in names)
    yield Databases(
        tracker,
        memory.replace("postgresql", "postgresql+asyncpg"),
        {"tracker": tracker, "memory": memory},
    )
    for name in names:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture
def server(
    launch: Callable[..., Running], databases: Databases, tmp_path: Path
) -> Iterator[Running]:
    running = launch(
        PAL_ACTIONS_COMMAND=shlex.join([str(PYTHON), str(RUNNER)]),
        PAL_PERSONA_EXTRACTOR="rules",
        PAL_LOG_LEVEL="INFO",
        PAL_TRACKER_DB=databases.tracker,
        PAL_MEMORY_DB=databases.memory,
        CONTROL_DIR=str(tmp_path),
    )
    running.wait_for("Ready:")
    yield running
    running.stop()


def found(server: Running, databases: Databases, *folders: Path) -> dict[str, list[str]]:
    """Of each of the words where it stands: in a table, in a file, or in what was printed."""
    places = {name: databases.rows(name).encode() for name in databases.readable}
    places["printed"] = server.printed().encode()
    for folder in folders:
        places |= {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    held = {place: content.lower() for place, content in places.items()}
    return {
        word: [place for place, content in held.items() if word.lower().encode() in content]
        for word in WORDS
    }


def test_who_is_forgotten_is_found_nowhere_and_others_lose_nothing(
    server: Running, databases: Databases, tmp_path: Path, environment: Path
) -> None:
    for text in ("hello", "it is cold", "I keep a lighthouse.", "I live in Oslo.", "/remember_me"):
        server.say(text, "grace")
    assert "Oslo" in "".join(server.say("/show_persona", "grace"))
    before = databases.rows("memory")
    assert before

    for text in [*SAID[:3], "/remember_me", *SAID[3:]]:
        server.say(text, SENDER)
    known = "".join(server.say("/show_persona", SENDER))
    assert "Zanzibar" in known
    assert "beekeeper" in known
    assert databases.rows("memory") != before
    places = found(server, databases, tmp_path, environment)
    assert all("tracker" in places[word] for word in WORDS), places

    server.say("/forget_me", SENDER)
    assert found(server, databases, tmp_path, environment) == {word: [] for word in WORDS}
    assert databases.rows("memory") == before
    assert "Zanzibar" not in "".join(server.say("/show_persona", SENDER))
    assert "Oslo" in "".join(server.say("/show_persona", "grace"))
