"""The real command line on a tiny checkpoint, in this process or as a process of its own."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pal_model import Persona
from pal_model import __main__ as command_line
from pal_model.__main__ import main

pytestmark = pytest.mark.integration

GOOD = {
    "dialog": [
        {"speaker": "seeker", "content": "Hello"},
        {"speaker": "supporter", "content": "Hi"},
        {"speaker": "seeker", "content": "I lost my job and I have two kids"},
    ]
}


@pytest.fixture
def checkpoint(model: Any, tokenizer: Any, tmp_path: Path) -> Path:
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    return tmp_path


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: bytes, *args: str
) -> tuple[int, list[dict[str, Any]], str]:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    status = main(args)
    captured = capsys.readouterr()
    return status, [json.loads(line) for line in captured.out.splitlines()], captured.err


def lines(*records: object) -> bytes:
    return "\n".join(json.dumps(r) for r in records).encode()


def test_extract_writes_the_persona_of_each_conversation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(monkeypatch, capsys, lines(GOOD, {"dialog": []}), "extract")
    assert status == 0
    assert out == [{"persona": ["I lost my job.", "I have two kids."]}, {"persona": []}]


def test_the_extractor_may_be_a_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], checkpoint: Path
) -> None:
    """The tiny model writes nonsense, which nothing that was said bears out."""
    arguments = ["extract", "--extractor", str(checkpoint)]
    status, out, _ = run(monkeypatch, capsys, lines(GOOD), *arguments)
    assert (status, out) == (0, [{"persona": []}])
    status, _, errors = run(monkeypatch, capsys, lines(GOOD), "extract", "--extractor", "/no/such")
    assert status == 2
    assert "error: Cannot load the persona extractor '/no/such'" in errors


class Batching:
    """Finds one thing a conversation, and knows how many it read at once."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def extract(self, seeker_utterances: Sequence[str]) -> Persona:
        return self.extract_batch([seeker_utterances])[0]

    def extract_batch(self, batch: Sequence[Sequence[str]]) -> list[Persona]:
        self.batches.append(len(batch))
        return [Persona((f"I said {said[-1]}",)) for said in batch]


def test_the_conversations_of_several_lines_are_read_together(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], checkpoint: Path
) -> None:
    extractor = Batching()
    monkeypatch.setattr(command_line, "load_persona_extractor", lambda *_, **__: extractor)
    data = lines(GOOD, {"dialog": []}, GOOD | {"persona": ["I am a nurse."]}, GOOD)
    said = "I said I lost my job and I have two kids"
    status, out, _ = run(monkeypatch, capsys, data, "extract")
    assert (status, extractor.batches) == (0, [3])
    assert [o["persona"] for o in out] == [[said], [], ["I am a nurse.", said], [said]]
    arguments = ["reply", "--model", str(checkpoint), "--dtype", "float32"]
    answered = b"\n".join(line for line in data.splitlines() if b"[]" not in line)
    status, out, _ = run(monkeypatch, capsys, answered, *arguments)
    assert (status, extractor.batches) == (0, [3, 2])
    assert [o["persona"] for o in out] == [[said], ["I am a nurse."], [said]]


def test_reply_writes_strategy_alpha_persona_and_response(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], checkpoint: Path
) -> None:
    with_persona = GOOD | {"persona": ["I am a nurse."]}
    data = lines(*[GOOD, with_persona, GOOD | {"persona": []}] * 2)
    arguments = ["reply", "--model", str(checkpoint), "--seed", "1", "--batch-size", "4"]
    arguments += ["--dtype", "float32"]
    status, out, _ = run(monkeypatch, capsys, data, *arguments)
    assert status == 0
    assert [set(o) for o in out] == [{"strategy", "alpha", "persona", "response"}] * 6
    assert [o["persona"] for o in out[:3]] == [
        ["I lost my job.", "I have two kids."],
        ["I am a nurse."],
        [],
    ]
    assert out[:3] == out[3:], "a seed makes a line independent of its place and its neighbours"
    assert all(o["response"] for o in out)


def test_bad_lines_give_error_objects_in_their_place_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = b"\n".join(
        [
            b"{broken",
            lines(GOOD),
            b"",
            b'"text"',
            b'{"dialog": [{"speaker": "seeker", "content": "\xff"}]}',
            lines({"dialog": [{"speaker": "bot", "content": "x"}]}),
            lines(GOOD | {"persona": "I am"}),
            b"[" * 100_000,
        ]
    )
    status, out, err = run(monkeypatch, capsys, data, "extract")
    assert status == 1
    assert [o.get("line") for o in out] == [1, None, 4, 5, 6, 7, 8]
    assert out[1]["persona"]
    reasons = [o["error"] for o in out if "error" in o]
    for reason, hint in zip(
        reasons, ["not JSON", "JSON object", "UTF-8", "'bot'", "'persona'", "not JSON"], strict=True
    ):
        assert hint in reason
    assert "6 lines could not be used" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "/no/such"], "Cannot load the model '/no/such'"),
        (["--top-p", "7"], "top_p is 7.0"),
        (["--batch-size", "0"], "--batch-size is 0"),
    ],
)
def test_what_cannot_run_at_all_exits_with_2_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    status, out, err = run(monkeypatch, capsys, lines(GOOD), "reply", *arguments)
    assert (status, out) == (2, [])
    assert message in err


def test_the_module_runs_as_a_process_and_streams(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "pal_model", "extract"],
        input=lines(GOOD),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0
    assert json.loads(process.stdout)["persona"] == ["I lost my job.", "I have two kids."]
