from __future__ import annotations

import pytest

from pal_model.persona_sentences import new_sentences, plausible_sentences

SAID = (
    "Hello",
    "I'm studying to be a pharmacist, but I don’t have a job yet.",
    "My sister isn't speaking to me because I lost her dog",
    "i never sleep before 3",
)


@pytest.mark.parametrize(
    "sentence",
    [
        "I am studying to be a pharmacist.",
        "I study pharmacy.",  # "study" is borne out, whatever the ending
        "I don't have a job.",
        "I do not have a job.",
        "My sister is not speaking to me.",
        "I lost my sister's dog.",
        "I never sleep before 3.",
        "  I am   studying. ",
    ],
)
def test_what_the_seeker_said_may_enter(sentence: str) -> None:
    assert plausible_sentences([sentence], SAID) == [" ".join(sentence.split())]


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("", "nothing"),
        ("Pharmacist.", "one word"),
        ("I study " + "very " * 23 + "hard.", "26 words"),
        ("My favorite color is the dog.", "PERSONA-CHAT's favourite"),
        ("My favourite band is Job.", "the same, spelt otherwise"),
        ("You study to be a pharmacist.", "not about the seeker"),
        ("The pharmacist has a job.", "nor this"),
        ("I have two kids.", "made up"),
        ("I am.", "says nothing"),
        ("I have a job.", "the contrary was said"),
        ("I have a job!", "whatever the punctuation"),
        ("My sister is speaking to me.", "the contrary was said"),
        ("I sleep before 3.", "the contrary was said"),
        ("I am not studying to be a pharmacist.", "the contrary the other way round"),
    ],
)
def test_what_the_seeker_did_not_say_is_dropped(sentence: str, why: str) -> None:
    assert plausible_sentences([sentence], SAID) == [], why


def test_one_clause_that_bears_a_sentence_out_is_enough() -> None:
    said = ["I don't have a dog", "Well, I have a dog now"]
    sentences = ["I have a dog.", "I don't have a dog."]
    assert plausible_sentences(sentences, said) == sentences


def test_without_a_word_from_the_seeker_nothing_enters() -> None:
    assert plausible_sentences(["I have a dog.", "I am tired."], []) == []


@pytest.mark.parametrize(
    "said",
    [
        "They fired her.",
        "my boss fired her",
        "the company fired half of us",
        "She has a friend who fired her.",
        "I told you that he fired her!",
        "Well, his boss fired people.",
    ],
)
def test_what_others_did_is_not_said_of_the_seeker(said: str) -> None:
    assert plausible_sentences(["I fired her."], [said]) == []


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("I fired her.", "I finally fired her"),
        ("I fired her.", "fired her yesterday"),
        ("I fired her.", "They say that I fired her"),
        ("I fired her.", "My wife and I fired her."),
        ("I have a husband.", "My husband hardly listens"),
        ("I am anxious.", "It makes me anxious"),
        ("I love my dog.", "Our dog is all she has"),  # nobody said "love"
        ("My boss fired her.", "my boss fired her"),
        ("I am sad.", "My boss is sad, and I am sad too"),
    ],
)
def test_what_is_said_of_the_seeker_may_enter_whoever_else_is_there(
    sentence: str, said: str
) -> None:
    assert plausible_sentences([sentence], [said]) == [sentence]


@pytest.mark.parametrize(
    ("sentence", "known"),
    [
        ("I have two kids.", "I have two kids and a dog."),
        ("I lost my job last week.", "I lost my job."),
        ("I am studying pharmacy.", "I study to be a pharmacist, and study hard."),
    ],
)
def test_what_is_known_in_other_words_is_not_new(sentence: str, known: str) -> None:
    assert new_sentences([sentence], [known]) == []


def test_what_is_new_is_so_once() -> None:
    sentences = ["I have a dog.", "I own a dog.", "I live in Texas.", "I am."]
    assert new_sentences(sentences, ["I lost my job.", "I do."]) == [
        "I have a dog.",
        "I live in Texas.",
    ]
