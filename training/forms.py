"""The ways in which a generator takes a persona, each with its model, its batches and its result.

Baselines of the paper are settings of these: Blenderbot-Joint is a form without personas
(`data.persona: none`), Hard Prompt one with the persona in the prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from pal_model.checkpoint import is_encoder_decoder
from pal_model.configuration import PalConfig
from pal_model.embedded import find_model
from pal_model.encoding import Encoder
from pal_model.modeling_blenderbot_small import PalForConditionalGeneration
from pal_model.modeling_llama import PalLlamaConfig, PalLlamaForConditionalGeneration
from pal_model.seq2seq_encoding import Seq2SeqEncoder, add_strategy_tokens
from training.examples import (
    SupporterTurn,
    TurnExample,
    encode,
    encode_seq2seq,
    without_some_personas,
)
from training.lora import save_lora, with_lora
from training.packing import IGNORED, PackedRow, collate, pack, packed_logits
from training.recipe import RecipeError
from training.run_config import RunConfig
from training.token_trainer import TokenForm
from training.turn_batches import collate_turns

Conversations = Sequence[Sequence[SupporterTurn]]


class Form(TokenForm, Protocol):
    """A way in which a generator is trained; it saves what `PalGenerator.load` reads."""

    @property
    def first_strategy_ids(self) -> list[int]:
        """The tokens that strategies' names begin with."""

    def rows(self, conversations: Conversations, dropout: float) -> list[Any]:
        """Encode the turns; a share of them, `dropout`, goes without persona."""


def load_form(config: RunConfig) -> Form:
    """Load the model of a run, with what is new in it untrained.

    Raises:
        RecipeError: the base model and the settings do not go together.
        OSError, ValueError, KeyError: of transformers and PEFT, where something cannot be loaded.
    """
    folder = find_model(config.base_model)
    torch.manual_seed(config.seed)
    AutoConfig.from_pretrained(folder)  # what cannot be loaded is of no kind that a rule is about
    if is_encoder_decoder(folder):
        return EncoderDecoderForm(config, folder)
    if config.lora is None:
        raise RecipeError(
            f"lora is null and {config.base_model!r} a decoder-only model, of which a LoRA is "
            "trained. Give lora its settings, or leave it out for the default."
        )
    return (
        FusedForm(config, folder) if config.persona_form == "fused" else PackedForm(config, folder)
    )


def serving_config(config: RunConfig) -> PalConfig:
    """Return how the result is to be served: as it was trained, without examples in the prompt."""
    return PalConfig(
        max_history_tokens=config.max_history_tokens,
        max_persona_tokens=config.max_persona_tokens,
        persona_form=config.persona_form,
        base_model=config.base_model,
        zero_shot=False,
    )


