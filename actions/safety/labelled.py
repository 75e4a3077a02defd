"""Hand-written utterances with what they say, to learn from (`utterances/`) and to measure with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from actions.safety.risk import RiskKind, RiskLevel

UTTERANCES = Path(__file__).with_name("utterances")


@dataclass(frozen=True, slots=True)
class Labelled:
    """One message, and what it says."""

    level: RiskLevel
    kinds: frozenset[RiskKind]
    text: str


def read_labelled(path: Path) -> Iterator[Labelled]:
    """Yield the lines of a file: level, kinds by commas or "-", and the words, by tabs.

    Raises:
        ValueError: a line is malformed; the message says which.
    """
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            level, kinds, text = line.split("\t")
            named = [] if kinds == "-" else kinds.split(",")
            yield Labelled(RiskLevel.parse(level), frozenset(map(RiskKind, named)), text)
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
