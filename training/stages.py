"""The stages of training behind a checkpoint, as the files in its folder tell them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pal_model import PalError
from pal_model.checkpoint import is_encoder_decoder
from pal_model.configuration import PalConfig
from pal_model.embedded import find_model
from training.fitting import FIRST_STAGE, RECIPE_FILE, RUN_FILE
from training.run_config import RunConfig


class StageError(PalError):
    """Nobody can tell any more how a checkpoint was trained."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One run of `training.finetune_pal`.

    Attributes:
        folder: where its files are.
        recipe: how it was trained.
        facts: what came of it, and from which files; nothing where that is not kept.
    """

    folder: Path
    recipe: RunConfig
    facts: dict[str, Any]


def stages_of(model: str) -> list[Stage]:
    """Return the stages that made a model, the first one first; none without a recipe.

    Raises:
        StageError: one of them is gone, or its file cannot be read.
    """
    return _stages(Path(find_model(model)))


def is_trained(model: str) -> bool:
    """Return whether a model without a recipe was trained as PAL: its settings say so, or it has
    what only that has.
    """
    return not PalConfig.load(Path(find_model(model))).zero_shot or is_encoder_decoder(model)


def annotating_extractor(model: str) -> str | None:
    """Return the name of the extractor of the annotated personas that a model was trained on; None
    where that is not kept.

    Raises:
        StageError: as `stages_of`.
    """
    *_, last = stages_of(model)
    name: str | None = last.facts.get("annotation", {}).get("extractor")
    return name


def _stages(folder: Path) -> list[Stage]:
    recipe_file = folder / RECIPE_FILE
    if not recipe_file.exists():
        return []
    recipe = RunConfig.load(recipe_file)
    stage = Stage(folder, recipe, _facts(folder / RUN_FILE))
    before = recipe.start_from
    if before is None:
        return [stage]
    kept = folder / FIRST_STAGE
    if not (kept / RECIPE_FILE).exists():
        kept = before
    if not (kept / RECIPE_FILE).exists():
        raise StageError(
            f"{folder} started from {before}, which has no {RECIPE_FILE} any more: what it learnt "
            "from cannot be told. Put that folder back."
        )
    return [*_stages(kept), stage]


def _facts(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise StageError(f"Cannot use {file}: {error}. Restore the file.") from error


def training_costs(model: str) -> list[dict[str, Any]]:
    """Return what each stage of training cost, the first one first: nothing of a base model, and
    of a stage only what is known.

    Raises:
        StageError: as `stages_of`.
    """
    stages = stages_of(model)
    if not stages and is_trained(model):
        return [{}]  # without a word on how
    return [{"corpus": stage.recipe.data.corpus, **_cost(stage.facts)} for stage in stages]


def _cost(facts: dict[str, Any]) -> dict[str, Any]:
    names = ("tokens_an_epoch", "steps", "seconds")
    cost: dict[str, Any] = {name: facts[name] for name in names if name in facts}
    validation = facts.get("validation") or {}
    if "eval_loss" in validation:
        cost["validation_loss"] = validation["eval_loss"]
    return cost
