"""What every benchmark prints and keeps: where it ran, a table, a JSON file."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from training.provenance import environment

__all__ = ["described", "environment", "save", "table", "verdict"]

CHECKOUT = Path(__file__).resolve().parents[2]
RESULTS = CHECKOUT / "bench-results"


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle and the ends of several measurements."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(statistics.median(values), min(values), max(values))

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.least:.2f}-{self.most:.2f}]"


def described(facts: dict[str, Any]) -> Iterator[str]:
    """One line a fact."""
    for name, value in facts.items():
        yield f"{name.replace('_', ' ')}: {value}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of a table: the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, ["-" * width for width in widths], *rows):
        first, *others = (
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join((first, *others)).rstrip()


def verdict(holds: bool, target: str) -> str:
    """A target, and whether it was met; nothing fails where it was not."""
    return f"target {target}: {'met' if holds else 'MISSED'}"


def save(name: str, content: dict[str, Any]) -> Path:
    """Keep a benchmark's results; return where."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path
