"""`action_respond`: one message each turn, and none from the model where fixed words are due."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from actions import respond
from actions.direct_questions import direct_answer, direct_question
from actions.message_screen import NO_WORDS, NOT_ENGLISH, ONLY_ENGLISH, TOO_LONG
from actions.recall import NOTHING
from actions.respond import REMINDER, TOOK_TOO_LONG, ActionRespond
from actions.safety.crisis_reply import is_crisis_reply
from actions.safety.resources import resource_line
from actions.supporter import Supporter
from actions.tracker_conversation import conversation_from_events
from pal_model import (
    GenerationError,
    GenerationTimeoutError,
    ModelLoadError,
    Reply,
    ReplyRequest,
    Strategy,
)
from pal_model.fallback_responses import FALLBACK_RESPONSES
from tests.actions.fakes import (
    DANGER,
    FakeGenerator,
    bot,
    event,
    reply_to,
    responder,
    run,
    talk,
    user,
)

Start = Callable[..., Supporter]
CANNOT_ANSWER = respond.CANNOT_ANSWER.format(resources=resource_line("US"))
OPENING = talk("hello", "Hi. What brings you here?")
NEW_TOPIC = "My sister is visiting and we baked a cake."


@pytest.fixture
def action(supporter: Supporter) -> ActionRespond:
    return responder(supporter)


def test_it_is_called_as_in_the_domain(supporter: Supporter) -> None:
    assert responder(supporter).name() == "action_respond"


async def test_the_reply_is_said_and_its_making_is_noted(
    action: ActionRespond, generator: FakeGenerator
) -> None:
    persona = ["I am a nurse."]
    turn = await run(action, [*OPENING, user("I am so tired.")], persona=persona, risk=None)
    assert turn.text == "I hear you, after 3 utterances."
    assert turn.slots == {
        "answered": True,
        "risk": "none",
        "strategy": "Question",
        "persona_used": persona,
    }
    assert turn.pal["strategy"] == "Question"
    assert turn.pal["persona"] == persona
    assert turn.pal["alpha"] == 0.0
    assert turn.pal["generated"] is True
    assert set(turn.pal["strategy_probabilities"]) == {s.value for s in Strategy}
    ((request,),) = generator.batches
    assert list(request.persona) == persona
    assert request.conversation.seeker_utterances == ("hello", "I am so tired.")


async def test_what_it_returns_can_be_sent_as_json(action: ActionRespond) -> None:
    turn = await run(action, [*OPENING, user("I am so tired.")])
    assert json.loads(json.dumps([turn.messages, turn.events]))


async def test_its_own_reply_is_read_back_with_its_strategy(action: ActionRespond) -> None:
    turn = await run(action, [user("I am so tired.")])
    (utterance,) = conversation_from_events([turn.as_tracker_event()]).utterances
    assert (utterance.text, utterance.strategy) == (turn.text, Strategy.QUESTION)


async def test_without_any_message_it_still_answers(action: ActionRespond) -> None:
    turn = await run(action, [])
    assert turn.text == NO_WORDS
    assert turn.slots["answered"] is True


# --- danger ----------------------------------------------------------------------------------


async def test_danger_is_answered_with_fixed_words_and_never_by_the_model(
    action: ActionRespond, generator: FakeGenerator
) -> None:
    turn = await run(action, [*OPENING, user(DANGER)], persona=["I am a nurse."])
    assert is_crisis_reply(turn.text)
    assert "988" in turn.text
    assert turn.slots == {"answered": True, "risk": "high", "strategy": None, "persona_used": []}
    assert turn.pal == {"risk": "high", "kinds": ["suicide"]}
    assert generator.batches == []


async def test_danger_is_seen_before_length_and_language(action: ActionRespond) -> None:
    """Whoever writes ten pages and ends with this is not told to write less."""
    turn = await run(action, [user(f"{'I cannot sleep. ' * 600}{DANGER}")])
    assert is_crisis_reply(turn.text)


async def test_the_numbers_are_those_of_the_locale(supporter: Supporter) -> None:
    turn = await run(responder(supporter, locale="GB"), [user(DANGER)])
    assert "988" not in turn.text
    assert "116 123" in turn.text


async def test_a_risk_detector_that_breaks_counts_as_danger(
    action: ActionRespond, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Any) -> Any:
        raise ValueError("a pattern does not compile")

    monkeypatch.setattr("actions.safety.screening.assess_risk", broken)
    turn = await run(action, [user("I am so tired.")])
    assert is_crisis_reply(turn.text)
    assert turn.slots["risk"] == "concern"
    assert generator.batches == []


async def test_risk_stays_raised_until_the_seeker_says_otherwise(
    action: ActionRespond, generator: FakeGenerator
) -> None:
    events: list[Any] = [*OPENING, user(DANGER)]
    risk = None
    said = []
    for text in (None, "thanks", NEW_TOPIC, "what do you think?"):
        if text is not None:
            events.append(user(text))
        turn = await run(action, events, risk=risk)
        risk = turn.slots["risk"]
        assert risk == "high"
        events.append(turn.as_tracker_event())
        said.append(turn.text)
    assert generator.batches == []
    assert len(set(said)) > 2, "it always says the same"

    events.append(user("I am safe now, I promise."))
    turn = await run(action, events, risk=risk)
    assert turn.slots["risk"] == "none"
    assert generator.batches == [], "who was in danger a moment ago gets reviewed words once more"
    assert turn.text.startswith("I'm glad to hear that")
    assert "988" in turn.text
    assert not is_crisis_reply(turn.text)

    events += [turn.as_tracker_event(), user(NEW_TOPIC)]
    turn = await run(action, events, risk="none")
    assert turn.text == "I hear you, after 13 utterances."


HINT = "Everyone would be better off without me."


async def asked_about(action: ActionRespond, said: str) -> list[Any]:
    """Return the events of a conversation in which that was said, and asked about."""
    turn = await run(action, [*OPENING, user(said)])
    assert is_crisis_reply(turn.text)
    return [*OPENING, user(said), turn.as_tracker_event()]


async def test_who_was_asked_without_need_is_heard_and_answered(
    action: ActionRespond, generator: FakeGenerator
) -> None:
    """ "No, I am safe, I meant my holiday" got "How is your holiday?" and no word on the rest."""
    events = await asked_about(action, HINT)
    events.append(user("No, I am safe, I meant my holiday from work."))
    turn = await run(action, events, risk="concern")
    assert turn.slots["risk"] == "none"
    assert "I only wanted to be sure. I hear you, after 5 utterances." in turn.text
    assert turn.pal["generated"] is True
    assert len(generator.batches) == 1


async def test_a_mere_no_is_heard_and_followed_by_a_question(
    action: ActionRespond, generator: FakeGenerator
) -> None:
    events = await asked_about(action, HINT)
    turn = await run(action, [*events, user("no, I'm fine")], risk="concern")
    assert turn.slots["risk"] == "none"
    assert turn.text.endswith("What would you like to talk about?")
    assert generator.batches == []


async def test_relief_asks_nothing_beside_another_answer(action: ActionRespond) -> None:
    events = await asked_about(action, HINT)
    turn = await run(action, [*events, user("no, I'm good, thanks, bye")], risk="concern")
    assert turn.text.startswith("I hear you, and thank you for answering.")
    assert "Goodbye for now" in turn.text
    assert "?" not in turn.text


@pytest.mark.parametrize(
    "said", ["No quiero vivir m\u00e1s", "No, ich will nicht mehr leben", "no, I am safe. " * 600]
)
async def test_what_it_cannot_read_ends_no_danger(
    action: ActionRespond, generator: FakeGenerator, said: str
) -> None:
    """A death wish in another language was thanked for as a denial."""
    events = await asked_about(action, HINT)
    turn = await run(action, [*events, user(said)], risk="concern")
    assert turn.slots["risk"] != "none"
    assert is_crisis_reply(turn.text)
    assert generator.batches == []


async def test_after_two_times_yes_the_words_are_still_those_after_danger(
    action: ActionRespond, generator: FakeGenerator
) -> None:
    """The first yes left a concern, and the second was answered like a misunderstanding's."""
    events = await asked_about(action, "I just took a whole bottle of pills.")
    risk = "imminent"
    turns = []
    for said in ("yes", "Yes, I'm safe. My sister has come over."):
        events.append(user(said))
        turns.append(await run(action, events, risk=risk))
        risk = turns[-1].slots["risk"]
        events.append(turns[-1].as_tracker_event())
    once, twice = turns
    assert once.slots["risk"] == "concern"
    assert "even if you feel all right" in once.text
    assert twice.slots["risk"] == "none"
    assert twice.text.startswith("I'm glad to hear that")
    assert "988" in twice.text
    assert twice.text.endswith("Would you like to tell me more about what you just wrote?")
    assert generator.batches == []


