"""What a run of `training.finetune_pal` is."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from pal_model.configuration import PersonaForm
from training.dialogue_turns import GeneratorCorpus
from training.recipe import Recipe, Section
from training.turn_personas import PersonaSource


class DataSettings(Section):
    """Which turns are learnt from, and which the best checkpoint is chosen on.

    Every other corpus than ESConv is for an earlier stage, which `start_from` goes on from. Nobody
    named strategies there, so that only responses are learnt, after the name "Others"; and nobody
    has a persona.
    """

    corpus: GeneratorCorpus = "esconv"
    dialogues: Path | None = None
    """File of another corpus than ESConv; default: where it is found."""
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

    @model_validator(mode="after")
    def _has_personas_in_esconv_alone(self) -> Self:
        if self.corpus != "esconv" and self.persona != "none":
            raise ValueError(
                f"data.corpus is {self.corpus!r} and data.persona {self.persona!r}; personas are "
                'those of ESConv\'s seekers. Set data.persona to "none".'
            )
        return self


class RunConfig(Recipe):
    """A run that trains a response generator.

    Attributes:
        persona_form: "fused" (PAL: Eqs. 2-4), "prefix" (PAL with closed gates) or "prompt" (Hard
            Prompt); without a persona it means nothing.
        max_history_tokens, max_persona_tokens: H and P; what is trained is what is served.
        data: what is learnt from.
        start_from: a folder with a LoRA to begin with.
    """

    persona_form: PersonaForm = "prefix"
    max_history_tokens: int = Field(512, ge=1)
    max_persona_tokens: int = Field(128, ge=1)
    data: DataSettings = DataSettings()
    start_from: Path | None = None
