"""From which probability on something counts: chosen on messages of which few are dangerous."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from actions.safety.classifier import RiskClassifier
from actions.safety.patterns import assess_text
from actions.safety.risk_model import DIRECT, KIND, RISK

_LEAST_DIRECT, _KIND = 0.5, 0.5
_FALSE_DIRECTS = 0.002
"""Share of turns that the classifier alone may take for outright danger: the words for it would be
strange ones, and people on duty are told."""


def thresholds(classifier: RiskClassifier, turns: Sequence[str], share: float) -> dict[str, float]:
    """Return the probabilities from which `RISK`, `DIRECT` and a `KIND` count, so that classifier
    and patterns flag a share of the turns.

    Raises:
        ValueError: the patterns alone flag more.
    """
    found = risks(classifier, turns)
    by_patterns = float((found[:, 0] > 1).mean())
    if by_patterns >= share:
        raise ValueError(
            f"The share of turns to be flagged is {share}, and the patterns alone flag "
            f"{by_patterns:.4f}: no threshold reaches it. Allow more false alarms."
        )
    direct = threshold(found[:, 1] * (found[:, 0] >= classifier.sure), _FALSE_DIRECTS)
    return {RISK: threshold(found[:, 0], share), DIRECT: max(_LEAST_DIRECT, direct), KIND: _KIND}


def risks(classifier: RiskClassifier, texts: Sequence[str]) -> Any:
    """Return of each message the greatest probability of a risk among its pieces, and that piece's
    of a direct one, (N, 2); 2 and 0 of a message that the patterns flag whatever the classifier
    says.
    """
    found = []
    for text in texts:
        risk, of_output, _ = classifier.greatest(text)
        is_flagged = assess_text(text).is_flagged
        found.append((2.0, 0.0) if is_flagged else (risk, of_output.get(DIRECT, 0.0)))
    return np.array(found, dtype=np.float32)


def threshold(scores: Any, share: float) -> float:
    """Return the least threshold that at most `share` of the scores reach."""
    ordered = np.sort(scores)[::-1]
    return float(np.nextafter(ordered[int(share * len(ordered))], np.float32(1)))
