"""What all fine-tuning shares: the optimiser, Hugging Face's Trainer, the result, the command."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list
from transformers import TrainingArguments, set_seed
from transformers.integrations.integration_utils import TensorBoardCallback
from transformers.trainer_utils import get_last_checkpoint

from pal_model import PalError
from training.manifest import write_json
from training.precision import trains_faster_in_bfloat16
from training.provenance import git_revision
from training.recipe import Recipe, RecipeError
from training.run_record import KeepRecord, RunRecord
from training.token_trainer import Rows, TokenForm, TokenTrainer

RUN_FILE = "training_run.json"
RECIPE_FILE = "training_run.yaml"
FIRST_STAGE = "first_stage"
"""Folder, beside a result, of what is known of the run that it started from."""

AnyRecipe = TypeVar("AnyRecipe", bound=Recipe)


def optimiser_of(model: Any, recipe: Recipe) -> torch.optim.AdamW:
    """Return AdamW for what is trained; gates have a learning rate of their own."""
    settings = recipe.optimiser
    trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
    gates = [p for n, p in trained.items() if n.endswith(".gates")]
    others = [p for n, p in trained.items() if not n.endswith(".gates")]
    groups: list[dict[str, Any]] = [{"params": others}]
    if gates:
        groups.append({"params": gates, "lr": settings.gate_learning_rate})
    return torch.optim.AdamW(
        groups,
        lr=settings.learning_rate,
        betas=settings.betas,
        weight_decay=settings.weight_decay,
    )


def settled(recipe: AnyRecipe, output: Path, *, resume: bool) -> AnyRecipe:
    """Write the recipe into `output`, its precision no longer "auto" but what the run in there
    began with where it goes on, else what is faster here; return what was written.

    Raises:
        RecipeError: another run lies there, or this one was begun with other settings.
    """
    if not resume and (output / RECIPE_FILE).exists():
        raise RecipeError(
            f"{output} holds a run. Go on with it by --resume, or name another folder."
        )
    state, decided = PartialState(), [""]
    if state.is_main_process:
        decided = [_precision(recipe, output / RECIPE_FILE)]
    broadcast_object_list(decided)  # all processes compute alike
    optimiser = recipe.optimiser.model_copy(update={"precision": decided[0]})
    recipe = recipe.model_copy(update={"optimiser": optimiser})
    if state.is_main_process:
        output.mkdir(parents=True, exist_ok=True)
        recipe.save(output / RECIPE_FILE)
    return recipe


def _precision(recipe: Recipe, begun: Path) -> str:
    asked = recipe.optimiser.precision
    if begun.exists():
        before = type(recipe).load(begun)
        require_same_run(before, recipe, begun.parent)
        if before.optimiser.precision != "auto":
            return before.optimiser.precision
    if asked != "auto":
        return asked
    return "bfloat16" if trains_faster_in_bfloat16() else "float32"


def require_same_run(before: Recipe, now: Recipe, folder: Path) -> None:
    """Make sure that a run goes on with the settings that it was begun with: else the recipe beside
    its weights would not be true of them. A precision that one side leaves open is no other.

    Raises:
        RecipeError: a setting differs; the message names each that does.
    """
    begun, asked = (_flat(recipe.model_dump(mode="json")) for recipe in (before, now))
    precisions = {r.pop("optimiser.precision") for r in (begun, asked)}
    differing = [
        f"{name} is {asked.get(name)!r}, and there {begun.get(name)!r}"
        for name in {**begun, **asked}
        if asked.get(name) != begun.get(name)
    ]
    if "auto" not in precisions and len(precisions) > 1:
        differing.append(
            f"optimiser.precision is {now.optimiser.precision!r}, and there "
            f"{before.optimiser.precision!r}"
        )
    if differing:
        raise RecipeError(
            f"The run in {folder} was begun with other settings: {'; '.join(differing)}. Go on "
            "with those it was begun with, or name another folder."
        )


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the settings of all sections by their whole names."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def training_arguments(recipe: Recipe, output: Path) -> TrainingArguments:
    """Translate a settled recipe for Hugging Face's Trainer."""
    optimiser = recipe.optimiser
    in_bfloat16 = optimiser.precision == "bfloat16"
    return TrainingArguments(
        output_dir=str(output),
        per_device_train_batch_size=optimiser.rows_per_batch,
        per_device_eval_batch_size=optimiser.eval_rows_per_batch or optimiser.rows_per_batch,
        gradient_accumulation_steps=optimiser.batches_per_step,
        num_train_epochs=optimiser.epochs,
        max_steps=optimiser.max_steps or -1,
        learning_rate=optimiser.learning_rate,
        warmup_steps=optimiser.warmup_steps,
        lr_scheduler_type=optimiser.schedule,
        max_grad_norm=optimiser.max_grad_norm,
        bf16=in_bfloat16,
        use_cpu=in_bfloat16 and not torch.cuda.is_available(),  # elsewhere it is not asked for that
        train_sampling_strategy=optimiser.order if optimiser.rows_per_batch > 1 else "random",
        eval_strategy="steps",
        eval_steps=recipe.eval_steps,
        save_strategy="steps",
        save_steps=recipe.eval_steps,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        logging_steps=recipe.logging_steps,
        logging_nan_inf_filter=False,  # it would report a loss that is no number as 0
        report_to="none",  # `fit` says where TensorBoard's files go
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        label_names=["labels"],
        seed=recipe.seed,
    )


