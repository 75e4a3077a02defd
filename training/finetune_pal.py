"""Fine-tune PAL's response generator: `python -m training.finetune_pal RECIPE --output FOLDER`.

One YAML file a run (`training/recipes`). On several GPUs: `torchrun -m training.finetune_pal ...`.
A run that was stopped goes on with `--resume`. What comes out is a LoRA beside its base, with all
that is needed to serve it: `PAL_MODEL=FOLDER make chat`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pal_model import PalError

# isort: split
import torch
from transformers import TrainingArguments
from transformers.integrations.integration_utils import TensorBoardCallback
from transformers.trainer_utils import get_last_checkpoint

from training.esconv_turns import EsconvTurns, read_turns
from training.forms import load_form
from training.provenance import git_revision
from training.run_config import RunConfig
from training.turn_trainer import Rows, TurnTrainer

RUN_FILE = "training_run.json"
RECIPE_FILE = "training_run.yaml"


def read_corpus(config: RunConfig) -> EsconvTurns:
    """Read the training and the validation part of ESConv; never its test part."""
    data = config.data
    return read_turns(
        data.esconv,
        data.split,
        ("train", "valid"),
        data.persona,
        data.extractor,
        seed=config.seed,
        limits={"train": data.train_conversations, "valid": data.valid_conversations},
    )


def optimiser_of(model: Any, config: RunConfig) -> torch.optim.AdamW:
    """Return AdamW for what is trained; gates have a learning rate of their own."""
    settings = config.optimiser
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


def training_arguments(config: RunConfig, output: Path) -> TrainingArguments:
    """Translate the recipe for Hugging Face's Trainer."""
    optimiser = config.optimiser
    has_bf16 = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    return TrainingArguments(
        output_dir=str(output),
        per_device_train_batch_size=optimiser.rows_per_batch,
        per_device_eval_batch_size=optimiser.rows_per_batch,
        gradient_accumulation_steps=optimiser.batches_per_step,
        num_train_epochs=optimiser.epochs,
        max_steps=optimiser.max_steps or -1,
        learning_rate=optimiser.learning_rate,
        warmup_steps=optimiser.warmup_steps,
        lr_scheduler_type=optimiser.schedule,
        max_grad_norm=optimiser.max_grad_norm,
        bf16=optimiser.precision == "bfloat16" or (optimiser.precision == "auto" and has_bf16),
        # Rows of like length together, where there is more than one in a batch to be padded.
        train_sampling_strategy="group_by_length" if optimiser.rows_per_batch > 1 else "random",
        eval_strategy="steps",
        eval_steps=config.eval_steps,
        save_strategy="steps",
        save_steps=config.eval_steps,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        logging_steps=config.logging_steps,
        report_to="none",  # `fit` says where TensorBoard's files go
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        label_names=["labels"],
        seed=config.seed,
    )


def fit(config: RunConfig, output: Path, *, resume: bool) -> dict[str, Any]:
    """Train, keep the checkpoint of the lowest validation loss, return what is known of the run."""
    revision = git_revision()  # of the code that runs, which may be changed while it does
    form = load_form(config)
    corpus = read_corpus(config)
    train = form.rows(corpus.parts["train"], config.data.persona_dropout)
    valid = form.rows(corpus.parts["valid"], 0)
    # By itself it would put those of a validation before the first step into the current folder.
    tensorboard = TensorBoardCallback()
    tensorboard.logging_dir = str(output / "runs")
    trainer = TurnTrainer(
        form,
        callbacks=[tensorboard],
        args=training_arguments(config, output),
        train_dataset=Rows(train),
        eval_dataset=Rows(valid),
        optimizers=(optimiser_of(form.model, config), None),
    )
    before = trainer.evaluate() if not resume else None
    checkpoint = get_last_checkpoint(str(output)) if resume else None
    result = trainer.train(resume_from_checkpoint=checkpoint)
    after = trainer.evaluate()
    facts = {
        "git_revision": revision,
        "data": corpus.hashes,
        "conversations": {part: len(turns) for part, turns in corpus.parts.items()},
        "rows": {"train": len(train), "valid": len(valid)},
        "tokens_an_epoch": sum(map(len, train)),
        "steps": trainer.state.global_step,
        "seconds": round(result.metrics["train_runtime"]),
        "best_step": trainer.state.best_global_step,
        "validation_before": before,
        "validation": after,
    }
    if trainer.is_world_process_zero():
        form.save(trainer.model, output)
        config.save(output / RECIPE_FILE)
        (output / RUN_FILE).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return facts


def build_parser() -> argparse.ArgumentParser:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m training.finetune_pal", description=__doc__)
    parser.add_argument("recipe", type=Path, help="a YAML file; see training/recipes")
    parser.add_argument("--output", type=Path, required=True, help="folder of the result")
    parser.add_argument(
        "--resume", action="store_true", help="go on from the last checkpoint there"
    )
    parser.add_argument(
        "--set", action="append", metavar="SECTION.SETTING=VALUE", help="replace a setting"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return the exit status."""
    options = build_parser().parse_args(arguments)
    try:
        config = RunConfig.load(options.recipe, options.set)
        facts = fit(config, options.output, resume=options.resume)
    except PalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps(facts, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
