"""A dialogue of two whose personas are known."""

from __future__ import annotations

from dataclasses import dataclass

from pal_model import Conversation, Persona


@dataclass(frozen=True, slots=True)
class PersonaDialogue:
    """Who speaks first is the seeker, the other the supporter.

    Attributes:
        conversation: what they say.
        seeker_persona: sentences about the seeker; may be empty where the corpus shows but one.
        supporter_persona: sentences about the supporter.
    """

    conversation: Conversation
    seeker_persona: Persona
    supporter_persona: Persona
