"""Tells whether a model, or alphas, came of the conversations that they are to be measured on."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path

from pal_model import PalError
from training.annotation import annotation_of
from training.fitting import RECIPE_FILE, RUN_FILE
from training.manifest import SEARCH_MANIFEST, read_manifest
from training.provenance import file_hash
from training.readers.esconv import SPLIT_FILE, read_split
from training.readers.records import CorpusError
from training.stages import Stage, is_trained, stages_of


class OverlapError(PalError):
    """What is to be measured on overlaps what was learnt from, or chosen by; or it may do so."""


def require_unseen(model: str, split: str, part: str, esconv: Path) -> None:
    """Make sure that a model has not learnt from what it is measured on, nor, if that is a test
    part, was chosen by it. Of a trained model without a word on what it learnt from, say so.

    Args:
        model: a base model or a folder.
        split: of ESConv, such as "pal".
        part: of the split, such as "test".
        esconv: ESConv.json, its splits beside it.

    Raises:
        OverlapError: it has, or it learnt from other files, so that nobody can tell.
        StageError: a stage of its training is gone.
        CorpusError: there is no such file, split or part.
    """
    if not esconv.is_file():
        raise CorpusError(f"Cannot read {esconv}: there is no such file. Name ESConv.json.")
    stages = stages_of(model)
    if not stages and is_trained(model):
        print(
            f"{model} has no {RECIPE_FILE}: whether it learnt from what it is measured on cannot "
            "be told.",
            file=sys.stderr,
        )
    split_file = esconv.with_name(SPLIT_FILE)
    for stage in stages:
        data = stage.recipe.data
        if data.corpus != "esconv":
            continue
        _require_files_of(stage, esconv, split_file)
        uses = [("was trained", "train", data.train_conversations)]
        if part == "test":
            uses.append(("was chosen by its loss", "valid", data.valid_conversations))
        measured = read_split(split_file, split, part)
        for what, used_part, limit in uses:
            used = read_split(split_file, data.split, used_part)
            random.Random(stage.recipe.seed).shuffle(used)  # noqa: S311  (as in training)
            if both := _in_both(measured, used[:limit]):
                raise OverlapError(
                    f"{model} {what} on {len(both)} of the conversations in {split}/{part} (see "
                    f"{stage.folder / RECIPE_FILE}), such as {both[:3]}. Measure it on the {part} "
                    f"part of {data.split!r}: name that by --split."
                )


def require_not_searched(alphas: Path, split: str, part: str, esconv: Path) -> None:
    """Make sure that alphas were not chosen on the test part that they are measured on, as far as
    the file that `training.search_alphas` leaves beside them tells.

    Args:
        alphas: their file.
        split: of ESConv, such as "pal".
        part: of the split, such as "test".
        esconv: ESConv.json, its splits beside it.

    Raises:
        OverlapError: they were, or nobody can tell.
        OtherRunError: what is beside them is no JSON.
        CorpusError: there is no such split or part.
    """
    manifest = alphas.with_name(SEARCH_MANIFEST)
    if part != "test" or not manifest.exists():
        return
    split_file = esconv.with_name(SPLIT_FILE)
    try:
        begun = read_manifest(manifest)
        search, split_hash = begun["search"], begun["data"][SPLIT_FILE]
        used = read_split(split_file, search["split"], search["part"])[: search["conversations"]]
    except (KeyError, TypeError) as error:
        raise OverlapError(
            f"{manifest} cannot be used: {error!r}. On what the alphas were chosen cannot be told: "
            "search again."
        ) from error
    if split_hash != file_hash(split_file):
        raise OverlapError(
            f"The alphas in {alphas} were chosen by another {SPLIT_FILE} (see {manifest}): whether "
            f"on what they are to be measured on cannot be told. Name by --esconv the file of the "
            f"search, with its {SPLIT_FILE} beside it."
        )
    if both := _in_both(read_split(split_file, split, part), used):
        raise OverlapError(
            f"The alphas in {alphas} were chosen on {len(both)} of the conversations in "
            f"{split}/{part} (see {manifest}), such as {both[:3]}. Measure them on the test part "
            f"of {search['split']!r}: name that by --split."
        )


def _in_both(measured: Sequence[int], used: Sequence[int]) -> list[int]:
    return sorted(set(measured) & set(used))


def _require_files_of(stage: Stage, esconv: Path, split_file: Path) -> None:
    """Make sure that a stage learnt from the files in use, where it recorded their hashes: indices
    name the same conversations in no others.
    """
    hashes: dict[str, str] = dict(stage.facts.get("data", {}))
    split_hash = hashes.pop(SPLIT_FILE, None)
    esconv_hash = next(iter(hashes.values()), None)
    # Personas change neither conversations nor their order.
    bare_hash = stage.facts.get("annotation", {}).get("data", esconv_hash)
    in_use = (
        (esconv, (esconv_hash, bare_hash), annotation_of(esconv).get("data")),
        (split_file, (split_hash,), None),
    )
    for file, learnt, origin in in_use:
        found = file_hash(file)
        if learnt[0] is not None and not {found, origin} & set(learnt):
            raise OverlapError(
                f"{stage.folder} was trained with a file whose SHA-256 is {learnt[0]} (see "
                f"{RUN_FILE}), and {file} has {found}: whether it learnt from what it is to be "
                f"measured on cannot be told. Name by --esconv the file of the training, with its "
                f"{SPLIT_FILE} beside it, or train again on this one."
            )
