"""`action_forget_me`: confirms, and restarts, upon which the tracker store erases."""

from __future__ import annotations

from actions.forget_me import FORGOTTEN, ActionForgetMe
from actions.tracker_conversation import conversation_from_events
from tests.actions.fakes import run, talk


async def test_it_confirms_and_restarts() -> None:
    turn = await run(ActionForgetMe(), talk("I am a nurse."), persona=["I am a nurse."])
    assert turn.text == FORGOTTEN
    assert [event["event"] for event in turn.events] == ["restart"]


async def test_nothing_that_was_said_is_repeated_in_the_confirmation() -> None:
    turn = await run(ActionForgetMe(), talk("zanzibar"), persona=["I live in zanzibar."])
    assert "zanzibar" not in str(turn.messages)


async def test_afterwards_the_conversation_is_empty() -> None:
    before = talk("I am a nurse.", "Oh?", "yes")
    turn = await run(ActionForgetMe(), before)
    events = [*before, turn.as_tracker_event(), *turn.events]
    assert conversation_from_events(events).utterances == ()


async def test_the_confirmation_is_no_part_of_the_conversation() -> None:
    turn = await run(ActionForgetMe(), [])
    assert conversation_from_events([turn.as_tracker_event()]).utterances == ()


def test_it_is_called_as_in_the_domain() -> None:
    assert ActionForgetMe().name() == "action_forget_me"
