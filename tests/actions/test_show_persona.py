"""`action_show_persona`: what is remembered, in a message that any channel takes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from actions.memory.known import SeekerMemory
from actions.show_persona import NOTHING_YET, ActionShowPersona
from actions.tracker_conversation import conversation_from_events
from tests.actions.fakes import run


async def test_what_is_remembered_is_listed_in_its_order(memory: SeekerMemory) -> None:
    turn = await run(ActionShowPersona(memory), [], persona=["I am a nurse.", "I have a dog."])
    assert "\n1. I am a nurse.\n2. I have a dog.\n" in turn.text
    assert "/forget_me" in turn.text
    assert turn.slots == {"answered": True, "listed": ["I am a nurse.", "I have a dog."]}


@pytest.mark.parametrize("slot", [None, [], "I am a nurse.", 7, {"a": 1}, [None, 3, [], ""]])
async def test_where_nothing_is_remembered_it_says_so(slot: Any, memory: SeekerMemory) -> None:
    """A string was listed letter by letter; a number in the list raised."""
    turn = await run(ActionShowPersona(memory), [], persona=slot)
    assert turn.text == NOTHING_YET
    assert turn.slots["answered"] is True


async def test_a_missing_slot_does_not_raise(memory: SeekerMemory) -> None:
    assert (await run(ActionShowPersona(memory), [])).text == NOTHING_YET


async def test_a_long_list_is_cut_to_one_message_and_says_so(memory: SeekerMemory) -> None:
    sentences = [f"I know {index} things about this and that." for index in range(500)]
    turn = await run(ActionShowPersona(memory), [], persona=sentences)
    assert len(turn.text) < 3_300
    assert sentences[-1] in turn.text
    assert sentences[0] not in turn.text
    shown = len(re.findall(r"^\d+\. ", turn.text, re.M))
    assert f"(and {500 - shown} earlier ones)" in turn.text


async def test_one_very_long_sentence_is_shown_all_the_same(memory: SeekerMemory) -> None:
    sentence = f"I like {'very ' * 700}long walks."
    assert (
        sentence in (await run(ActionShowPersona(memory), [], persona=["I sing.", sentence])).text
    )


async def test_the_list_is_no_part_of_the_conversation(memory: SeekerMemory) -> None:
    turn = await run(ActionShowPersona(memory), [], persona=["I am a nurse."])
    assert conversation_from_events([turn.as_tracker_event()]).utterances == ()


def test_it_is_called_as_in_the_domain(memory: SeekerMemory) -> None:
    assert ActionShowPersona(memory).name() == "action_show_persona"
