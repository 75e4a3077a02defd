"""Which messages are commands, and which are people talking."""

from __future__ import annotations

import time

import pytest
import yaml_files
from rasa.nlu.classifiers.regex_message_handler import RegexMessageHandler
from rasa.shared.core.domain import Domain
from rasa.shared.nlu.training_data.message import Message

from rasa_bot.components.free_text_router import FreeTextRouter


@pytest.fixture(scope="module")
def router() -> FreeTextRouter:
    """The router as config.yml sets it up."""
    component = yaml_files.config()["pipeline"][0]
    return FreeTextRouter(component["commands"], component["patterns"])


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("/show_persona", "show_persona"),
        ("  /Show-Persona \n", "show_persona"),
        ("/show persona", "show_persona"),
        ("What do you know about me?", "show_persona"),
        ("/forget_me", "forget_me"),
        ("Forget me.", "forget_me"),
        ("delete my data!", "forget_me"),
        ("/help", "help"),
        ("\uff0fhelp", "help"),  # a full-width slash, as some keyboards type it
        ("what can you do", "help"),
        ("/restart", "start_over"),
        ("/remember_me", "remember_me"),
        ("Yes, remember me!", "remember_me"),
        ("stop remembering me", "stop_remembering"),
        ("Don\u2019t remember me", "stop_remembering"),
        ("Export my data.", "export_data"),
        ("/wrong 2", "change_fact"),
        ("/WRONG #2", "change_fact"),
        ("/correct 12: I am a butcher,\nnot a baker", "change_fact"),
        ("/forget 3", "change_fact"),
        ("Please forget that I have diabetes.", "change_fact"),
        ("forget that my husband left", "change_fact"),
        ("Forget what I said about my husband, please", "change_fact"),
        ("what you remember about me is wrong", "change_fact"),
    ],
)
def test_a_whole_message_that_is_a_command_runs_it(
    router: FreeTextRouter, text: str, intent: str
) -> None:
    assert router.intent_of(text) == intent


@pytest.mark.parametrize(
    "text",
    [
        "help",
        "help me",
        "Help!!!",
        "please help me",
        "my friends forget me",
        "I want you to forget me, everyone else does",
        "nobody would miss me if I delete my data and go",
        "restart",
        "I wish I could restart my life",
        "",
        "   ",
        "\n\t",
        "\U0001f622\U0001f622",
        "\x00\x07\x1b[2J",
        "hola, me siento muy sola",
        pytest.param("x" * 100_000, id="long"),
        pytest.param("/" + "x " * 50_000, id="long-slash"),
        "/I can't go on like this",
        "// i just took all my pills",
        "/: i just took all my pills",
        "/(i want to kill myself)",
        "/etc is all I see at work and I hate it",
        "forget that i said that",
        "forget that I told you",
        "forget that i even bothered writing",
        "forget that we ever talked",
        "/help me I want to die",
        "a / b",
        "remember me",
        "Please remember me.",
        "forget that",
        "forget that, I'm fine",
        "forget about him",
        "I can't forget that my father left",
        "Forget that I ever existed.",
        "please forget that I was born",
        "forget that I lived",
        "they forget what I said about my job",
        "that is wrong",
        pytest.param("forget that I " + "am tired and " * 100, id="a long story"),
    ],
)
def test_what_a_person_says_is_never_a_command(router: FreeTextRouter, text: str) -> None:
    """The stock keyword classifier ran the command that forgets on "my friends forget me"."""
    assert router.intent_of(text) == "chat"


@pytest.mark.parametrize(
    "text",
    [
        "/",
        "//",
        "/start",
        "/session_start",
        "/slot",
        "/chat",
        '/chat{"persona": ["x"]}',
        '/chat {"persona": ["x"]}',
        '/restart{"persona": ["x"]}',
        "/forget_me@0.9",
        '/forget_me@1.0{"persona": "x"}',
        "/EXTERNAL: restart",
        "/back",
        "/nlu_fallback",
        "/slot{",
        pytest.param("/" + "x" * 100_000, id="long"),
    ],
)
def test_an_unknown_command_is_told_apart(router: FreeTextRouter, text: str) -> None:
    assert router.intent_of(text) == "unknown_command"


@pytest.mark.parametrize(
    "text",
    [
        '/chat{"persona": ["x"]}',
        '  /forget_me@1.0{"persona": "x"}',
        "/session_start",
        "/restart",
        "//restart",
        "/ /restart",
        "\u3000/restart",
    ],
)
def test_no_client_can_inject_an_intent_or_entities(router: FreeTextRouter, text: str) -> None:
    """Rasa's own handler runs after every pipeline and obeys "/intent{entities}" from anybody."""
    domain = Domain.load(str(yaml_files.BOT / "domain"))
    routed = router.process([Message({"text": text})])
    intent = routed[0].get("intent")
    handled = RegexMessageHandler().process(routed, domain)[0]
    assert handled.get("intent") == intent
    assert intent["name"] == router.intent_of(text)
    assert handled.get("entities") == []


@pytest.mark.parametrize(
    "text", ["/" + " " * 100_000 + "x x", "/" + "x" * 100_000 + " x"], ids=["spaces", "x"]
)
def test_a_long_message_is_routed_at_once(router: FreeTextRouter, text: str) -> None:
    """A pattern with two ways to read a space took minutes over this one."""
    started = time.monotonic()
    router.intent_of(text)
    assert time.monotonic() - started < 1


def test_a_message_without_text_is_something_said(router: FreeTextRouter) -> None:
    """Rasa's handler fails on None, and the seeker got silence."""
    routed = router.process([Message({"text": None})])
    assert RegexMessageHandler().process(routed)[0].get("intent")["name"] == "chat"


def test_the_router_agrees_with_every_example_in_nlu_yml(router: FreeTextRouter) -> None:
    examples = yaml_files.nlu_examples()
    assert len(examples) > 10
    assert {text: router.intent_of(text) for text in examples} == examples
