"""Ways to run a model that extracts personas: what was read as token ids, what it writes to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import PreTrainedModel

from pal_model.backbone import Backbone
from pal_model.decoding import DecodedRow, decode, join_branches
from pal_model.generation_options import GenerationOptions
from pal_model.persona_extractor_format import PersonaExtractorConfig
from pal_model.row_states import RowStates


class ExtractorWriter(Protocol):
    """Writes to every row what it finds likeliest."""

    def write(self, rows: Sequence[Sequence[int]]) -> list[DecodedRow]:
        """Return what is written to each of `rows` of token ids, without what was read and without
        the end, which is missing where there was no more room.
        """


class GenerateWriter:
    """Any model of transformers, with beams."""

    def __init__(
        self, model: PreTrainedModel, config: PersonaExtractorConfig, pad_id: int, end_id: int
    ) -> None:
        """Take a fine-tuned model."""
        self._model: Any = model
        self._model.train(False)
        self._config = config
        self._pad_id = pad_id
        self._end_id = end_id
        self._decoder_only = not model.config.is_encoder_decoder

    @torch.inference_mode()
    def write(self, rows: Sequence[Sequence[int]]) -> list[DecodedRow]:
        """Write to all rows at once."""
        longest = max(map(len, rows))
        ids = torch.full((len(rows), longest), self._pad_id)
        mask = torch.zeros_like(ids)
        for index, row in enumerate(rows):
            # A decoder-only model goes on after the last token.
            place = slice(longest - len(row), None) if self._decoder_only else slice(len(row))
            ids[index, place] = torch.tensor(row)
            mask[index, place] = 1
        output = self._model.generate(
            input_ids=ids.to(self._model.device),
            attention_mask=mask.to(self._model.device),
            num_beams=self._config.num_beams,
            do_sample=False,
            max_new_tokens=self._config.max_new_tokens,
            pad_token_id=self._pad_id,
            eos_token_id=self._end_id,
            return_dict_in_generate=True,
            output_scores=self._config.min_log_prob is not None,  # they take much memory
        )
        start = longest if self._decoder_only else 1  # of what is new, behind the start token
        written = output.sequences[:, start:].tolist()
        return [self._row(*row) for row in zip(written, self._log_probs(output), strict=True)]

    def _log_probs(self, output: Any) -> list[list[float]]:
        """Return the log probability of each token that was written; nothing if not asked for."""
        if output.scores is None:
            return [[] for _ in output.sequences]
        scores: Tensor = self._model.compute_transition_scores(
            output.sequences,
            output.scores,
            getattr(output, "beam_indices", None),
            normalize_logits=True,
        )
        result: list[list[float]] = scores.tolist()
        return result

    def _row(self, ids: list[int], log_probs: list[float]) -> DecodedRow:
        count = ids.index(self._end_id) if self._end_id in ids else len(ids)
        return DecodedRow(tuple(ids[:count]), tuple(log_probs[:count]))


class BackboneWriter:
    """The engine's fast backbones, without beams."""

    def __init__(self, backbone: Backbone, max_new_tokens: int, end_id: int) -> None:
        """Take what runs a fine-tuned decoder-only model."""
        self._backbone = backbone
        self._end_id = end_id
        self._options = GenerationOptions(
            do_sample=False,
            repetition_penalty=1,
            no_repeat_ngram_size=0,
            min_new_tokens=0,
            max_new_tokens=max_new_tokens,
        )

    def write(self, rows: Sequence[Sequence[int]]) -> list[DecodedRow]:
        """Write to all rows at once; a row is written as if it were alone."""
        states = RowStates.read(self._backbone, rows)
        return decode(
            join_branches(states, None, [0.0] * len(rows)),
            self._options,
            end_ids=[self._end_id],
            seeds=[0] * len(rows),
        )
