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

_Signature = tuple[str, ...]
_Aligned = tuple[_Signature, tuple[str, ...]]  # an utterance, and what it rests on

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
    aligned = _read(path, split)
    places: dict[_Signature, set[int]] = defaultdict(set)
    for index, utterances in aligned.items():
        for signature, _ in utterances:
            places[signature].add(index)
    result = []
    for number, dialogue in enumerate(dialogues):
        said = [_signature(utterance.text) for utterance in dialogue.conversation.utterances]
        votes = Counter(index for signature in said for index in places.get(signature, ()))
        # Among those that share as many utterances, the one that has them in the same places.
        best = max(votes, key=lambda i: (votes[i], _in_place(said, aligned[i])), default=-1)
        if votes[best] < len(said) / 2:
            raise CorpusError(
                f"{path} has no alignment of dialogue {number}, which is to be in {split!r}. Name "
                "the alignment that was made for this file, or ask for targets that need none."
            )
        result.append([_sentences(turn, s, aligned[best]) for turn, s in enumerate(said)])
    return result


def _in_place(said: Sequence[_Signature], aligned: Sequence[_Aligned]) -> int:
    return sum(one == other for one, (other, _) in zip(said, aligned, strict=False))


def _sentences(turn: int, signature: _Signature, aligned: Sequence[_Aligned]) -> tuple[str, ...]:
    """Return what the utterance rests on; a few dialogues have their utterances in another order
    there.
    """
    own = [(place, found) for place, found in enumerate(aligned) if place % 2 == turn % 2]
    same = [(place != turn, found[1]) for place, found in own if found[0] == signature]
    return min(same)[1] if same else ()


def _read(path: Path, split: str) -> dict[int, list[_Aligned]]:
    """Return the utterances of each dialogue."""
    aligned: dict[int, list[_Aligned]] = defaultdict(list)
    records: Iterator[Any] = parsed(path, read_lines(path), json.loads, None)
    for record in records:
        if record["split"] == split:
            side = _SIDES[record["turn"] % 2]
            found = [each["sentence"] for each in record["persona"] if each["side"] == side]
            utterance = (_signature(record["utterance"]), tuple(found))
            aligned[record["conversation"]].append(utterance)
    return aligned


def _signature(text: str) -> _Signature:
    """Return the words of an utterance that are the same with and without contractions."""
    return tuple(
        word
        for word in _WORD.findall(text)
        if len(word) >= _SHORTEST_WORD and "'" not in word and word not in _AUXILIARIES
    )
