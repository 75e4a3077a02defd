"""A persona extractor as it is trained: its model, its batches, its result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
)

from pal_model.embedded import find_model
from pal_model.persona_extractor_format import PersonaExtractorEncoder
from training.extractor_run import ExtractorRun
from training.lora import save_lora, with_lora
from training.packing import IGNORED
from training.persona_examples import PersonaExample
from training.recipe import RecipeError


@dataclass(frozen=True, slots=True)
class ExtractorRow:
    """Token ids of what is read, and of what is to be written to it."""

    read: tuple[int, ...]
    written: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.read) + len(self.written) - 1


class ExtractorForm:
    """BART and its like, GPT-2, DialoGPT, SmolLM2 (PAL, Appendix A)."""

    def __init__(self, run: ExtractorRun) -> None:
        """Load the model, with what is new in it untrained.

        Raises:
            RecipeError: there is a LoRA to start from, and none is to be trained.
        """
        if run.lora is None and run.start_from is not None:
            raise RecipeError(
                f"start_from is {str(run.start_from)!r} and lora null; only a LoRA starts from "
                "another. Name a folder with a whole model as base_model."
            )
        folder = find_model(run.base_model)
        torch.manual_seed(run.seed)
        self._run = run
        self._is_seq2seq = AutoConfig.from_pretrained(folder).is_encoder_decoder
        loader: Any = AutoModelForSeq2SeqLM if self._is_seq2seq else AutoModelForCausalLM
        plain = loader.from_pretrained(folder, dtype=torch.float32)
        self._shifted = getattr(plain, "prepare_decoder_input_ids_from_labels", None)
        self.model: Any = (
            plain if run.lora is None else with_lora(plain, run.lora, start_from=run.start_from)
        )
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self._encoder = PersonaExtractorEncoder(
            self._tokenizer, run.serving_config(), decoder_only=not self._is_seq2seq
        )

    def rows(self, examples: Iterable[PersonaExample]) -> list[ExtractorRow]:
        """Encode each example; what is to be written ends after `max_new_tokens`."""
        limit = self._run.format.max_new_tokens
        return [
            ExtractorRow(
                tuple(self._encoder.encode(example.utterances)),
                tuple(self._encoder.encode_answer(example.sentences)[:limit]),
            )
            for example in examples
        ]

    def collate(self, rows: Sequence[ExtractorRow]) -> dict[str, Tensor]:
        """Return a batch: `input_ids` and `attention_mask`, (B, N), `labels`, (B, K), and for an
        encoder-decoder `decoder_input_ids`, (B, K). Rows of a decoder-only model end together.
        """
        if self._is_seq2seq:
            batch = _padded([row.read for row in rows], self._encoder.pad_id, in_front=False)
            labels = _padded([row.written for row in rows], IGNORED, in_front=False)["input_ids"]
            if self._shifted is None:
                raise TypeError(f"{type(self.model).__name__} does not shift its labels.")
            return batch | {"labels": labels, "decoder_input_ids": self._shifted(labels=labels)}
        read = [(*row.read, *row.written[:-1]) for row in rows]
        batch = _padded(read, self._encoder.pad_id, in_front=True)
        labels = _padded([row.written for row in rows], IGNORED, in_front=True)["input_ids"]
        return batch | {"labels": labels}

    def logits(self, model: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """Predict what is to be written."""
        names = ("input_ids", "attention_mask", "decoder_input_ids")
        inputs: dict[str, Any] = {name: batch[name] for name in names if name in batch}
        if not self._is_seq2seq:
            inputs["position_ids"] = (batch["attention_mask"].cumsum(-1) - 1).clamp(min=0)
            inputs["logits_to_keep"] = batch["labels"].shape[1]
        logits: Tensor = model(**inputs, use_cache=False).logits
        return logits

    def parts(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """All targets are of one kind."""
        return {"sentence": batch["labels"] != IGNORED}

    def save(self, model: Any, output: Path) -> None:
        """Write what `ModelPersonaExtractor.load` reads: the model, or a LoRA beside its base."""
        if self._run.lora is None:
            model.save_pretrained(output)
            self._tokenizer.save_pretrained(output)
        else:
            save_lora(model, output, self._run.base_model)
        self._run.serving_config().save(output)


def _padded(rows: Sequence[Sequence[int]], padding: int, *, in_front: bool) -> dict[str, Tensor]:
    """Return `rows` as one tensor, (B, N), and which of it is not padding, (B, N)."""
    length = max(map(len, rows))
    ids, mask = [], []
    for row in rows:
        fill = length - len(row)
        before, behind = (fill, 0) if in_front else (0, fill)
        ids.append([padding] * before + list(row) + [padding] * behind)
        mask.append([0] * before + [1] * len(row) + [0] * behind)
    return {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask)}
