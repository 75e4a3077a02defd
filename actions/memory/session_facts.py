"""Facts in a slot of Rasa's tracker, for a session that is not kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from actions.memory.facts import Fact


def facts_to_slot(facts: Iterable[Fact]) -> list[dict[str, Any]]:
    """Return facts as JSON objects, times in ISO 8601."""
    return [
        {
            "id": fact.id,
            "sentence": fact.sentence,
            "source": fact.source,
            "learnt_at": fact.learnt_at.isoformat(),
            "confirmed_at": fact.confirmed_at.isoformat(),
        }
        | ({} if fact.is_current else _end(fact))
        for fact in facts
    ]


def facts_from_slot(value: Any) -> list[Fact]:
    """Return the facts in a slot; what is none is left out, and a time that is none is now."""
    entries = value if isinstance(value, list) else []
    facts = []
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, Mapping) or not isinstance(entry.get("sentence"), str):
            continue
        given = entry.get("id")
        learnt = _time(entry.get("learnt_at"))
        facts.append(
            Fact(
                given if isinstance(given, int) else number,
                entry["sentence"],
                str(entry.get("source", "")),
                learnt,
                _time(entry.get("confirmed_at"), learnt),
            )
        )
    return facts


def _end(fact: Fact) -> dict[str, Any]:
    ended = fact.superseded_at and fact.superseded_at.isoformat()
    return {"superseded_at": ended, "superseded_by": fact.superseded_by}


def _time(value: Any, otherwise: datetime | None = None) -> datetime:
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return otherwise or datetime.now(UTC)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
