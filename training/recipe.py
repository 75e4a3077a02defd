"""What a fine-tuning run is: one YAML file, checked before anything is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pal_model import PalError
from pal_model.embedded import EMBEDDED_BASE


class RecipeError(PalError):
    """A file that does not describe a run."""


class Section(BaseModel):
    """Part of a recipe; what it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LoraSettings(Section):
    """A low-rank delta beside the frozen backbone (Hu et al. 2022)."""

    rank: int = Field(16, ge=1)
    alpha: int = Field(32, ge=1)
    """What is learnt is scaled by alpha / rank; PEFT takes whole numbers."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """On a CPU it costs a fifth of the time."""


class OptimiserSettings(Section):
    """AdamW with a warm-up and a schedule."""

    learning_rate: float = Field(3e-4, gt=0)
    gate_learning_rate: float = Field(1e-2, gt=0)
    """Of the fusion's gates on a decoder-only model, which begin at 0."""
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = Field(0.0, ge=0)
    warmup_steps: int = Field(20, ge=0)
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = "cosine"
    max_grad_norm: float = Field(1.0, gt=0)
    epochs: float = Field(1, gt=0)
    max_steps: int | None = Field(None, ge=1)
    rows_per_batch: int = Field(1, ge=1)
    """On each device, in one pass; of a packed form a row holds many turns."""
    eval_rows_per_batch: int | None = Field(None, ge=1)
    """The same where the loss is validated; default: as many."""
    batches_per_step: int = Field(4, ge=1)
    """Whose gradients are summed (gradient accumulation)."""
    order: Literal["random", "group_by_length"] = "group_by_length"
    """Of the rows, where a batch has several. Those of like length together need less padding; but
    where length goes with what is to be learnt, such as whether there is anything to write at all,
    a step then sees one kind alone, and short targets count for more than long ones."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """auto: what is faster here (see `training.precision`). Weights stay in float32."""


class Recipe(Section):
    """What every run has.

    Attributes:
        base_model: "embedded-base", a folder or a hub name.
        lora: null to train all weights, where the kind of model allows it.
        eval_steps: optimiser steps from one validation, and checkpoint, to the next.
        logging_steps: optimiser steps from one line of the log to the next.
        seed: of the order of the data, of dropout and of new weights.
    """

    base_model: str = EMBEDDED_BASE
    lora: LoraSettings | None = LoraSettings()
    optimiser: OptimiserSettings = OptimiserSettings()
    eval_steps: int = Field(50, ge=1)
    logging_steps: int = Field(5, ge=1)
    seed: int = 13

    @classmethod
    def load(cls, path: Path, overrides: list[str] | None = None) -> Self:
        """Read a YAML file; `overrides` such as "data.persona=raw" replace values of it.

        With `extends: OTHER.yaml` it has but the differences from another file beside it.

        Raises:
            RecipeError: the file is missing or no run; the message names value and rule.
        """
        try:
            values = _read(path)
            for override in overrides or []:
                _replace(values, override)
            return cls.model_validate(values)
        except OSError as error:
            raise RecipeError(f"Cannot read {path}: {error.strerror}.") from error
        except yaml.YAMLError as error:
            raise RecipeError(f"{path} is not YAML: {error}.") from error
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, e['loc']))} is {e['input']!r}: {e['msg']}"
                for e in error.errors()
            )
            raise RecipeError(
                f"{path} does not describe a run: {problems}. The settings are those of "
                f"{cls.__module__.replace('.', '/')}.py."
            ) from error

    def save(self, path: Path) -> None:
        """Write all settings, the defaults included."""
        values = self.model_dump(mode="json")
        path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if not isinstance(values, dict):
        raise RecipeError(f"{path} holds a {type(values).__name__}; a recipe has settings.")
    extended = values.pop("extends", None)
    return values if extended is None else _merged(_read(path.with_name(extended)), values)


def _merged(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return `values` with `changes`, section by section."""
    result = dict(values)
    for name, change in changes.items():
        old = result.get(name)
        if isinstance(old, dict) and isinstance(change, dict):
            change = _merged(old, change)
        result[name] = change
    return result


def _replace(values: Any, override: str) -> None:
    name, equals, value = override.partition("=")
    *sections, last = name.split(".")
    if not equals or not last:
        raise RecipeError(f"{override!r} sets nothing; write it as section.setting=value.")
    for section in sections:
        if values.get(section) is None:  # where the recipe has null, the rest are the defaults
            values[section] = {}
        values = values[section]
        if not isinstance(values, dict):
            raise RecipeError(
                f"{override!r} sets part of {section!r}, which is {values!r} and has no parts."
            )
    values[last] = yaml.safe_load(value)
