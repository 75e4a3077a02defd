"""The fixed words, and whom they point to."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.safety import (
    DETECTOR_FAILED,
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
    go_on_question,
    once_more_reply,
    relieved_reply,
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
        ("en-US", "988"),
        ("en-CA", "988"),
        ("en-GB", "116 123"),
        ("en_GB", "85258"),
        ("GB", "Samaritans"),
        ("gb", "Samaritans"),
        ("uk", "Samaritans"),
        ("en-uk", "116 123"),
        ("au", "13 11 14"),
        ("en-IE", "116 123"),
        ("en-AU", "13 11 14"),
        ("en-NZ", "1737"),
        ("en-IN", "14416"),
        ("hi_IN.UTF-8", "14416"),
    ],
)
def test_services_are_those_of_the_locale(locale: str | None, words: str) -> None:
    assert words in crisis_reply(suicide(HIGH), locale)


@pytest.mark.parametrize("locale", ["de-DE", "de", "DE", "fr", "en", "xx", "United Kingdom"])
@pytest.mark.parametrize("level", FLAGGED)
def test_no_country_of_the_file_means_the_general_sentence_alone(
    locale: str, level: RiskLevel
) -> None:
    """Lower-case and unknown codes were given American numbers."""
    reply = crisis_reply(suicide(level), locale)
    assert not re.search(r"\d{3}", reply)
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


@pytest.mark.parametrize("kind", [None, *RiskKind])
def test_who_was_in_danger_is_asked_once_more_in_words_that_a_yes_answers(
    kind: RiskKind | None,
) -> None:
    kinds = frozenset({kind} if kind else ())
    for locale in LOCALES:
        reply = once_more_reply(locale, kinds)
        assert reply.count("?") - reply.count("1737, need to talk?") == 1
        assert "findahelpline.com" in reply
        assert "{" not in reply
        assert is_crisis_reply(reply)
        question = Utterance(Speaker.SUPPORTER, reply)
        chat = Conversation((question, Utterance(Speaker.SEEKER, "yes")))
        assert carried_risk(CONCERN, assess_risk(chat), "yes", question=reply) is NONE


EVERY_RELIEF = [
    relieved_reply(level, question, kinds=frozenset({kind}), earlier_replies=earlier)
    for level, kind, question, earlier in itertools.product(
        FLAGGED,
        RiskKind,
        (None, crisis_reply(suicide(CONCERN)), crisis_reply(suicide(HIGH))),
        range(3),
    )
]


def test_that_danger_is_over_is_said_without_a_question_and_counts_as_no_crisis_reply() -> None:
    """Guards against two questions in one message, and against taking relief for danger."""
    for reply in EVERY_RELIEF:
        assert reply
        assert "?" not in reply
        assert not is_crisis_reply(reply)
        for more in (True, False):
            assert go_on_question(None, has_said_more=more).count("?") == 1


def test_relief_after_danger_leaves_a_door_open() -> None:
    after_violence = relieved_reply(HIGH, None, "en-US", kinds=frozenset({RiskKind.ABUSE}))
    assert "1-800-799-7233" in after_violence
    assert "116 123" in relieved_reply(IMMINENT, None, "en-GB")
    for reply in (after_violence, relieved_reply(CONCERN, crisis_reply(suicide(HIGH)))):
        assert "If that changes, please tell me" in reply


def test_only_who_was_asked_about_suicide_hears_that_it_was_to_be_sure() -> None:
    """ "I only wanted to be sure" must not answer somebody who told of violence."""
    misread = relieved_reply(CONCERN, crisis_reply(suicide(CONCERN)))
    assert "rather ask and be wrong" in misread
    of_abuse = RiskAssessment(CONCERN, frozenset({RiskKind.ABUSE}))
    told = relieved_reply(CONCERN, crisis_reply(of_abuse))
    assert "sure" not in told
    assert "wrong" not in told
    assert "were telling me" in go_on_question(crisis_reply(of_abuse), has_said_more=False)


def test_in_an_emergency_contact_begins_with_whom_to_call() -> None:
    reply = contact_reply("en-US", level=IMMINENT, has_answered=True)
    assert "(911) now" in reply
    assert asks_if_safe(reply)
    assert is_crisis_reply(reply)


def test_who_has_answered_in_vain_hears_why_they_are_asked_again() -> None:
    reply = contact_reply(has_answered=True)
    assert "Thank you for answering" in reply
    assert asks_if_safe(reply)
    assert is_crisis_reply(reply)


def test_a_medical_emergency_is_not_sent_to_a_helpline_for_suicide() -> None:
    medical = frozenset({RiskKind.MEDICAL_EMERGENCY})
    assert "988" not in crisis_reply(RiskAssessment(IMMINENT, medical), "en-US")
    both = frozenset({RiskKind.MEDICAL_EMERGENCY, RiskKind.SUICIDE})
    assert "988" in crisis_reply(RiskAssessment(IMMINENT, both), "en-US")
