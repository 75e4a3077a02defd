"""The persona extractor that ships: rules, and what a model adds to them."""

from __future__ import annotations

from collections.abc import Sequence

from pal_model.persona import Persona
from pal_model.persona_extractor import BatchPersonaExtractor, PersonaExtractor, extract_each
from pal_model.persona_sentences import new_sentences


class CombinedPersonaExtractor:
    """Says what a first extractor finds, then what a second one adds.

    Rules reword what they understand, and leave out the rest; a model generalises, and is now and
    then wrong. Where both read the same words, the first is believed.
    """

    def __init__(self, first: PersonaExtractor, second: BatchPersonaExtractor) -> None:
        """Take two extractors."""
        self._first = first
        self._second = second

    def extract(self, seeker_utterances: Sequence[str]) -> Persona:
        """Return the persona that `seeker_utterances` (oldest first) support; it may be empty."""
        return self.extract_batch([seeker_utterances])[0]

    def extract_batch(self, batch: Sequence[Sequence[str]]) -> list[Persona]:
        """Return the persona of each seeker's utterances, all in one batch."""
        pairs = zip(
            extract_each(self._first, batch), extract_each(self._second, batch), strict=True
        )
        return [found.merge(new_sentences(added, found)) for found, added in pairs]
