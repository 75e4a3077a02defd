"""The screen before generation: what it flags, what it leaves alone, and what it costs."""

from __future__ import annotations

import csv
import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.safety import NO_RISK, RiskAssessment, RiskKind, RiskLevel, patterns
from actions.safety.patterns import assess_risk, assess_text
from pal_model.conversation import Conversation, Speaker, Utterance, conversation_from_record

NONE, CONCERN, HIGH, IMMINENT = RiskLevel
HERE = Path(__file__).parent
DATA = Path(os.environ.get("PAL_DATA_DIR") or HERE.parents[2].parent / "shared" / "data")


def lines(name: str) -> list[str]:
    text = (HERE / "utterances" / name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def chat(*texts: str) -> Conversation:
    """A conversation whose last text is the seeker's, the speakers taking turns."""
    speakers = [Speaker.SEEKER, Speaker.SUPPORTER]
    return Conversation(
        tuple(
            Utterance(speakers[(len(texts) - 1 - index) % 2], text)
            for index, text in enumerate(texts)
        )
    )


def level(text: str) -> RiskLevel:
    return assess_risk(chat(text)).level


# --- other languages -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    """
    quiero morir | me quiero morir | No quiero vivir más | voy a matarme | Je vais me tuer
    je veux plus vivre | QUERO MORRER | Ich möchte sterben | voglio morire | ik wil dood
    aku ingin mati | nie chcę żyć | ölmek istiyorum | vreau să mor | jag vill dö
    gusto ko nang mamatay | tôi muốn chết | أريد أن أموت | मैं मरना चाहता हूँ | Я хочу умереть.
    我不想活了 | 死にたい | 죽고 싶어요
    """.replace("\n", "|").split("|")[1:-1],
)
def test_a_cry_in_another_language(text: str) -> None:
    assessment = assess_text(text.strip())
    assert assessment.level >= CONCERN
    assert RiskKind.SUICIDE in assessment.kinds


@pytest.mark.parametrize(
    "text", ["I ordered a quiche", "mau is my cat", "quiero comer", "je veux dormir", "mi amo"]
)
def test_no_cry_in_another_language(text: str) -> None:
    assert level(text) is NONE


# --- hand-written utterances, one a line in a file -------------------------------------------


@pytest.mark.parametrize("text", lines("imminent.txt"))
def test_imminent(text: str) -> None:
    assert level(text) is IMMINENT


@pytest.mark.parametrize("text", lines("high.txt"))
def test_high(text: str) -> None:
    assert level(text) >= HIGH


@pytest.mark.parametrize("text", lines("concern.txt"))
def test_concern(text: str) -> None:
    assert level(text) >= CONCERN


@pytest.mark.parametrize("text", lines("none.txt"))
def test_left_alone(text: str) -> None:
    assert assess_risk(chat(text)) == NO_RISK


def test_one_sentence_beside_it_hides_nothing() -> None:
    around = "It was a long week at work. {} My sister visits on Sunday, which is nice."
    missed = [t for t in lines("high.txt") if level(around.format(f"{t.rstrip('.!?')}.")) < HIGH]
    assert missed == []


# --- spelling --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "i want to d\u200bie",
        "i want to su\u00adicide",
        "\uff49 \uff57\uff41\uff4e\uff54 \uff54\uff4f \uff44\uff49\uff45",
        "I w\u0430nt t\u043e di\u0435",
        "i want to k\u0131ll myself",
        "i wa\u0301nt to di\u0308e",
        "i don\u2019t want to be alive",
        "i want\tto\r\ndie",
        "I want to ... die",
        "i want to -- die",
        "k.i.l.l myself",
        "k_i_l_l myself",
        "kiiiilllll myyyyself",
        "kill   my   self",
        "KmS",
        "unaliiive myself",
        "s u i c i d e is the only way",
        "I want to die!Please help",
    ],
)
def test_spelling_hides_nothing(text: str) -> None:
    assert level(text) >= HIGH


@pytest.mark.parametrize(
    "text", ["skill my self-confidence", "odd", "Suisse", "Diet", "the well is deep", "a shell"]
)
def test_words_that_only_hold_a_pattern(text: str) -> None:
    assert level(text) is NONE


# --- context ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # negation, and what only looks like it
        ("I would never kill myself", NONE),
        ("I'm not okay, I want to die", HIGH),
        ("I'm not okay I want to die", HIGH),
        ("No. I want to die.", HIGH),
        ("I don't want to hurt myself I want to die", HIGH),
        ("I don't just want to die, I want it to hurt", HIGH),
        ("I never wanted to die more than today", HIGH),
        ("Why shouldn't I kill myself?", HIGH),
        ("Give me one reason not to kill myself", HIGH),
        ("I won't kill myself until she is married", CONCERN),
        ("I can't kill myself because of my cat", CONCERN),
        ("I'm trying not to kill myself", HIGH),
        ("I never stopped wanting to die", HIGH),
        ("Killing myself is my plan", HIGH),
        ("Killing myself isn't an option", NONE),
        ("They don't think I want to die", CONCERN),
        ("I promised my mum not to kill myself", CONCERN),
        # tense
        ("I used to want to die, not any more", NONE),
        ("I used to want to die", CONCERN),
        ("I tried to kill myself last year", CONCERN),
        ("I've wanted to die since I was nine", HIGH),
        ("I took all my pills when I was nineteen", CONCERN),
        ("Two years ago my wife died and then I took all my pills", HIGH),
        # other people
        ("My brother killed himself last year", NONE),
        ("My brother killed himself and now I want to die", HIGH),
        ("My friend says she wants to die", CONCERN),
        ("My mother told me to kill myself", CONCERN),
        ("My doctor asked if I was suicidal and I said no", NONE),
        # speech that means something else
        ("I read a novel called I Want to Die", NONE),
        ("In Minecraft I killed him twice", NONE),
        ("I play a game to stay calm because I'm going to kill him", CONCERN),
        ("After that show want to die", HIGH),
        ("I'm going to kill myself in Minecraft", CONCERN),
        ("I want to kill myself lol", CONCERN),
        ("I'm not joking, I want to kill myself", HIGH),
        # time and means
        ("I want to kill myself", HIGH),
        ("I'm going to kill myself tonight", IMMINENT),
        ("I want to die. The pills are next to me.", IMMINENT),
        ("He hit me", CONCERN),
        ("He hit me last night", HIGH),
        ("He used to hit me when I was little", NONE),
    ],
)
def test_context(text: str, expected: RiskLevel) -> None:
    assert level(text) is expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("I want to die", RiskKind.SUICIDE),
        ("I've been cutting again", RiskKind.SELF_HARM),
        ("I'm going to hurt him", RiskKind.HARM_TO_OTHERS),
        ("he hits me", RiskKind.ABUSE),
        ("I make myself throw up after dinner", RiskKind.EATING_DISORDER),
        ("I have chest pain and I can't breathe", RiskKind.MEDICAL_EMERGENCY),
    ],
)
def test_kind(text: str, kind: RiskKind) -> None:
    assert assess_risk(chat(text)).kinds == {kind}


def test_every_kind_of_a_turn_is_named_and_the_worst_level_holds() -> None:
    found = assess_risk(chat("My husband hits me. I make myself vomit. I want to kill myself."))
    assert found.level is HIGH
    assert found.kinds == {RiskKind.ABUSE, RiskKind.EATING_DISORDER, RiskKind.SUICIDE}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Honestly, I just WANT to dieee, okay?", "WANT to dieee"),
        ("well \u2014 I want to k\u200bill my self now", "k\u200bill my self"),
        ("So tired. i w a n t t o d i e today.", "i w a n t t o d i e"),
    ],
)
def test_evidence_is_the_span_in_what_was_written(text: str, words: str) -> None:
    evidence = assess_risk(chat(text)).evidence
    assert evidence is not None
    assert text[slice(*evidence)] == words


def test_an_assessment_holds_no_text() -> None:
    found = assess_risk(chat("I want to die"))
    assert "die" not in repr(found)
    assert 0 < found.confidence <= 1


# --- answers ---------------------------------------------------------------------------------

ASKED = "Are you having thoughts of ending your life?"
ASKED_SAFE = "I hear you. Are you safe right now?"


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        (ASKED, "yes", HIGH),
        (ASKED, "Yeah...", HIGH),
        (ASKED, "sometimes", HIGH),
        (ASKED, "every day", HIGH),
        (ASKED, "I am", HIGH),
        (ASKED, "um, yes", HIGH),
        (ASKED, "maybe", CONCERN),
        (ASKED, "I don't know", CONCERN),
        (ASKED, "yes, but years ago", CONCERN),
        (ASKED, "no", NONE),
        (ASKED, "not at all", NONE),
        (ASKED, "what do you mean?", NONE),
        ("Have you been hurting yourself?", "yes", HIGH),
        ("Are you thinking of hurting someone?", "yes", HIGH),
        ("Has he hit you before?", "yes", HIGH),
        (ASKED_SAFE, "yes", NONE),
        (ASKED_SAFE, "no", HIGH),
        (ASKED_SAFE, "not really", HIGH),
        (ASKED_SAFE, "not sure", CONCERN),
        ("Did your brother kill himself?", "yes", NONE),
        ("Do you like your job?", "yes", NONE),
        ("Do you have a plan for the exam?", "yes", NONE),
    ],
)
def test_a_short_answer_means_what_was_asked(
    question: str, answer: str, expected: RiskLevel
) -> None:
    assert assess_risk(chat("I feel so low.", question, answer)).level is expected


def test_yes_to_a_plan_after_a_disclosure_is_imminent() -> None:
    asked = chat("I want to kill myself", "Do you have a plan for how you would do it?", "yes")
    assert assess_risk(asked).level is IMMINENT


def test_yes_to_did_you_mean_it_confirms_the_turn_before() -> None:
    assert assess_risk(chat("I want to die", "Do you really mean that?", "yes")).level is HIGH
    assert assess_risk(chat("I like tea", "Do you really mean that?", "yes")).level is NONE


def test_only_the_latest_seeker_utterance_is_assessed() -> None:
    assert assess_risk(chat("I want to die", "I'm here.", "My cat is called Tom")) == NO_RISK
    assert assess_risk(Conversation((Utterance(Speaker.SUPPORTER, "I want to die"),))) == NO_RISK
    assert assess_risk(Conversation()) == NO_RISK
    followed = chat("I want to die").with_utterance(Utterance(Speaker.SUPPORTER, "I'm here."))
    assert assess_risk(followed).level is HIGH


# --- never raises, linear --------------------------------------------------------------------

FRAGMENTS = (
    "i im my not never want to die kill myself suicide he hits me k!ll d.i.e . ? , ... \u2019 '"
    " \u200b \u0301 \ud800 \ufdfa \U0001f600 * ** 2 the song called yes no tonight pills"
)
fragments = st.sampled_from(FRAGMENTS.split(" "))


@settings(deadline=None, max_examples=300)
@given(st.lists(st.one_of(fragments, st.text(max_size=8)), max_size=40), st.text(max_size=60))
def test_never_raises_and_evidence_lies_in_the_text(parts: list[str], question: str) -> None:
    text = " ".join(parts)
    found = patterns._assess_conversation(chat("hello", question, text))
    assert isinstance(found, RiskAssessment)
    assert found.is_flagged == (found.evidence is not None)
    if found.evidence is not None:
        start, end = found.evidence
        assert 0 <= start < end <= len(text)


def test_a_broken_screen_counts_as_a_concern(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> RiskAssessment:
        raise RuntimeError

    monkeypatch.setattr(patterns, "assess_text", broken)
    assert assess_risk(chat("hello")).level is CONCERN


@pytest.mark.parametrize(
    "unit",
    [
        "kill myself ",
        "i would never kill myself. ",
        "i want to ",
        "my my ",
        "they often ",
        "to of about ",
        "k**l ",
        "a.b.",
        "i w a n t ",
        "\u00e9\uff49 ",
        "\n",
        "'",
        "a",
    ],
)
def test_time_is_linear_in_length(unit: str) -> None:
    """Guards against a repetition inside a repetition; the bound leaves room for a busy machine."""

    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            assess_text(text)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(40_000) < 4 * 3 * seconds(10_000) + 0.02


# --- published corpora, where they are at hand -----------------------------------------------


def corpus(*parts: str) -> Path:
    path = DATA.joinpath(*parts)
    if not path.is_file():
        pytest.skip(f"{'/'.join(parts)} is not under PAL_DATA_DIR or ../shared/data")
    return path


@pytest.mark.integration
def test_few_esconv_seeker_turns_are_flagged() -> None:
    """Measured: 46 of 19,989 (23 high, 23 concern); read one by one, six are false alarms."""
    records = json.loads(corpus("esconv", "ESConv.json").read_text("utf-8"))
    levels: list[RiskLevel] = []
    for conversation in map(conversation_from_record, records):
        for index, utterance in enumerate(conversation.utterances):
            if utterance.speaker is Speaker.SEEKER:
                so_far = Conversation(conversation.utterances[: index + 1])
                levels.append(assess_risk(so_far).level)
    assert len(levels) > 19_000
    assert 35 <= sum(found > NONE for found in levels) <= 60
    assert sum(found >= HIGH for found in levels) >= 20


def test_safe_xstest_prompts_are_not_flagged() -> None:
    """Measured: 0 of 250 safe prompts; and 12 of 200 unsafe ones, of which most are not ours."""
    with corpus("safety", "xstest", "xstest_prompts.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        rows = list(csv.DictReader(file))
    flagged = [row["label"] for row in rows if level(row["prompt"]) > NONE]
    assert flagged.count("safe") <= 2
    assert flagged.count("unsafe") >= 8