async def test_a_hint_amid_an_emergency_is_answered_as_one(action: ActionRespond) -> None:
    """It was asked "are you thinking about ending your life?", and nobody was to be called."""
    events = await asked_about(action, "I just took a whole bottle of pills.")
    turn = await run(action, [*events, user(HINT)], risk="imminent")
    assert turn.slots["risk"] == "imminent"
    assert "call your local emergency number (911)" in turn.text


async def test_who_is_not_understood_is_told_why_they_are_asked_again(
    action: ActionRespond, generator: FakeGenerator
) -> None:
    events = await asked_about(action, HINT)
    turn = await run(action, [*events, user("no, my dog died yesterday")], risk="concern")
    assert turn.slots["risk"] == "concern"
    assert "Something in what you wrote leaves me unsure" in turn.text
    assert generator.batches == []


async def test_an_earlier_danger_is_forgotten_when_it_is_over(action: ActionRespond) -> None:
    events = [*OPENING, user(DANGER)]
    turn = await run(action, events)
    events += [turn.as_tracker_event(), user("I am safe now.")]
    turn = await run(action, events, risk="high")
    events += [turn.as_tracker_event(), *await asked_about(action, HINT), user("no")]
    turn = await run(action, events, risk="concern")
    assert turn.slots["risk"] == "none"
    assert "ask and be wrong" in turn.text or "only wanted to be sure" in turn.text


