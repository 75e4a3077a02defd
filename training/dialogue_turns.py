"""Turns of corpora of everyday dialogue, which a generator may learn from before ESConv."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from pal_model import Conversation
from training.examples import SupporterTurn, unlabelled_turns
from training.readers.daily_dialog import read_daily_dialog
from training.readers.empathetic_dialogues import read_empathetic_dialogues
from training.readers.records import find_corpus

GeneratorCorpus = Literal["esconv", "empathetic_dialogues", "daily_dialog"]

_READERS: dict[GeneratorCorpus, tuple[Callable[..., Iterator[Conversation]], str, str]] = {
    "empathetic_dialogues": (
        read_empathetic_dialogues,
        "EmpatheticDialogues",
        "https://github.com/facebookresearch/EmpatheticDialogues",
    ),
    "daily_dialog": (read_daily_dialog, "DailyDialog", "http://yanran.li/dailydialog"),
}


def find_dialogues(corpus: GeneratorCorpus) -> Path:
    """Return where a corpus is.

    Raises:
        CorpusError: it is not here; the message says where it is published.
    """
    _, name, published_at = _READERS[corpus]
    return find_corpus(Path(corpus, f"{corpus}.jsonl.gz"), name, published_at)


def read_dialogue_turns(
    corpus: GeneratorCorpus,
    path: Path,
    limits: Mapping[str, int | None],
    seed: int,
) -> dict[str, list[list[SupporterTurn]]]:
    """Read parts of the official split of a corpus.

    Args:
        corpus: which.
        path: its file.
        limits: of each part that is read, the number of dialogues at most; None for all.
        seed: shuffles each part.

    Raises:
        CorpusError: the file is missing or malformed.
    """
    read, *_ = _READERS[corpus]
    parts = {}
    for part, limit in limits.items():
        turns = [list(unlabelled_turns(dialogue)) for dialogue in read(path, part=part)]
        random.Random(seed).shuffle(turns)  # noqa: S311  (repeatable, no secret)
        parts[part] = turns[:limit]
    return parts
