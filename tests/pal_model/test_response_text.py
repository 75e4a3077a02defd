from __future__ import annotations

from collections.abc import Callable

import pytest

from pal_model import Conversation, Persona, Strategy
from pal_model.fallback_responses import FALLBACK_RESPONSES, fallback_response
from pal_model.response_text import Flaw, find_flaw, trimmed

OTHERS = Strategy.OTHERS


@pytest.mark.parametrize(
    ("text", "strategy", "expected"),
    [
        ("That sounds hard. I am sor", OTHERS, "That sounds hard."),
        ("that sounds hard", OTHERS, "That sounds hard."),
        ('"That sounds hard, ', OTHERS, "That sounds hard."),
        ("That is hard. that is hard. It is.", OTHERS, "That is hard. It is."),
        ("One. Two. Three.", OTHERS, "One. Two."),
        ("What happened?You can tell me.", Strategy.QUESTION, "What happened?"),
        (
            "You seem low. What happened? I'm here.",
            Strategy.QUESTION,
            "You seem low. What happened?",
        ),
        ("That is hard. I'm not sure what to say.", OTHERS, "That is hard."),
        ("It costs 3.50 a day.", OTHERS, "It costs 3.50 a day."),
        ("  \n ", OTHERS, ""),
        ("...", OTHERS, ""),
    ],
)
def test_trimming(text: str, strategy: Strategy, expected: str) -> None:
    assert trimmed(text, strategy, max_sentences=2) == expected


@pytest.mark.parametrize(
    ("response", "flaw"),
    [
        ("That sounds really hard.", None),
        ("I'm sorry that your boss treats you like that.", None),
        ("You could call a friend tonight.", None),
        ("I'm a little worried about you.", None),
        ("Ok.", Flaw.EMPTY),
        ("I understand.", Flaw.EMPTY),
        ("Why?", Flaw.EMPTY),
        ("How come?", None),
        ("Это очень трудно для тебя.", Flaw.EMPTY),
        ("That is hard, это трудно.", Flaw.FOREIGN_SCRIPT),
        ("My boss did that to me as well.", Flaw.ROLE_SLIP),
        ("I'm a nurse and I see that every day.", Flaw.ROLE_SLIP),
        ("When I was young, people were kind.", Flaw.ROLE_SLIP),
        ("I have been in the same place.", Flaw.ROLE_SLIP),
        ("[Question] What happened?", Flaw.ROLE_SLIP),
        ("I am so scared too.", Flaw.ROLE_SLIP),
        ("I feel that way as well.", Flaw.ROLE_SLIP),
        ("I am sorry that it was too much for you.", None),
        ("Is it a good feeling to lose your job?", Flaw.UNHELPFUL),
        ("The seeker feels sad about this.", Flaw.ROLE_SLIP),
        ("I'm not sure I can help you there.", Flaw.UNHELPFUL),
        ("Do you have any advice for me?", Flaw.UNHELPFUL),
        ("What should I do about that?", Flaw.UNHELPFUL),
        ("I'm so sorry for your loss.", Flaw.UNHELPFUL),
        ("Your wife must be a great help.", Flaw.UNFOUNDED),
        ("You are not alone, you are not alone, you are not alone.", Flaw.REPEATS_ITSELF),
        ("Could you tell me what happened at work?", Flaw.REPEATS_SUPPORTER),
        ("My boss shouted at me again yesterday.", Flaw.ROLE_SLIP),
        ("Shouted again yesterday in front of everyone.", Flaw.ECHOES_SEEKER),
    ],
)
def test_flaws_are_found_and_good_responses_pass(
    conversation: Callable[..., Conversation], response: str, flaw: Flaw | None
) -> None:
    talk = conversation(
        "Hi",
        "Can you tell me what happened at work today?",
        "My boss shouted again yesterday, in front of everyone",
    )
    assert find_flaw(response, talk) is flaw


def test_what_only_the_persona_knows_may_be_mentioned(
    conversation: Callable[..., Conversation],
) -> None:
    response = "Could your sister come over tonight?"
    assert find_flaw(response, conversation("I am alone")) is Flaw.UNFOUNDED
    assert (
        find_flaw(response, conversation("I am alone"), Persona(("I have two sisters.",))) is None
    )


def test_a_question_has_to_ask(conversation: Callable[..., Conversation]) -> None:
    talk = conversation("I am alone")
    assert find_flaw("How are you holding up?", talk, strategy=Strategy.QUESTION) is None
    assert find_flaw("How hard that is.", talk, strategy=Strategy.QUESTION) is Flaw.NOT_A_QUESTION


def test_self_disclosure_may_put_itself_in_the_seekers_place(
    conversation: Callable[..., Conversation],
) -> None:
    response = "If I were in your place, I would feel hurt too."
    assert find_flaw(response, conversation("x"), strategy=Strategy.SELF_DISCLOSURE) is None


@pytest.mark.parametrize("strategy", Strategy)
def test_every_fixed_sentence_would_pass_as_a_response(
    conversation: Callable[..., Conversation], strategy: Strategy
) -> None:
    for sentence in FALLBACK_RESPONSES[strategy]:
        assert find_flaw(sentence, conversation("I feel low"), strategy=strategy) is None


@pytest.mark.parametrize("strategy", Strategy)
def test_fixed_sentences_take_turns(
    conversation: Callable[..., Conversation], strategy: Strategy
) -> None:
    said: list[str] = ["Hi"]
    for _ in range(2 * len(FALLBACK_RESPONSES[strategy])):
        said += [fallback_response(strategy, conversation(*said)), "Hm"]
    count = len(FALLBACK_RESPONSES[strategy])
    assert len(set(said[1::2][:count])) == count
    assert said[1::2][:count] == said[1::2][count:]
