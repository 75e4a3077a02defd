"""The REST webhook of a real `serve` process, given what clients send and what they should not."""

from __future__ import annotations

import json
import shlex
import sqlite3
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
import yaml_files
from conftest import HERE, Running, fetch

from rasa_bot.components.channels import WAITING


def whole(name: str) -> list[str]:
    """A response as REST sends it: in one message, whatever paragraphs it has."""
    return ["\n\n".join(yaml_files.response(name))]


GREETING = whole("utter_greet")
APOLOGY = whole("utter_unavailable")
UNKNOWN = whole("utter_unknown_command")

NOTED = {"strategy": "Question", "alpha": 0.0, "persona": ["I am tired."], "generated": True}

# The fake action server, with a note on each reply as PAL's own writes it, and two that are odd.
NOTING_ACTIONS = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
import fake_actions
plain = fake_actions.ACTIONS["action_respond"]
def respond(tracker):
    events, [message] = plain(tracker)
    said = tracker["latest_message"]["text"]
    if said == "paragraphs":
        message["text"] = "One.\\n\\nTwo.\\n\\n\\nThree."
    if said == "picture":
        message["image"] = "https://example.org/tree.png"
    note = "just words" if said == "odd note" else {NOTED!r}
    return events, [dict(message, pal=note, internal="not for clients")]
fake_actions.ACTIONS["action_respond"] = respond
sys.exit(fake_actions.main())
"""


@pytest.fixture(scope="module")
def server(launch: Callable[..., Running]) -> Running:
    """One `serve` process for this module's tests."""
    running = launch(PAL_ACTIONS_COMMAND=shlex.join([sys.executable, "-c", NOTING_ACTIONS]))
    running.wait_for("Ready:")
    return running


def test_a_message_is_answered(server: Running) -> None:
    assert server.say("hello", "first") == [*GREETING, "I hear you (5 characters). Known: []"]


def messages(server: Running, text: str, sender: str, query: str) -> list[dict[str, Any]]:
    """What REST sends back, whole or as a stream."""
    status, reply = server.request({"sender": sender, "message": text}, query)
    assert status == 200
    return [json.loads(line) for line in reply.splitlines()] if query else json.loads(reply)


@pytest.mark.parametrize("query", ["", "?stream=true"], ids=["whole", "stream"])
class TestMessages:
    def test_a_reply_says_how_it_came_about_and_nothing_else_of_its_metadata(
        self, server: Running, query: str
    ) -> None:
        greeting, reply = messages(server, "hello", f"noted{query}", query)
        assert set(greeting) == {"recipient_id", "text"}
        assert reply == {
            "recipient_id": f"noted{query}",
            "text": "I hear you (5 characters). Known: []",
            "metadata": {"pal": NOTED},
        }

    def test_a_text_with_blank_lines_is_one_message(self, server: Running, query: str) -> None:
        messages(server, "hello", f"blank{query}", query)
        (reply,) = messages(server, "paragraphs", f"blank{query}", query)
        assert reply["text"] == "One.\n\nTwo.\n\n\nThree."

    def test_a_picture_with_a_text_is_a_second_message(self, server: Running, query: str) -> None:
        messages(server, "hello", f"picture{query}", query)
        text, picture = messages(server, "picture", f"picture{query}", query)
        assert picture["image"] == "https://example.org/tree.png"
        assert text["metadata"] == picture["metadata"] == {"pal": NOTED}

    def test_a_note_that_is_no_object_stays_behind(self, server: Running, query: str) -> None:
        messages(server, "hello", f"odd{query}", query)
        (reply,) = messages(server, "odd note", f"odd{query}", query)
        assert "metadata" not in reply

    def test_an_apology_carries_no_note_of_an_earlier_reply(
        self, server: Running, query: str
    ) -> None:
        messages(server, "hello", f"failed{query}", query)
        server.fail_actions("action_respond")
        try:
            (reply,) = messages(server, "hello?", f"failed{query}", query)
        finally:
            server.fail_actions()
        assert [reply["text"]] == APOLOGY
        assert "metadata" not in reply


