"""Hand-written conversations to measure with: ESConv's layout, and what is known of the seeker."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pal_model import Conversation, Persona, conversation_from_record

_FILE = Path(__file__).with_name("conversations.json")


@dataclass(frozen=True, slots=True)
class Sample:
    """A conversation that ends with the seeker, and the seeker's persona."""

    conversation: Conversation
    persona: Persona


def read_samples() -> list[Sample]:
    """All of them, in the file's order."""
    records = json.loads(_FILE.read_text(encoding="utf-8"))
    return [Sample(conversation_from_record(r), Persona.of(r["persona"])) for r in records]
