"""`action_session_start`: greets, and carries over what is known, once."""

from __future__ import annotations

from typing import Any

import pytest

from actions.memory.known import SeekerMemory
from actions.session_start import ActionSessionStart
from tests.actions.fakes import bot, event, nobody_on_duty, run, talk


def names(events: list[dict[str, Any]]) -> list[str]:
    return [e.get("name") if e["event"] in ("slot", "action") else e["event"] for e in events]


async def test_it_greets_with_the_bots_own_disclosure(memory: SeekerMemory) -> None:
    turn = await run(ActionSessionStart(memory, nobody_on_duty()), [])
    (message,) = turn.messages
    assert message["response"] == "utter_greet"
    assert message["text"] is None


async def test_the_events_are_in_the_order_that_rasa_needs(memory: SeekerMemory) -> None:
    turn = await run(
        ActionSessionStart(memory, nobody_on_duty()), [], persona=["I am a nurse."], risk="high"
    )
    assert names(turn.events) == ["session_started", "persona", "risk", "action_listen"]
    # What was known of a session that is not kept ends with it.
    assert turn.slots == {"risk": "high", "persona": None}


@pytest.mark.parametrize("slots", [{}, {"persona": None, "risk": None}, {"persona": []}])
async def test_what_is_not_known_is_not_set(slots: dict[str, Any], memory: SeekerMemory) -> None:
    assert names((await run(ActionSessionStart(memory, nobody_on_duty()), [], **slots)).events) == [
        "session_started",
        "action_listen",
    ]


async def test_what_concerned_one_reply_is_not_carried_over(memory: SeekerMemory) -> None:
    turn = await run(
        ActionSessionStart(memory, nobody_on_duty()),
        [],
        strategy="Question",
        persona_used=["I am a nurse."],
        answered=True,
    )
    assert turn.slots == {"persona_used": None}


async def test_the_number_of_events_does_not_grow_with_the_conversation(
    memory: SeekerMemory,
) -> None:
    """Rasa's own repeats every slot event of the last session."""
    slots = [event("slot", name="persona", value=["I am a nurse."])] * 300
    turn = await run(
        ActionSessionStart(memory, nobody_on_duty()),
        [*talk("a", "b"), *slots],
        persona=["I am a nurse."],
    )
    assert len(turn.events) == 3


async def test_it_is_called_as_in_the_domain_and_reads_any_tracker(memory: SeekerMemory) -> None:
    assert ActionSessionStart(memory, nobody_on_duty()).name() == "action_session_start"
    assert (
        await run(ActionSessionStart(memory, nobody_on_duty()), [None, 3, bot(None)], persona="x")
    ).messages


def restarted(*, by: str) -> list[Any]:
    return [
        event("session_started"),
        event("slot", name="risk", value="high"),
        event("slot", name="risk", value="imminent"),
        event("action", name=by),
        event("restart"),
    ]


async def test_danger_is_not_over_because_somebody_begins_anew(memory: SeekerMemory) -> None:
    """/restart empties the slots, and the next reply was the model's."""
    turn = await run(
        ActionSessionStart(memory, nobody_on_duty()), restarted(by="action_restart"), risk=None
    )
    assert turn.slots["risk"] == "imminent"
    assert turn.messages


@pytest.mark.parametrize(
    "events",
    [
        restarted(by="action_forget_me"),
        [*restarted(by="action_restart"), event("slot", name="risk", value="none")],
        [event("slot", name="risk", value="high")],
        [*restarted(by="action_restart"), event("action", name="action_restart"), event("restart")],
    ],
    ids=["forgotten", "over since", "no restart", "twice"],
)
async def test_only_the_risk_of_the_conversation_that_was_restarted_is_carried(
    memory: SeekerMemory, events: list[Any]
) -> None:
    turn = await run(ActionSessionStart(memory, nobody_on_duty()), events, risk=None)
    assert not turn.slots.get("risk") or turn.slots["risk"] == "none"
