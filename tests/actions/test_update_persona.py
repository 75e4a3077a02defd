"""`action_update_persona`: the persona grows with what is told, and never from danger."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from actions.memory.known import SeekerMemory
from actions.settings import Settings
from actions.supporter import Supporter
from actions.update_persona import ActionUpdatePersona
from pal_model import Conversation, ModelLoadError, Persona
from tests.actions.fakes import DANGER, FakeGenerator, Turn, bot, event, run, talk, user

TALK = talk("I am a nurse.", "That sounds demanding.", "I have two dogs.")


def sentences(turn: Turn) -> list[str]:
    return [fact["sentence"] for fact in turn.slots["facts"]]


@pytest.fixture
def action(supporter: Supporter, memory: SeekerMemory) -> ActionUpdatePersona:
    return ActionUpdatePersona(supporter, memory)


def test_it_is_called_as_in_the_domain(action: ActionUpdatePersona) -> None:
    assert action.name() == "action_update_persona"


async def test_what_is_told_becomes_the_persona(action: ActionUpdatePersona) -> None:
    turn = await run(action, TALK, persona=None)
    assert sentences(turn) == ["I am a nurse.", "I have two dogs."]
    assert turn.slots["persona"] == sentences(turn)
    assert turn.slots["utterances_read"] == 2
    assert turn.messages == []


async def test_what_is_known_is_kept_and_nothing_is_noted_twice(
    action: ActionUpdatePersona,
) -> None:
    turn = await run(action, TALK, persona=["I live in Leeds.", "I'm a nurse"])
    assert turn.slots["persona"] == ["I live in Leeds.", "I'm a nurse", "I have two dogs."]


async def test_with_nothing_new_the_slot_is_left_alone(action: ActionUpdatePersona) -> None:
    known = (await run(action, TALK)).slots
    assert (await run(action, TALK, **known)).events == []
    again = await run(action, TALK, **known | {"utterances_read": 0})
    assert again.slots == {"utterances_read": 2}


async def test_only_new_utterances_are_read(supporter: Supporter, memory: SeekerMemory) -> None:
    read: list[tuple[str, ...]] = []

    class Extractor:
        def extract(self, seeker_utterances: Any) -> Persona:
            read.append(tuple(seeker_utterances))
            return Persona()

    supporter._rules = Extractor()
    action, slots, events = ActionUpdatePersona(supporter, memory), {}, []
    for number in range(4):
        events += [user(f"message {number}"), bot("I see.")]
        slots |= (await run(action, events[:-1], **slots)).slots
    assert read == [("message 0", "message 1"), ("message 2",), ("message 3",)]
    assert slots["utterances_read"] == 4


@pytest.mark.parametrize("slot", [None, -1, 3, "2", True, [2]])
async def test_a_count_that_makes_no_sense_lets_all_be_read(
    action: ActionUpdatePersona, slot: Any
) -> None:
    turn = await run(action, TALK, persona=None, utterances_read=slot)
    assert turn.slots["persona"] == ["I am a nurse.", "I have two dogs."]


async def test_before_the_third_utterance_nothing_is_inferred(action: ActionUpdatePersona) -> None:
    turn = await run(action, talk("I am a nurse.", "That sounds demanding."))
    assert turn.events == []


async def test_what_others_say_and_what_commands_say_is_not_noted(
    action: ActionUpdatePersona,
) -> None:
    events = [
        user("hello"),
        bot("I am a supporter."),
        user("I am a pilot.", intent="help"),
        user("it rains"),
    ]
    assert "persona" not in (await run(action, events)).slots


async def test_what_was_said_before_a_restart_is_not_noted(action: ActionUpdatePersona) -> None:
    events = [*TALK, event("restart"), *talk("hello", "Hi.", "it rains")]
    assert "persona" not in (await run(action, events)).slots


async def test_danger_writes_no_persona(
    action: ActionUpdatePersona, generator: FakeGenerator
) -> None:
    turn = await run(action, [*TALK, bot("How come?"), user(f"I am a nurse. {DANGER}")])
    assert turn.events == []
    assert generator.batches == []


@pytest.mark.parametrize("later", ["I have two dogs.", "I am safe now.", "thanks for that"])
async def test_what_was_said_in_danger_writes_no_persona_on_a_later_turn_either(
    action: ActionUpdatePersona, later: str
) -> None:
    events = [
        user("hello"),
        bot("Hi."),
        user(f"I am a nurse. {DANGER} I have a gun."),
        bot("I'm really glad you told me. Are you safe right now?"),
        user("I live in Leeds."),
        bot("Are you safe at this moment?"),
        user(later),
    ]
    noted = (await run(action, events)).slots.get("persona", [])
    assert "I live in Leeds." in noted
    assert not [sentence for sentence in noted if "nurse" in sentence or "gun" in sentence]
    assert not [sentence for sentence in noted if "kill" in sentence]


async def test_danger_that_was_told_as_an_answer_writes_no_persona_later(
    action: ActionUpdatePersona,
) -> None:
    """By itself "Yes, I have a plan." is nothing that a screen would stop at."""
    events = [
        user("I feel empty, like everybody would be better off without me"),
        bot("Are you having thoughts of ending your life or hurting yourself?"),
        user("Yes, I have a plan."),
        bot("I'm really glad you told me. Are you safe right now?"),
        user("I am a nurse."),
    ]
    assert (await run(action, events)).slots["persona"] == ["I am a nurse."]


async def test_who_asks_after_danger_hears_of_what_was_told_before_it(
    action: ActionUpdatePersona,
) -> None:
    events = [
        user("I am a nurse."),
        bot("How is that?"),
        user(DANGER),
        bot("Are you safe right now?"),
        user("/show_persona", intent="show_persona"),
    ]
    assert (await run(action, events)).slots["persona"] == ["I am a nurse."]


async def test_a_risk_detector_that_breaks_writes_no_persona(
    action: ActionUpdatePersona, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Conversation) -> Any:
        raise ValueError("a pattern does not compile")

    monkeypatch.setattr("actions.safety.screening.assess_risk", broken)
    assert (await run(action, TALK)).events == []


@pytest.mark.parametrize("slot", [None, "I am a pilot.", 5, {"a": "b"}, [None, 3, ["x"]]])
async def test_a_persona_slot_of_another_type_is_replaced(
    action: ActionUpdatePersona, slot: Any
) -> None:
    turn = await run(action, TALK, persona=slot)
    assert turn.slots["persona"] == ["I am a nurse.", "I have two dogs."]


@pytest.mark.parametrize(
    "text", ["", None, "\x00\x07", "\U0001f622", "x" * 100_000, "it rains " * 12_000, "\ud83d"]
)
async def test_an_odd_message_does_not_stop_it(action: ActionUpdatePersona, text: Any) -> None:
    turn = await run(action, [*TALK, bot("I see."), user(text)])
    assert turn.slots["persona"][:2] == ["I am a nurse.", "I have two dogs."]


async def test_two_seekers_never_share_a_persona(action: ActionUpdatePersona) -> None:
    first = await run(action, talk("I am a nurse.", "Oh?", "it rains"))
    second = await run(action, talk("I am a pilot.", "Oh?", "it rains"))
    assert first.slots["persona"] == ["I am a nurse."]
    assert second.slots["persona"] == ["I am a pilot."]


class ModelExtractor:
    """Stands in for a model; notes in which thread it works, and on how many seekers at once."""

    def __init__(self) -> None:
        self.threads: list[str] = []
        self.batches: list[int] = []
        self.error: Exception | None = None

    def extract(self, seeker_utterances: Sequence[str]) -> Persona:
        return self.extract_batch([seeker_utterances])[0]

    def extract_batch(self, batch: Sequence[Sequence[str]]) -> list[Persona]:
        self.threads.append(threading.current_thread().name)
        self.batches.append(len(batch))
        if self.error:
            raise self.error
        return [Persona((f"I wrote {len(said)} times.",)) for said in batch]


@pytest.fixture
def model_extractor(monkeypatch: pytest.MonkeyPatch) -> ModelExtractor:
    extractor = ModelExtractor()

    def load(settings: Settings) -> ModelExtractor:
        assert settings.persona_extractor == "/models/extractor"
        extractor.threads.append(threading.current_thread().name)
        return extractor

    monkeypatch.setattr("actions.supporter.load_extractor_from_settings", load)
    return extractor


async def test_the_extractor_may_be_a_model_and_works_in_the_models_thread(
    model_extractor: ModelExtractor, start: Any, memory: SeekerMemory
) -> None:
    supporter = start(persona_extractor="/models/extractor")
    turn = await run(ActionUpdatePersona(supporter, memory), TALK)
    assert turn.slots["persona"] == ["I wrote 2 times."]
    assert [name.startswith("model") for name in model_extractor.threads] == [True, True]


async def test_seekers_who_write_at_once_are_read_at_once(
    model_extractor: ModelExtractor, start: Any, memory: SeekerMemory
) -> None:
    supporter = start(persona_extractor="/models/extractor", batch_wait=0.2, max_batch=4)
    turns = [run(ActionUpdatePersona(supporter, memory), TALK) for _ in range(4)]
    assert [turn.slots["persona"] for turn in await asyncio.gather(*turns)] == [
        ["I wrote 2 times."]
    ] * 4
    assert model_extractor.batches == [4]


async def test_what_could_not_be_read_is_read_in_the_next_turn(
    model_extractor: ModelExtractor, start: Any, memory: SeekerMemory
) -> None:
    supporter = start(persona_extractor="/models/extractor")
    model_extractor.error = RuntimeError("out of memory")
    failed = await run(ActionUpdatePersona(supporter, memory), TALK)
    assert failed.slots == {}
    model_extractor.error = None
    turn = await run(ActionUpdatePersona(supporter, memory), TALK)
    assert turn.slots["persona"] == ["I wrote 2 times."]
    assert turn.slots["utterances_read"] == 2


async def test_an_extractor_that_cannot_be_loaded_is_told_as_the_models_are(start: Any) -> None:
    supporter = start(persona_extractor="/no/such/extractor")
    with pytest.raises(ModelLoadError, match="'/no/such/extractor'"):
        await supporter._loaded_extractor()
    assert isinstance(supporter.load_error, ModelLoadError)
