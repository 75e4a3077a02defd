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
    then it is not made: what was said and taken back in one breath is not kept. What was said twice
    in it is kept as it was said first.
    """
    current = [(fact, claims(fact.sentence)) for fact in known]
    for sentence in _last_words(sentences, similarities):
        said = claims(sentence)
        place = _same(sentence, said, [(f.sentence, of_f) for f, of_f in current], similarities)
        same = None if place is None else current[place][0]
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


def _last_words(sentences: Iterable[str], similarities: Similarities) -> list[str]:
    """Return `sentences` without what later ones take back or say again."""
    kept: list[tuple[str, Claims]] = []
    for sentence in filter(normal_form, map(str.strip, sentences)):
        said = claims(sentence)
        kept = [(old, of_old) for old, of_old in kept if not said.end(of_old)]
        if _same(sentence, said, kept, similarities) is None:
            kept.append((sentence, said))
    return [sentence for sentence, _ in kept]


def _same(
    sentence: str,
    said: Claims,
    known: Sequence[tuple[str, Claims]],
    similarities: Similarities,
) -> int | None:
    """Return the place of the one that a sentence says again, if one is."""
    form = normal_form(sentence)
    for place, (other, _) in enumerate(known):
        if normal_form(other) == form:
            return place
    alike = [place for place, (_, of_other) in enumerate(known) if _may_be_one(said, of_other)]
    if not alike:
        return None
    cosines = similarities(sentence, [known[place][0] for place in alike])
    best, place = max(zip(cosines, alike, strict=True), key=lambda pair: pair[0])
    return place if best >= SAME else None


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
