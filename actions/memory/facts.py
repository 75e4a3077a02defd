"""Facts about a seeker, and what can become of them. Nothing here knows of a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Fact:
    """One sentence about a seeker, in their words.

    Attributes:
        id: what tells it from the seeker's others.
        sentence: such as "I am studying to be a pharmacist."
        source: what it was inferred from, such as a message's id.
        learnt_at: when it was first said.
        confirmed_at: when it was last said.
        superseded_at: since when it no longer holds; None while it does.
        superseded_by: the fact that took its place, if any did.
    """

    id: int
    sentence: str
    source: str
    learnt_at: datetime
    confirmed_at: datetime
    superseded_at: datetime | None = None
    superseded_by: int | None = None

    @property
    def is_current(self) -> bool:
        """Whether it holds, as far as anybody said."""
        return self.superseded_at is None


@dataclass(frozen=True, slots=True)
class Change:
    """What a sentence that a seeker said does to what is known.

    Attributes:
        sentence: to keep as a new fact; None where it says nothing new.
        confirms: a fact that it says again.
        supersedes: facts that it ends.
        told: the fact of the session that it keeps, whose source and time stay what they were;
            None where it is said now.
    """

    sentence: str | None
    confirms: int | None = None
    supersedes: tuple[int, ...] = ()
    told: Fact | None = None
