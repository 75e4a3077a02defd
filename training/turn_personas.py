"""What is known about the seeker at each turn of a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pal_model import Conversation, Persona, PersonaExtractor, Speaker
from pal_model.persona_extractor import extract_each, unread_utterances

PersonaSource = Literal["annotated", "inferred", "raw", "none"]

TurnPersonas = Mapping[int, Persona]
"""The persona before each of a supporter's utterances, by its index in the conversation."""


def inferred_personas(conversation: Conversation, extractor: PersonaExtractor) -> TurnPersonas:
    """Infer personas as when served: accumulated from the third utterance of the conversation on,
    each of the seeker's utterances read once (PAL, section 3.2 and Table 1).

    What is new in each turn is read apart from the others, but all in one batch.
    """
    turns = [
        index
        for index, utterance in enumerate(conversation.utterances)
        if utterance.speaker is Speaker.SUPPORTER
    ]
    new: list[tuple[str, ...]] = []
    read = 0
    for index in turns:
        new.append(unread_utterances(Conversation(conversation.utterances[:index]), read))
        read += len(new[-1])
    told = iter(extract_each(extractor, [said for said in new if said]))
    persona = Persona()
    personas = {}
    for index, said in zip(turns, new, strict=True):
        persona = persona.merge(next(told)) if said else persona
        personas[index] = persona
    return personas


def raw_personas(conversation: Conversation) -> TurnPersonas:
    """Take the seeker's utterances themselves, such as the published code was fed."""
    return {
        index: Persona.of(Conversation(conversation.utterances[:index]).seeker_utterances)
        for index, utterance in enumerate(conversation.utterances)
        if utterance.speaker is Speaker.SUPPORTER
    }


def personas_from(
    source: PersonaSource, conversation: Conversation, extractor: PersonaExtractor
) -> TurnPersonas:
    """Return the personas of `conversation` from a source of that name; "none" knows nothing.

    Raises:
        ValueError: the source is "annotated", which are in a file and not in the conversation.
    """
    if source == "annotated":
        raise ValueError("Annotated personas are read with training.readers.esconv.read_pesconv.")
    if source == "inferred":
        return inferred_personas(conversation, extractor)
    return raw_personas(conversation) if source == "raw" else {}
