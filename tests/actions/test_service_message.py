"""Answers to commands while danger is raised."""

from __future__ import annotations

from typing import Any

import pytest
from rasa_sdk import Action

from actions.change_fact import ActionChangeFact
from actions.crisis_desk import CrisisDesk
from actions.export_data import ActionExportData
from actions.forget_me import ActionForgetMe
from actions.memory.known import SeekerMemory
from actions.remember_me import ActionRememberMe, ActionStopRemembering
from actions.show_persona import ActionShowPersona
from actions.supporter import Supporter
from tests.actions.fakes import Counters, nobody_on_duty, run, talk, user

COMMANDS = ("show_persona", "remember_me", "stop_remembering", "export_data", "forget_me", "change")


@pytest.fixture
def commands(supporter: Supporter, memory: SeekerMemory) -> dict[str, Action]:
    desk = CrisisDesk(nobody_on_duty(), Counters(), "GB")
    return {
        "show_persona": ActionShowPersona(memory, "GB"),
        "remember_me": ActionRememberMe(memory, "GB"),
        "stop_remembering": ActionStopRemembering(memory, "GB"),
        "export_data": ActionExportData(memory, "GB"),
        "forget_me": ActionForgetMe(supporter, memory, "GB"),
        "change": ActionChangeFact(supporter, memory, desk),
    }


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("risk", ["concern", "high", "imminent"])
async def test_in_danger_a_command_is_answered_with_somebody_to_turn_to(
    commands: dict[str, Any], name: str, risk: str
) -> None:
    events = [*talk("hello", "Hi."), user("forget that I have a cat", intent="change_fact")]
    assert "116 123" in (await run(commands[name], events, risk=risk)).text


@pytest.mark.parametrize("name", COMMANDS)
async def test_else_it_is_answered_and_nothing_more(commands: dict[str, Any], name: str) -> None:
    events = [*talk("hello", "Hi."), user("forget that I have a cat", intent="change_fact")]
    assert "116 123" not in (await run(commands[name], events, risk="none")).text
