"""What a fine-tuning run is: one YAML file, checked before anything is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pal_model import PalError
from pal_model.configuration import PersonaForm
from pal_model.embedded import EMBEDDED_BASE
from training.turn_personas import PersonaSource


class RunConfigError(PalError):
    """A file that does not describe a run."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LoraSettings(_Section):
    """A low-rank delta beside the frozen backbone (Hu et al. 2022)."""

    rank: int = Field(16, ge=1)
    alpha: float = Field(32, gt=0)
    dropout: float = Field(0.0, ge=0, lt=1)
    """On a CPU it costs a fifth of the time."""


class DataSettings(_Section):
    """Which turns are learnt from, and which the best checkpoint is chosen on."""

    esconv: Path | None = None
    """ESConv.json; default: in PAL_DATA_DIR, or ../shared/data beside the checkout."""
    split: str = "pal"
    train_conversations: int | None = Field(None, ge=1)
    """The first so many of the shuffled training part; default: all."""
    valid_conversations: int | None = Field(None, ge=1)
    persona: PersonaSource = "inferred"
    """"annotated": `esconv` is a file that training.annotate_persona wrote."""
    persona_dropout: float = Field(0.15, ge=0, lt=1)
    extractor: str = "rules"
    max_row_tokens: int = Field(1024, ge=64)


class OptimiserSettings(_Section):
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
    batches_per_step: int = Field(4, ge=1)
    """Whose gradients are summed (gradient accumulation)."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """auto: bfloat16 on a GPU that has it, else float32."""


class RunConfig(_Section):
    """One run.

    Attributes:
        base_model: "embedded-base", a folder or a hub name.
        persona_form: "fused" (PAL: Eqs. 2-4), "prefix" (PAL with closed gates) or "prompt" (Hard
            Prompt); without a persona it means nothing.
        max_history_tokens, max_persona_tokens: H and P; what is trained is what is served.
        lora: null for an encoder-decoder, all of which is trained.
        start_from: a folder with a LoRA to begin with.
        eval_steps: optimiser steps from one validation, and checkpoint, to the next.
        logging_steps: optimiser steps from one line of the log to the next.
        seed: of the order of the data, of dropout and of new weights.
    """

    base_model: str = EMBEDDED_BASE
    persona_form: PersonaForm = "prefix"
    max_history_tokens: int = Field(512, ge=1)
    max_persona_tokens: int = Field(128, ge=1)
    data: DataSettings = DataSettings()
    lora: LoraSettings | None = LoraSettings()
    start_from: Path | None = None
    optimiser: OptimiserSettings = OptimiserSettings()
    eval_steps: int = Field(50, ge=1)
    logging_steps: int = Field(5, ge=1)
    seed: int = 13

    @classmethod
    def load(cls, path: Path, overrides: list[str] | None = None) -> RunConfig:
        """Read a YAML file; `overrides` such as "data.persona=raw" replace values of it.

        With `extends: OTHER.yaml` it has but the differences from another file beside it.

        Raises:
            RunConfigError: the file is missing or no run; the message names value and rule.
        """
        try:
            values = _read(path)
            for override in overrides or []:
                _replace(values, override)
            return cls.model_validate(values)
        except OSError as error:
            raise RunConfigError(f"Cannot read {path}: {error.strerror}.") from error
        except yaml.YAMLError as error:
            raise RunConfigError(f"{path} is not YAML: {error}.") from error
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, e['loc']))} is {e['input']!r}: {e['msg']}"
                for e in error.errors()
            )
            raise RunConfigError(
                f"{path} does not describe a run: {problems}. The settings are those of "
                "training/run_config.py."
            ) from error

    def save(self, path: Path) -> None:
        """Write all settings, the defaults included."""
        values = self.model_dump(mode="json")
        path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if not isinstance(values, dict):
        raise RunConfigError(f"{path} holds a {type(values).__name__}; a recipe has settings.")
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
        raise RunConfigError(f"{override!r} sets nothing; write it as section.setting=value.")
    for section in sections:
        values = values.setdefault(section, {})
    values[last] = yaml.safe_load(value)
