"""The action server as a process: who gets in, what they get, what is logged, how it ends."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from actions.safety.crisis_reply import is_crisis_reply
from tests.actions import server_runner
from tests.actions.fakes import DANGER, TOKEN, bot, talk, user

pytestmark = pytest.mark.integration

RUNNER = Path(server_runner.__file__)
ACTIONS = {
    "action_change_fact",
    "action_export_data",
    "action_forget_me",
    "action_remember_me",
    "action_respond",
    "action_stop_remembering",
    "action_session_start",
    "action_show_persona",
    "action_update_persona",
}
WORDS = "zanzibar"
MAX_REQUEST = 2_000_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A running server process, a client for it, and all that it printed."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.port = int(environment.get("ACTIONS_PORT") or free_port())
        self._printed = folder / "printed.txt"
        with self._printed.open("wb") as printed:
            self.process = subprocess.Popen(
                [sys.executable, str(RUNNER)],
                env={
                    "PATH": "",
                    "CONTROL_DIR": str(folder),
                    "PAL_ACTIONS_TOKEN": TOKEN,
                    "PAL_HOME": str(folder),
                    "PAL_PERSONA_EXTRACTOR": "rules",
                    **environment,
                    "ACTIONS_PORT": str(self.port),
                },
                stdout=printed,
                stderr=subprocess.STDOUT,
            )
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {TOKEN}"},
            trust_env=False,
            timeout=30,
        )

    @property
    def printed(self) -> str:
        return self._printed.read_text("utf-8", errors="replace")

    def status(self, path: str) -> int | None:
        """None where nobody listens."""
        try:
            return self.client.get(path).status_code
        except httpx.TransportError:
            return None

    def wait_until(self, condition: Callable[[], Any]) -> None:
        ends = time.monotonic() + 30
        while not condition():
            assert self.process.poll() is None, f"it ended:\n{self.printed}"
            assert time.monotonic() < ends, f"in vain:\n{self.printed}"
            time.sleep(0.02)

    def wait_until_ready(self) -> Server:
        self.wait_until(lambda: self.status("/ready") == 200)
        return self

    def post(self, body: Any = None, **options: Any) -> httpx.Response:
        if body is not None:
            options["json"] = body
        return self.client.post("/webhook", **options)

    def act(self, action: str, events: list[Any], **slots: Any) -> httpx.Response:
        return self.post(call(action, events, **slots))

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()


def call(action: str | None, events: list[Any], **slots: Any) -> dict[str, Any]:
    """What Rasa 3.6 posts."""
    return {
        "next_action": action,
        "sender_id": "seeker-1",
        "tracker": {
            "sender_id": "seeker-1",
            "slots": slots,
            "latest_message": {},
            "events": events,
            "paused": False,
            "followup_action": None,
            "active_loop": {},
            "latest_action_name": "action_listen",
        },
        "domain": {"intents": ["chat"]},
        "version": "3.6.21",
    }


@pytest.fixture(scope="module")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(files: dict[str, str] | None = None, **environment: str) -> Server:
        folder = tmp_path_factory.mktemp("server")
        for name, text in (files or {}).items():
            (folder / name).write_text(text, "utf-8")
        started.append(Server(folder, **environment))
        return started[-1]

    yield start
    for server in started:
        server.stop(signal.SIGKILL)


@pytest.fixture(scope="module")
def servers(launch: Callable[..., Server]) -> dict[str, Server]:
    """Started side by side, so that a test does not wait for its own."""
    return {
        "ready": launch(SANIC_REQUEST_MAX_SIZE=str(MAX_REQUEST)),
        "loading": launch({"loading": ""}),
        "failed": launch({"load-error": "There is no folder /models/none."}),
    }


@pytest.fixture(scope="module")
def server(servers: dict[str, Server]) -> Server:
    return servers["ready"].wait_until_ready()


# --- health and readiness --------------------------------------------------------------------


def test_it_is_not_ready_while_it_loads_and_ready_after(servers: dict[str, Server]) -> None:
    server = servers["loading"]
    server.wait_until(lambda: server.status("/health") == 200)
    response = server.client.get("/ready")
    assert (response.status_code, response.json()) == (503, {"status": "loading"})
    (server.folder / "loading").unlink()
    server.wait_until_ready()
    assert server.client.get("/ready").json() == {"status": "ready"}


def test_a_load_that_failed_is_told_with_its_reason(servers: dict[str, Server]) -> None:
    server = servers["failed"]
    server.wait_until(lambda: "model_not_loaded" in server.printed)
    response = server.client.get("/ready")
    assert response.status_code == 503
    assert response.json() == {"status": "failed", "reason": "There is no folder /models/none."}
    assert server.status("/health") == 200
    assert "There is no folder" in server.printed
    assert "Traceback" not in server.printed


def test_without_a_model_danger_is_still_answered(servers: dict[str, Server]) -> None:
    server = servers["failed"]
    server.wait_until(lambda: "model_not_loaded" in server.printed)
    (message,) = server.act("action_respond", [user(DANGER)]).json()["responses"]
    assert is_crisis_reply(message["text"])
    (message,) = server.act("action_respond", [user("I am tired")]).json()["responses"]
    assert "something on my side is not working" in message["text"]


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_health_and_readiness_are_open_to_everyone(server: Server, path: str) -> None:
    with httpx.Client(trust_env=False) as stranger:
        assert stranger.get(f"http://127.0.0.1:{server.port}{path}").status_code == 200


# --- who gets in ------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), [("POST", "/webhook"), ("GET", "/actions")])
@pytest.mark.parametrize(
    "given",
    [
        None,
        b"",
        b"Bearer",
        b"Bearer wrong-token-of-some-length",
        TOKEN.encode(),
        f"Basic {TOKEN}".encode(),
        f"Bearer {TOKEN}x".encode(),
        b"Bearer \xff\xfe",
        "Bearer ü".encode(),
    ],
)
def test_nobody_gets_in_without_the_token(
    server: Server, method: str, path: str, given: bytes | None
) -> None:
    """Bytes that are no UTF-8 made the check itself fail, with an echo of the request."""
    body = json.dumps(call("action_respond", [user(WORDS)])).encode()
    headers = {"Authorization": given} if given is not None else {}
    with httpx.Client(trust_env=False) as stranger:
        response = stranger.request(
            method,
            f"http://127.0.0.1:{server.port}{path}",
            headers=headers,
            content=body if method == "POST" else None,
        )
    assert response.status_code == 401
    assert WORDS not in response.text
    assert TOKEN not in response.text


def test_with_the_token_the_actions_are_listed(server: Server) -> None:
    assert {action["name"] for action in server.client.get("/actions").json()} == ACTIONS


# --- what is asked ----------------------------------------------------------------------------

BAD_BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"3",
    f'"{WORDS}"'.encode(),
    f'["{WORDS}"]'.encode(),
    f'{{"next_action": "{WORDS}'.encode(),
    b"\xff\xfe\x00",
    b"[" * 100_000,
]


@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_a_body_that_is_no_json_object_is_refused(server: Server, body: bytes) -> None:
    response = server.post(content=body)
    assert response.status_code == 400
    assert response.json() == {"error": "The body must be a JSON object."}


@pytest.mark.parametrize("encoding", ["deflate", "Deflate"])
def test_a_compressed_body_is_read(server: Server, encoding: str) -> None:
    body = json.dumps(call("action_respond", [user("I am tired today")])).encode()
    response = server.post(content=zlib.compress(body), headers={"Content-Encoding": encoding})
    assert response.status_code == 200
    assert response.json()["responses"][0]["text"] == "You told me this: I am tired today"


BROKEN_BODIES = {
    "plain": json.dumps(call("action_respond", [user(WORDS)])).encode(),
    "truncated": zlib.compress(json.dumps(call(None, [user(WORDS)])).encode())[:-8],
    "no object": zlib.compress(f'["{WORDS}"]'.encode()),
    "no JSON": zlib.compress(WORDS.encode()),
    "empty": b"",
}


@pytest.mark.parametrize("body", BROKEN_BODIES.values(), ids=BROKEN_BODIES)
def test_a_broken_compressed_body_is_refused_without_an_echo(server: Server, body: bytes) -> None:
    """The SDK answers with the request's body, or fails while it tries to."""
    response = server.post(content=body, headers={"Content-Encoding": "deflate"})
    assert response.status_code == 400
    assert response.json() == {"error": "The body must be a JSON object."}


