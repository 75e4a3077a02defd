"""ESConv (Liu et al. 2021) and its relatives: real emotional-support conversations.

They are not part of this project; their licence, CC BY-NC 4.0, allows research use.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pal_model import Conversation, Persona, Speaker, conversation_from_record
from training.readers.records import (
    CorpusError,
    Malformed,
    find_corpus,
    parsed,
    read_json,
    read_lines,
)

PUBLISHED_AT = "https://github.com/thu-coai/Emotional-Support-Conversation"
SPLIT_FILE = "splits_seed13.json"
PERSONA_KEY = "persona"
"""Stands beside a supporter's utterance in PESConv, with a list of sentences."""

_FILE = Path("esconv", "ESConv.json")
_HUB_SPEAKERS = {"usr": "seeker", "sys": "supporter"}
_FAILED_SPEAKERS = {"speaker": "seeker", "listener": "supporter"}
_FAILED_STRATEGIES = {
    "Other": "Others",
    "Questions": "Question",
    "Restatement": "Restatement or Paraphrasing",
    "Approval and Reassurance": "Affirmation and Reassurance",
    "Direct Guidance": "Providing Suggestions",
}
"""Names from before ESConv's annotation was settled, and what they became."""


def find_esconv() -> Path:
    """Return the path of ESConv.json (see `find_corpus`).

    Raises:
        CorpusError: it is not here; the message says where ESConv is published.
    """
    return find_corpus(_FILE, "ESConv", PUBLISHED_AT)


def read_esconv(path: Path, *, malformed: list[Malformed] | None = None) -> Iterator[Conversation]:
    """Yield the conversations of a file in ESConv's published layout, in the file's order.

    Args:
        path: a JSON list of conversations.
        malformed: takes records that cannot be read, in whose place an empty conversation comes:
            splits name conversations by their index. None to end at the first.

    Raises:
        CorpusError: the file is missing, is not a JSON list, or a record is malformed; the message
            names file, index and reason.
    """
    return _read_list(path, conversation_from_record, malformed)


def read_failed_esconv(
    path: Path, *, malformed: list[Malformed] | None = None
) -> Iterator[Conversation]:
    """Yield the conversations that did not help; as `read_esconv`, but for the names in the file:
    `speaker` and `listener`, and strategies that ESConv calls otherwise.
    """

    def parse(record: Any) -> Conversation:
        return conversation_from_record(_renamed(record, _FAILED_SPEAKERS, "content"))

    return _read_list(path, parse, malformed)


def read_hub_esconv(
    path: Path, *, malformed: list[Malformed] | None = None
) -> Iterator[Conversation]:
    """Yield the conversations of a part of `thu-coai/esconv`, as the hub has it: one JSON object a
    line, speakers `usr` and `sys`, the strategy beside the text.

    Raises:
        CorpusError: the file is missing or a record is malformed.
    """

    def parse(line: str) -> Conversation:
        return conversation_from_record(_renamed(json.loads(line), _HUB_SPEAKERS, "text"))

    for conversation in parsed(path, read_lines(path), parse, malformed):
        yield Conversation() if conversation is None else conversation


def read_pesconv(path: Path) -> Iterator[tuple[Conversation, dict[int, Persona]]]:
    """Yield the conversations of a file that `training.annotate_persona` wrote, each with what was
    known about the seeker before each of the supporter's utterances, by index.

    Raises:
        CorpusError: the file is missing, of another layout, or without personas.
    """
    records = read_json(path)
    for index, (record, conversation) in enumerate(zip(records, read_esconv(path), strict=True)):
        personas = {
            place: Persona.of(turn[PERSONA_KEY])
            for place, turn in enumerate(record["dialog"])
            if PERSONA_KEY in turn
        }
        if not personas and any(u.speaker is Speaker.SUPPORTER for u in conversation.utterances):
            raise CorpusError(
                f"{path}, record {index}: no utterance has the key {PERSONA_KEY!r}. Name a file "
                "that training.annotate_persona wrote."
            )
        yield conversation, personas


def has_personas(path: Path) -> bool:
    """Return whether `training.annotate_persona` wrote to a file, so that it is for `read_pesconv`.

    Raises:
        CorpusError: the file is missing or of another layout.
    """
    list(read_esconv(path))  # or the error of another layout
    return any(PERSONA_KEY in turn for record in read_json(path) for turn in record["dialog"])


def _read_list(
    path: Path, parse: Callable[[Any], Conversation], malformed: list[Malformed] | None
) -> Iterator[Conversation]:
    records = read_json(path)
    if not isinstance(records, list):
        raise CorpusError(
            f"{path} holds a JSON {type(records).__name__}; ESConv is a list of conversations."
        )
    for conversation in parsed(path, records, parse, malformed):
        yield Conversation() if conversation is None else conversation


def _renamed(record: Any, speakers: dict[str, str], text_key: str) -> Any:
    """Return `record` in ESConv's own words."""
    dialog = []
    for turn in record["dialog"]:
        name = turn.get("strategy") or turn.get("annotation", {}).get("strategy")
        dialog.append(
            {
                "speaker": speakers.get(turn["speaker"], turn["speaker"]),
                "content": turn[text_key],
                "annotation": {"strategy": _FAILED_STRATEGIES.get(name, name)} if name else {},
            }
        )
    return {"situation": record.get("situation"), "dialog": dialog}


def read_split(path: Path, scheme: str, part: str) -> list[int]:
    """Return the indices into ESConv.json of one part of a split.

    Args:
        path: a JSON file `{scheme: {part: [index, ...]}}`.
        scheme: a way of splitting, such as "pal".
        part: such as "train", "valid" or "test".

    Raises:
        CorpusError: the file is missing, of another layout, or has no such split.
    """
    schemes = read_json(path)
    try:
        indices = schemes[scheme][part]
    except (KeyError, TypeError):
        known = ", ".join(_split_names(schemes)) or "none"
        raise CorpusError(f"{path} has no split {scheme}/{part}; it has: {known}.") from None
    if not isinstance(indices, list) or not all(type(index) is int for index in indices):
        raise CorpusError(f"The split {scheme}/{part} of {path} is not a list of whole numbers.")
    if len(set(indices)) < len(indices):
        twice = next(index for index in indices if indices.count(index) > 1)
        raise CorpusError(f"{path}: conversation {twice} is in {scheme}/{part} twice. Delete one.")
    return indices


def _split_names(schemes: Any) -> list[str]:
    if not isinstance(schemes, dict):
        return []
    return [
        f"{scheme}/{part}"
        for scheme, parts in schemes.items()
        if isinstance(parts, dict)
        for part in parts
    ]
