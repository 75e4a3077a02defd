"""A persona extractor that needs no training: hand-written rules (stands in for PAL's BART)."""

from __future__ import annotations

from collections.abc import Sequence

from pal_model.persona import Persona
from pal_model.rules.clauses import clauses
from pal_model.rules.statements import statements


class RulePersonaExtractor:
    """Picks the seeker's own statements and puts them plainly (PAL, section 3.2).

    It rewords, it never infers: every content word of a sentence is the seeker's. What it is not
    sure of it leaves out, for a wrong persona sentence hurts more than a missing one.
    """

    def extract(self, seeker_utterances: Sequence[str]) -> Persona:
        """Return the persona that `seeker_utterances` (oldest first) support; it may be empty."""
        return Persona.of(
            sentence
            for utterance in seeker_utterances
            for sentence in statements(clauses(utterance))
        )