def test_a_body_that_inflates_beyond_all_measure_is_refused(server: Server) -> None:
    bomb = zlib.compress(b'{"tracker": "' + b" " * MAX_REQUEST + b'"}')
    assert len(bomb) < MAX_REQUEST / 100
    response = server.post(content=bomb, headers={"Content-Encoding": "deflate"})
    assert response.status_code == 400


@pytest.mark.parametrize(("method", "path"), [("GET", "/none"), ("GET", "/webhook")])
def test_a_request_for_something_else_is_refused_with_its_own_status(
    server: Server, method: str, path: str
) -> None:
    response = server.client.request(method, path)
    assert response.status_code in (404, 405)
    assert list(response.json()) == ["error"]


def test_an_unknown_action_is_not_found(server: Server) -> None:
    response = server.act("action_dance", [user(WORDS)])
    assert response.status_code == 404
    assert response.json()["action_name"] == "action_dance"
    assert WORDS not in response.text


def test_a_call_without_an_action_is_answered_with_nothing(server: Server) -> None:
    response = server.act(None, [user(WORDS)])
    assert (response.status_code, response.json()) == (200, None)


@pytest.mark.parametrize(
    "change",
    [
        {"tracker": None},
        {"tracker": {}},
        {"tracker": WORDS},
        {"tracker": {"sender_id": "x", "events": None}},
        {"next_action": ["action_respond"]},
        {"domain": WORDS},
        {"version": "3.6.21", "tracker": {"sender_id": "x", "slots": None, "events": [WORDS]}},
    ],
)
def test_a_call_of_another_shape_gets_no_events_and_no_echo(
    server: Server, change: dict[str, Any]
) -> None:
    response = server.post({**call("action_update_persona", [user(WORDS)]), **change})
    assert (response.status_code, response.json()) in [
        (200, {"events": [], "responses": []}),
        (500, {"error": "The action server failed."}),
    ]


