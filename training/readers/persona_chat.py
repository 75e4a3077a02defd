"""PERSONA-CHAT (Zhang et al. 2018) in ParlAI's text layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pal_model import Conversation, Persona, Speaker, Utterance
from training.readers.persona_dialogue import PersonaDialogue
from training.readers.records import Malformed, parsed, read_lines

_OWN, _PARTNER = "your persona: ", "partner's persona: "


@dataclass(frozen=True, slots=True)
class PersonaChatTurn:
    """One response, what was said before it, and the persona of who gives it."""

    persona: tuple[str, ...]
    partner_persona: tuple[str, ...]
    history: tuple[str, ...]
    response: str


def read_persona_chat(
    path: Path, *, malformed: list[Malformed] | None = None
) -> Iterator[PersonaDialogue]:
    """Yield the dialogues of a file, in its order; "your" persona is the supporter's.

    Args:
        path: any variant, with one persona or both, with or without candidates.
        malformed: takes dialogues that cannot be read; None to end at the first.

    Raises:
        CorpusError: the file is missing, or a dialogue malformed; the message names file, dialogue
            and line.
    """
    for dialogue in parsed(path, _numbered_dialogues(path), _dialogue, malformed):
        if dialogue is not None:
            yield dialogue


def responses(dialogue: PersonaDialogue) -> Iterator[PersonaChatTurn]:
    """Yield every response of the supporter in `dialogue`."""
    texts = [utterance.text for utterance in dialogue.conversation.utterances]
    for index in range(1, len(texts), 2):
        yield PersonaChatTurn(
            tuple(dialogue.supporter_persona),
            tuple(dialogue.seeker_persona),
            tuple(texts[:index]),
            texts[index],
        )


def _numbered_dialogues(path: Path) -> Iterator[list[tuple[int, str]]]:
    """Yield each dialogue as (number of the line in the file, line); one begins at a line "1 "."""
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(read_lines(path), start=1):
        if line.startswith("1 ") and lines:
            yield lines
            lines = []
        lines.append((number, line.rstrip("\n")))
    if lines:
        yield lines


def _dialogue(lines: Sequence[tuple[int, str]]) -> PersonaDialogue:
    own: list[str] = []
    partner: list[str] = []
    utterances: list[Utterance] = []
    for number, line in lines:
        index, _, text = line.partition(" ")
        if not index.isdecimal() or not text:
            raise ValueError(
                f"line {number}: expected a number, a blank and text. Name a file of PERSONA-CHAT "
                "in ParlAI's layout."
            )
        if text.startswith(_OWN):
            own.append(text.removeprefix(_OWN))
        elif text.startswith(_PARTNER):
            partner.append(text.removeprefix(_PARTNER))
        else:
            said, tab, response = text.partition("\t")
            response = response.partition("\t")[0]  # then come rewards and candidates
            if not tab or not response:
                raise ValueError(
                    f"line {number}: expected two utterances with a tab in between. Name a file "
                    "of PERSONA-CHAT in ParlAI's layout."
                )
            utterances.append(Utterance(Speaker.SEEKER, said))
            utterances.append(Utterance(Speaker.SUPPORTER, response))
    return PersonaDialogue(Conversation(tuple(utterances)), Persona.of(partner), Persona.of(own))
