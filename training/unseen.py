"""Tells whether a model learnt from the conversations that it is to be measured on."""

from __future__ import annotations

import json
import random
from pathlib import Path

from pal_model import PalError
from training.fitting import RECIPE_FILE, RUN_FILE
from training.provenance import file_hash
from training.readers.esconv import SPLIT_FILE, read_split
from training.stages import Stage, stages_of


class OverlapError(PalError):
    """What a model is to be measured on overlaps what it learnt from, or may do so."""


def require_unseen(model: str, split: str, part: str, esconv: Path) -> None:
    """Make sure that a model has not learnt from what it is measured on.

    Args:
        model: a base model or a folder.
        split: of ESConv, such as "pal".
        part: of the split, such as "test".
        esconv: ESConv.json, its splits beside it.

    Raises:
        OverlapError: it has, or it learnt from other files, so that nobody can tell.
        StageError: a stage of its training is gone.
        CorpusError: there is no such split or part.
    """
    split_file = esconv.with_name(SPLIT_FILE)
    for stage in stages_of(model):
        config = stage.recipe
        if config.data.corpus != "esconv":
            continue
        _require_files_of(stage, esconv, split_file)
        learnt = read_split(split_file, config.data.split, "train")
        random.Random(config.seed).shuffle(learnt)  # noqa: S311  (as in training)
        seen = set(read_split(split_file, split, part)).intersection(
            learnt[: config.data.train_conversations]
        )
        if seen:
            raise OverlapError(
                f"{model} was trained on {len(seen)} of the conversations in {split}/{part} (see "
                f"{stage.folder / RECIPE_FILE}), such as {sorted(seen)[:3]}. Measure it on the "
                f"{part} part of {config.data.split!r}: name that by --split."
            )


def _require_files_of(stage: Stage, esconv: Path, split_file: Path) -> None:
    """Make sure that a stage learnt from the files in use, where it recorded their hashes: indices
    name the same conversations in no others.
    """
    hashes: dict[str, str] = dict(stage.facts.get("data", {}))
    split_hash = hashes.pop(SPLIT_FILE, None)
    esconv_hash = next(iter(hashes.values()), None)
    in_use = ((esconv, esconv_hash, _origin(esconv)), (split_file, split_hash, ()))
    for file, learnt, origin in in_use:
        found = file_hash(file)
        if learnt not in (None, found, *origin):
            raise OverlapError(
                f"{stage.folder} was trained with a file whose SHA-256 is {learnt} (see "
                f"{RUN_FILE}), and {file} has {found}: whether it learnt from what it is to be "
                f"measured on cannot be told. Name by --esconv the {esconv.name} of the training, "
                f"with its {SPLIT_FILE} beside it, or train again on this one."
            )


def _origin(esconv: Path) -> tuple[str, ...]:
    """Return the hash of the ESConv.json that `training.annotate_persona` made a file from."""
    manifest = esconv.with_name(f"{esconv.stem}.manifest.json")
    if not manifest.exists():
        return ()
    made = json.loads(manifest.read_text(encoding="utf-8"))
    return (made["data"],) if made["output"] == file_hash(esconv) else ()
