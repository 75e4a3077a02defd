"""Fine-tune PAL's response generator: `python -m training.finetune_pal RECIPE --output FOLDER`.

One YAML file a run (`training/recipes`). On several GPUs: `torchrun -m training.finetune_pal ...`.
A run that was stopped goes on with `--resume`. What comes out is a LoRA beside its base, with all
that is needed to serve it: `PAL_MODEL=FOLDER make chat`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pal_model import PalError
from pal_model.configuration import PalConfig
from pal_model.embedded import EMBEDDED_MODEL, default_home, prepare_embedded_model
from pal_model.encoding import Encoder

# isort: split
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from training.esconv_turns import EsconvTurns, read_turns
from training.examples import SupporterTurn, encode, without_some_personas
from training.packed_trainer import PackedRows, PackedTrainer
from training.packing import PackedRow, pack
from training.provenance import git_revision
from training.run_config import RunConfig

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


def packed_rows(
    conversations: Sequence[Sequence[SupporterTurn]],
    encoder: Encoder,
    config: RunConfig,
    dropout: float,
) -> Iterator[PackedRow]:
    """Yield the rows of `conversations`; a share of the turns, `dropout`, goes without persona."""
    for index, turns in enumerate(conversations):
        kept = without_some_personas(turns, dropout, f"{config.seed} {index}")
        in_prompt = config.persona_form == "prompt"
        examples = (encode(turn, encoder, in_prompt=in_prompt) for turn in kept)
        yield from pack(examples, config.data.max_row_tokens)


def serving_config(config: RunConfig) -> PalConfig:
    """Return how the result is to be served: as it was trained, without examples in the prompt."""
    return PalConfig(
        max_history_tokens=config.max_history_tokens,
        max_persona_tokens=config.max_persona_tokens,
        persona_form=config.persona_form,
        base_model=config.base_model,
        zero_shot=False,
    )


def load_model(config: RunConfig, folder: str) -> Any:
    """Return the backbone with a new LoRA on all its linear layers."""
    torch.manual_seed(config.seed)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    lora = LoraConfig(
        r=config.lora.rank,
        lora_alpha=int(config.lora.alpha),
        lora_dropout=config.lora.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, lora)


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
        adam_beta1=optimiser.betas[0],
        adam_beta2=optimiser.betas[1],
        weight_decay=optimiser.weight_decay,
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
        report_to=["tensorboard"],
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        label_names=["labels"],
        seed=config.seed,
    )


def fit(config: RunConfig, output: Path, *, resume: bool) -> dict[str, Any]:
    """Train, keep the checkpoint of the lowest validation loss, return what is known of the run."""
    folder = base_folder(config.base_model)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoder = Encoder(tokenizer, serving_config(config))
    corpus = read_corpus(config)
    train = list(packed_rows(corpus.parts["train"], encoder, config, config.data.persona_dropout))
    valid = list(packed_rows(corpus.parts["valid"], encoder, config, 0))
    trainer = PackedTrainer(
        model=load_model(config, folder),
        args=training_arguments(config, output),
        train_dataset=PackedRows(train),
        eval_dataset=PackedRows(valid),
    )
    before = trainer.evaluate() if not resume else None
    checkpoint = get_last_checkpoint(str(output)) if resume else None
    result = trainer.train(resume_from_checkpoint=checkpoint)
    after = trainer.evaluate()
    facts = {
        "git_revision": git_revision(),
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
        save(trainer.model, config, facts, output)
    return facts


def save(model: Any, config: RunConfig, facts: dict[str, Any], output: Path) -> None:
    """Write what is served: the delta in half the size, its configuration, and where it is from."""
    weights = {n: p.to(torch.bfloat16) for n, p in model.state_dict().items() if "lora_" in n}
    model.save_pretrained(output, state_dict=weights)
    serving_config(config).save(output)
    config.save(output / RECIPE_FILE)
    (output / RUN_FILE).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def base_folder(name: str) -> str:
    """Return the folder or hub name of a base model; the embedded one is prepared first."""
    return str(prepare_embedded_model(default_home())) if name == EMBEDDED_MODEL else name


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
