"""What is known about the seeker at each turn of a conversation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
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
    return inferred_of_each([conversation], extractor)[0]


def inferred_of_each(
    conversations: Iterable[Conversation], extractor: PersonaExtractor
) -> list[TurnPersonas]:
    """Return the `inferred_personas` of each of `conversations`; all of them are one batch."""
    new = [_new_in_turns(conversation) for conversation in conversations]
    unread = [said for of_one in new for said in of_one.values() if said]
    told = iter(extract_each(extractor, unread))
    nothing = Persona()
    return [
        _accumulated({index: next(told) if said else nothing for index, said in of_one.items()})
        for of_one in new
    ]


def _new_in_turns(conversation: Conversation) -> dict[int, tuple[str, ...]]:
    """Return what the seeker has said since the supporter's last utterance, by the index of each
    of the supporter's.
    """
    new = {}
    read = 0
    for index, utterance in enumerate(conversation.utterances):
        if utterance.speaker is Speaker.SUPPORTER:
            new[index] = unread_utterances(Conversation(conversation.utterances[:index]), read)
            read += len(new[index])
    return new


def _accumulated(told: Mapping[int, Persona]) -> TurnPersonas:
    return dict(zip(told, accumulate(told.values(), Persona.merge), strict=True))


def raw_personas(conversation: Conversation) -> TurnPersonas:
    """Take the seeker's utterances themselves, such as the published code was fed."""
    return {
        index: Persona.of(Conversation(conversation.utterances[:index]).seeker_utterances)
        for index, utterance in enumerate(conversation.utterances)
        if utterance.speaker is Speaker.SUPPORTER
    }


def personas_from(
    source: PersonaSource, conversations: Sequence[Conversation], extractor: PersonaExtractor
) -> list[TurnPersonas]:
    """Return the personas of each of `conversations` from a source of that name; "none" knows
    nothing.

    Raises:
        ValueError: the source is "annotated", which are in a file and not in the conversations.
    """
    if source == "annotated":
        raise ValueError("Annotated personas are read with training.readers.esconv.read_pesconv.")
    if source == "inferred":
        return inferred_of_each(conversations, extractor)
    return [raw_personas(c) if source == "raw" else {} for c in conversations]
