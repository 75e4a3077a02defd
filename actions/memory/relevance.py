"""The facts that a turn needs."""

from __future__ import annotations

from collections.abc import Sequence

from actions.memory.facts import Fact
from actions.memory.lifecycle import Similarities

BUDGET = 480
"""Characters; the model reads 128 tokens of a persona, of some four characters each."""

_LATEST = 3
"""Facts that are always shown: what somebody said last is what they are talking about."""

_REPEATED = 0.8
"""Cosine from which a fact says little that a chosen one does not say."""


def relevant(
    facts: Sequence[Fact], said: str, similarities: Similarities, budget: int = BUDGET
) -> list[Fact]:
    """Choose facts for a turn; return them in the order in which they were learnt.

    All of them while they fit. Otherwise the latest, and then those nearest to what was said,
    leaving out what another already says.

    Args:
        facts: that hold, oldest first.
        said: the seeker's last words.
        similarities: of sentences.
        budget: characters, all sentences together.
    """
    if _length(facts) <= budget:
        return list(facts)
    latest = sorted(facts, key=lambda fact: fact.confirmed_at)[-_LATEST:]
    cosines = similarities(said, [fact.sentence for fact in facts]) if said else [0.0] * len(facts)
    near = sorted(zip(cosines, facts, strict=True), key=lambda pair: -pair[0])
    chosen: list[Fact] = []
    for fact in [*reversed(latest), *(fact for _, fact in near)]:
        if fact in chosen or _length([*chosen, fact]) > budget:
            continue
        others = [other.sentence for other in chosen]
        if not others or max(similarities(fact.sentence, others)) < _REPEATED:
            chosen.append(fact)
    return [fact for fact in facts if fact in chosen]


def _length(facts: Sequence[Fact]) -> int:
    return sum(len(fact.sentence) + 1 for fact in facts)