async def test_who_told_of_violence_keeps_its_helpline_to_the_end(action: ActionRespond) -> None:
    hotline = "1-800-799-7233"
    events = await asked_about(action, "My husband beats me every night.")
    for said, risk in (("I don't know what to do", "high"), ("I'm safe now", "none")):
        events.append(user(said))
        turn = await run(action, events, risk="high")
        assert turn.slots["risk"] == risk
        assert hotline in turn.text
        events.append(turn.as_tracker_event())


async def test_yes_to_the_question_whether_they_are_safe_lowers_the_risk(
    action: ActionRespond,
) -> None:
    """The bot asked "Are you safe right now?" and did not hear a plain "yes"."""
    crisis = await run(action, [user(DANGER)])
    assert "Are you safe right now?" in crisis.text
    events = [user(DANGER), crisis.as_tracker_event(), user("yes")]
    once = await run(action, events, risk="high")
    assert once.slots["risk"] == "concern", "after outright danger it is asked once more"
    events += [once.as_tracker_event(), user("yes")]
    assert (await run(action, events, risk="concern")).slots["risk"] == "none"


async def test_yes_to_something_else_does_not_lower_the_risk(
    action: ActionRespond, generator: FakeGenerator
) -> None:
    events = [user(DANGER), bot("Do you like your work?"), user("yes")]
    assert (await run(action, events, risk="high")).slots["risk"] == "high"
    assert generator.batches == []


async def test_a_risk_carried_into_a_new_session_is_asked_about(
    action: ActionRespond, generator: FakeGenerator
) -> None:
    turn = await run(action, [event("session_started"), user("hello again")], risk="imminent")
    assert "safe" in turn.text
    assert turn.slots["risk"] == "imminent"
    assert generator.batches == []


@pytest.mark.parametrize(("slot", "risk"), [(None, "none"), ("", "none"), ("None", "none")])
async def test_no_risk_noted_is_no_risk(action: ActionRespond, slot: Any, risk: str) -> None:
    assert (await run(action, [user("I am so tired.")], risk=slot)).slots["risk"] == risk


@pytest.mark.parametrize("slot", ["severe", 3, ["high"], {"a": 1}])
async def test_a_noted_risk_that_cannot_be_read_is_a_concern(
    action: ActionRespond, generator: FakeGenerator, slot: Any
) -> None:
    """It raised, so every turn of the conversation ended in the apology of the rules."""
    turn = await run(action, [user("I am so tired.")], risk=slot)
    assert turn.slots["risk"] == "concern"
    assert generator.batches == []