def fit_form(
    form: TokenForm,
    recipe: AnyRecipe,
    rows: dict[str, list[Any]],
    output: Path,
    facts: dict[str, Any],
    *,
    resume: bool,
) -> dict[str, Any]:
    """Train, keep the checkpoint of the lowest validation loss, write it with what is known of it.

    Args:
        form: what is trained.
        recipe: how.
        rows: what `form.collate` takes, of "train" and of "valid".
        output: folder of the result and of the checkpoints on the way.
        facts: what to write beside it about the data.
        resume: go on from the last checkpoint there.

    Returns:
        `facts` and more, as written to `training_run.json`.
    """
    revision = git_revision()  # of the code that runs, which may be changed while it does
    recipe = settled(recipe, output, resume=resume)
    # By itself it would put those of a validation before the first step into the current folder.
    tensorboard = TensorBoardCallback()
    tensorboard.logging_dir = str(output / "runs")
    checkpoint = get_last_checkpoint(str(output)) if resume else None
    record = RunRecord([revision]) if checkpoint is None else RunRecord.of(checkpoint, revision)
    trainer = TokenTrainer(
        form,
        callbacks=[tensorboard, KeepRecord(record)],
        args=training_arguments(recipe, output),
        train_dataset=Rows(rows["train"]),
        eval_dataset=Rows(rows["valid"]),
        optimizers=(optimiser_of(form.model, recipe), None),
    )
    if checkpoint is None:
        record.validation_before = trainer.evaluate()
    set_seed(recipe.seed)  # whatever was drawn until now: a resumed run measured nothing before
    result = trainer.train(resume_from_checkpoint=checkpoint)
    best = trainer.state.best_global_step
    facts = {
        **record.facts(result.metrics["train_runtime"]),
        **facts,
        "rows": {part: len(of_part) for part, of_part in rows.items()},
        "tokens_an_epoch": sum(map(len, rows["train"])),
        "processes": trainer.args.world_size,
        "steps": trainer.state.global_step,
        "best_step": best,
        "validation": _validation_at(trainer.state.log_history, best),
    }
    if trainer.is_world_process_zero():
        form.save(trainer.model, output)
        write_json(output / RUN_FILE, facts)
        keep_first_stage(getattr(recipe, "start_from", None), output)
    return facts


def keep_first_stage(start_from: Path | None, output: Path) -> None:
    """Copy what is known of the run that this one started from, and of those before it: what a
    result learnt from can be told when that run's folder is gone.
    """
    if start_from is None:
        return
    kept = output / FIRST_STAGE
    for file in (start_from / RECIPE_FILE, start_from / RUN_FILE):
        if file.exists():
            kept.mkdir(exist_ok=True)
            shutil.copy(file, kept)
    if (start_from / FIRST_STAGE).is_dir():
        shutil.copytree(start_from / FIRST_STAGE, kept / FIRST_STAGE, dirs_exist_ok=True)


def _validation_at(history: list[dict[str, float]], step: int | None) -> dict[str, float] | None:
    """Return what was measured after a step, which need not be measured again."""
    measured = (e for e in reversed(history) if e["step"] == step and "eval_loss" in e)
    return next(measured, None)


def run_command(
    program: str,
    description: str | None,
    recipe_type: type[AnyRecipe],
    fit: Callable[[AnyRecipe, Path, bool], dict[str, Any]],
    arguments: Sequence[str] | None,
) -> int:
    """Read a recipe from the command line and run it; return the exit status.

    Args:
        program: name of the module.
        description: for `--help`.
        recipe_type: what the recipe describes.
        fit: takes the recipe, the folder of the result, and whether to resume.
        arguments: default: those of the process.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    parser.add_argument("recipe", type=Path, help="a YAML file; see training/recipes")
    parser.add_argument("--output", type=Path, required=True, help="folder of the result")
    parser.add_argument(
        "--resume", action="store_true", help="go on from the last checkpoint there"
    )
    parser.add_argument(
        "--set", action="append", metavar="SECTION.SETTING=VALUE", help="replace a setting"
    )
    options = parser.parse_args(arguments)
    try:
        recipe = recipe_type.load(options.recipe, options.set)
        facts = fit(recipe, options.output, options.resume)
    except (PalError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if PartialState().is_main_process:
        print(json.dumps(facts, indent=2))
    return 0