class TestTakenOver:
    """A person writes to the seeker, and Rasa is silent."""

    @pytest.fixture(scope="class")
    def duty(self, launch: Callable[..., Running]) -> Running:
        running = launch(PAL_HANDOFF_TOKEN="for-the-duty-desk")
        running.wait_for("Ready:")
        return running

    def resume(self, duty: Running, sender: Any, token: str = "for-the-duty-desk") -> int:
        request = urllib.request.Request(
            f"http://127.0.0.1:{duty.rasa_port}/webhooks/rest/resume",
            json.dumps({"sender": sender}).encode(),
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def test_the_seeker_hears_who_reads_until_it_is_given_back(self, duty: Running) -> None:
        assert duty.say("take over", "taken")[-1].startswith("I hear you")
        assert duty.say("is anybody there?", "taken") == [WAITING]
        assert duty.say("somebody else", "another")[-1].startswith("I hear you")
        assert self.resume(duty, "taken", "wrong") == 401
        assert self.resume(duty, "") == 400
        assert duty.say("still there?", "taken") == [WAITING]
        assert self.resume(duty, "taken") == 200
        assert self.resume(duty, "taken") == 409
        assert self.resume(duty, "never heard of") == 409
        assert duty.say("hello", "taken")[-1].startswith("I hear you")

    def test_the_seeker_can_have_the_bot_back(self, duty: Running) -> None:
        duty.say("take over", "impatient")
        assert duty.say("hello?", "impatient") == [WAITING]
        assert GREETING[0] in duty.say("/restart", "impatient")
        assert duty.say("hello", "impatient")[-1].startswith("I hear you")

    @pytest.mark.parametrize("words", ["/forget_me", "Delete my data.", "forget me", "/Forget-Me"])
    def test_the_seeker_is_forgotten_whoever_reads(self, duty: Running, words: str) -> None:
        sender = f"gone {words}"
        duty.say("take over", sender)
        assert "It is forgotten." in duty.say(words, sender)

    def test_without_a_token_nobody_gives_back(self, server: Running) -> None:
        assert self.resume(server, "first") == 404


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\n",
        "\x00\x07\x1b",
        "\U0001f622\U0001f622",
        "hola, estoy triste",
        "\u200f\u202eabc",
        "x" * 100_000,
    ],
    ids=["empty", "spaces", "newline", "control", "emoji", "spanish", "bidi", "long"],
)
def test_odd_text_is_answered(server: Running, text: str) -> None:
    server.say("hello", f"odd-{text[:3]!r}")
    (reply,) = server.say(text, f"odd-{text[:3]!r}")
    assert reply.startswith("I hear you")


def test_a_lone_surrogate_is_answered(server: Running) -> None:
    """Valid JSON, but no UTF-8: it would break whoever writes it down later."""
    status, reply = server.request(b'{"sender": "surrogate", "message": "sad \\ud83d"}')
    assert status == 200
    assert "I hear you (5 characters)" in reply


@pytest.mark.parametrize(
    "text", ["/unknown", "/", "/session_start", '/chat{"persona": ["x"]}', "/EXTERNAL: x"]
)
def test_an_unknown_command_is_named_as_such(server: Running, text: str) -> None:
    server.say("hello", "commands")
    assert server.say(text, "commands") == UNKNOWN
    assert server.say("/show_persona", "commands") == ["Known: []"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"{",
        b"null",
        b"[]",
        b"3",
        b'"hello"',
        b"\xff\xfe",
        b"[" * 5000,
        {},
        {"sender": "bad"},
        {"message": "hello"},
        {"sender": "bad", "message": None},
        {"sender": "bad", "message": 3},
        {"sender": "bad", "message": ["hello"]},
        {"sender": "bad", "message": {"text": "hello"}},
        {"sender": None, "message": "hello"},
        {"sender": "", "message": "hello"},
        {"sender": 7, "message": "hello"},
        {"sender": ["a"], "message": "hello"},
        {"sender": "a\x00b", "message": "hello"},
        {"sender": "a" * 256, "message": "hello"},
        {"sender": "bad", "message": "hello", "metadata": "x"},
        {"sender": "bad", "message": "hello", "input_channel": 3},
    ],
    ids=lambda body: repr(body)[:50],
)
@pytest.mark.parametrize("query", ["", "?stream=true"])
def test_what_is_no_message_is_refused_with_a_reason(
    server: Running, body: Any, query: str
) -> None:
    """The stock channel answers 500, or 200 and nothing, or gives strangers one conversation."""
    status, reply = server.request(body, query)
    assert status == 400
    assert json.loads(reply)["error"]
    with sqlite3.connect(server.home / "tracker.db") as tracker_db:
        stored = tracker_db.execute("SELECT DISTINCT sender_id FROM events").fetchall()
    assert not {("bad",), ("default",), ("None",), ("7",)} & set(stored)


