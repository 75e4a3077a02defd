"""PAL on BlenderbotSmall as `PalGenerator` uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import DynamicCache, EncoderDecoderCache

from pal_model.configuration import PalConfig
from pal_model.decoding import GuidedRows
from pal_model.encoding import PalInputs, TokenIds
from pal_model.modeling_blenderbot_small import PalEncoderOutput, PalForConditionalGeneration
from pal_model.reply import ReplyRequest
from pal_model.response_model import StartedResponses, WrittenResponse
from pal_model.row_states import padded
from pal_model.seq2seq_encoding import Seq2SeqEncoder
from pal_model.strategy import Strategy


class Seq2SeqModel:
    """Encodes and decodes with PAL as the paper has it (see `ResponseModel`).

    Every turn is read anew: an encoder sees a whole history at once, so a new utterance changes
    what it made of the old ones. There is no prompt, so `PalConfig.zero_shot` means nothing here,
    and history and persona are always fused.
    """

    def __init__(
        self, model: PalForConditionalGeneration, tokenizer: Any, config: PalConfig
    ) -> None:
        """Take a trained model.

        Raises:
            ModelLoadError: the tokenizer has no token for a strategy.
        """
        self._model: Any = model
        self._model.train(False)
        self._config = config
        positions: int = self._model.config.max_position_embeddings
        self.encoder = Seq2SeqEncoder(tokenizer, config, positions)

    @property
    def name(self) -> str:
        """The number format of the weights."""
        return str(self._model.dtype).removeprefix("torch.")

    @property
    def config(self) -> PalConfig:
        """What the checkpoint was made for."""
        return self._config

    @property
    def first_strategy_ids(self) -> dict[int, Strategy]:
        """Each strategy's token."""
        return {token: strategy for strategy, token in self.encoder.strategy_ids.items()}

    @property
    def end_ids(self) -> TokenIds:
        """The end token."""
        return self.encoder.end_ids

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`."""
        return self.encoder.decode(ids)

    @torch.inference_mode()
    def read(self, requests: Sequence[ReplyRequest]) -> Seq2SeqTurns:
        """Encode the turns and read the decoder's start token."""
        inputs = [self.encoder.encode_inputs(r.conversation, r.persona) for r in requests]
        encoded = self.encode(inputs, with_persona=True)
        start = torch.full((len(inputs), 1), self._model.config.decoder_start_token_id)
        states = DecoderStates.read(self._model, encoded, start)
        return Seq2SeqTurns(self, inputs, encoded, states.logits)

    def encode(self, inputs: Sequence[PalInputs], *, with_persona: bool) -> EncodedRows:
        """Return what the decoder reads of each turn, in one of the branches of Eq. 6."""
        rows = {"": [i.history_ids for i in inputs]}
        if with_persona and any(i.persona_ids for i in inputs):
            rows["persona_"] = [i.persona_ids for i in inputs]
        tensors: dict[str, Tensor] = {}
        for name, ids in rows.items():
            tokens, counts = padded(ids, self._model.device)
            mask = torch.arange(tokens.shape[1], device=counts.device) < counts[:, None]
            tensors |= {f"{name}input_ids": tokens, f"{name}attention_mask": mask.long()}
        output = self._model.get_encoder()(**tensors)
        return EncodedRows(output.last_hidden_state, output.attention_mask)

    @torch.inference_mode()
    def decode_from(self, encoded: EncodedRows, strategies: Sequence[Strategy]) -> DecoderStates:
        """Read the start token and the strategy of each row of `encoded`."""
        start: int = self._model.config.decoder_start_token_id
        ids = [[start, self.encoder.strategy_ids[strategy]] for strategy in strategies]
        return DecoderStates.read(self._model, encoded, torch.tensor(ids))

    def ordinary_logits(self) -> Tensor | None:
        """None: its strategies are trained (see `ResponseModel`)."""
        return None

    def log_probs_anywhere(
        self,
        responses: Sequence[WrittenResponse],  # noqa: ARG002 (of `ResponseModel`)
    ) -> list[float] | None:
        """None: it would have to encode and to read anew (see `ResponseModel`)."""
        return None

    def forget(self) -> None:
        """Do nothing: nothing is remembered."""


@dataclass(frozen=True, slots=True)
class EncodedRows:
    """What the decoder reads of R rows.

    Attributes:
        states: H_final of Eq. 4, or H_D in the history-only branch, (R, N, D).
        mask: 1 where the decoder may look, (R, N).
    """

    states: Tensor
    mask: Tensor

    def select(self, rows: Sequence[int]) -> EncodedRows:
        """Return the given rows, in that order; a row may be taken repeatedly."""
        return EncodedRows(self.states[list(rows)], self.mask[list(rows)])

    def joined(self, other: EncodedRows) -> EncodedRows:
        """Return these rows and those of `other` in one batch, padded to the longer."""
        missing = self.mask.shape[1] - other.mask.shape[1]
        one, two = self._padded(max(0, -missing)), other._padded(max(0, missing))
        return EncodedRows(torch.cat([one.states, two.states]), torch.cat([one.mask, two.mask]))

    def _padded(self, count: int) -> EncodedRows:
        return EncodedRows(F.pad(self.states, (0, 0, 0, count)), F.pad(self.mask, (0, count)))


@dataclass(slots=True)
class Seq2SeqTurns:
    """Turns whose histories and personas are encoded (see `TurnStates`)."""

    model: Seq2SeqModel
    inputs: Sequence[PalInputs]
    encoded: EncodedRows
    logits: Tensor

    @property
    def has_persona(self) -> Sequence[bool]:
        """Whether a turn has a persona, within its budget of tokens."""
        return [bool(i.persona_ids) for i in self.inputs]

    @torch.inference_mode()
    def start(
        self,
        strategies: Sequence[Strategy],
        alphas: Sequence[float],
        *,
        copies: int,
        room: int,  # noqa: ARG002 (of `TurnStates`; the decoder's cache grows by itself)
    ) -> StartedResponses:
        """Read the strategies' tokens in both branches (see `TurnStates`)."""
        guided = [index for index, alpha in enumerate(alphas) if alpha]
        rows = [index for index in range(len(alphas)) for _ in range(copies)]
        branch_rows = [index for index in range(len(guided)) for _ in range(copies)]
        encoded = self.encoded.select(rows)
        if guided:
            without = self.model.encode([self.inputs[i] for i in guided], with_persona=False)
            encoded = encoded.joined(without.select(branch_rows))
        of_rows = [*rows, *(guided[index] for index in branch_rows)]
        states = self.model.decode_from(encoded, [strategies[index] for index in of_rows])
        guided_rows = GuidedRows(states, [alphas[index] for index in rows])
        return StartedResponses(guided_rows, [()] * len(rows))


@dataclass(slots=True)
class DecoderStates:
    """R rows that a decoder has read in step.

    Attributes:
        model: the encoder-decoder.
        encoded: what the decoder reads of each row.
        logits: of the token after the last one, (R, V), float32.
    """

    model: Any
    encoded: EncodedRows
    logits: Tensor
    cache: EncoderDecoderCache = field(repr=False)

    @classmethod
    def read(cls, model: Any, encoded: EncodedRows, ids: Tensor) -> DecoderStates:
        """Read the first decoder tokens of each row, (R, N)."""
        cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        return cls(model, encoded, torch.empty(0), cache)._read(ids)

    def __len__(self) -> int:
        return len(self.logits)

    @torch.inference_mode()
    def extended(self, rows: Sequence[Sequence[int]]) -> DecoderStates:
        """Read on: row i of `rows` after row i, all of one length. Uses up this object."""
        return self._read(torch.tensor(rows))

    @torch.inference_mode()
    def append(self, tokens: Tensor) -> DecoderStates:
        """Read on: one token after each row, (R,). Uses up this object."""
        return self._read(tokens[:, None])

    @torch.inference_mode()
    def kept(self, indices: Sequence[int]) -> DecoderStates:
        """Return the rows at `indices`, in that order. Uses up this object."""
        rows = torch.tensor(indices, device=self.logits.device)
        self.cache.batch_select_indices(rows)
        return DecoderStates(
            self.model, self.encoded.select(indices), self.logits[rows], self.cache
        )

    def _read(self, ids: Tensor) -> DecoderStates:
        output = self.model(
            encoder_outputs=PalEncoderOutput(self.encoded.states, attention_mask=self.encoded.mask),
            decoder_input_ids=ids.to(self.model.device),
            past_key_values=self.cache,
            use_cache=True,
        )
        return DecoderStates(self.model, self.encoded, output.logits[:, -1].float(), self.cache)