class _TurnForm:
    """What all forms share: batches have `is_name`, (B, K), beside `labels`."""

    def parts(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Tell strategies' names from responses."""
        is_name = batch["is_name"]
        return {"name": is_name, "response": (batch["labels"] != IGNORED) & ~is_name}


class PackedForm(_TurnForm):
    """A LoRA for a decoder-only backbone; the persona is a prefix, or part of the prompt."""

    def __init__(self, config: RunConfig, folder: str) -> None:
        """Load the backbone and add a LoRA to all its linear layers."""
        self._config = config
        self._encoder = Encoder(AutoTokenizer.from_pretrained(folder), serving_config(config))
        backbone = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        self.model = with_lora(backbone, config.lora, start_from=config.start_from)

    @property
    def first_strategy_ids(self) -> list[int]:
        """See `Encoder.first_strategy_ids`."""
        return list(self._encoder.first_strategy_ids)

    def rows(self, conversations: Conversations, dropout: float) -> list[PackedRow]:
        """Pack the turns of each conversation."""
        limit = self._config.data.max_row_tokens
        in_prompt = self._config.persona_form == "prompt"
        return [
            row
            for turns in _with_dropout(conversations, dropout, self._config.seed)
            for row in pack((encode(t, self._encoder, in_prompt=in_prompt) for t in turns), limit)
        ]

    def collate(self, rows: Sequence[PackedRow]) -> dict[str, Tensor]:
        """See `packing.collate`."""
        return collate(rows)

    def logits(self, model: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """See `packing.packed_logits`."""
        return packed_logits(model, batch)

    def save(self, model: Any, output: Path) -> None:
        """Write the LoRA."""
        save_lora(model, output, self._config.base_model)
        serving_config(self._config).save(output)


class _TurnByTurn(_TurnForm):
    """What forms share whose models read each turn as two inputs."""

    def collate(self, rows: Sequence[TurnExample]) -> dict[str, Tensor]:
        """See `turn_batches.collate_turns`."""
        return collate_turns(rows)

    def logits(self, model: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """Predict the responses."""
        names = ("input_ids", "attention_mask", "persona_input_ids", "persona_attention_mask")
        inputs = {name: batch[name] for name in (*names, "decoder_input_ids")}
        logits: Tensor = model(**inputs, use_cache=False).logits
        return logits


class FusedForm(_TurnByTurn):
    """A LoRA and the fusion of Eqs. 2-4 for a decoder-only backbone; every turn is read alone."""

    def __init__(self, config: RunConfig, folder: str) -> None:
        """Load the backbone, add a LoRA and a fusion with closed gates."""
        self._config = config
        self._encoder = Encoder(AutoTokenizer.from_pretrained(folder), serving_config(config))
        is_fused = AutoConfig.from_pretrained(folder).model_type == PalLlamaConfig.model_type
        pal = PalLlamaForConditionalGeneration
        load = pal.from_pretrained if is_fused else pal.from_backbone
        backbone = load(folder, dtype=torch.float32)
        self.model = with_lora(
            backbone, config.lora, whole=("fusion",), start_from=config.start_from
        )

    @property
    def first_strategy_ids(self) -> list[int]:
        """See `Encoder.first_strategy_ids`."""
        return list(self._encoder.first_strategy_ids)

    def rows(self, conversations: Conversations, dropout: float) -> list[TurnExample]:
        """Encode each turn."""
        return [
            encode(turn, self._encoder, in_prompt=False)
            for turns in _with_dropout(conversations, dropout, self._config.seed)
            for turn in turns
        ]

    def save(self, model: Any, output: Path) -> None:
        """Write the LoRA and the fusion."""
        save_lora(model, output, self._config.base_model)
        serving_config(self._config).save(output)


class EncoderDecoderForm(_TurnByTurn):
    """PAL on BlenderbotSmall, all of whose weights are trained (the paper's recipe)."""

    def __init__(self, config: RunConfig, folder: str) -> None:
        """Load the backbone; give each strategy a token.

        Raises:
            RecipeError: a LoRA or another form is asked for.
        """
        if config.lora is not None or config.persona_form != "fused":
            raise RecipeError(
                f"The base model {config.base_model!r} is an encoder-decoder: PAL trains all of it "
                "and fuses by Eqs. 2-4. Set lora to null and persona_form to fused."
            )
        self._config = config
        if config.start_from is None:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
            self.model: Any = PalForConditionalGeneration.from_backbone(folder, dtype=torch.float32)
            add_strategy_tokens(self.model, self._tokenizer)
        else:
            self._tokenizer = AutoTokenizer.from_pretrained(config.start_from)
            self.model = PalForConditionalGeneration.from_pretrained(config.start_from)
        positions: int = self.model.config.max_position_embeddings
        self._encoder = Seq2SeqEncoder(self._tokenizer, serving_config(config), positions)

    @property
    def first_strategy_ids(self) -> list[int]:
        """The strategies' tokens."""
        return list(self._encoder.strategy_ids.values())

    def rows(self, conversations: Conversations, dropout: float) -> list[TurnExample]:
        """Encode each turn."""
        start: int = self.model.config.decoder_start_token_id
        return [
            encode_seq2seq(turn, self._encoder, start)
            for turns in _with_dropout(conversations, dropout, self._config.seed)
            for turn in turns
        ]

    def save(self, model: Any, output: Path) -> None:
        """Write the model with its tokenizer."""
        model.save_pretrained(output)
        self._tokenizer.save_pretrained(output)
        replace(serving_config(self._config), base_model=None).save(output)


def _with_dropout(
    conversations: Conversations, share: float, seed: int
) -> Iterator[Iterator[SupporterTurn]]:
    for index, turns in enumerate(conversations):
        yield without_some_personas(turns, share, f"{seed} {index}")
