"""A stand-in for the action server: the same HTTP contract, no model.

As a program (`python fake_actions.py`) it reads ACTIONS_PORT and PAL_ACTIONS_TOKEN as the real one
does. What it does can be changed while it runs: POST /fail {"actions": [...]} makes these actions
answer 500 with the whole request in the body, as an unhandled exception does in rasa-sdk.
"""

from __future__ import annotations

import hmac
import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[list[dict[str, Any]], list[dict[str, Any]]]  # events, responses


def _slot(name: str, value: Any) -> dict[str, Any]:
    return {"event": "slot", "name": name, "value": value}


def _session_start(tracker: dict[str, Any]) -> Reply:
    kept = [_slot(name, value) for name, value in tracker["slots"].items() if value is not None]
    listen = {"event": "action", "name": "action_listen"}
    return [{"event": "session_started"}, *kept, listen], [{"response": "utter_greet"}]


def _update_persona(tracker: dict[str, Any]) -> Reply:
    text = tracker["latest_message"]["text"]
    known = tracker["slots"]["persona"] or []
    if text.startswith("my "):
        known = [*known, text]
    return [_slot("persona", known)], []


def _respond(tracker: dict[str, Any]) -> Reply:
    text = tracker["latest_message"]["text"] or ""
    if text == "slow":
        time.sleep(30)
    persona = tracker["slots"]["persona"] or []
    said = f"I hear you ({len(text)} characters). Known: {persona}"
    events = [
        _slot("strategy", "Question"),
        _slot("risk", "none"),
        _slot("persona_used", persona),
        _slot("answered", True),
    ]
    if text == "take over":
        events.append({"event": "pause"})
    return events, [{"text": said, "metadata": {"strategy": "Question"}}]


def _show_persona(tracker: dict[str, Any]) -> Reply:
    return [_slot("answered", True)], [{"text": f"Known: {tracker['slots']['persona'] or []}"}]


def _service(tracker: dict[str, Any]) -> Reply:
    return [_slot("answered", True)], [{"text": f"Asked: {tracker['latest_message']['text']}"}]


def _forget_me(_tracker: dict[str, Any]) -> Reply:
    return [{"event": "restart"}], [{"text": "It is forgotten."}]


ACTIONS = {
    "action_session_start": _session_start,
    "action_update_persona": _update_persona,
    "action_respond": _respond,
    "action_show_persona": _show_persona,
    "action_remember_me": _service,
    "action_stop_remembering": _service,
    "action_change_fact": _service,
    "action_export_data": _service,
    "action_forget_me": _forget_me,
}


class Handler(BaseHTTPRequestHandler):
    """Speaks rasa-sdk's protocol."""

    protocol_version = "HTTP/1.1"
    server: FakeActionServer

    def do_GET(self) -> None:
        """Liveness and readiness; FAKE_LOAD_ERROR makes it a server that could not load."""
        reason = os.environ.get("FAKE_LOAD_ERROR")
        if reason and self.path == "/ready":
            self._send(503, {"status": "failed", "reason": reason})
        else:
            self._send(200 if self.path in ("/health", "/ready") else 404, {"status": "ready"})

    def do_POST(self) -> None:
        """One action, or a change of behaviour."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/fail":
            self.server.failing = set(body["actions"])
            self._send(200, {})
        elif not hmac.compare_digest(
            self.headers.get("Authorization", ""), f"Bearer {self.server.token}"
        ):
            self._send(401, {"error": "unauthorised"})
        elif body["next_action"] in self.server.failing:
            self._send(500, body)
        else:
            self.server.calls.append(body["next_action"])
            events, responses = ACTIONS[body["next_action"]](body["tracker"])
            self._send(200, {"events": events, "responses": responses})

    def _send(self, status: int, body: dict[str, Any]) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_args: Any) -> None:
        """Nothing."""


class FakeActionServer(ThreadingHTTPServer):
    """Serves `ACTIONS`; remembers which were called."""

    daemon_threads = True

    def __init__(self, port: int, token: str) -> None:
        """Listens at once."""
        super().__init__(("127.0.0.1", port), Handler)
        self.token = token
        self.failing: set[str] = set()
        self.calls: list[str] = []

    @property
    def url(self) -> str:
        """The address of the webhook."""
        return f"http://127.0.0.1:{self.server_address[1]}/webhook"


def main() -> int:
    """Serves until SIGTERM."""
    server = FakeActionServer(int(os.environ["ACTIONS_PORT"]), os.environ["PAL_ACTIONS_TOKEN"])
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print("fake actions: ready", file=sys.stderr, flush=True)
    server.serve_forever(poll_interval=0.05)
    return 0


if __name__ == "__main__":
    sys.exit(main())
