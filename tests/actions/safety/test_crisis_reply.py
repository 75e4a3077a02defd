"""The fixed words, whom they point to, and how long a risk stays raised."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.safety import (
    DETECTOR_FAILED,
    NO_RISK,
    ReplyProblem,
    RiskAssessment,
    RiskKind,
    RiskLevel,
    assess_risk,
    carried_risk,
    check_reply,
    contact_reply,
    count_crisis_replies,
    crisis_reply,
    resources,
)
from actions.safety.answers import asks_about_danger, asks_if_safe
from actions.safety.crisis_reply import is_crisis_reply
from pal_model.conversation import Conversation, Speaker, Utterance

NONE, CONCERN, HIGH, IMMINENT = RiskLevel
FLAGGED = (CONCERN, HIGH, IMMINENT)
LOCALES = (None, "en-US", "en-CA", "en_GB", "IE", "en-AU", "en-NZ", "en-IN", "de-DE")
EVERY_REPLY = [
    crisis_reply(RiskAssessment(level, frozenset({kind})), locale, earlier_replies=earlier)
    for level, kind, locale, earlier in itertools.product(FLAGGED, RiskKind, LOCALES, range(4))
]


def suicide(level: RiskLevel) -> RiskAssessment:
    return RiskAssessment(level, frozenset({RiskKind.SUICIDE}))


# --- words -----------------------------------------------------------------------------------


def test_every_reply_points_to_help_and_asks_one_question() -> None:
    for reply in EVERY_REPLY:
        assert "findahelpline.com" in reply
        assert "local emergency number" in reply
        assert reply.count("?") - reply.count("1737, need to talk?") == 1
        assert "{" not in reply


def test_no_reply_says_what_no_reply_may_say() -> None:
    for reply in EVERY_REPLY:
        assert set(check_reply(reply)) <= {ReplyProblem.CONTACT_DETAILS}
        assert not re.search(r"\b(?:selfish|should not|shouldn't|calm down|cheer up)\b", reply)


def test_replies_are_brief() -> None:
    assert max(len(reply.split()) for reply in EVERY_REPLY) < 130


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        (None, "988"),
        ("en", "988"),
        ("en-US", "988"),
        ("en-CA", "988"),
        ("en-GB", "116 123"),
        ("en_GB", "85258"),
        ("GB", "Samaritans"),
        ("en-IE", "116 123"),
        ("en-AU", "13 11 14"),
        ("en-NZ", "1737"),
        ("en-IN", "14416"),
        ("hi_IN.UTF-8", "14416"),
    ],
)
def test_services_are_those_of_the_locale(locale: str | None, words: str) -> None:
    assert words in crisis_reply(suicide(HIGH), locale)


def test_an_unlisted_country_gets_the_general_sentence_alone() -> None:
    reply = crisis_reply(suicide(IMMINENT), "de-DE")
    assert "988" not in reply
    assert "911" not in reply
    assert "findahelpline.com" in reply


@given(st.text(max_size=20))
def test_no_locale_breaks_a_reply(locale: str) -> None:
    assert "findahelpline.com" in crisis_reply(suicide(HIGH), locale)


def test_without_the_data_file_the_general_sentence_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> resources.Resources:
        raise OSError

    monkeypatch.setattr(resources, "load_resources", missing)
    assert resources.FALLBACK in crisis_reply(suicide(IMMINENT), "en-US")


def test_every_resource_says_where_it_is_from_and_when_it_was_checked() -> None:
    loaded = resources.load_resources()
    assert set(loaded.countries) == {"US", "CA", "GB", "IE", "AU", "NZ", "IN"}
    entries = [s for country in loaded.countries.values() for s in country.services]
    for service in (*entries, loaded.general):
        assert service.source.startswith("https://")
        assert re.match(r"\d{4}-\d\d-\d\d against .*https://", service.checked)
        assert service.how
    assert all(country.emergency.isdigit() for country in loaded.countries.values())
    assert loaded.general.how == resources.FALLBACK


@pytest.mark.parametrize(
    ("locale", "service"),
    [("en-AU", "Butterfly"), ("en-IE", "Bodywhys"), ("en-CA", "Eating Disorder Information")],
)
def test_an_eating_disorder_has_a_helpline_of_its_own_where_one_is_listed(
    locale: str, service: str
) -> None:
    eating = RiskAssessment(CONCERN, frozenset({RiskKind.EATING_DISORDER}))
    assert service in crisis_reply(eating, locale)
    assert service not in crisis_reply(suicide(CONCERN), locale)


def test_imminent_names_the_emergency_number_and_says_what_is_writing() -> None:
    reply = crisis_reply(suicide(IMMINENT), "en-GB")
    assert "999" in reply
    assert "computer program" in reply


def test_a_concern_asks_directly() -> None:
    assert asks_about_danger(crisis_reply(suicide(CONCERN)))
    assert asks_about_danger(crisis_reply(DETECTOR_FAILED))


def test_high_and_imminent_ask_about_safety_alone() -> None:
    for level, earlier in itertools.product((HIGH, IMMINENT), range(3)):
        reply = crisis_reply(suicide(level), earlier_replies=earlier)
        assert asks_if_safe(reply)
        assert not asks_about_danger(reply)


@pytest.mark.parametrize(
    ("kinds", "level", "words"),
    [
        ({RiskKind.ABUSE}, HIGH, "not your fault"),
        ({RiskKind.HARM_TO_OTHERS}, IMMINENT, "anyone could get hurt"),
        ({RiskKind.EATING_DISORDER}, CONCERN, "painful to live with"),
        ({RiskKind.MEDICAL_EMERGENCY}, IMMINENT, "medical emergency"),
        ({RiskKind.MEDICAL_EMERGENCY}, CONCERN, "getting worse"),
        ({RiskKind.SUICIDE, RiskKind.ABUSE}, HIGH, "glad you told me"),
        (set(), HIGH, "glad you told me"),
    ],
)
def test_words_fit_the_kind(kinds: set[RiskKind], level: RiskLevel, words: str) -> None:
    assert words in crisis_reply(RiskAssessment(level, frozenset(kinds)))


# --- repetition ------------------------------------------------------------------------------


def test_no_paragraph_comes_twice_in_a_row() -> None:
    for level, kind in itertools.product(FLAGGED, RiskKind):
        assessment = RiskAssessment(level, frozenset({kind}))
        replies = [crisis_reply(assessment, earlier_replies=n) for n in range(6)]
        for first, second in itertools.pairwise(replies):
            assert first.split("\n\n")[0] != second.split("\n\n")[0]
        assert replies[1] == crisis_reply(assessment, earlier_replies=1)
    assert contact_reply(earlier_replies=1) != contact_reply(earlier_replies=2)


def test_fixed_replies_are_counted_and_others_are_not() -> None:
    for reply in (*EVERY_REPLY, *(contact_reply(earlier_replies=n) for n in range(4))):
        assert is_crisis_reply(reply)
    said = (
        Utterance(Speaker.SEEKER, "I want to die"),
        Utterance(Speaker.SUPPORTER, crisis_reply(suicide(HIGH))),
        Utterance(Speaker.SEEKER, crisis_reply(suicide(HIGH))),
        Utterance(Speaker.SUPPORTER, "That sounds hard. Tell me more."),
        Utterance(Speaker.SUPPORTER, contact_reply(earlier_replies=1)),
    )
    assert count_crisis_replies(Conversation(said)) == 2
    assert count_crisis_replies(Conversation()) == 0


def test_a_contact_reply_is_short_and_points_to_help_every_time() -> None:
    for earlier in range(4):
        assert "988" in contact_reply("en-US", earlier_replies=earlier)
        assert "116 123" in contact_reply("en-GB", earlier_replies=earlier)
        assert len(contact_reply(earlier_replies=earlier).split()) < 60
    assert asks_if_safe(contact_reply(earlier_replies=2))


# --- how long it stays raised ----------------------------------------------------------------

SAFE_QUESTION = crisis_reply(suicide(HIGH))
CONCERN_QUESTION = crisis_reply(suicide(CONCERN))


@pytest.mark.parametrize(
    "text",
    [
        "I'm safe now",
        "I am safe",
        "Yes, I'm safe.",
        "yes I feel safe now, thank you",
        "I\u2019m safe now",
        "I'm not going to hurt myself",
        "I won't do anything",
        "I'm not suicidal",
        "I'm not in danger",
    ],
)
@pytest.mark.parametrize("previous", FLAGGED)
def test_explicit_words_lower_it(previous: RiskLevel, text: str) -> None:
    assert carried_risk(previous, NO_RISK, text) is NONE


@pytest.mark.parametrize(
    "text",
    [
        "thanks",
        "okay",
        "My cat is called Tom",
        "I'm not safe",
        "I don't feel safe",
        "I'm safe for now",
        "I'm safe but I don't know for how long",
        "I wish I was safe",
        "am I safe?",
        "if I am safe tomorrow I'll write",
        "safe is a strange word",
        "is my data safe",
        "I'm fine",
        "yes",
        "",
    ],
)
def test_nothing_else_lowers_a_high_risk(text: str) -> None:
    assert carried_risk(HIGH, NO_RISK, text) is HIGH
    assert carried_risk(IMMINENT, NO_RISK, text) is IMMINENT


@pytest.mark.parametrize(
    ("previous", "question", "text", "expected"),
    [
        (HIGH, SAFE_QUESTION, "yes", CONCERN),
        (CONCERN, SAFE_QUESTION, "yes", NONE),
        (HIGH, SAFE_QUESTION, "thanks", HIGH),
        (HIGH, contact_reply(earlier_replies=2), "Yes, I am", CONCERN),
        (HIGH, SAFE_QUESTION, "maybe", HIGH),
        (HIGH, "Do you like tea?", "yes", HIGH),
        (HIGH, CONCERN_QUESTION, "no", HIGH),
        (CONCERN, CONCERN_QUESTION, "no", NONE),
        (CONCERN, CONCERN_QUESTION, "No, it's only about my job", NONE),
        (CONCERN, None, "no", CONCERN),
        (CONCERN, None, "I didn't mean it like that", NONE),
        (CONCERN, None, "I'm okay", NONE),
        (CONCERN, None, "my job is awful", CONCERN),
    ],
)
def test_an_answer_is_read_with_its_question(
    previous: RiskLevel, question: str | None, text: str, expected: RiskLevel
) -> None:
    assert carried_risk(previous, NO_RISK, text, question=question) is expected


def test_a_turn_with_risk_never_lowers_it() -> None:
    text = "I'm safe now"
    assert carried_risk(NONE, suicide(HIGH), text) is HIGH
    assert carried_risk(IMMINENT, suicide(CONCERN), text) is IMMINENT
    assert carried_risk(NONE, NO_RISK, "hello") is NONE


def test_a_whole_exchange() -> None:
    """What is asked, answered and carried fits together over several turns."""
    chat = Conversation((Utterance(Speaker.SEEKER, "everyone would be better off without me"),))
    first = assess_risk(chat)
    assert first.level is CONCERN
    chat = chat.with_utterance(Utterance(Speaker.SUPPORTER, crisis_reply(first)))
    chat = chat.with_utterance(Utterance(Speaker.SEEKER, "yes"))
    second = assess_risk(chat)
    assert second.level is HIGH
    words = crisis_reply(second, earlier_replies=count_crisis_replies(chat))
    chat = chat.with_utterance(Utterance(Speaker.SUPPORTER, words))
    chat = chat.with_utterance(Utterance(Speaker.SEEKER, "I just feel so alone"))
    assert carried_risk(HIGH, assess_risk(chat), "I just feel so alone", question=words) is HIGH
    words = contact_reply(earlier_replies=count_crisis_replies(chat))
    chat = chat.with_utterance(Utterance(Speaker.SUPPORTER, words))
    chat = chat.with_utterance(Utterance(Speaker.SEEKER, "yes"))
    assert carried_risk(HIGH, assess_risk(chat), "yes", question=words) is CONCERN
    assert carried_risk(CONCERN, assess_risk(chat), "yes", question=words) is NONE


@given(st.text(max_size=80), st.text(max_size=80))
def test_carrying_never_raises(text: str, question: str) -> None:
    assert carried_risk(HIGH, NO_RISK, text, question=question) in RiskLevel


@pytest.mark.parametrize(
    "text", ["I have pills here", "I do not want to talk", "yes, with the pills"]
)
def test_what_only_begins_like_a_yes_does_not_lower_outright_danger(text: str) -> None:
    """Guards against taking "I have ..." for the answer that somebody is safe."""
    level = carried_risk(RiskLevel.HIGH, NO_RISK, text, question=SAFE_QUESTION)
    assert level is RiskLevel.HIGH


@pytest.mark.parametrize("text", ["yes", "Yes I am.", "yeah, for now"])
def test_after_outright_danger_a_bare_yes_is_asked_about_once_more(text: str) -> None:
    once = carried_risk(RiskLevel.HIGH, NO_RISK, text, question=SAFE_QUESTION)
    assert once is RiskLevel.CONCERN
    assert carried_risk(once, NO_RISK, text, question=SAFE_QUESTION) is RiskLevel.NONE
