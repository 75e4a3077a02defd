"""Corpora of one JSON object a line that holds a list of utterances."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pal_model import Conversation, Speaker, Utterance
from training.readers.records import Malformed, parsed, read_lines


def read_utterance_lists(
    path: Path,
    speakers: Mapping[str, Speaker],
    *,
    part: str | None = None,
    malformed: list[Malformed] | None = None,
) -> Iterator[Conversation]:
    """Yield the conversations of a file, in its order.

    Args:
        path: `{"split": ..., "situation": ..., "utterances": [{"speaker": ..., "text": ...}]}` a
            line, where split and situation may be absent; may end in `.gz`.
        speakers: whom the names of speakers stand for.
        part: such as "train", to yield that part of the official split alone.
        malformed: takes records that cannot be read; None to end at the first.

    Raises:
        CorpusError: the file is missing or a record malformed.
    """

    def parse(line: str) -> Conversation | None:
        record = json.loads(line)
        if part is not None and record["split"] != part:
            return None
        return _conversation(record, speakers)

    for conversation in parsed(path, read_lines(path), parse, malformed):
        if conversation is not None:
            yield conversation


def _conversation(record: Any, speakers: Mapping[str, Speaker]) -> Conversation:
    utterances = []
    for said in record["utterances"]:
        name, text = said["speaker"], said["text"]
        if name not in speakers:
            raise ValueError(f"the speaker is {name!r}; it must be one of {', '.join(speakers)}.")
        if not isinstance(text, str):
            raise TypeError(f"the text of an utterance is {text!r}; it must be a string.")
        utterances.append(Utterance(speakers[name], text.strip()))
    situation = record.get("situation")
    return Conversation(tuple(utterances), situation.strip() if situation else None)
