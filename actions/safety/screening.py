"""The screen as the actions use it: one that cannot fail open."""

from __future__ import annotations

import asyncio

import structlog

from actions.safety.assessment import assess_risk
from actions.safety.risk import DETECTOR_FAILED, RiskAssessment
from pal_model import Conversation

log = structlog.get_logger(__name__)


async def screened(conversation: Conversation) -> RiskAssessment:
    """Return the assessment of `conversation`. The event loop does not wait for it; who is screened
    at the same time does: the classifier reads one message after the other.
    """
    return await asyncio.to_thread(screen, conversation)


def screen(conversation: Conversation) -> RiskAssessment:
    """Return the assessment of `conversation`; a broken detector counts as a concern."""
    try:
        return assess_risk(conversation)
    except Exception as error:
        log.error("risk_detector_failed", error=type(error).__name__)
        return DETECTOR_FAILED
