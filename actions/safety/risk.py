"""What a safety screen says about a conversation: how serious, of what kind, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class RiskLevel(IntEnum):
    """How serious the danger is; levels compare, `RiskLevel.HIGH > RiskLevel.CONCERN`."""

    NONE = 0
    CONCERN = 1
    """Ambiguous or indirect: one clarifying question is due."""
    HIGH = 2
    """A direct wish, an intent, or violence that goes on."""
    IMMINENT = 3
    """An act begun, or intent with a means or a time at hand."""

    @property
    def label(self) -> str:
        """The level's name in lower case, for slots, counters and files."""
        return self.name.lower()

    @classmethod
    def parse(cls, label: str) -> RiskLevel:
        """Return the level called `label`, whatever its letter case.

        Raises:
            ValueError: `label` is none of the levels.
        """
        try:
            return cls[label.strip().upper()]
        except KeyError:
            known = ", ".join(level.label for level in cls)
            raise ValueError(f"Unknown risk level {label!r}. Use one of: {known}.") from None


class RiskKind(StrEnum):
    """What the danger is."""

    SUICIDE = "suicide"
    SELF_HARM = "self-harm"
    HARM_TO_OTHERS = "harm-to-others"
    ABUSE = "abuse"
    EATING_DISORDER = "eating-disorder"
    MEDICAL_EMERGENCY = "medical-emergency"
    MINORS = "minors"
    """Somebody under 18, the seeker or another, is harmed, groomed or exploited, or at risk."""


@dataclass(frozen=True, slots=True)
class RiskAssessment:
    """What a screen found in the latest seeker utterance.

    `evidence` is the (start, end) character span in that utterance which decided the level, or
    None. It is a span and not the words, so that an assessment can be logged or counted without
    keeping what somebody wrote. `confidence` is a hand-set weight from 0 to 1, not a calibrated
    probability.
    """

    level: RiskLevel
    kinds: frozenset[RiskKind] = frozenset()
    evidence: tuple[int, int] | None = None
    confidence: float = 0.0

    @property
    def is_flagged(self) -> bool:
        """Whether fixed words must answer this turn, and no generated text."""
        return self.level > RiskLevel.NONE


NO_RISK = RiskAssessment(RiskLevel.NONE)
"""Nothing found. It does not say that the person is safe."""

DETECTOR_FAILED = RiskAssessment(RiskLevel.CONCERN)
"""What stands in when a screen breaks: the turn is answered with fixed words all the same."""