def test_a_body_without_end_is_refused(server: Running) -> None:
    status, reply = server.request({"sender": "a", "message": "x" * 1_100_000})
    assert status == 413
    assert "longer than" in reply


def test_streaming_sends_each_reply_as_a_line(server: Running) -> None:
    status, reply = server.request({"sender": "stream", "message": "hello"}, "?stream=true")
    assert status == 200
    texts = [json.loads(line)["text"] for line in reply.splitlines()]
    assert texts == [*GREETING, "I hear you (5 characters). Known: []"]


def test_the_health_page_and_the_root_answer(server: Running) -> None:
    assert fetch(f"http://127.0.0.1:{server.rasa_port}/webhooks/rest/")[0] == 200
    assert fetch(f"http://127.0.0.1:{server.rasa_port}/")[0] == 200


@pytest.mark.parametrize(
    "path", ["conversations/first/tracker", "model", "domain", "status", "model/parse"]
)
def test_rasas_own_api_is_off(server: Running, path: str) -> None:
    """It would show everybody's conversation to anybody."""
    assert fetch(f"http://127.0.0.1:{server.rasa_port}/{path}")[0] == 404


def test_two_seekers_at_once_never_share_what_is_known(server: Running) -> None:
    def talk(sender: str) -> None:
        for turn in range(4):
            said[sender] = server.say(f"my {sender} {turn}", sender)[-1]

    said: dict[str, str] = {}
    talkers = [threading.Thread(target=talk, args=(name,)) for name in ("ann", "bob", "cleo")]
    for talker in talkers:
        talker.start()
    for talker in talkers:
        talker.join()
    for name in ("ann", "bob", "cleo"):
        assert f"Known: {[f'my {name} {turn}' for turn in range(4)]}" in said[name]


def test_forgetting_leaves_no_word_in_the_file(server: Running) -> None:
    server.say("my parakeet escaped", "forget")
    file = server.home / "tracker.db"
    assert any(b"parakeet" in part.read_bytes() for part in file.parent.iterdir())
    assert server.say("/forget_me", "forget")[0] == "It is forgotten."
    assert not any(b"parakeet" in part.read_bytes() for part in file.parent.iterdir())


def test_a_failing_action_server_is_apologised_for_and_no_word_is_logged(
    server: Running,
) -> None:
    """Rasa logs a failed action with the server's reply, which holds the whole conversation."""
    server.say("my zeppelin burnt", "logs")
    server.fail_actions("action_respond", "action_update_persona", "action_session_start")
    try:
        assert server.say("my zeppelin is lost", "logs") == APOLOGY
        assert server.say("zeppelin?", "logs-new") == [*GREETING, *APOLOGY]
        (streamed,) = messages(server, "zeppelin", "logs", "?stream=true")
        assert [streamed["text"]] == APOLOGY
    finally:
        server.fail_actions()
    assert server.say("hello", "logs") == [
        "I hear you (5 characters). Known: ['my zeppelin burnt']"
    ]
    server.request(b'{"sender": "logs", "message": "zeppelin')
    server.say('/chat{"zeppelin": 1}', "logs")
    printed = server.printed()
    assert "action_respond" in printed
    assert "zeppelin" not in printed


def test_nothing_but_the_failures_was_printed(server: Running) -> None:
    lines = server.printed().splitlines()
    expected = ("Starting PAL", "fake actions: ready", "Ready: ")
    rest = [line for line in lines if not line.startswith(expected)]
    assert all(" ERROR rasa.core." in line for line in rest), rest