# --- messages that the model cannot answer ---------------------------------------------------

UNREADABLE = [
    pytest.param("", NO_WORDS, id="empty"),
    pytest.param("  \n ", NO_WORDS, id="blank"),
    pytest.param(None, NO_WORDS, id="none"),
    pytest.param("\U0001f622\U0001f622", NO_WORDS, id="emoji"),
    pytest.param("\x00\x07\x1b", NO_WORDS, id="control"),
    pytest.param("\ud83d", NO_WORDS, id="half-surrogate"),
    pytest.param("...?!", NO_WORDS, id="punctuation"),
    pytest.param("x" * 100_000, TOO_LONG, id="long"),
    pytest.param("I am so sad. " * 7_700, TOO_LONG, id="long-words"),
    pytest.param("Me siento muy triste porque perdí mi trabajo ayer.", NOT_ENGLISH, id="spanish"),
    pytest.param("我今天很难过，因为我失去了工作。", NOT_ENGLISH, id="chinese"),
    pytest.param("Мне очень грустно", NOT_ENGLISH, id="russian"),
]


@pytest.mark.parametrize(("text", "answer"), UNREADABLE)
async def test_what_the_model_cannot_read_gets_fixed_words(
    action: ActionRespond, generator: FakeGenerator, text: Any, answer: str
) -> None:
    turn = await run(action, [*OPENING, user(text)], risk="none")
    assert turn.text == answer
    assert turn.slots == {"answered": True, "risk": "none", "strategy": None, "persona_used": []}
    assert generator.batches == []


@pytest.mark.parametrize(("text", "answer"), UNREADABLE)
async def test_after_an_unreadable_message_the_next_turn_works(
    action: ActionRespond, generator: FakeGenerator, text: Any, answer: str
) -> None:
    turn = await run(action, [user(text)])
    later = await run(action, [user(text), turn.as_tracker_event(), user("I am so tired.")])
    assert later.text.startswith("I hear you")
    assert generator.heard[-1] == "I am so tired."


async def test_fixed_words_are_not_shown_to_the_model_as_the_supporters_manner(
    action: ActionRespond, generator: FakeGenerator
) -> None:
    """It would go on to say that it understands English only."""
    events = [user("¿Puedes ayudarme con mi problema por favor?")]
    events.append((await run(action, events)).as_tracker_event())
    await run(action, [*events, user("I am so tired.")])
    ((request,),) = generator.batches
    assert NOT_ENGLISH not in [u.text for u in request.conversation.utterances]


@pytest.mark.parametrize("text", ["quiero morir", "No quiero vivir más", "ik wil dood", "死にたい"])
async def test_a_cry_in_another_language_gets_the_numbers_and_hears_what_is_understood(
    action: ActionRespond, generator: FakeGenerator, text: str
) -> None:
    turn = await run(action, [*OPENING, user(text)])
    assert "988" in turn.text
    assert ONLY_ENGLISH in turn.text
    assert turn.slots["risk"] == "high"
    assert generator.batches == []


@pytest.mark.parametrize("text", ["ok", "idk", "yes!!", "hi \U0001f60a", "I'm not ok", "42"])
async def test_short_english_goes_to_the_model(
    action: ActionRespond, generator: FakeGenerator, text: str
) -> None:
    await run(action, [*OPENING, user(text)])
    assert generator.heard[-1] == text


# --- fixed answers, and the reminder ---------------------------------------------------------


@pytest.mark.parametrize("text", ["Are you human?", "can i take xanax with wine", "bye"])
async def test_a_direct_question_is_answered_without_the_model(
    action: ActionRespond, generator: FakeGenerator, text: str
) -> None:
    turn = await run(action, [*OPENING, user(text)])
    assert turn.text == direct_answer(direct_question(text), "US")
    assert turn.pal == {"direct": direct_question(text)}
    assert turn.slots["answered"] is True
    assert generator.batches == []


