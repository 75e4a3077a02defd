"""The eight support strategies of ESConv and the guidance strength of each (PAL, Table 2)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from pal_model.errors import UnknownStrategyError


class Strategy(StrEnum):
    """A support strategy, named as in ESConv's `annotation.strategy` (PAL, Appendix C)."""

    QUESTION = "Question"
    RESTATEMENT_OR_PARAPHRASING = "Restatement or Paraphrasing"
    REFLECTION_OF_FEELINGS = "Reflection of feelings"
    SELF_DISCLOSURE = "Self-disclosure"
    AFFIRMATION_AND_REASSURANCE = "Affirmation and Reassurance"
    PROVIDING_SUGGESTIONS = "Providing Suggestions"
    INFORMATION = "Information"
    OTHERS = "Others"

    @classmethod
    def parse(cls, name: str) -> Strategy:
        """Return the strategy called `name`, whatever its letter case.

        Raises:
            UnknownStrategyError: `name` is none of the eight.
        """
        try:
            return _BY_FOLDED_NAME[name.strip().casefold()]
        except KeyError:
            known = ", ".join(strategy.value for strategy in cls)
            raise UnknownStrategyError(f"Unknown strategy {name!r}. Use one of: {known}.") from None


_BY_FOLDED_NAME = {strategy.value.casefold(): strategy for strategy in Strategy}

LOW_ALPHA, MEDIUM_ALPHA, HIGH_ALPHA = 0.0, 0.375, 0.75

DEFAULT_ALPHAS: Mapping[Strategy, float] = MappingProxyType(
    {
        Strategy.QUESTION: LOW_ALPHA,
        Strategy.RESTATEMENT_OR_PARAPHRASING: HIGH_ALPHA,
        Strategy.REFLECTION_OF_FEELINGS: LOW_ALPHA,
        Strategy.SELF_DISCLOSURE: LOW_ALPHA,
        Strategy.AFFIRMATION_AND_REASSURANCE: HIGH_ALPHA,
        Strategy.PROVIDING_SUGGESTIONS: HIGH_ALPHA,
        Strategy.INFORMATION: HIGH_ALPHA,
        Strategy.OTHERS: MEDIUM_ALPHA,
    }
)
"""Guidance strength alpha of Eq. 6 for each strategy (PAL, Table 2)."""
