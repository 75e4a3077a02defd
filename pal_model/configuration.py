"""What a checkpoint needs, beside its weights, to be used again as it was meant."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from pal_model.errors import ModelLoadError
from pal_model.strategy import DEFAULT_ALPHAS, Strategy

PersonaForm = Literal["fused", "prefix", "prompt"]

CONFIG_FILE = "pal_config.json"


@dataclass(frozen=True, slots=True)
class PalConfig:
    """Settings that belong to a checkpoint; saved as `pal_config.json` in its folder.

    Attributes:
        alphas: guidance strength of Eq. 6 for each strategy (Table 2); zero or more.
        max_history_tokens: H at most; older utterances are left out first.
        max_persona_tokens: P at most; older sentences are left out first.
        persona_form: "prefix" lets the response attend to the persona beside the history, each
            read on its own (Eq. 1); "fused" does so after a trained fusion of the two (Eqs. 2-4);
            "prompt" puts it before the history as text, which is the baseline Hard Prompt of the
            paper and reads the whole history in every turn.
        base_model: "embedded-base", a folder or a hub name, where the checkpoint is a LoRA beside
            it.
        zero_shot: the weights were never trained on ESConv, so the prompt has to show the task:
            it carries worked examples, and a reply begins with an opener of its strategy.
    """

    alphas: Mapping[Strategy, float] = field(default_factory=lambda: dict(DEFAULT_ALPHAS))
    max_history_tokens: int = 512
    max_persona_tokens: int = 128
    persona_form: PersonaForm = "prefix"
    base_model: str | None = None
    zero_shot: bool = True

    def __post_init__(self) -> None:
        for strategy in Strategy:
            alpha = self.alphas.get(strategy)
            if not isinstance(alpha, int | float) or not 0 <= alpha < float("inf"):
                raise ValueError(
                    f"alpha of {strategy.value!r} is {alpha!r}; it must be a number, 0 or more."
                )
        if self.persona_form not in get_args(PersonaForm):
            raise ValueError(
                f"persona_form is {self.persona_form!r}; it must be one of "
                f"{', '.join(get_args(PersonaForm))}."
            )
        for name in ("max_history_tokens", "max_persona_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 1 or more.")

    def save(self, folder: Path) -> None:
        """Write `pal_config.json` into `folder`."""
        values = asdict(self) | {"alphas": {s.value: a for s, a in self.alphas.items()}}
        (folder / CONFIG_FILE).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> PalConfig:
        """Read `pal_config.json` from `folder`; without one, return the defaults.

        Raises:
            ModelLoadError: the file is not what `save` writes.
        """
        path = folder / CONFIG_FILE
        if not path.exists():
            return cls()
        try:
            values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            named = values.get("alphas", {})
            alphas = dict(DEFAULT_ALPHAS) | {Strategy.parse(n): a for n, a in named.items()}
            return cls(**(values | {"alphas": alphas}))
        except (ValueError, TypeError, AttributeError) as error:
            raise ModelLoadError(
                f"{path} cannot be used: {error} Restore the file or delete it for the defaults."
            ) from error
