"""A persona extractor as it is trained: its model, its batches, its result.

The families of Appendix A are two kinds: decoder-only models (GPT-2, DialoGPT, SmolLM2), whose
short examples are packed, many in one row, and encoder-decoders (BART), which read one a row.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

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
from training.examples import TurnExample
from training.extractor_run import ExtractorRun
from training.lora import save_lora, with_lora
from training.packing import IGNORED, PackedRow, collate, pack, packed_logits
from training.persona_examples import PersonaExample
from training.recipe import RecipeError
from training.token_trainer import TokenForm


class ExtractorForm(TokenForm, Protocol):
    """What a run of `training.finetune_persona_extractor` trains."""

    def rows(self, examples: Iterable[PersonaExample]) -> list[Any]:
        """Encode each example; what is to be written ends after `max_new_tokens`."""


def load_extractor_form(run: ExtractorRun) -> ExtractorForm:
    """Load the model of a run, with what is new in it untrained.

    Raises:
        RecipeError: there is a LoRA to start from, and none is to be trained.
        OSError, ValueError, KeyError: of transformers and PEFT, where something cannot be loaded.
    """
    if run.lora is None and run.start_from is not None:
        raise RecipeError(
            f"start_from is {str(run.start_from)!r} and lora null; only a LoRA starts from "
            "another. Name a folder with a whole model as base_model."
        )
    folder = find_model(run.base_model)
    torch.manual_seed(run.seed)
    if AutoConfig.from_pretrained(folder).is_encoder_decoder:
        return EncoderDecoderExtractorForm(run, folder)
    return PackedExtractorForm(run, folder)


class _ExtractorForm:
    """What both kinds share."""

    def __init__(self, run: ExtractorRun, folder: str, plain: Any, *, decoder_only: bool) -> None:
        self._run = run
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self._encoder = PersonaExtractorEncoder(
            self._tokenizer, run.serving_config(), decoder_only=decoder_only
        )
        self.model: Any = (
            plain if run.lora is None else with_lora(plain, run.lora, start_from=run.start_from)
        )

    def _ids(self, example: PersonaExample) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return what is read, and what is to be written."""
        written = self._encoder.encode_answer(example.sentences)
        return (
            tuple(self._encoder.encode(example.utterances)),
            tuple(written[: self._run.format.max_new_tokens]),
        )

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


class PackedExtractorForm(_ExtractorForm):
    """A decoder-only model, whose examples are packed as turns without persona."""

    def __init__(self, run: ExtractorRun, folder: str) -> None:
        """Load the model; the run says whether a LoRA or all of it is trained."""
        plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        super().__init__(run, folder, plain, decoder_only=True)

    def rows(self, examples: Iterable[PersonaExample]) -> list[PackedRow]:
        """Pack examples that were drawn at random: a row of one speaker alone would be of a kind.

        Which ones share a row stays the same in every epoch.
        """
        turns = [self._turn(example) for example in examples]
        random.Random(self._run.seed).shuffle(turns)  # noqa: S311  (repeatable, no secret)
        return list(pack(turns, self._run.data.max_row_tokens))

    def _turn(self, example: PersonaExample) -> TurnExample:
        read, written = self._ids(example)
        return TurnExample((), read[:-1], read[-1:], written, strategy_length=0)

    def collate(self, rows: Sequence[PackedRow]) -> dict[str, Tensor]:
        """See `packing.collate`."""
        return collate(rows, self._encoder.pad_id)

    def logits(self, model: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """See `packing.packed_logits`."""
        return packed_logits(model, batch)


@dataclass(frozen=True, slots=True)
class ExtractorRow:
    """Token ids of what is read, and of what is to be written to it."""

    read: tuple[int, ...]
    written: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.read) + len(self.written) - 1


class EncoderDecoderExtractorForm(_ExtractorForm):
    """BART and its like, which the paper trains."""

    def __init__(self, run: ExtractorRun, folder: str) -> None:
        """Load the model; the run says whether a LoRA or all of it is trained.

        Raises:
            RecipeError: the model cannot be trained in this way.
        """
        plain: Any = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32)
        if not hasattr(plain, "prepare_decoder_input_ids_from_labels"):
            raise RecipeError(
                f"base_model is {run.base_model!r}, a {type(plain).__name__}, which does not say "
                "how its decoder begins. Name a BART or another model that does."
            )
        self._shifted = plain.prepare_decoder_input_ids_from_labels
        super().__init__(run, folder, plain, decoder_only=False)

    def rows(self, examples: Iterable[PersonaExample]) -> list[ExtractorRow]:
        """Encode each example."""
        return [ExtractorRow(*self._ids(example)) for example in examples]

    def collate(self, rows: Sequence[ExtractorRow]) -> dict[str, Tensor]:
        """Return `input_ids` and `attention_mask`, (B, N); `labels` and `decoder_input_ids`,
        (B, K); all padded behind.
        """
        read = [row.read for row in rows]
        labels = _padded([row.written for row in rows], IGNORED)
        return {
            "input_ids": _padded(read, self._encoder.pad_id),
            "attention_mask": _padded([(1,) * len(row) for row in read], 0),
            "labels": labels,
            "decoder_input_ids": self._shifted(labels=labels),
        }

    def logits(self, model: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """Predict what is to be written."""
        names = ("input_ids", "attention_mask", "decoder_input_ids")
        logits: Tensor = model(**{name: batch[name] for name in names}, use_cache=False).logits
        return logits


def _padded(rows: Sequence[Sequence[int]], padding: int) -> Tensor:
    """Return `rows` as one tensor, (B, N)."""
    length = max(map(len, rows))
    return torch.tensor([[*row, *[padding] * (length - len(row))] for row in rows])
