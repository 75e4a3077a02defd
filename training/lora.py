"""Low-rank deltas beside a frozen model (Hu et al. 2022)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import (
    LoraConfig,
    get_peft_model,
    get_peft_model_state_dict,
    load_peft_weights,
    set_peft_model_state_dict,
)

from pal_model import ModelLoadError
from training.recipe import LoraSettings, RecipeError


@contextmanager
def loading(base_model: str, start_from: Path | None) -> Iterator[None]:
    """Say of which model it is that something cannot be loaded.

    Raises:
        ModelLoadError: in place of what transformers and PEFT raise.
    """
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        begun = "" if start_from is None else f", or what start_from names, {str(start_from)!r}"
        raise ModelLoadError(
            f"Cannot load the base model {base_model!r}{begun}: {error} Name folders that hold "
            "them, or a base model of the hub that this machine can reach."
        ) from error


def with_lora(
    model: Any,
    settings: LoraSettings | None,
    *,
    whole: Sequence[str] = (),
    start_from: Path | None = None,
) -> Any:
    """Add a LoRA to all linear layers of a model and freeze the rest.

    Args:
        model: of transformers, in float32.
        settings: of the LoRA; a recipe may lack them.
        whole: modules that are trained as they are.
        start_from: a folder with a LoRA that was trained before; None for a new one.

    Raises:
        RecipeError: there are no settings.
    """
    if settings is None:
        raise RecipeError("lora is null; a decoder-only model needs its settings.")
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules="all-linear",
        modules_to_save=list(whole) or None,
        task_type=None if whole or model.config.is_encoder_decoder else "CAUSAL_LM",
    )
    result: Any = get_peft_model(model, config)
    if start_from is not None:
        # What is not there, such as a fusion, stays new.
        new = get_peft_model_state_dict(result)
        loaded = load_peft_weights(str(start_from), device="cpu")
        set_peft_model_state_dict(result, new | loaded)
    return result.float()


def save_lora(model: Any, output: Path, base_model: str) -> None:
    """Write a delta; the LoRA, which is nearly all of it, in half the size."""
    weights = {
        name: tensor.to(torch.bfloat16) if "lora_" in name else tensor
        for name, tensor in model.state_dict().items()
        if "lora_" in name or "modules_to_save" in name
    }
    # Not the folder that it had on the machine of the training.
    model.peft_config["default"].base_model_name_or_path = base_model
    model.save_pretrained(output, state_dict=weights)