def test_a_turn_is_answered(server: Server) -> None:
    events = [*talk("hello", "Hi. What is up?"), user("I work as a waiter.")]
    learned = server.act("action_update_persona", events).json()
    slots = {event["name"]: event["value"] for event in learned["events"]}
    [fact] = slots.pop("facts")
    assert fact["sentence"] == "I work as a waiter."
    assert slots == {"persona": ["I work as a waiter."], "utterances_read": 2}
    answered = server.act("action_respond", events, **slots, risk=None).json()
    (message,) = answered["responses"]
    assert message["text"] == "You told me this: I work as a waiter."
    assert message["pal"]["persona"] == ["I work as a waiter."]
    assert {event["name"]: event["value"] for event in answered["events"]} == {
        "answered": True,
        "risk": "none",
        "strategy": "Question",
        "persona_used": ["I work as a waiter."],
    }


def test_half_a_surrogate_pair_does_not_stop_a_turn(server: Server) -> None:
    """JSON can carry one; what cannot be written as UTF-8 made the answer fail."""
    body = json.dumps(call("action_respond", [user("I feel so sad \ud83d today")])).encode()
    (message,) = server.post(content=body).json()["responses"]
    assert message["text"] == "You told me this: I feel so sad ? today"


def test_an_action_that_raises_yields_no_events_and_no_words(server: Server) -> None:
    """The SDK answers with the whole tracker, and Rasa logs that answer."""
    before = server.printed
    response = server.act("action_respond", [user(f"I am broken in {WORDS}")])
    assert (response.status_code, response.json()) == (200, {"events": [], "responses": []})
    logged = server.printed.removeprefix(before)
    assert "action_failed" in logged
    assert "error=RuntimeError" in logged
    assert "server_runner.py:" in logged
    assert WORDS not in logged


