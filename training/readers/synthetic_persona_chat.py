"""Synthetic-Persona-Chat (Jandaghi et al. 2023): dialogues written by a language model."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from pal_model import Conversation, Persona, Speaker, Utterance
from training.readers.persona_dialogue import PersonaDialogue
from training.readers.records import CorpusError, Malformed, parsed, read_lines

COLUMNS = ("user 1 personas", "user 2 personas", "Best Generated Conversation")
_SPEAKERS = {"1": Speaker.SEEKER, "2": Speaker.SUPPORTER}
# A few lines carry a stray mark in front of the name.
_LINE = re.compile(r"\W*user ?([12])\W*?[:.]\s*(.*)", re.IGNORECASE | re.DOTALL)


def read_synthetic_persona_chat(
    path: Path, *, malformed: list[Malformed] | None = None
) -> Iterator[PersonaDialogue]:
    """Yield the dialogues of a published CSV file, in its order.

    Args:
        path: a file with the columns `COLUMNS`.
        malformed: takes records that cannot be read; None to end at the first.

    Raises:
        CorpusError: the file is missing, has other columns, or a record is malformed.
    """
    rows = csv.DictReader(read_lines(path))
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise CorpusError(
            f"{path} has no column {', '.join(map(repr, missing))}. Name a CSV file of "
            "Synthetic-Persona-Chat."
        )
    for dialogue in parsed(path, rows, _dialogue, malformed):
        if dialogue is not None:
            yield dialogue


def _dialogue(row: dict[str, str]) -> PersonaDialogue:
    first, second, said = (row[name] for name in COLUMNS)
    utterances: list[Utterance] = []
    for line in filter(str.strip, said.splitlines()):
        match = _LINE.fullmatch(line)
        if match:
            utterances.append(Utterance(_SPEAKERS[match[1]], match[2].strip()))
        elif utterances:  # a paragraph of what the last one says
            last = utterances.pop()
            utterances.append(Utterance(last.speaker, f"{last.text} {line.strip()}".strip()))
        else:
            raise ValueError(f"the first line is {line[:60]!r}; it must begin with 'User 1:'.")
    if not utterances:
        raise ValueError("there is no utterance.")
    return PersonaDialogue(
        Conversation(tuple(utterances)),
        Persona.of(filter(None, map(str.strip, first.splitlines()))),
        Persona.of(filter(None, map(str.strip, second.splitlines()))),
    )
