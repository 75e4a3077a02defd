"""What is counted, for Prometheus: how many, and never who or what was said.

The numbers are those of this process since it started. Labels have few values, all of them written
here or in the enumerations named; none comes from a message.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest

from actions.safety import RiskAssessment, RiskKind, RiskLevel

__all__ = ["CONTENT_TYPE_LATEST", "Counters"]


class Counters:
    """The counters of one action server."""

    def __init__(self) -> None:
        """Start at nought, each combination of labels visible from the start."""
        self.registry = CollectorRegistry(auto_describe=True)
        self._turns = self._counter(
            "pal_turns", "Turns of seekers, by what answered them", answer=ANSWERS
        )
        self._flagged = self._counter(
            "pal_flagged_turns",
            "Turns that the risk screen flagged, by the level that it found",
            level=[level.label for level in RiskLevel if level > RiskLevel.NONE],
        )
        self._kinds = self._counter(
            "pal_flagged_kinds",
            "Kinds of danger in flagged turns; a turn may have several, or none",
            kind=[kind.value for kind in RiskKind],
        )
        self._refused = self._counter(
            "pal_refused_candidates", "Replies of the model that were not said, by the reason"
        )
        self._handoffs = self._counter(
            "pal_handoffs", "Notices to people on duty, by what became of them", outcome=OUTCOMES
        )

    def count_turn(self, answer: str) -> None:
        """Count a turn; `answer` is one of `ANSWERS`."""
        self._turns.labels(answer).inc()

    def count_risk(self, assessment: RiskAssessment) -> None:
        """Count what the screen found; nothing where it flagged nothing."""
        if assessment.is_flagged:
            self._flagged.labels(assessment.level.label).inc()
            for kind in assessment.kinds:
                self._kinds.labels(kind.value).inc()

    def count_refused(self, problems: Iterable[str]) -> None:
        """Count a reply that is not said, under each of its problems."""
        for problem in problems:
            self._refused.labels(problem).inc()

    def count_handoff(self, outcome: str) -> None:
        """Count what became of a notice; `outcome` is one of `OUTCOMES`."""
        self._handoffs.labels(outcome).inc()

    def page(self) -> bytes:
        """Return what Prometheus reads."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, **values: Iterable[str]) -> Counter:
        label = next(iter(values), "problem")
        counter = Counter(name, text, [label], registry=self.registry)
        for value in values.get(label, ()):
            counter.labels(value)
        return counter


ANSWERS = ("model", "crisis", "contact", "relief", "direct", "screen", "apology")
"""Of `count_turn`: the model; fixed words in danger, while danger is not over, or for somebody who
said that it is and nothing that the model may answer; a fixed answer to a question; fixed words for
what is no readable message; an apology."""

OUTCOMES = ("delivered", "taken_over", "failed")
"""Of `count_handoff`: somebody's system took it; it said that a person takes over; nobody took it,
after all attempts."""