def test_seekers_at_the_same_time_get_their_own_answers(server: Server) -> None:
    answers: dict[int, str] = {}

    def turn(number: int) -> None:
        response = server.act("action_respond", [user(f"I am number {number} here")])
        answers[number] = response.json()["responses"][0]["text"]

    threads = [threading.Thread(target=turn, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == {n: f"You told me this: I am number {n} here" for n in range(8)}


# --- the log ----------------------------------------------------------------------------------

SCRIPT = [
    ("action_session_start", []),
    ("action_update_persona", [user("I live in zanzibar.")]),
    ("action_respond", [user("I live in zanzibar.")]),
    ("action_respond", [user("I feel unsafe in quixotia tonight")]),
    ("action_respond", [user("it is broken, said the ombudsman")]),
    ("action_respond", [user("it is late, said the rhinoceros")]),
    ("action_respond", [user("it is unusable, said the marzipan")]),
    ("action_respond", [user(f"{DANGER} Nobody in xanadu cares.")]),
    ("action_update_persona", [user("I am a beekeeper."), bot("Oh?"), user("I am a beekeeper.")]),
    ("action_respond", [user("Me siento triste porque perdí mi zapatilla ayer por la noche.")]),
    ("action_respond", [user("periwinkle " * 9_000)]),
    ("action_show_persona", []),
    ("action_forget_me", [user("forget me", intent="forget_me")]),
    ("action_dance", [user("pirouette")]),
    ("action_respond", "marmalade"),
]
DISTINCTIVE = [
    "zanzibar", "quixotia", "ombudsman", "rhinoceros", "marzipan", "xanadu", "beekeeper",
    "zapatilla", "periwinkle", "kingfisher", "pirouette", "marmalade", "sassafras", "therapist",
    "kill", "You told me", "seeker-1",
]  # fmt: skip


def test_nothing_that_anybody_says_is_in_the_log(server: Server) -> None:
    before = len(server.printed)
    for action, events in SCRIPT:
        server.act(action, events, persona=["I keep a kingfisher."], risk="none")
    server.post(content=b'{"tracker": "sassafras')
    server.post(content=b"sassafras", headers={"Content-Encoding": "deflate"})
    server.client.get("/sassafras")
    logged = server.printed[before:]
    assert "batch_done" in logged, "nothing was logged at all"
    assert "turn_timed_out" in logged
    assert "turn_failed" in logged
    assert [word for word in DISTINCTIVE if word in logged] == []
    assert "Traceback" not in logged


def test_a_notice_that_reaches_nobody_leaves_no_word_in_the_log(
    launch: Callable[..., Server],
) -> None:
    server = launch(
        PAL_HANDOFF_URL="http://127.0.0.1:9/s3cret",
        PAL_HANDOFF_WAIT="0",
        PAL_HANDOFF_TRANSCRIPT="true",
    ).wait_until_ready()
    said = [user("I live in zanzibar."), user(f"{DANGER} Nobody in xanadu cares.")]
    response = server.act("action_respond", said, told_of_transcript=True)
    slots = {e["name"]: e["value"] for e in response.json()["events"] if e["event"] == "slot"}
    assert slots["handoff"]["state"] == "pending"
    server.stop()
    assert "handoffs_given_up" in server.printed
    words = ("zanzibar", "xanadu", "kill", "s3cret", "seeker-1")
    assert [word for word in words if word in server.printed] == []


def test_prometheus_reads_the_counters(server: Server) -> None:
    server.act("action_respond", [user("I feel unsafe in quixotia tonight")])
    page = server.client.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain")
    assert "# TYPE pal_turns_total counter" in page.text
    assert float(re.search(r'pal_turns_total{answer="model"} (\S+)', page.text)[1]) >= 1
    assert 'pal_refused_candidates_total{problem="claims-human"}' in page.text
    assert "quixotia" not in page.text


def test_the_version_of_rasa_is_not_warned_about(server: Server) -> None:
    """The bot is tested with it, and Python would repeat the warning."""
    for _ in range(2):
        server.act("action_show_persona", [])
    assert "might not be compatible" not in server.printed
    assert "Warning" not in server.printed


def test_the_log_has_one_line_of_pairs_for_each_event(server: Server) -> None:
    for line in server.printed.splitlines():
        assert line.startswith("timestamp="), server.printed
        assert " level=" in line
        assert " event=" in line


# --- how it ends ------------------------------------------------------------------------------


def test_sigterm_lets_a_slow_turn_end(launch: Callable[..., Server]) -> None:
    server = launch({"working": ""}).wait_until_ready()
    answers: list[httpx.Response] = []
    turn = threading.Thread(
        target=lambda: answers.append(server.act("action_respond", [user("I am so tired.")]))
    )
    turn.start()
    server.wait_until((server.folder / "turn-began").exists)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert server.process.poll() is None
    (server.folder / "working").unlink()
    turn.join(20)
    (answer,) = answers
    assert answer.status_code == 200
    assert answer.json()["responses"][0]["text"] == "You told me this: I am so tired."
    assert server.process.wait(20) == 0
    assert "event=stopping all_turns_finished=true" in server.printed


def test_a_turn_that_outlasts_the_drain_is_given_up(launch: Callable[..., Server]) -> None:
    server = launch({"working": ""}, PAL_DRAIN_TIMEOUT="0.2", PAL_TURN_TIMEOUT="9")
    server.wait_until_ready()
    answers: list[Any] = []

    def ask() -> None:
        try:
            answers.append(server.act("action_respond", [user("I am so tired.")]).status_code)
        except httpx.TransportError as error:
            answers.append(error)

    turn = threading.Thread(target=ask)
    turn.start()
    server.wait_until((server.folder / "turn-began").exists)
    server.process.send_signal(signal.SIGTERM)
    turn.join(8)
    assert not turn.is_alive()
    assert len(answers) == 1
    assert answers != [200]
    (server.folder / "working").unlink()
    assert server.process.wait(20) == 0
    assert "all_turns_finished=false" in server.printed
    assert "Traceback" not in server.printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_idle_server_ends_at_once(servers: dict[str, Server], number: int) -> None:
    server = servers.pop("failed" if number == signal.SIGINT else "loading")
    (server.folder / "loading").unlink(missing_ok=True)
    server.wait_until(lambda: server.status("/health") == 200)
    began = time.monotonic()
    assert server.stop(number) == 0
    assert time.monotonic() - began < 5
    assert "Traceback" not in server.printed


def test_a_busy_port_is_named_with_the_remedy(launch: Callable[..., Server]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = launch(ACTIONS_PORT=str(port))
        assert server.process.wait(20) == 1
    assert f"cannot listen on 127.0.0.1:{port}" in server.printed
    assert "in use" in server.printed
    assert "ACTIONS_PORT" in server.printed
    assert "Traceback" not in server.printed


def test_an_address_of_another_machine_is_named_with_the_remedy(
    launch: Callable[..., Server],
) -> None:
    server = launch(ACTIONS_HOST="192.0.2.1")
    assert server.process.wait(20) == 1
    assert "cannot listen on 192.0.2.1" in server.printed
    assert "ACTIONS_HOST" in server.printed
    assert "Traceback" not in server.printed
