"""Questions with a fixed answer, and goodbyes: wordings that are meant, and others that are not."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path

import pytest

from actions.direct_questions import DirectQuestion, direct_answer, direct_question
from actions.safety import check_reply

# Here, for a fixture takes every setting away before a test runs.
DATA = Path(os.environ.get("PAL_DATA_DIR") or Path(__file__).parents[3] / "shared" / "data")

ASKED = {
    DirectQuestion.MEDICATION: (
        "How many mg of sertraline should I take?",
        "should i stop taking my meds",
        "Can I mix xanax with alcohol?",
        "is it safe to drink on antidepressants?",
        "what is the maximum dose of ibuprofen",
        "can you prescribe me something like prozac",
        "How much melatonin can I take a night?",
        "should I double my dose?",
        "Could I come off lexapro without my doctor?",
        "Would it be okay to take two sleeping pills?",
        "what pills should i take to sleep",
        "Is it ok to skip my meds for a day?",
        "do you think i need medication?",
        "My head hurts so much. Can I take four paracetamol?",
        "is 50mg of zoloft too much?",
        "is 20 paracetamol dangerous",
        "how much tylenol is too much",
    ),
    DirectQuestion.DIAGNOSIS: (
        "Do I have depression?",
        "do you think i have bipolar",
        "Am I bipolar?",
        "can you diagnose me",
        "What is my diagnosis?",
        "Could I be autistic?",
        "Do you think my husband is a narcissist?",
        "what mental illness do i have",
        "i can’t focus, do i have adhd?",
        "Might this be depression?",
        "Is it possible that I have OCD?",
        "is it depression or am i just lazy?",
        "is my wife bipolar?",
        "It has been like this for years. " * 30 + "Do I have depression?",
    ),
    DirectQuestion.IDENTITY: (
        "Are you human?",
        "are you a bot",
        "r u real",
        "Am I talking to a real person?",
        "who am i talking to",
        "Are you a therapist?",
        "are you a real person or a robot?",
        "You're an AI, right?",
        "Is anyone real there?",
        "Who are you?",
        "so you are a doctor?",
        "am i talking to someone real",
        "Hello, is anyone there?",
    ),
    DirectQuestion.GOODBYE: (
        "bye",
        "ok gotta go, thanks!",
        "Good night",
        "thank you so much for listening, bye",
        "I have to go now.",
        "see ya later",
        "have a nice day :)",
        "I've got to go",
        "I'm going to bed",
        "that's all, bye",
        "no, I'm fine. goodbye",
        "yes I am safe, good night",
        "byeee",
    ),
}
NOT_ASKED = (
    "I stopped taking my meds last week",
    "My doctor says I have depression.",
    "I take 50mg of zoloft",
    "I had to take pills to sleep",
    "Should I talk to my boss?",
    "should i take the job",
    "Should I take a break?",
    "Do you have any advice?",
    "Are you there?",
    "are you ok?",
    "Are you married?",
    "do you think I should leave him?",
    "is it normal to cry every day?",
    "Do you think interviewers see that I have anxiety?",
    "I have to go to work tomorrow",
    "I said goodbye to my father yesterday",
    "Goodbye world",
    "bye forever",
    "I want to go",
    "he told me to take care of myself",
    "",
    "?",
    "Do you think my anxiety and depression will ever get better?",
    "do you think i can beat depression",
    "do you think she left because of my depression?",
    "Do you think I should add him back on facebook?",
    "do you think they can cure cancer? my mum has it",
    "My husband left me. Is this real?",
    "I feel so alone, is anyone there for me",
    "should i stop helping my brother with drugs",
    "Should I start telling people about my meds?",
    "I should leave",
    "I need to run",
    "I will go",
    "i'm going to sleep and not wake up",
)


@pytest.mark.parametrize(
    ("text", "kind"), [(text, kind) for kind, texts in ASKED.items() for text in texts]
)
def test_what_is_asked_is_known(text: str, kind: DirectQuestion) -> None:
    assert direct_question(text) is kind


@pytest.mark.parametrize("text", NOT_ASKED, ids=lambda text: text[:40])
def test_what_is_not_asked_goes_to_the_model(text: str) -> None:
    assert direct_question(text) is None


@pytest.mark.parametrize("kind", DirectQuestion)
def test_no_answer_claims_or_advises_what_it_must_not(kind: DirectQuestion) -> None:
    answer = direct_answer(kind, "US")
    assert not check_reply(answer)
    assert "{" not in answer
    assert ("911" in answer) is (kind is DirectQuestion.MEDICATION)


@pytest.mark.parametrize(
    "text",
    [
        "bye " * 99 + "i love you",
        "i must go now " * 28 + "x",
        "thank you for all " * 22 + "x",
        "how much " * 44,
        "should i take " + "my " * 120,
        "do you think i am " * 22,
        "is my a " * 50 + "?",
        "a" * 400,
    ],
    ids=lambda text: text[:20],
)
def test_no_message_keeps_the_server_busy(text: str) -> None:
    """A goodbye said 25 times took minutes, and nobody else was answered. Half as long a text takes
    half as long, where a search that goes wild takes its square root.
    """

    def seconds(part: str) -> float:
        began = time.perf_counter()
        for _ in range(20):
            direct_question(part)
        return time.perf_counter() - began

    assert seconds(text) < 8 * seconds(text[: len(text) // 2]) + 0.2


def test_a_goodbye_keeps_nobody() -> None:
    assert "?" not in direct_answer(DirectQuestion.GOODBYE, "US")


def test_seekers_of_esconv_who_ask_nothing_of_the_kind_are_left_to_the_model() -> None:
    """By hand, of 19,989 turns: 23 ask who is there, one about medicine, 242 take their leave."""
    file = DATA / "esconv" / "ESConv.json"
    if not file.exists():
        pytest.skip(f"{file} is not here; set PAL_DATA_DIR to read real turns")
    turns = (
        utterance["content"].strip()
        for conversation in json.loads(file.read_text("utf-8"))
        for utterance in conversation["dialog"]
        if utterance["speaker"] == "seeker"
    )
    found = Counter(filter(None, map(direct_question, turns)))
    assert found[DirectQuestion.IDENTITY] <= 25
    assert found[DirectQuestion.MEDICATION] <= 2
    assert found[DirectQuestion.DIAGNOSIS] <= 1
    assert 200 <= found[DirectQuestion.GOODBYE] <= 260
