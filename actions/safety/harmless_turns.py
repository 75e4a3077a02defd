"""What people say who are, nearly all of them, in no danger: from public corpora, to learn from and
to measure false alarms on.

The layouts are read here, and not by `training.readers`, because the action server's packages do
not know the training package.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from pal_model import Speaker, conversation_from_record

SPLIT_FILE = "splits_seed13.json"

DANGEROUS = Path(__file__).with_name("not_harmless.txt")
"""`fingerprint`s of messages whose writers, or people they speak of, may be in danger: seven of
ESConv's training part, found by reading the 156 that an earlier classifier was surest of, and 311
of EmpatheticDialogues and PERSONA-CHAT, by reading the 2,429 that a later one flagged.
"""


def seeker_turns(esconv: Path, part: str) -> list[str]:
    """Return what seekers said in a part of ESConv, split `pal`.

    Args:
        esconv: ESConv.json, with the splits beside it.
        part: "train", "valid" or "test".
    """
    records = json.loads(esconv.read_text("utf-8"))
    indices = json.loads(esconv.with_name(SPLIT_FILE).read_text("utf-8"))["pal"][part]
    return [
        utterance.text
        for index in indices
        for utterance in conversation_from_record(records[index]).utterances
        if utterance.speaker is Speaker.SEEKER and utterance.text.strip()
    ]


def dialogue_turns(dialogues: Path, part: str, speaker: str | None = None) -> list[str]:
    """Return what is said in a part of EmpatheticDialogues or DailyDialog: JSON lines, may be
    gzipped.

    Args:
        dialogues: the file.
        part: "train", "valid" or "test".
        speaker: whose words; in EmpatheticDialogues the "speaker" tells of a feeling and the
            "listener" answers. None for all.
    """
    opened = gzip.open if dialogues.suffix == ".gz" else open
    with opened(dialogues, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return [
        said["text"].strip()
        for record in records
        if record["split"] == part
        for said in record["utterances"]
        if speaker in (None, said["speaker"])
    ]


def chatted_turns(persona_chat: Path) -> list[str]:
    """Return the utterances of a file of PERSONA-CHAT in ParlAI's layout."""
    numbered = persona_chat.read_text("utf-8").splitlines()
    texts = [line.partition(" ")[2] for line in numbered]
    # Two utterances, then rewards and candidates; personas have no tab.
    return [said for text in texts if "\t" in text for said in text.split("\t")[:2]]


def fingerprint(text: str) -> str:
    """Return what tells a message from others without its words, in 16 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def without_dangerous(texts: Iterable[str]) -> list[str]:
    """Return the messages without those that a reader found to be `DANGEROUS`."""
    dangerous = frozenset(DANGEROUS.read_text("utf-8").split())
    return [text for text in texts if fingerprint(text) not in dangerous]
