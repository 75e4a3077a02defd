"""What is known of the danger in a conversation: explicit wordings, and what a classifier hears."""

from __future__ import annotations

from dataclasses import replace

import structlog

from actions.safety import patterns
from actions.safety.all_clear import is_plain_all_clear
from actions.safety.answers import said_and_asked
from actions.safety.classifier import shipped_classifier
from actions.safety.risk import DETECTOR_FAILED, NO_RISK, RiskAssessment
from pal_model import Conversation

log = structlog.get_logger(__name__)


def assess_risk(conversation: Conversation) -> RiskAssessment:
    """Assess the latest seeker utterance: the worse of what the patterns and the classifier find.

    The patterns read a short answer together with what the supporter asked; the classifier reads
    the utterance alone. `evidence` is a span in it. Never raises: a part that breaks counts as a
    concern, and the turn gets fixed words.
    """
    by_patterns = patterns.assess_risk(conversation)
    by_meaning = _by_meaning(conversation)
    worse = by_meaning if by_meaning.level > by_patterns.level else by_patterns
    return replace(worse, kinds=by_patterns.kinds | by_meaning.kinds)


def load_classifier() -> None:
    """Load the classifier, so that no seeker waits for it; a failure shows in each turn."""
    try:
        shipped_classifier().load()
    except Exception as error:
        log.error("risk_classifier_failed", error=type(error).__name__)


def _by_meaning(conversation: Conversation) -> RiskAssessment:
    said, asked = said_and_asked(conversation)
    if not said or is_plain_all_clear(said, asked):
        return NO_RISK
    try:
        return shipped_classifier().assess(said)
    except Exception as error:  # whatever it is, no generated reply may get out
        log.error("risk_classifier_failed", error=type(error).__name__)
        return DETECTOR_FAILED
