"""Fixtures of the Rasa side: one trained model, a fake action server, real server processes."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

if importlib.util.find_spec("rasa") is None:
    # Another environment's pytest walked in here; Rasa's own runs these (see pytest.ini).
    collect_ignore_glob = ["test_*.py"]

# Before any test module imports Rasa.
os.environ["SQLALCHEMY_SILENCE_UBER_WARNING"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
LAUNCH = CHECKOUT / "rasa_bot" / "launch.py"
TOKEN = "token-of-the-tests"
START_SECONDS = 60


@pytest.fixture(scope="session", autouse=True)
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """PAL_HOME and what else the launcher sets, for this process and the ones it starts."""
    before, umask = dict(os.environ), os.umask(0o022)
    for name in list(os.environ):
        if name.startswith(("PAL_", "RASA_", "ACTIONS_", "LOG_LEVEL")):
            del os.environ[name]
    home = tmp_path_factory.mktemp("pal-home")
    fake = HERE / "fake_actions.py"
    os.environ.update(
        PAL_HOME=str(home),
        PAL_ACTIONS_TOKEN=TOKEN,
        PAL_ACTIONS_COMMAND=f"{sys.executable} {fake}",
    )
    yield home
    os.environ.clear()
    os.environ.update(before)
    os.umask(umask)


@pytest.fixture(scope="session")
def model(environment: Path) -> Path:
    """The bot's trained model, made where the launcher will look for it."""
    from rasa_bot.launcher.bot_model import trained_model
    from rasa_bot.launcher.environment import prepare

    return trained_model(prepare(CHECKOUT))


@pytest.fixture
def actions() -> Iterator[Any]:
    """A fake action server in this process."""
    from fake_actions import FakeActionServer

    server = FakeActionServer(0, TOKEN)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@dataclass
class Bot:
    """An agent in this process; `say` returns what it answers, one text a message."""

    agent: Any
    actions: Any

    def say(self, text: str | None, sender: str = "seeker") -> list[str]:
        """Sends one message."""
        replies = asyncio.run(self.agent.handle_text({"text": text}, sender_id=sender))
        return [reply["text"] for reply in replies]

    def slots(self, sender: str = "seeker") -> dict[str, Any]:
        """The slots' values as stored."""
        return asyncio.run(self.tracker(sender)).current_slot_values()

    async def tracker(self, sender: str) -> Any:
        """The tracker as stored."""
        return await self.agent.tracker_store.retrieve(sender)


@pytest.fixture
def bot(model: Path, actions: Any, tmp_path: Path) -> Bot:
    """The bot with the fake actions and a tracker store of its own."""
    from rasa.core.agent import Agent
    from rasa.utils.endpoints import EndpointConfig

    from rasa_bot.components.erasing_tracker_store import ErasingTrackerStore

    endpoint = EndpointConfig(actions.url, headers={"Authorization": f"Bearer {TOKEN}"})
    store = ErasingTrackerStore(db=str(tmp_path / "tracker.db"))
    agent = Agent.load(str(model), action_endpoint=endpoint, tracker_store=store)
    return Bot(agent, actions)


def free_port() -> int:
    """A TCP port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Running:
    """A launcher process with the ports it was given and a file with all that it printed."""

    process: subprocess.Popen[bytes]
    output: Path
    rasa_port: int
    actions_port: int
    home: Path

    def printed(self) -> str:
        """Everything on standard output and error so far."""
        return self.output.read_text(errors="replace")

    def wait_for(self, text: str, seconds: float = START_SECONDS) -> None:
        """Returns once `text` was printed."""
        deadline = time.monotonic() + seconds
        while text not in self.printed():
            assert self.process.poll() is None, f"ended early:\n{self.printed()}"
            assert time.monotonic() < deadline, f"no {text!r} in:\n{self.printed()}"
            time.sleep(0.05)

    def request(self, body: bytes | Any, query: str = "") -> tuple[int, str]:
        """Posts to the REST webhook; status and text of the reply."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return fetch(f"http://127.0.0.1:{self.rasa_port}/webhooks/rest/webhook{query}", data)

    def say(self, text: str, sender: str) -> list[str]:
        """Sends one message; the texts of the reply."""
        status, reply = self.request({"sender": sender, "message": text})
        assert status == 200, reply
        return [message["text"] for message in json.loads(reply)]

    def fail_actions(self, *names: str) -> None:
        """Makes these actions answer 500 from now on; none ends it."""
        body = json.dumps({"actions": names}).encode()
        assert fetch(f"http://127.0.0.1:{self.actions_port}/fail", body)[0] == 200

    def stop(self, number: int = signal.SIGINT) -> int:
        """Signals the launcher, waits, returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(20)


def fetch(url: str, data: bytes | None = None) -> tuple[int, str]:
    """Status and text of a request, whatever the status is."""
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture(scope="module")
def launch(
    model: Path, environment: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Running]]:
    """Starts `launch.py serve` with free ports; stops what still runs at the module's end."""
    started: list[Running] = []

    def start(**settings: str) -> Running:
        folder = tmp_path_factory.mktemp("run")
        rasa_port, actions_port = free_port(), free_port()
        own = {
            "RASA_PORT": str(rasa_port),
            "ACTIONS_PORT": str(actions_port),
            "PAL_TRACKER_DB": str(folder / "data" / "tracker.db"),
        }
        with (folder / "output").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, str(LAUNCH), "serve"],
                env={**os.environ, **own, **settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
            )
        running = Running(process, folder / "output", rasa_port, actions_port, folder / "data")
        started.append(running)
        return running

    yield start
    for running in started:
        running.stop(signal.SIGTERM)
