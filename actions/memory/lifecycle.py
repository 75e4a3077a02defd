"""What becomes of facts when a seeker says something: said again, ended, or new."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count

from actions.memory.claims import Claims, claims
from actions.memory.facts import Change, Fact
from pal_model.persona import normal_form

SAME = 0.9
"""Cosine from which two sentences may be one; `_may_be_one` then looks at what a cosine misses."""

Similarities = Callable[[str, Sequence[str]], Sequence[float]]
"""Returns the cosine of a sentence with each of others."""


def changes(
    known: Sequence[Fact], sentences: Iterable[str], similarities: Similarities
) -> Iterator[Change]:
    """Yield what `sentences`, in the order in which they were said, do to what is `known`.

    A sentence that is known in these or nearly these words is confirmed, and ends what contradicts
    it none the less: the seeker's last word counts. A new one that ends an old one supersedes it.
    A fact that an earlier of the `sentences` made cannot be ended here, for it has no number yet;
    then it is not made: what was said and taken back in one breath is not kept.
    """
    current = [(fact, claims(fact.sentence)) for fact in known]
    for sentence in _without_what_was_taken_back(list(sentences)):
        said = claims(sentence)
        same = _same(sentence, said, current, similarities)
        ended = {f.id for f, of_fact in current if f is not same and said.end(of_fact)}
        current = [(fact, of_fact) for fact, of_fact in current if fact.id not in ended]
        numbers = tuple(sorted(ended))
        if same is not None:
            yield Change(None, same.id, numbers)
        else:
            yield Change(sentence, None, numbers)


def apply(known: Sequence[Fact], found: Iterable[Change], template: Fact) -> list[Fact]:
    """Return the facts that hold after changes, without a store: of a session that is not kept.

    Args:
        known: facts, oldest first.
        found: as `changes` yields them.
        template: source and times of the new ones.
    """
    current = list(known)
    numbers = count(1 + max((fact.id for fact in known), default=0))
    for change in found:
        current = [fact for fact in current if fact.id not in change.supersedes]
        if change.sentence is not None:
            source, at = template.source, template.learnt_at
            current.append(Fact(next(numbers), change.sentence, source, at, at))
    return current


def _without_what_was_taken_back(sentences: Sequence[str]) -> list[str]:
    kept: dict[str, str] = {}
    for sentence in sentences:
        said = claims(sentence)
        kept = {form: old for form, old in kept.items() if not said.end(claims(old))}
        kept[normal_form(sentence)] = sentence.strip()
    kept.pop("", None)
    return list(kept.values())


def _same(
    sentence: str,
    said: Claims,
    known: Sequence[tuple[Fact, Claims]],
    similarities: Similarities,
) -> Fact | None:
    """Return the fact that a sentence says again, if one is."""
    form = normal_form(sentence)
    for fact, _ in known:
        if normal_form(fact.sentence) == form:
            return fact
    alike = [fact for fact, of_fact in known if _may_be_one(said, of_fact)]
    if not alike:
        return None
    cosines = similarities(sentence, [fact.sentence for fact in alike])
    best, fact = max(zip(cosines, alike, strict=True), key=lambda pair: pair[0])
    return fact if best >= SAME else None


def _may_be_one(one: Claims, two: Claims) -> bool:
    """Return whether sentences agree in what embeddings tell badly: numbers, negation, subject, and
    what can have one value alone.
    """
    return (one.numbers, one.negated, one.subject, one.holds) == (
        two.numbers,
        two.negated,
        two.subject,
        two.holds,
    )
