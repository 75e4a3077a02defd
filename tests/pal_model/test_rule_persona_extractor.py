"""What the rule-based persona extractor keeps, how it rewords it, and what it leaves alone."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pal_model.conversation import Conversation, Speaker, Utterance
from pal_model.persona import Persona
from pal_model.persona_extractor import infer_persona
from pal_model.rule_persona_extractor import RulePersonaExtractor
from pal_model.rules.words import CONTRACTIONS


def extract(*utterances: str) -> list[str]:
    return list(RulePersonaExtractor().extract(utterances))


# PAL, Table 1: the published example, utterance by utterance.
TABLE_1 = (
    (Speaker.SEEKER, "Hello"),
    (Speaker.SUPPORTER, "Hi there! How may I support you today?"),
    (
        Speaker.SEEKER,
        "I’m just feeling anxious about my job’s future. A lot of my colleagues are having trouble "
        "getting their licenses because of covid which means we won’t be able to work.",
    ),
    (
        Speaker.SUPPORTER,
        "That must be hard. COVID has turned our world upside down! What type of occupation are "
        "you in?",
    ),
    (Speaker.SEEKER, "I’m studying to be a pharmacist."),
)


def test_table_1_accumulates_as_published() -> None:
    conversation, persona, seen = Conversation(), Persona(), []
    for speaker, text in TABLE_1:
        conversation = conversation.with_utterance(Utterance(speaker, text))
        persona = infer_persona(RulePersonaExtractor(), conversation, persona)
        seen.append(persona.sentences)

    worried, studying = (
        "I am feeling anxious about my job's future.",
        "I am studying to be a pharmacist.",
    )
    assert seen == [(), (), (worried,), (worried,), (worried, studying)]


@pytest.mark.parametrize(
    ("utterance", "expected"),
    [
        # state, job, study, family, health, feelings with a cause
        ("I am a nurse.", ["I am a nurse."]),
        ("i work nights at a bakery", ["I work nights at a bakery."]),
        ("im in my last year of law school", ["I am in my last year of law school."]),
        ("I have two kids, a dog and a mortgage", ["I have two kids, a dog and a mortgage."]),
        ("I'm allergic to peanuts!", ["I am allergic to peanuts."]),
        ("I was diagnosed with asthma in 2018", ["I was diagnosed with asthma in 2018."]),
        ("i am sad because my wife left me", ["I am sad because my wife left me."]),
        ("I feel like a failure", ["I feel like a failure."]),
        ("I live alone with my cat", ["I live alone with my cat."]),
        ("I've got a dog called Biscuit", ["I have got a dog called Biscuit."]),
        ("i hate my job at the call centre", ["I hate my job at the call centre."]),
        ("I called my sister and she called", ["I called my sister."]),
        ("Miso, my cat, died yesterday.", ["My cat Miso died yesterday."]),
        ("dan, my husband, left us in May", ["My husband dan left us in May."]),
        ("The doctor told me I have diabetes", ["My doctor told me I have diabetes."]),
        ("The doctor said my mom has cancer.", []),
        ("The nurse told me that she hates her job.", []),
        ("God, my mother, is awful.", []),
        ("Mate, my life, is over.", []),
        # events, also of those close to the seeker
        ("My best friend died in May.", ["My best friend died in May."]),
        ("my son won't talk to me", ["My son won't talk to me."]),
        ("my husband and I are getting divorced", ["My husband and I are getting divorced."]),
        ("me and my sister are fighting", ["My sister and I are fighting."]),
        ("all my friends moved away", ["My friends moved away."]),
        # habits, wants, worries, inability
        ("I drink every night to fall asleep", ["I drink every night to fall asleep."]),
        ("I'd love to be a mother one day", ["I would love to be a mother one day."]),
        ("I hope to become a pilot", ["I hope to become a pilot."]),
        ("I am afraid my boss will fire me", ["I am afraid my boss will fire me."]),
        ("I barely sleep", ["I barely sleep."]),
        ("I want to kill myself", ["I want to kill myself."]),
    ],
)
def test_keeps_what_is_worth_knowing(utterance: str, expected: list[str]) -> None:
    assert extract(utterance) == expected


@pytest.mark.parametrize(
    ("utterance", "expected"),
    [
        (
            "my husband left me last week and i cant sleep",
            ["My husband left me last week.", "I can't sleep."],
        ),
        ("I lost my job and have two kids", ["I lost my job.", "I have two kids."]),
        ("i hate my job so i drink wine", ["I hate my job.", "I drink wine."]),
        ("i work nights my boss is mean to me", ["I work nights.", "My boss is mean to me."]),
        ("my wife left me i am so lonely", ["My wife left me.", "I am so lonely."]),
        ("I live with my mom...and I work part time", ["I live with my mom.", "I work part time."]),
        ("i lost my dog 😭 i miss him 😭😭", ["I lost my dog.", "I miss him."]),
        ("I'm a nurse; my shifts are long", ["I am a nurse.", "My shifts are long."]),
        ("My dad left,my mom drinks a lot", ["My dad left.", "My mom drinks a lot."]),
        ("I moved in May.My rent is too high", ["I moved in May.", "My rent is too high."]),
        ("he left me and i am heartbroken", ["I am heartbroken."]),
        ("see https://example.com/i-am-rich I am a teacher", ["I am a teacher."]),
        ("I am a\x07 baker\u200b", ["I am a baker."]),
        ("I am a teacher (well, retired) in Ohio", ["I am a teacher in Ohio."]),
        ("My husband left me, what should I do?", ["My husband left me."]),
    ],
)
def test_finds_the_clauses_of_chat_text(utterance: str, expected: list[str]) -> None:
    assert extract(utterance) == expected


@pytest.mark.parametrize(
    ("utterance", "expected"),
    [
        (
            "Yes, well, honestly, I mean, I feel so alone lately you know?",
            "I feel so alone lately.",
        ),
        ("the thing is that i hate my job lol", "I hate my job."),
        ("I guess I just feel empty", "I feel empty."),
        ("ive never been married tbh", "I have never been married."),
        ("i m 25 years old", "I am 25 years old."),
        ("I'd been married for ten years", "I had been married for ten years."),
        ("sometimes I feel worthless", "I sometimes feel worthless."),
        ("some days I can't get out of bed", "I can't get out of bed some days."),
        ("For two years I have been unemployed.", "I have been unemployed for two years."),
        ("because of covid I lost my job", "I lost my job because of covid."),
        ("When I am alone, I cry.", "I cry when I am alone."),
        ("when i am alone i cry", "I cry when I am alone."),
        ("Lost my job last week", "I lost my job last week."),
        ("Feeling very low today", "I am feeling very low today."),
        ("dont have any friends", "I don't have any friends."),
        ("I AM SO SAD MY DOG DIED", "I am so sad my dog died."),
        ("I am productive but not happy", "I am productive but not happy."),
        ("I have a brother, which is nice for you", "I have a brother."),
    ],
)
def test_puts_a_statement_plainly(utterance: str, expected: str) -> None:
    assert extract(utterance) == [expected]


@pytest.mark.parametrize(
    "utterance",
    [
        "I don't have any friends.",
        "I have no one.",
        "I am not happy.",
        "I am no longer married.",
        "I never wanted kids.",
        "I can't eat and sleep.",
        "I don't smoke or drink.",
        "I am not sad because I lost my job.",
        "I don't think I am a good mother.",
        "I do not trust my husband.",
        "My parents don't love me.",
        "I used to smoke.",
        "I was a soldier.",
        "I thought I was pregnant.",
        "I think I have cancer.",
        "I was told that I have diabetes.",
        "My mother says I am lazy.",
        "My brother is an alcoholic.",
        "I wish I was rich and I had friends.",
        "I feel like I am a failure and I am a burden.",
    ],
)
def test_keeps_negation_tense_hedge_and_report_literally(utterance: str) -> None:
    assert extract(utterance) == [utterance]


@pytest.mark.parametrize(
    "utterance",
    [
        # conditions and hypotheses
        "if I were a doctor I am rich",
        "If i lose my job I will be homeless and I have nothing",
        "I would quit my job",
        "Imagine I am dead and I am gone",
        "maybe I am depressed",
        "My boss would yell at me",
        "If only I had a friend",
        "either I leave him or I die",
        # questions
        "am I a bad mother?",
        "do i have cancer",
        "I am a bad mother, right?",
        "why am i like this",
        "Do you think I am crazy",
        # reports, quotations, other people
        "she says I am lazy",
        "she says I am lazy and I am stupid",
        "people think I'm stupid",
        "nobody knows I am gay",
        'she said "I am lazy. I am stupid." and left',
        "she said: I am done with you",
        "he calls me 'a loser, I am better'",
        "It's not that I am lazy",
        "I'm not saying I am suicidal",
        "none of my friends talk to me",
        # figures of speech and chat management
        "I see.",
        "I understand",
        "I agree with that",
        "I hope so",
        "I appreciate it",
        "I will try that",
        "I am fine, how are you",
        "I am safe.",
        "I have to go",
        "I don't know",
        "I guess",
        "I think you're right",
        "I like that idea",
        "Hello, I am here",
        "I feel much better now",
        "thank you, I needed this",
        "My question is how to stop",
        "I am going to call my doctor today",
        # leaning on the line before
        "I did that",
        "I am doing it",
        "I told her about it",
        "I do, but not often",
        "I did not, because we had no such things",
        "I have many",
        "My husband.",
        "My aunt who is ill",
        "We haven't yet",
        # sarcasm, private data, other languages, nothing
        "yeah right I'm so lucky",
        "my phone is 5551234567",
        "My name is Kim",
        "estoy muy triste porque mi esposo me dejó",
        "我很难过",
        "😭😭😭",
        "?!...",
        "   ",
        "",
    ],
)
def test_leaves_out_what_is_no_fact_about_the_seeker(utterance: str) -> None:
    assert extract(utterance) == []


def test_a_denied_report_does_not_hide_what_follows_but() -> None:
    assert extract("my mom says i am lazy but i work two jobs") == [
        "My mom says I am lazy.",
        "I work two jobs.",
    ]


def test_drops_a_sentence_that_another_of_the_same_utterance_contains() -> None:
    assert extract("I am sad. I am sad about my dog.") == ["I am sad about my dog."]


def test_reads_all_utterances_and_keeps_their_order() -> None:
    assert extract("Hi", "I am a baker.", "ok", "My cat is ill.", "i'm a baker") == [
        "I am a baker.",
        "My cat is ill.",
    ]


def test_a_sentence_is_three_to_twenty_five_words() -> None:
    assert extract("I cry.") == []
    assert extract("I have " + "really " * 30 + "bad days at work") == []


@pytest.mark.parametrize(
    "pattern",
    [
        "a",
        "I am sad and ",
        "i am sad ",
        "my ",
        "'",
        "' x",
        '"',
        "(",
        "(x",
        "I'd wa",
        ",",
        "😭",
        "if i ",
    ],
)
def test_a_huge_message_takes_less_than_a_second(pattern: str) -> None:
    started = time.perf_counter()
    extract((pattern * 100_000)[:100_000])
    assert time.perf_counter() - started < 1.0


_FRAGMENTS = st.sampled_from(
    re.findall(
        r"\S+",
        "I i'm im my our we am is was have had lost job husband friend says said feel sad not don't"
        " cant never if when because and but so or that it you he , . ? ! \" ' 😭 ... last week to"
        " be with feeling sometimes yesterday me of think wish would all just going",
    )
)
_CHAT = st.lists(_FRAGMENTS, max_size=30).map(" ".join)
_FUNCTION_WORDS = set(" ".join(CONTRACTIONS.values()).lower().split()) | {"i", "am", "had", "is"}


def _words(text: str) -> set[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return set(re.findall(r"[^\W_]+", re.sub(r"['’‘ʼ`´]", "", folded)))


@settings(max_examples=150, deadline=None)
@given(st.one_of(_CHAT, st.text(max_size=200)))
def test_every_sentence_is_the_seekers_own_words(utterance: str) -> None:
    for sentence in extract(utterance):
        assert re.match(r"(I|We|My|Our)\b", sentence)
        assert sentence.endswith(".")
        assert 3 <= len(sentence.split()) <= 25
        assert _words(sentence) <= _words(utterance) | _words(" ".join(_FUNCTION_WORDS))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=5))
def test_never_raises(utterances: list[str]) -> None:
    assert isinstance(RulePersonaExtractor().extract(utterances), Persona)
