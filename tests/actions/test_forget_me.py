"""`action_forget_me`: confirms, and restarts, upon which the tracker store erases."""

from __future__ import annotations

from collections.abc import Callable

from actions.forget_me import FORGOTTEN, ActionForgetMe
from actions.memory.known import SeekerMemory
from actions.supporter import Supporter
from actions.tracker_conversation import conversation_from_events
from tests.actions.fakes import FakeGenerator, run, talk, until


async def test_it_confirms_and_restarts(supporter: Supporter, memory: SeekerMemory) -> None:
    turn = await run(
        ActionForgetMe(supporter, memory), talk("I am a nurse."), persona=["I am a nurse."]
    )
    assert turn.text == FORGOTTEN
    assert [event["event"] for event in turn.events] == ["restart"]


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
