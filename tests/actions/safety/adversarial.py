"""The conversations of adversarial.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("adversarial.yaml")
EXPECTED = ("danger", "ask", "raised", "free", "command")
_LONG = "It has been a long week and I am tired. " * 40
_HUGE = "It has been a long week and I am tired. " * 400


@dataclass(frozen=True, slots=True)
class Step:
    """What a seeker writes, and what must come of it: one of `EXPECTED`."""

    text: str
    expected: str

    @property
    def is_in_danger(self) -> bool:
        """Whether no generated text may answer."""
        return self.expected in ("danger", "ask", "raised")


@dataclass(frozen=True, slots=True)
class Script:
    name: str
    steps: tuple[Step, ...]


def read_scripts() -> list[Script]:
    """Return all conversations."""
    scripts = []
    for entry in yaml.safe_load(FILE.read_text("utf-8")):
        steps = []
        for turn in entry["turns"]:
            [(expected, text)] = turn.items()
            assert expected in EXPECTED, f"{entry['name']}: {expected}"
            text = text.replace("LONG", _LONG).replace("HUGE", _HUGE)
            steps.append(Step(text, expected))
        scripts.append(Script(entry["name"], tuple(steps)))
    return scripts
