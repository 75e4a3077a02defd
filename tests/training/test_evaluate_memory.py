"""Examining memories: the extractors', and those of little bots that answer over HTTP."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from training import evaluate_memory
from training.evaluate_memory import main
from training.memory_cases import KINDS, BeginSession, Check, MemoryCaseError, Say, read_cases
from training.webhook import WebhookError

CASES = """
- name: a job
  kind: extraction
  script:
    - I am a nurse.
    - known: nurse
    - once: nurse
    - session: new
    - What is my job?
    - known: nurse
    - unsaid: teacher
- name: gone
  kind: forgetting
  script:
    - I am a nurse.
    - /forget_me
    - nothing: true
"""


class Handler(BaseHTTPRequestHandler):
    """A bot that takes every sentence with "I am" for a fact of its sender."""

    server: Bot

    def do_GET(self) -> None:
        self._answer([])

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(self.server.answer(body["sender"], body["message"]))

    def _answer(self, messages: list[dict[str, Any]]) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(messages).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Bot(ThreadingHTTPServer):
    """Remembers; or never, or for ever, as it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.facts: defaultdict[str, list[str]] = defaultdict(list)
        self.never_learns = self.never_forgets = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, sender: str, text: str) -> list[dict[str, Any]]:
        facts = self.facts[sender]
        if text == "/show_persona":
            lines = [f"{number}. {fact}" for number, fact in enumerate(facts, start=1)]
            return [{"text": "\n".join(["I noted:", *lines, "That is all."])}]
        if text == "/forget_me":
            facts *= self.never_forgets
        elif "I am" in text and not self.never_learns:
            facts.append(text)
        return [{"text": "You must be a teacher." if "job" in text else "I see."}]


@pytest.fixture
def bot() -> Iterator[Bot]:
    with Bot() as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "cases.yaml"
    path.write_text(CASES)
    return path


def rows_of(printed: str) -> dict[str, list[str]]:
    rows = [line.split(" | ") for line in printed.splitlines() if line.startswith("| ")]
    return {row[0].removeprefix("| "): row[1:] for row in rows[1:]}


def test_the_projects_cases_are_of_every_kind_and_each_is_there_once() -> None:
    cases = read_cases()
    assert min(Counter(case.kind for case in cases)[kind] for kind in KINDS) >= 6
    assert max(Counter(case.name for case in cases).values()) == 1
    sessions = [sum(isinstance(step, BeginSession) for step in case.script) for case in cases]
    assert sum(map(bool, sessions)) >= 10
    # Neither a memory that knows nothing nor one that says it all back passes another kind.
    for kind in KINDS[:-1]:
        rules = [s.rule for c in cases if c.kind == kind for s in c.script if isinstance(s, Check)]
        assert "known" in rules
        assert {"unknown", "nothing"} & set(rules)


def test_a_bot_is_examined_over_http_and_left_without_a_trace(
    bot: Bot, cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "outcomes.jsonl"
    assert main(["--url", bot.url, "--cases", str(cases), "--output", str(output)]) == 0
    printed = capsys.readouterr().out
    rows = rows_of(printed)
    # It knew the nurse throughout, but made up a teacher.
    assert rows["extraction"][0] == "0 of 1"
    assert rows["extraction"][2] == "3 of 4 |"
    assert rows["forgetting"][0] == "1 of 1"
    assert rows["all"][0] == "1 of 2"
    assert "- extraction, a job: unsaid teacher; known: ['I am a nurse.']" in printed
    outcomes = [json.loads(line) for line in output.read_text().splitlines()]
    assert [(one["name"], one["passed"]) for one in outcomes] == [("a job", False), ("gone", True)]
    assert len(bot.facts) == 2
    assert not any(bot.facts.values())


def test_a_bot_that_remembers_nothing_or_all_is_told_apart(
    bot: Bot, cases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bot.never_forgets = True
    assert main(["--url", bot.url, "--cases", str(cases)]) == 0
    printed = capsys.readouterr().out
    assert "- forgetting, gone: nothing ; known: ['I am a nurse.']" in printed
    bot.never_learns = True
    assert main(["--url", bot.url, "--cases", str(cases)]) == 0
    assert "- extraction, a job: known nurse; known: []" in capsys.readouterr().out


def test_an_extractors_sentences_accumulate_until_forgotten(
    cases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--extractor", "rules", "--cases", str(cases)]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert rows["all"][0] == "2 of 2"
    assert rows["extraction"][2] == "3 of 3 |"  # it says nothing, so that nothing can be unsaid


def test_who_was_remembered_is_forgotten_when_the_bot_fails(
    bot: Bot, cases: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def failing(case: Any, memory: Any) -> Any:
        await memory.say("I am a nurse.")
        assert any(bot.facts.values())
        raise WebhookError("The bot did not answer.")

    monkeypatch.setattr(evaluate_memory, "examine", failing)
    assert main(["--url", bot.url, "--cases", str(cases)]) == 2
    assert "error: The bot did not answer." in capsys.readouterr().err
    assert len(bot.facts) == 1
    assert not any(bot.facts.values())


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("known", (False, True, True)),
        ("once", (False, True, False)),
        ("unknown", (True, False, False)),
    ],
)
def test_checks(rule: Any, holds: tuple[bool, ...]) -> None:
    known = [], ["I am a NURSE."], ["I am a nurse.", "I'm a nurse and tired."]
    assert tuple(Check(rule, "nurse").holds(k, ["You, a nurse?"]) for k in known) == holds
    assert Check("nothing", "").holds((), ["You, a nurse?"])
    assert not Check("nothing", "").holds(("Anything.",), ())
    assert not Check("unsaid", "nurse").holds((), ["You, a nurse?"])
    assert Check("unsaid", "nurse").holds(("I am a nurse.",), ["I see."])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("- {name: a, kind: extraction}", "case 1: the key 'script' is missing"),
        ("- {name: a, kind: magic, script: [Hi]}", "kind is 'magic'; it must be one of extraction"),
        ("- {name: a, kind: update, script: [Hi]}", "case 1: nothing is checked"),
        ("- {name: a, kind: update, script: [{known: '('}]}", "case 1: missing \\), unterminated"),
        ("- {name: a, kind: update, script: [{seen: b}]}", "a step is {'seen': 'b'}; it must be"),
        ("- {name: a, kind: update, script: [Hi, no]}", "a step is False; it must be a message"),
        ("{a: b}", "holds a dict; cases are a list"),
        ("- [", "Cannot read"),
    ],
)
def test_a_malformed_case_is_named(content: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(content)
    with pytest.raises(MemoryCaseError, match=problem):
        read_cases(path)


def test_a_script_is_read_in_order(cases: Path) -> None:
    script = read_cases(cases)[1].script
    assert script == (Say("I am a nurse."), Say("/forget_me"), Check("nothing", ""))


def test_a_bot_that_is_not_there_is_a_clear_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--url", "http://127.0.0.1:9"]) == 2
    assert "No bot answers at http://127.0.0.1:9" in capsys.readouterr().err
