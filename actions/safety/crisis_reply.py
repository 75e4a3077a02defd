"""Fixed words (being written)."""

from __future__ import annotations

from actions.safety.risk import RiskAssessment, RiskLevel
from pal_model.conversation import Conversation


def crisis_reply(
    assessment: RiskAssessment, locale: str | None = None, *, earlier_replies: int = 0
) -> str:
    """Return the fixed words for a flagged turn."""
    return "I'm really glad you told me. Are you safe right now? Call or text 988 (US)."


def contact_reply(locale: str | None = None, *, earlier_replies: int = 0) -> str:
    """Return the short fixed words for an unflagged turn while the risk is still raised."""
    return "I'm still here with you. Are you safe right now?"


def count_crisis_replies(conversation: Conversation) -> int:
    """Count the supporter's fixed replies so far, for `earlier_replies`."""
    return 0


def carried_risk(
    previous_level: RiskLevel,
    assessment: RiskAssessment,
    text: str,
    *,
    question: str | None = None,
) -> RiskLevel:
    """Return the level that holds after this turn."""
    return max(previous_level, assessment.level)
