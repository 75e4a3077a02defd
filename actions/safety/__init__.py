"""Safety around the generator: a risk screen before it, fixed words, and a check of its reply."""

from actions.safety.all_clear import carried_risk, says_more, speaks_of_safety
from actions.safety.assessment import assess_risk
from actions.safety.crisis_reply import (
    contact_reply,
    count_crisis_replies,
    crisis_reply,
    go_on_question,
    once_more_reply,
    relieved_reply,
)
from actions.safety.reply_check import check_reply
from actions.safety.reply_wordings import ReplyProblem
from actions.safety.risk import (
    DETECTOR_FAILED,
    NO_RISK,
    RiskAssessment,
    RiskKind,
    RiskLevel,
)

__all__ = [
    "DETECTOR_FAILED",
    "NO_RISK",
    "ReplyProblem",
    "RiskAssessment",
    "RiskKind",
    "RiskLevel",
    "assess_risk",
    "carried_risk",
    "check_reply",
    "contact_reply",
    "count_crisis_replies",
    "crisis_reply",
    "go_on_question",
    "once_more_reply",
    "relieved_reply",
    "says_more",
    "speaks_of_safety",
]
