"""A persona extractor that is a fine-tuned language model (PAL, section 3.2 and Appendix A)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedModel,
)

from pal_model.errors import ModelLoadError
from pal_model.persona import Persona
from pal_model.persona_sentences import plausible_sentences

CONFIG_FILE = "pal_persona_extractor.json"


@dataclass(frozen=True, slots=True)
class PersonaExtractorConfig:
    """The text format that an extractor was trained on, and how it writes.

    The defaults are those of the published script, beams included; training keeps them beside the
    weights.

    Attributes:
        utterance_separator: between the seeker's utterances.
        sentence_separator: between persona sentences; a decoder-only model reads it after the
            utterances, too.
        max_input_tokens: what exceeds them is left out, oldest first.
        max_new_tokens: of all sentences together.
        num_beams: 1 for greedy search.
    """

    utterance_separator: str = " <sep> "
    sentence_separator: str = " <persona> "
    max_input_tokens: int = 512
    max_new_tokens: int = 128
    num_beams: int = 10

    def __post_init__(self) -> None:
        for name in ("max_input_tokens", "max_new_tokens", "num_beams"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 1 or more.")
        for name in ("utterance_separator", "sentence_separator"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must not be blank.")

    def save(self, folder: Path) -> None:
        """Write the settings into `folder`, beside the weights."""
        text = json.dumps(asdict(self), indent=2) + "\n"
        (folder / CONFIG_FILE).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> PersonaExtractorConfig:
        """Read the settings in `folder`; without a file, return the defaults.

        Raises:
            ModelLoadError: the file is not what `save` writes.
        """
        path = folder / CONFIG_FILE
        if not path.exists():
            return cls()
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise ModelLoadError(
                f"{path} cannot be used: {error} Restore the file or delete it for the defaults."
            ) from error


class ModelPersonaExtractor:
    """Infers persona sentences with an encoder-decoder (BART) or a decoder-only model (GPT-2,
    DialoGPT, SmolLM2). What it writes is believed only as far as the seeker's words bear it out.
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: Any, config: PersonaExtractorConfig | None = None
    ) -> None:
        """Take a fine-tuned model with its tokenizer."""
        self._model = model
        self._model.train(False)
        self._tokenizer = tokenizer
        self._config = config or PersonaExtractorConfig()
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        self._decoder_only = not model.config.is_encoder_decoder
        # The latest words matter most; and a decoder-only model goes on after the last token.
        tokenizer.truncation_side = "left"
        tokenizer.padding_side = "left" if self._decoder_only else "right"

    @classmethod
    def load(
        cls, name_or_path: str, *, device: str = "cpu", dtype: torch.dtype | None = None
    ) -> ModelPersonaExtractor:
        """Load a folder or a model of the hub.

        Raises:
            ModelLoadError: there is no such model, or it cannot be used.
        """
        try:
            is_seq2seq = AutoConfig.from_pretrained(name_or_path).is_encoder_decoder
            loader: Any = AutoModelForSeq2SeqLM if is_seq2seq else AutoModelForCausalLM
            model = loader.from_pretrained(name_or_path, dtype=dtype or torch.float32)
            tokenizer = AutoTokenizer.from_pretrained(name_or_path)
        except (OSError, ValueError, KeyError) as error:
            raise ModelLoadError(
                f"Cannot load the persona extractor {name_or_path!r}: {error} Name a folder that "
                "holds one, or a model of the hub that this machine can reach."
            ) from error
        return cls(model.to(device), tokenizer, PersonaExtractorConfig.load(Path(name_or_path)))

    def extract(self, seeker_utterances: Sequence[str]) -> Persona:
        """Return the persona that `seeker_utterances` (oldest first) support; it may be empty."""
        return self.extract_batch([seeker_utterances])[0]

    def extract_batch(self, batch: Sequence[Sequence[str]]) -> list[Persona]:
        """Return the persona of each seeker's utterances, all in one batch."""
        said = [[" ".join(utterance.split()) for utterance in row] for row in batch]
        asked = [index for index, row in enumerate(said) if any(row)]
        written = dict(zip(asked, self._write([said[index] for index in asked]), strict=True))
        return [
            Persona.of(plausible_sentences(written.get(index, []), row))
            for index, row in enumerate(said)
        ]

    @torch.inference_mode()
    def _write(self, rows: Sequence[Sequence[str]]) -> list[list[str]]:
        if not rows:
            return []
        config = self._config
        ending = config.sentence_separator if self._decoder_only else ""
        inputs = self._tokenizer(
            [config.utterance_separator.join(filter(None, row)) + ending for row in rows],
            return_tensors="pt",
            padding=True,
            truncation=True,
            max_length=config.max_input_tokens,
        ).to(self._model.device)
        model: Any = self._model
        output = model.generate(
            input_ids=inputs.input_ids,
            attention_mask=inputs.attention_mask,
            num_beams=config.num_beams,
            do_sample=False,
            max_new_tokens=config.max_new_tokens,
            pad_token_id=self._tokenizer.pad_token_id,
        )
        if self._decoder_only:
            output = output[:, inputs.input_ids.shape[1] :]
        return [self._sentences(ids) for ids in output.tolist()]

    def _sentences(self, ids: Sequence[int]) -> list[str]:
        """Return the sentences in what was written; the separator may be a special token."""
        separator = self._config.sentence_separator.strip()
        text: str = self._tokenizer.decode(ids, skip_special_tokens=False)
        for token in self._tokenizer.all_special_tokens:
            if token != separator:
                text = text.replace(token, " ")
        return text.split(separator)
