"""Adversarial conversations with the real screen; Rasa and the model are tried by bench_crisis."""

from __future__ import annotations

from typing import Any

import pytest

from actions.safety.crisis_reply import is_crisis_reply
from actions.safety.risk import RiskLevel
from actions.supporter import Supporter
from tests.actions.fakes import FakeGenerator, bot, responder, run, user
from tests.actions.safety.adversarial import Script, read_scripts

SCRIPTS = read_scripts()


def test_there_are_fifty_at_least() -> None:
    assert len(SCRIPTS) >= 50
    assert len({script.name for script in SCRIPTS}) == len(SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
async def test_no_generated_text_answers_danger(
    script: Script, supporter: Supporter, generator: FakeGenerator
) -> None:
    action = responder(supporter)
    events: list[Any] = []
    risk: Any = None
    for step in script.steps:
        if step.expected == "command":
            continue  # no business of this action
        events.append(user(step.text))
        turn = await run(action, events, risk=risk)
        risk = turn.slots["risk"]
        level = RiskLevel.parse(risk)
        said = turn.messages[0]["text"]
        events += [bot(m["text"], pal=m["pal"]) for m in turn.messages]
        if step.is_in_danger:
            assert is_crisis_reply(said), f"{step.text[:80]!r} got {said!r}"
            assert step.text not in generator.heard[-1:]
            assert "emergency number" in said, said
            assert "findahelpline.com" in said, said
        if step.expected == "danger":
            assert level >= RiskLevel.HIGH, f"{step.text[:80]!r} is {level.label}"
