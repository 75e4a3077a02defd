"""`action_forget_me`: confirms, and restarts, upon which the tracker store erases."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from actions.forget_me import FORGOTTEN, ActionForgetMe
from actions.memory.known import SeekerMemory
from actions.safety.resources import resource_line
from actions.supporter import Supporter
from actions.tracker_conversation import conversation_from_events
from tests.actions.fakes import FakeGenerator, run, talk, until


async def test_it_confirms_and_restarts(supporter: Supporter, memory: SeekerMemory) -> None:
    turn = await run(
        ActionForgetMe(supporter, memory), talk("I am a nurse."), persona=["I am a nurse."]
    )
    assert turn.text == FORGOTTEN
    assert [event["event"] for event in turn.events] == ["restart"]


@pytest.mark.parametrize(
    ("risk", "is_named"), [("imminent", True), ("concern", True), ("none", False), (None, False)]
)
async def test_who_is_in_danger_is_told_whom_to_call(
    supporter: Supporter, memory: SeekerMemory, risk: str | None, is_named: bool
) -> None:
    """The danger was erased, and nobody named."""
    turn = await run(ActionForgetMe(supporter, memory, "en_GB"), talk("bye"), risk=risk)
    assert turn.text.startswith(FORGOTTEN)
    assert (resource_line("en_GB") in turn.text) is is_named


async def test_nothing_that_was_said_is_repeated_in_the_confirmation(
    supporter: Supporter, memory: SeekerMemory
) -> None:
    turn = await run(
        ActionForgetMe(supporter, memory), talk("zanzibar"), persona=["I live in zanzibar."]
    )
    assert "zanzibar" not in str(turn.messages)


async def test_afterwards_the_conversation_is_empty(
    supporter: Supporter, memory: SeekerMemory
) -> None:
    before = talk("I am a nurse.", "Oh?", "yes")
    turn = await run(ActionForgetMe(supporter, memory), before)
    events = [*before, turn.as_tracker_event(), *turn.events]
    assert conversation_from_events(events).utterances == ()


async def test_the_confirmation_is_no_part_of_the_conversation(
    supporter: Supporter, memory: SeekerMemory
) -> None:
    turn = await run(ActionForgetMe(supporter, memory), [])
    assert conversation_from_events([turn.as_tracker_event()]).utterances == ()


async def test_it_is_called_as_in_the_domain(supporter: Supporter, memory: SeekerMemory) -> None:
    assert ActionForgetMe(supporter, memory).name() == "action_forget_me"


async def test_what_the_model_holds_in_memory_goes_too(
    supporter: Supporter, generator: FakeGenerator, memory: SeekerMemory
) -> None:
    await until(lambda: supporter.is_ready)
    await run(ActionForgetMe(supporter, memory), talk("I am a nurse."))
    await until(generator.forgot.is_set)


async def test_before_the_model_is_there_nothing_is_held(
    start: Callable[..., Supporter], generator: FakeGenerator, memory: SeekerMemory
) -> None:
    generator.gate.clear()
    turn = await run(ActionForgetMe(start(), memory), talk("I am a nurse."))
    assert turn.text == FORGOTTEN
    assert not generator.forgot.is_set()
