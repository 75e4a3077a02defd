"""Which sentences of a persona each utterance of PERSONA-CHAT rests on.

One JSON object a line: `split`, `conversation`, `turn`, `utterance`, and `persona`, a list of
objects with `side` ("your" or "partner") and `sentence`. They were found by the triples of
Dialogue NLI (Welleck et al. 2019), which has the dialogues in an order of its own and writes out
contractions.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from training.readers.persona_dialogue import PersonaDialogue
from training.readers.records import CorpusError, parsed, read_lines

ALIGNMENT_FILE = "utterance_persona_alignment.jsonl.gz"
"""Stands beside the corpus."""

AlignedDialogue = list[tuple[str, ...]]
"""For each utterance of a dialogue the sentences about its speaker that it rests on."""

_SIDES = ("partner", "your")
"""Whose persona is that of who speaks first, and second."""

_WORD = re.compile(r"[\w']+")
_SHORTEST_WORD = 4  # in letters: "I'm" is "am" elsewhere
# What contractions are written out to, as far as that is long enough to count.
_AUXILIARIES = frozenset({"cannot", "could", "does", "have", "might", "must", "need", "shall"})
_AUXILIARIES |= {"should", "were", "will", "would"}


def read_persona_alignment(
    path: Path, split: str, dialogues: Sequence[PersonaDialogue]
) -> list[AlignedDialogue]:
    """Return what each utterance of `dialogues` rests on.

    Args:
        path: the alignment.
        split: such as "valid".
        dialogues: any of that split.

    Raises:
        CorpusError: the file is missing or malformed, or has not all of the dialogues.
    """
    said, aligned = _read(path, split)
    places: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for index, texts in said.items():
        for text in texts:
            places[_signature(text)].add(index)
    result = []
    for number, dialogue in enumerate(dialogues):
        texts = [utterance.text for utterance in dialogue.conversation.utterances]
        votes = Counter(i for text in texts for i in places.get(_signature(text), ()))
        best, count = votes.most_common(1)[0] if votes else (-1, 0)
        if count < len(texts) / 2 or len(said[best]) != len(texts):
            raise CorpusError(
                f"{path} has no alignment of dialogue {number}, which is to be in {split!r}. Name "
                "the alignment that was made for this file, or ask for targets that need none."
            )
        result.append(aligned[best])
    return result


def _read(path: Path, split: str) -> tuple[dict[int, list[str]], dict[int, AlignedDialogue]]:
    """Return the utterances of each dialogue, and what they rest on."""
    said: dict[int, list[str]] = defaultdict(list)
    aligned: dict[int, AlignedDialogue] = defaultdict(list)
    records: Iterator[Any] = parsed(path, read_lines(path), json.loads, None)
    for record in records:
        if record["split"] == split:
            side = _SIDES[record["turn"] % 2]
            found = [each["sentence"] for each in record["persona"] if each["side"] == side]
            said[record["conversation"]].append(record["utterance"])
            aligned[record["conversation"]].append(tuple(found))
    return said, aligned


def _signature(text: str) -> tuple[str, ...]:
    """Return the words of an utterance that are the same with and without contractions."""
    return tuple(
        word
        for word in _WORD.findall(text)
        if len(word) >= _SHORTEST_WORD and "'" not in word and word not in _AUXILIARIES
    )
