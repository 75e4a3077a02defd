"""The parts of ESConv as supporter turns with personas."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from pal_model.persona_extractor import RULES, load_persona_extractor
from training.examples import SupporterTurn, supporter_turns
from training.provenance import file_hash
from training.readers.esconv import (
    SPLIT_FILE,
    find_esconv,
    read_esconv,
    read_pesconv,
    read_split,
)
from training.readers.records import CorpusError
from training.turn_personas import PersonaSource, personas_from


@dataclass(frozen=True, slots=True)
class EsconvTurns:
    """Turns, conversation by conversation, and the SHA-256 of the files that they were read from.

    Attributes:
        parts: of each part that was asked for, each conversation's turns.
        indices: of each part, the conversations' places in ESConv.json.
        hashes: by the files' names.
    """

    parts: dict[str, list[list[SupporterTurn]]]
    indices: dict[str, list[int]]
    hashes: dict[str, str]


def read_turns(
    path: Path | None,
    split: str,
    parts: Sequence[str],
    persona: PersonaSource,
    extractor_name: str = "rules",
    *,
    seed: int | None = None,
    limits: dict[str, int | None] | None = None,
    consecutive: bool = False,
) -> EsconvTurns:
    """Read some parts of a split.

    Args:
        path: ESConv.json, the split beside it; None for where it is found.
        split: such as "pal".
        parts: such as ("train", "valid").
        persona: where personas are from.
        extractor_name: for inferred ones.
        seed: shuffles each part: the corpus is in the order of its making, and the first
            conversations of a part are to stand for all. None leaves the order.
        limits: number of conversations of a part that are read at most.
        consecutive: as `supporter_turns` takes it.

    Raises:
        CorpusError: a file is missing or malformed, a part not there, or a conversation in two.
    """
    path = path or find_esconv()
    annotated = list(read_pesconv(path)) if persona == "annotated" else None
    conversations = list(read_esconv(path))
    split_file = path.with_name(SPLIT_FILE)
    indices = {part: read_split(split_file, split, part) for part in parts}
    _require_apart(split_file, indices, len(conversations))
    # Each process of a training by torchrun has a GPU of its own.
    gpu = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    device = gpu if torch.cuda.is_available() else None
    needed = extractor_name if persona == "inferred" else RULES  # which need no model
    extractor = load_persona_extractor(needed, device=device)
    result: dict[str, list[list[SupporterTurn]]] = {}
    for part, chosen in indices.items():
        if seed is not None:
            random.Random(seed).shuffle(chosen)  # noqa: S311  (repeatable, no secret)
        limit = (limits or {}).get(part)
        del chosen[len(chosen) if limit is None else limit :]
        chosen_ones = [conversations[index] for index in chosen]
        personas = (
            [annotated[index][1] for index in chosen]
            if annotated is not None
            else personas_from(persona, chosen_ones, extractor)
        )
        result[part] = [
            list(supporter_turns(conversation, of_one, consecutive=consecutive))
            for conversation, of_one in zip(chosen_ones, personas, strict=True)
        ]
    return EsconvTurns(result, indices, {file.name: file_hash(file) for file in (path, split_file)})


def _require_apart(split_file: Path, indices: dict[str, list[int]], count: int) -> None:
    owners: dict[int, str] = {}
    for part, chosen in indices.items():
        for index in chosen:
            if not 0 <= index < count:
                raise CorpusError(
                    f"{split_file}: conversation {index} is in {part}, and ESConv.json has {count} "
                    f"of them, from 0 to {count - 1}. Use the split that belongs to it."
                )
            if owners.setdefault(index, part) != part:
                raise CorpusError(
                    f"{split_file}: conversation {index} is in {owners[index]} and in {part}. A "
                    "model must not be measured on what it was trained on; mend the split."
                )