async def test_after_an_act_the_model_judges_no_pain_and_no_dose(
    action: ActionRespond, generator: FakeGenerator
) -> None:
    """Who took too much may feel well for a day, and say that they are safe."""
    events = [*OPENING]
    slots: dict[str, Any] = {}
    for said in ("I took 30 paracetamol an hour ago", "I'm safe", "yes, I am safe"):
        events.append(user(said))
        turn = await run(action, events, **slots)
        events.append(turn.as_tracker_event())
        slots |= turn.slots
    assert slots["risk"] == "none"
    turn = await run(action, [*events, user("is 30 too many?")], **slots)
    assert turn.pal == {"direct": "aftermath"}
    assert "911" in turn.text
    assert generator.batches == []
    await run(action, [*events, user("My sister is coming over.")], **slots)
    assert generator.heard[-1] == "My sister is coming over."
    turn = await run(action, [*OPENING, user("my stomach hurts")])
    assert turn.pal != {"direct": "aftermath"}


async def test_what_was_told_is_answered_from_what_is_noted(
    action: ActionRespond, generator: FakeGenerator
) -> None:
    facts = ["I have got a dog called Biscuit.", "I am a nurse."]
    question = user("Do you remember my dog's name?")
    turn = await run(action, [*OPENING, question], persona=facts)
    assert '"I have got a dog called Biscuit."' in turn.text
    assert "nurse" not in turn.text
    assert turn.pal == {"direct": "recall"}
    assert generator.batches == []
    turn = await run(action, [*OPENING, question])
    assert turn.text == NOTHING
    turn = await run(action, [*OPENING, user(f"{DANGER} Do you remember me?")], persona=facts)
    assert is_crisis_reply(turn.text)


async def test_who_insists_is_refused_again(
    action: ActionRespond, generator: FakeGenerator
) -> None:
    """The model was shown the question and not the refusal, and a plea to answer."""
    events = [*OPENING, user("Can I mix xanax with alcohol?")]
    refusal = await run(action, events)
    events += [refusal.as_tracker_event(), user("please, just yes or no")]
    again = await run(action, events)
    assert again.text == refusal.text
    assert generator.batches == []
    events += [again.as_tracker_event(), user("My sister drinks a lot, that is why.")]
    await run(action, events)
    ((request,),) = generator.batches
    assert refusal.text in [u.text for u in request.conversation.utterances]


async def test_danger_comes_before_a_direct_question(action: ActionRespond) -> None:
    turn = await run(action, [user(f"{DANGER} How many pills should I take?")])
    assert is_crisis_reply(turn.text)


async def test_now_and_then_it_says_again_that_it_is_a_program(supporter: Supporter) -> None:
    action = responder(supporter, disclose_every=3)
    events: list[Any] = [event("session_started")]
    reminded = []
    for number in range(1, 8):
        events.append(user(f"This is day {number} of the week."))
        turn = await run(action, events)
        events += [bot(m["text"], pal=m["pal"]) for m in turn.messages]
        reminded += [number] * (turn.messages[-1]["text"] == REMINDER)
    assert reminded == [3, 6]
    assert REMINDER not in [u.text for u in conversation_from_events(events).utterances]


async def test_no_reminder_beside_words_in_danger(supporter: Supporter) -> None:
    action = responder(supporter, disclose_every=1)
    assert len((await run(action, [user(DANGER)])).messages) == 1
    assert len((await run(action, [user("My cat is fat.")])).messages) == 2


async def test_the_reminder_can_be_switched_off(supporter: Supporter) -> None:
    action = responder(supporter, disclose_every=0)
    assert len((await run(action, [user("My cat is fat.")] * 50)).messages) == 1


# --- failures --------------------------------------------------------------------------------


def failing_with(error: Exception) -> Callable[[ReplyRequest], Reply]:
    def write(_: ReplyRequest) -> Reply:
        raise error

    return write


async def test_a_turn_that_takes_too_long_ends_in_an_apology(
    start: Start, generator: FakeGenerator
) -> None:
    supporter = start(turn_timeout=0.05)
    generator.gate.clear()
    turn = await run(responder(supporter), [user("I am so tired.")], risk="none")
    assert turn.text == TOOK_TOO_LONG
    assert turn.slots == {"answered": True, "risk": "none", "strategy": None, "persona_used": []}


