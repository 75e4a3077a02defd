"""What one wording of danger is, and how it is written down."""

from __future__ import annotations

import re
from dataclasses import dataclass

from actions.safety.normal_form import squeeze
from actions.safety.risk import RiskKind, RiskLevel

CONCERN, HIGH, IMMINENT = RiskLevel.CONCERN, RiskLevel.HIGH, RiskLevel.IMMINENT

_SEAM = re.compile(r"(?<!\\)([a-z])\(\?:\1")


@dataclass(frozen=True, slots=True)
class Rule:
    """One wording of danger, and which contexts change what it means.

    `negatable`: "I don't ..." before it takes it away; off where the wording negates already.
    `owned`: it names no person, so that whoever stands before it is its subject.
    `act`: it names an act or an intent, which a time or a means at hand makes worse.
    `not_after` ends just before the match and `not_before` starts just behind it: with these
    neighbours the wording means something else.
    """

    kind: RiskKind
    level: RiskLevel
    pattern: re.Pattern[str]
    negatable: bool = True
    owned: bool = False
    act: bool = False
    not_before: re.Pattern[str] | None = None
    not_after: re.Pattern[str] | None = None


def make_rule(
    kind: RiskKind,
    level: RiskLevel,
    pattern: str,
    *,
    negatable: bool = True,
    owned: bool = False,
    act: bool = False,
    not_before: str | None = None,
    not_after: str | None = None,
) -> Rule:
    r"""Compile a rule from plain English.

    The patterns need not be squeezed. In `pattern`, `\A` and `\Z` are the ends of the sentence.
    """
    return Rule(
        kind,
        level,
        _sentence_pattern(pattern),
        negatable,
        owned,
        act,
        _squeezed(rf"\A ?(?:{not_before})(?![^ ])") if not_before else None,
        _squeezed(rf"(?<![^ ])(?:{not_after}) ?\Z") if not_after else None,
    )


def context_pattern(source: str) -> re.Pattern[str]:
    """Compile a pattern for a piece of a sentence; it starts and ends at a word's edge."""
    return _squeezed(rf"(?<![^ ])(?:{source})(?![^ ])")


def _sentence_pattern(source: str) -> re.Pattern[str]:
    """Compile a pattern for a `NormalText`; the space that it starts with is no part of it.

    A search for a literal space first is almost twice as fast as one for a word's edge.
    """
    source = source.replace(r"\A", r"(?<=\. )").replace(r"\Z", r"(?= \.)")
    return _squeezed(rf" (?:{source})(?= )")


def _squeezed(source: str) -> re.Pattern[str]:
    # Also where a group repeats the letter before it, as in "cut(?:ting)?".
    return re.compile(_SEAM.sub(r"\1(?:", squeeze(source)))
