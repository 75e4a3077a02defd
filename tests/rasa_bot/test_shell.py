"""What is added to Rasa's shell, without a server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rasa.core.channels import console

from rasa_bot.components.channels import APOLOGY
from rasa_bot.launcher import shell as shell_module
from rasa_bot.launcher.conversation import Conversation
from rasa_bot.launcher.errors import LaunchError
from rasa_bot.launcher.shell import Shell, _unless_ended, require_loaded


async def nothing(*_: Any, **__: Any) -> None:
    return None


def test_a_request_that_failed_is_apologised_for_and_the_prompt_comes_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    outcomes = iter([ConnectionError("the server said my dog died"), None])

    async def record_messages(**_: Any) -> None:
        outcome = next(outcomes)
        if outcome:
            raise outcome

    monkeypatch.setattr(console, "record_messages", record_messages)
    monkeypatch.setattr(shell_module, "greet", nothing)
    endpoints = tmp_path / "endpoints.yml"
    endpoints.write_text("{}")
    shell = Shell(Path("model.tar.gz"), endpoints, Conversation("someone", begins=False))
    shell._agent = SimpleNamespace(is_ready=lambda: True)
    asyncio.run(shell._converse(server_url="http://127.0.0.1:1", sender_id="someone"))
    assert next(outcomes, "all used") == "all used"
    shown = capsys.readouterr().out
    assert APOLOGY.split("\n\n")[0] in shown
    assert "my dog died" not in shown


def test_the_prompt_asks_again_until_something_is_typed() -> None:
    typed = iter(["", "", "hello"])
    shown = []

    async def ask(previous_response: Any) -> str | None:
        shown.append(previous_response)
        return next(typed)

    assert asyncio.run(_unless_ended(ask)({"text": "the last reply"})) == "hello"
    assert shown == [{"text": "the last reply"}, None, None], "the reply is shown once"


def test_a_model_that_was_not_loaded_is_named() -> None:
    with pytest.raises(LaunchError, match=r"could not load its model bot\.tar\.gz; delete it"):
        require_loaded(None, Path("bot.tar.gz"))
