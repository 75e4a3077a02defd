"""Questions on what was told before: what counts as one, and what is quoted."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from actions.recall import NO_NAME, NOTHING, NOTHING_YET, asked_about, recalled
from actions.safety import check_reply

# Here, for a fixture takes every setting away before a test runs.
DATA = Path(os.environ.get("PAL_DATA_DIR") or Path(__file__).parents[3] / "shared" / "data")

FACTS = (
    "I have got a dog called Biscuit.",
    "I am a teaching assistant.",
    "My ex used to help with him.",
    "I live in Leeds.",
    "I am 34 years old.",
    "My mom drinks.",
    "I have two kids.",
)
SISTER = "My sister is called Anna."


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("do you remember my dog's name?", "I have got a dog called Biscuit."),
        ("Do you still remember my pet", "I have got a dog called Biscuit."),
        ("what\u2019s my dog called again?", "I have got a dog called Biscuit."),
        ("Hi again! Do you know my dog's name?", "I have got a dog called Biscuit."),
        ("do u remember what i told u about my ex", "My ex used to help with him."),
        ("What is my job?", "I am a teaching assistant."),
        ("Do you remember what my job is?", "I am a teaching assistant."),
        ("Come on, what do I do for a living?", "I am a teaching assistant."),
        ("do you remember where I live", "I live in Leeds."),
        ("How old am I?", "I am 34 years old."),
        ("Did I tell you about my mother?", "My mom drinks."),
        ("how many children do I have?", "I have two kids."),
    ],
)
def test_what_was_told_is_quoted_and_nothing_else(question: str, fact: str) -> None:
    answer = recalled(question, FACTS)
    assert answer is not None
    assert f'"{fact}"' in answer
    assert sum(other in answer for other in FACTS) == 1


@pytest.mark.parametrize(
    "question",
    [
        "do you remember my sister's name?",
        "Do you remember my mother's name?",  # of whom something is known, and no name
        "do you remember what I told you about my brother?",  # of whom there is no word
        "what is my age",
    ],
)
def test_what_was_not_told_is_not_made_up(question: str) -> None:
    assert recalled(question, [f for f in FACTS if "34" not in f]) == NOTHING
    assert recalled(question, []) == NOTHING


def test_who_asks_for_a_kind_hears_of_one_but_not_of_another() -> None:
    answer = recalled("do you remember my siblings?", [SISTER, *FACTS])
    assert answer is not None
    assert SISTER in answer
    assert recalled("do you remember my brother?", [SISTER, *FACTS]) == NOTHING


@pytest.mark.parametrize(
    "question",
    [
        "what's my mom's job",
        "what is my wife's job?",
        "What is my boss's job",
        "do you remember my brother's job",
        "do you remember my mother in law?",
    ],
)
def test_what_is_asked_of_another_is_not_answered_of_the_seeker(question: str) -> None:
    facts = [fact for fact in FACTS if "mom" not in fact or "law" in question]
    assert recalled(question, facts) == NOTHING


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("what's my sister's name", "My sister hates Mondays."),
        ("what is my mom's name?", "My mom lives in London."),
        ("what is my dog called", "My dog bit Anna."),
    ],
)
def test_a_capital_letter_is_no_name(question: str, fact: str) -> None:
    assert recalled(question, [fact]) == NOTHING


@pytest.mark.parametrize(
    "question",
    [
        "Do you remember me?",
        "Do you remember anything about me?",
        "do you remember what I said yesterday?",
        "do you know who i am",
    ],
)
def test_who_asks_for_all_hears_the_latest(question: str) -> None:
    answer = recalled(question, FACTS)
    assert answer is not None
    assert [fact in answer for fact in FACTS] == [False] * 4 + [True] * 3
    assert recalled(question, []) == NOTHING_YET


def test_a_name_is_said_where_it_is_noted_and_otherwise_why_not() -> None:
    assert recalled("What's my name?", FACTS) == NO_NAME
    answer = recalled("do you know my name?", [*FACTS, "I am Anna.", "I am sad."])
    assert answer is not None
    assert '"I am Anna."' in answer
    assert "sad" not in answer


@pytest.mark.parametrize(
    "text",
    [
        "what should I do?",
        "What is my problem?",
        "who am I",
        "what did I say wrong to her?",
        "I can't remember my dad's voice",
        "do you know what my boss did to me?",
        "Do you remember what it was like to be young?",
        "do you remember when you said you would help me?",
        "do you remember telling me that I would be fine?",
        "My husband left me this morning. Do you remember my dog's name?",  # the news come first
        "what's my purpose in life",
        "have I told you about my brother?",  # of whom there is no word: they are about to
        "Do you remember my mom she passed away this morning",
        "do you remember my dog biscuit he died today",
        "do you remember my sister, she is in hospital now and I am so scared",
        "did I tell you about my baby, I lost her last night",
        "did I tell you about the time i tried to end it",
        "have I told you about my plan",
        "do you remember what he did to me last night",
        "do you remember how I said I was fine, I was lying",
        "do you remember if my life ever mattered",
        "did I tell you that my cat died?",  # news
        "did i mention that i lost my job today",
        "have I mentioned that I stopped eating?",
        "can you remember that I'm scared of him",
        "Please remember me",
        "",
        "?",
        "do you remember my dog's name? " * 9,
    ],
)
def test_what_asks_for_something_else_is_left_to_the_model(text: str) -> None:
    assert recalled(text, FACTS) is None


def test_its_answers_may_be_said() -> None:
    for answer in (NOTHING, NO_NAME, NOTHING_YET):
        assert not list(check_reply(answer))


@pytest.mark.parametrize("text", ["what is my " * 18, "so, " * 50, "do you " + "still " * 30])
def test_long_nonsense_is_no_question(text: str) -> None:
    """Nor does it keep anybody waiting: a pattern that tries all ways would not come to an end."""
    assert asked_about(text) is None


@pytest.mark.skipif(not (DATA / "esconv").is_dir(), reason="needs ESConv in PAL_DATA_DIR")
def test_seekers_of_esconv_never_ask_that() -> None:
    """Of 19,989 turns; whoever is taken to ask is not answered by the model."""
    dialogues = json.loads((DATA / "esconv" / "ESConv.json").read_text(encoding="utf-8"))
    turns = [u["content"] for d in dialogues for u in d["dialog"] if u["speaker"] == "seeker"]
    assert [text for text in turns if asked_about(text) is not None] == []
