"""Inferring the seeker's persona from what the seeker said (PAL, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from pal_model.conversation import Conversation
from pal_model.embedded import SHIPPED_PERSONA_EXTRACTOR
from pal_model.persona import Persona
from pal_model.rule_persona_extractor import RulePersonaExtractor

RULES = "rules"
"""The name of the extractor that needs no model."""

EMBEDDED_EXTRACTOR = "embedded"
"""The name of the default: the rules, and what the LoRA that ships adds to them."""

FIRST_UTTERANCE_WITH_PERSONA = 3
"""The conversation's utterance from which on a persona is inferred; before it stand greetings."""


class PersonaExtractor(Protocol):
    """Anything that reads a seeker's utterances and says who the seeker is."""

    def extract(self, seeker_utterances: Sequence[str]) -> Persona:
        """Return the persona that `seeker_utterances` (oldest first) support; it may be empty."""
        ...


@runtime_checkable
class BatchPersonaExtractor(PersonaExtractor, Protocol):
    """One that reads several seekers' utterances faster together than one after the other."""

    def extract_batch(self, batch: Sequence[Sequence[str]]) -> list[Persona]:
        """Return what `extract` returns of each seeker's utterances."""
        ...


def extract_each(extractor: PersonaExtractor, batch: Sequence[Sequence[str]]) -> list[Persona]:
    """Return the persona of each seeker's utterances, read together where that is faster."""
    if isinstance(extractor, BatchPersonaExtractor):
        return extractor.extract_batch(batch)
    return [extractor.extract(said) for said in batch]


def infer_persona(
    extractor: PersonaExtractor,
    conversation: Conversation,
    known: Persona | None = None,
    *,
    already_read: int = 0,
) -> Persona:
    """Return `known` and what `conversation` adds to it (PAL, Table 1).

    Only the seeker's utterances are read. Nothing is inferred before the third utterance of the
    conversation (PAL, section 3.2); from then on the earlier ones are read too.

    Args:
        extractor: what reads them.
        conversation: the whole of it.
        known: the persona so far.
        already_read: number of seeker utterances from which `known` was inferred; the others are
            read.
    """
    known = known or Persona()
    unread = unread_utterances(conversation, already_read)
    return known.merge(extractor.extract(unread)) if unread else known


def infer_personas(
    extractor: PersonaExtractor,
    conversations: Sequence[Conversation],
    known: Sequence[Persona | None],
) -> list[Persona]:
    """Return the `infer_persona` of each conversation, whose persona so far is at its place in
    `known`; what is to be read is read together where that is faster.
    """
    unread = [unread_utterances(conversation, 0) for conversation in conversations]
    added = iter(extract_each(extractor, list(filter(None, unread))))
    return [
        (before or Persona()).merge(next(added) if said else ())
        for said, before in zip(unread, known, strict=True)
    ]


def unread_utterances(conversation: Conversation, already_read: int) -> tuple[str, ...]:
    """Return what the seeker said behind the first `already_read` utterances; nothing before the
    third utterance of the conversation (PAL, section 3.2).
    """
    if len(conversation.utterances) < FIRST_UTTERANCE_WITH_PERSONA:
        return ()
    return tuple(conversation.seeker_utterances[already_read:])


def find_extractor(name: str) -> Path | None:
    """Return the folder of the extractor called `name`; None for rules, or a name of the hub."""
    folder = SHIPPED_PERSONA_EXTRACTOR if name == EMBEDDED_EXTRACTOR else Path(name)
    return folder if name != RULES and folder.is_dir() else None


def load_persona_extractor(
    name: str = RULES, *, device: str | None = None, home: Path | None = None
) -> PersonaExtractor:
    """Return the extractor called `name`.

    Args:
        name: "rules", "embedded", the folder of a fine-tuned model, or a model of the hub.
        device: for a model, such as "cuda:0"; default "cpu".
        home: for a model, where the converted embedded one is kept; default `default_home()`.

    Raises:
        ModelLoadError: there is no such model, or it cannot be used.
    """
    if name == RULES:
        return RulePersonaExtractor()
    # Here, for reading a conversation by the rules needs no torch.
    from pal_model.combined_persona_extractor import CombinedPersonaExtractor
    from pal_model.model_persona_extractor import ModelPersonaExtractor

    is_embedded = name == EMBEDDED_EXTRACTOR
    folder = str(SHIPPED_PERSONA_EXTRACTOR) if is_embedded else name
    model = ModelPersonaExtractor.load(folder, device=device or "cpu", home=home)
    return CombinedPersonaExtractor(RulePersonaExtractor(), model) if is_embedded else model
