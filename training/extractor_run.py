"""What a run of `training.finetune_persona_extractor` is."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from pal_model.persona_extractor_format import PersonaExtractorConfig
from training.persona_examples import Targets
from training.recipe import Recipe, Section


class FormatSettings(Section):
    """See `PersonaExtractorConfig`; what is trained is what is served."""

    utterance_separator: str = " <sep> "
    sentence_separator: str = " <persona> "
    max_input_tokens: int = Field(512, ge=1)
    max_new_tokens: int = Field(128, ge=1)
    num_beams: int = Field(10, ge=1)
    min_log_prob: float | None = Field(None, le=0)


class PersonaDataSettings(Section):
    """Which dialogues are learnt from, and which the best checkpoint is chosen on."""

    train: Path = Path("train_both_original_no_cands.txt")
    """A file of PERSONA-CHAT; found among the corpora where there is none of that name here."""
    valid: Path | None = Path("valid_both_original_no_cands.txt")
    """null: dialogues of `train` are held back."""
    train_dialogues: int | None = Field(None, ge=1)
    """The first so many, after shuffling; default: all."""
    valid_dialogues: int | None = Field(None, ge=1)
    targets: Targets = "supported"
    """"all": the whole persona, as the published script has it; see `persona_examples.examples`."""
    window: int | None = Field(3, ge=1)
    capitals: float = Field(0.5, ge=0, le=1)
    max_row_tokens: int = Field(512, ge=64)
    """Of the examples that a decoder-only model reads in one row."""
    esconv_conversations: int = Field(0, ge=0)
    """Of ESConv's training part, with what the rules find as targets: people in distress do not
    write as in PERSONA-CHAT."""
    annotated_passes: int = Field(0, ge=0)
    """How often an epoch goes through the utterances of ESConv's training part whose personas were
    annotated (see `training.annotated_personas`); those of its validation part are then validated
    on, too."""
    esconv: Path | None = None
    """ESConv.json; default: where it is found."""
    split: str = "pal"


class ExtractorRun(Recipe):
    """A run that trains a persona extractor: an encoder-decoder or a decoder-only model.

    Attributes:
        format: of its text.
        data: what is learnt from.
        start_from: a folder with a LoRA to begin with.
    """

    format: FormatSettings = FormatSettings()
    data: PersonaDataSettings = PersonaDataSettings()
    start_from: Path | None = None

    def serving_config(self) -> PersonaExtractorConfig:
        """Return how the result is to be served: as it was trained."""
        base = None if self.lora is None else self.base_model
        return PersonaExtractorConfig(**self.format.model_dump(), base_model=base)
