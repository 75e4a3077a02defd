"""A persona extractor that is a fine-tuned language model (PAL, section 3.2 and Appendix A)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    LlamaForCausalLM,
    PreTrainedModel,
)
from transformers.utils import logging as transformers_logging

from pal_model.checkpoint import find_backbone, find_device, loaded_dtype, merged
from pal_model.embedded import find_model
from pal_model.errors import ModelLoadError
from pal_model.extractor_writers import BackboneWriter, ExtractorWriter, GenerateWriter
from pal_model.persona import Persona
from pal_model.persona_extractor_format import PersonaExtractorConfig, PersonaExtractorEncoder
from pal_model.persona_sentences import plausible_sentences
from pal_model.row_cache import CacheFormat

_MOST_ROWS = 32
_MOST_ROWS_ON_GPU = 256
"""That are written to at once; with beams each takes the memory of several. A GPU takes about as
long for one row as for many."""

_MOST_ROWS_WHERE_THERE_IS_ROOM = 2048
_SHARE_OF_FREE_MEMORY = 0.5
_BUFFERS_A_ROW = 4
"""A row is given so many times the memory of its keys and values: for the copies on the way, and
for what a layer computes."""


class ModelPersonaExtractor:
    """Infers persona sentences with an encoder-decoder (BART) or a decoder-only model (GPT-2,
    DialoGPT, SmolLM2). What it writes is believed only as far as the seeker's words bear it out.
    """

    def __init__(
        self,
        encoder: PersonaExtractorEncoder,
        writer: ExtractorWriter,
        most_rows: int = _MOST_ROWS,
    ) -> None:
        """Take a text format, what writes with a model that was trained on it, and the number of
        rows that it writes to at once.
        """
        self._encoder = encoder
        self._writer = writer
        self._most_rows = most_rows

    @classmethod
    def of(
        cls, model: PreTrainedModel, tokenizer: Any, config: PersonaExtractorConfig | None = None
    ) -> ModelPersonaExtractor:
        """Take a fine-tuned model of transformers with its tokenizer."""
        config = config or PersonaExtractorConfig()
        encoder = PersonaExtractorEncoder(
            tokenizer, config, decoder_only=not model.config.is_encoder_decoder
        )
        writer = GenerateWriter(model, config, encoder.pad_id, encoder.end_id)
        return cls(encoder, writer, _most_rows_on(model.device))

    @classmethod
    def load(
        cls,
        name: str,
        *,
        device: str = "cpu",
        dtype: torch.dtype | None = None,
        home: Path | None = None,
    ) -> ModelPersonaExtractor:
        """Load an extractor by name.

        Args:
            name: a folder, or a model of the hub. A folder whose `pal_persona_extractor.json`
                names a `base_model` holds a LoRA beside it.
            device: such as "cuda:0".
            dtype: number format of the weights; default: float32 on a CPU, and 8 bits where the
                engine has them: for a Llama that writes without beams.
            home: where the converted embedded model is kept; default `default_home()`.

        Raises:
            ModelLoadError: there is no such model, or it cannot be used.
        """
        transformers_logging.disable_progress_bar()
        config = PersonaExtractorConfig.load(Path(name))
        base = name if config.base_model is None else find_model(config.base_model, home)
        target = find_device(device)
        try:
            model = _load_weights(name, base, loaded_dtype(target, dtype)).to(target)
            has_tokenizer = Path(name, "tokenizer_config.json").exists()
            tokenizer = AutoTokenizer.from_pretrained(name if has_tokenizer else base)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelLoadError(
                f"Cannot load the persona extractor {name!r}: {error} Name a folder that "
                "holds one, or a model of the hub that this machine can reach."
            ) from error
        if config.num_beams > 1 or not isinstance(model, LlamaForCausalLM):
            return cls.of(model, tokenizer, config)
        encoder = PersonaExtractorEncoder(tokenizer, config, decoder_only=True)
        backbone = find_backbone(name, model, dtype)
        writer = BackboneWriter(backbone, config.max_new_tokens, encoder.end_id)
        most_rows = _most_rows_on(target)
        if target.type == "cuda":
            free, _ = torch.cuda.mem_get_info(target)
            most_rows = rows_with_room(backbone.cache_format, config, free)
        return cls(encoder, writer, most_rows)

    def extract(self, seeker_utterances: Sequence[str]) -> Persona:
        """Return the persona that `seeker_utterances` (oldest first) support; it may be empty."""
        return self.extract_batch([seeker_utterances])[0]

    def extract_batch(self, batch: Sequence[Sequence[str]]) -> list[Persona]:
        """Return the persona of each seeker's utterances; not too many are read at once."""
        asked = [index for index, said in enumerate(batch) if any(map(str.strip, said))]
        written = dict(zip(asked, self._write([batch[index] for index in asked]), strict=True))
        return [
            Persona.of(plausible_sentences(written.get(index, []), said))
            for index, said in enumerate(batch)
        ]

    def _write(self, rows: Sequence[Sequence[str]]) -> list[list[str]]:
        """Return the sentences that the model writes to each row of utterances."""
        encoded = [self._encoder.encode(row) for row in rows]
        written = [
            row
            for start in range(0, len(encoded), self._most_rows)
            for row in self._writer.write(encoded[start : start + self._most_rows])
        ]
        return [self._encoder.decode(row.ids, row.log_probs) for row in written]


def rows_with_room(form: CacheFormat, config: PersonaExtractorConfig, free: int) -> int:
    """Return how many rows a GPU writes to at once that has `free` bytes left."""
    slots = config.max_input_tokens + config.max_new_tokens
    slots += -slots % form.multiple
    numbers = form.layers * form.parts * form.heads * form.width * slots
    room = int(_SHARE_OF_FREE_MEMORY * free) // (_BUFFERS_A_ROW * numbers * form.dtype.itemsize)
    return max(1, min(_MOST_ROWS_WHERE_THERE_IS_ROOM, room))


def _most_rows_on(device: torch.device) -> int:
    return _MOST_ROWS if device.type == "cpu" else _MOST_ROWS_ON_GPU


def _load_weights(folder: str, base: str, dtype: torch.dtype) -> Any:
    is_seq2seq = AutoConfig.from_pretrained(base).is_encoder_decoder
    loader: Any = AutoModelForSeq2SeqLM if is_seq2seq else AutoModelForCausalLM
    if folder == base:
        return loader.from_pretrained(base, dtype=dtype)
    return merged(loader.from_pretrained(base, dtype=torch.float32), folder).to(dtype)