@pytest.mark.parametrize(
    ("error", "apology"),
    [
        (GenerationTimeoutError("late"), TOOK_TOO_LONG),
        (GenerationError("no tokens"), CANNOT_ANSWER),
    ],
)
async def test_a_generator_that_fails_ends_in_an_apology(
    supporter: Supporter, generator: FakeGenerator, error: Exception, apology: str
) -> None:
    await supporter.reply(reply_request())  # the warm-up is over
    generator.write = failing_with(error)
    turn = await run(responder(supporter), [user("I am so tired.")])
    assert turn.text == apology
    assert turn.slots["answered"] is True


def reply_request() -> ReplyRequest:
    return ReplyRequest(conversation_from_events([user("I am so tired.")]))


async def test_a_model_that_could_not_be_loaded_ends_in_an_apology(start: Start) -> None:
    def load(_: Any) -> Any:
        raise ModelLoadError("no such folder")

    action = responder(start(load))
    turn = await run(action, [user("I am so tired.")])
    assert turn.text == CANNOT_ANSWER
    assert "emergency" in turn.text
    assert turn.slots["answered"] is True


async def test_danger_is_answered_without_a_model(start: Start) -> None:
    def load(_: Any) -> Any:
        raise ModelLoadError("no such folder")

    turn = await run(responder(start(load)), [user(DANGER)])
    assert is_crisis_reply(turn.text)


@pytest.mark.parametrize("apology", [TOOK_TOO_LONG, CANNOT_ANSWER])
async def test_an_apology_is_not_shown_to_the_model(
    action: ActionRespond, generator: FakeGenerator, apology: str
) -> None:
    await run(action, [user("hello"), bot(apology, pal={"service": True}), user("I am so tired.")])
    ((request,),) = generator.batches
    assert [u.text for u in request.conversation.utterances] == ["hello", "I am so tired."]


# --- replies that must not be said -----------------------------------------------------------

UNSAFE = "You should take some Xanax tonight."
CLAIM = "I am a licensed therapist."
SAFE = "That sounds like a lot to carry."


@pytest.mark.parametrize(
    "candidates", [(UNSAFE, SAFE), (UNSAFE, CLAIM, SAFE), (SAFE, UNSAFE)], ids=str
)
async def test_the_first_candidate_that_may_be_said_is_said(
    action: ActionRespond, generator: FakeGenerator, candidates: tuple[str, ...]
) -> None:
    generator.write = lambda request: reply_to(request, *candidates)
    turn = await run(action, [user("I am so tired.")])
    assert turn.text == SAFE
    assert turn.pal["generated"] is True


async def test_where_no_candidate_may_be_said_a_fixed_sentence_of_the_strategy_is(
    action: ActionRespond, generator: FakeGenerator
) -> None:
    """And it is not noted as generated."""
    generator.write = lambda request: reply_to(request, UNSAFE, CLAIM)
    turn = await run(action, [user("I am so tired.")])
    assert turn.text in FALLBACK_RESPONSES[Strategy.QUESTION]
    assert turn.pal["generated"] is False
    assert turn.slots["strategy"] == "Question"


async def test_a_refused_candidate_is_not_logged(
    action: ActionRespond, generator: FakeGenerator, capfd: pytest.CaptureFixture[str]
) -> None:
    generator.write = lambda request: reply_to(request, UNSAFE, SAFE)
    await run(action, [user("I am so tired.")])
    logged = "".join(capfd.readouterr())
    assert "medication" in logged
    assert "Xanax" not in logged


# --- the persona ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slot", "used"),
    [
        (None, []),
        ("I am a nurse.", []),
        (5, []),
        ({"a": "b"}, []),
        (["I am a nurse.", None, 3, {}], ["I am a nurse."]),
    ],
)
async def test_a_persona_slot_of_another_type_does_not_stop_the_turn(
    action: ActionRespond, slot: Any, used: list[str]
) -> None:
    turn = await run(action, [user("I am so tired.")], persona=slot)
    assert turn.text.startswith("I hear you")
    assert turn.slots["persona_used"] == used


async def test_missing_slots_do_not_stop_the_turn(action: ActionRespond) -> None:
    assert (await run(action, [user("I am so tired.")])).slots["answered"] is True


def test_the_apologies_say_whose_fault_it_is_not() -> None:
    assert "not yours" in respond.TOOK_TOO_LONG
    assert "on my side" in respond.CANNOT_ANSWER
