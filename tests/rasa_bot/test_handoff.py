"""People on duty, with Rasa and the real actions; only the model is a stand-in."""

from __future__ import annotations

import json
import shlex
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from conftest import CHECKOUT, Running

from rasa_bot.components.channels import WAITING

PYTHON = CHECKOUT / ".venv" / "bin" / "python"
RUNNER = CHECKOUT / "tests" / "actions" / "server_runner.py"
DANGER = "I want to kill myself."

if not PYTHON.exists():
    pytest.skip("the action server's environment is not installed", allow_module_level=True)


class Desk(ThreadingHTTPServer):
    """Takes over whatever it is told of."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listens at once."""
        self.notices: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Desk

    def do_POST(self) -> None:
        self.server.notices.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        body = b'{"takes_over": true}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    server = Desk()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def bot(
    launch: Callable[..., Running], desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> Running:
    running = launch(
        CONTROL_DIR=str(tmp_path_factory.mktemp("control")),
        PAL_ACTIONS_COMMAND=shlex.join([str(PYTHON), str(RUNNER)]),
        PAL_PERSONA_EXTRACTOR="rules",
        PAL_MEMORY_DB="off",
        PAL_HANDOFF_URL=f"http://127.0.0.1:{desk.server_address[1]}/danger",
        PAL_HANDOFF_TOKEN="for-the-duty-desk",
        PYTHONPATH=str(CHECKOUT),
    )
    running.wait_for("Ready:", 120)
    return running


def resume(bot: Running, sender: str) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{bot.rasa_port}/webhooks/rest/resume",
        json.dumps({"sender": sender}).encode(),
        {"Authorization": "Bearer for-the-duty-desk", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        assert reply.status == 200


def notices_of(desk: Desk, sender: str) -> list[dict[str, Any]]:
    return [notice for notice in desk.notices if notice["conversation"] == sender]


def test_a_person_takes_over_gives_back_and_is_told_again(bot: Running, desk: Desk) -> None:
    assert bot.say("I am so tired today", "ada")[-1] == "You told me this: I am so tired today"
    [crisis] = bot.say(DANGER, "ada")
    assert "988" in crisis
    assert "taking over" in crisis
    assert bot.say("hello?", "ada") == [WAITING]
    [notice] = notices_of(desk, "ada")
    assert (notice["level"], notice["channel"], notice["kinds"]) == ("high", "rest", ["suicide"])
    assert "transcript" not in notice
    resume(bot, "ada")
    # Danger is not over; and people are told anew, for nobody has this conversation any more.
    [contact] = bot.say("what now", "ada")
    assert "safe" in contact
    assert "taking over" in contact
    assert len(notices_of(desk, "ada")) == 2
    assert bot.say("hello?", "ada") == [WAITING]
    resume(bot, "ada")


def test_who_begins_anew_is_still_in_danger(bot: Running, desk: Desk) -> None:
    bot.say(DANGER, "bob")
    assert "computer program" in bot.say("/restart", "bob")[-1]
    [reply] = bot.say("so what do you think about cats", "bob")
    assert "safe" in reply
    assert "988" in reply
    assert not reply.startswith("You told me this")


def test_who_is_forgotten_is_forgotten(bot: Running, desk: Desk) -> None:
    bot.say(DANGER, "eve")
    bot.say("/forget_me", "eve")
    assert bot.say("I like cats", "eve")[-1] == "You told me this: I like cats"
