"""PAL on a decoder-only backbone of the Llama family.

The backbone serves as encoder and as decoder. As encoder it reads history and persona separately
(Eq. 1); what it makes of them, per layer, is fused (Eqs. 2-4) and becomes key/value prefixes that
the response attends to, both beginning at position 0. So the history is read once for both
branches of Eq. 6, and the history-only branch just leaves the persona's prefix out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import (
    AutoConfig,
    AutoModelForSeq2SeqLM,
    Cache,
    DynamicCache,
    EncoderDecoderCache,
    LlamaConfig,
    LlamaForCausalLM,
)
from transformers import initialization as init
from transformers.modeling_outputs import Seq2SeqLMOutput
from transformers.utils.generic import ModelOutput

from pal_model.co_attention import GatedPersonaFusion, PersonaFusion, tokens_first
from pal_model.errors import ModelInputError
from pal_model.guided_generation import GuidedGenerationMixin
from pal_model.layer_projections import LayerProjections
from pal_model.pal_checkpoint import PalCheckpointMixin


class PalLlamaConfig(LlamaConfig):
    """Llama's configuration under PAL's name, for a model that is used as encoder and decoder."""

    model_type = "pal-llama"
    is_encoder_decoder: bool = True
    decoder_start_token_id: int | None = None


@dataclass
class PalPrefix(ModelOutput):
    """What a response attends to, S positions: the persona's if there is one, then the history's.

    Attributes:
        prefix_keys: (B, layers, key/value heads, S, head width).
        prefix_values: as `prefix_keys`.
        attention_mask: 1 where a position is a token, (B, S).
        history_lengths: number of history tokens, which the response's positions follow, (B,).
    """

    prefix_keys: Tensor
    # Never None: transformers wants no second field without a default.
    prefix_values: Tensor = None  # type: ignore[assignment]
    attention_mask: Tensor = None  # type: ignore[assignment]
    history_lengths: Tensor = None  # type: ignore[assignment]


class PalLlamaForConditionalGeneration(  # type: ignore[misc]
    PalCheckpointMixin, GuidedGenerationMixin, LlamaForCausalLM
):
    """PAL's response generator on Llama, with the interface of the one on BlenderbotSmall.

    Each layer's states pass the fusion through gates that are closed at the start. An untrained
    model therefore is its backbone, which attends to the persona beside the history.
    """

    config_class = PalLlamaConfig
    backbone_type = LlamaConfig.model_type

    def __init__(self, config: PalLlamaConfig) -> None:
        """Make the model with random weights and closed gates."""
        super().__init__(config)
        self.fusion = GatedPersonaFusion(config.hidden_size, config.num_hidden_layers)
        self.post_init()  # type: ignore[no-untyped-call]

    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)  # type: ignore[no-untyped-call]
        if isinstance(module, PersonaFusion):
            init.zeros_(module.lambda_weights)
        elif isinstance(module, GatedPersonaFusion):
            init.zeros_(module.gates)

    def get_encoder(self, modality: str | None = None) -> PrefixEncoder:  # noqa: ARG002
        """Return what `generate` calls to encode history and persona."""
        return PrefixEncoder(self)

    def encode(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        persona_input_ids: Tensor | None = None,
        persona_attention_mask: Tensor | None = None,
    ) -> PalPrefix:
        """Return the prefix that a response attends to.

        Args:
            input_ids: history, (B, H); padding may stand anywhere.
            attention_mask: 1 where `input_ids` is a token, (B, H); default everywhere.
            persona_input_ids: persona, (B, P); None for the history-only branch of Eq. 6.
            persona_attention_mask: as `attention_mask`, (B, P); a row of zeros has no persona.

        Raises:
            ModelInputError: history or persona are longer than the model has positions.
        """
        history, history_mask = self._read("history", input_ids, attention_mask)
        segments, masks = [history], [history_mask]
        if persona_input_ids is not None:
            persona, persona_mask = self._read("persona", persona_input_ids, persona_attention_mask)
            history, persona = self.fusion(history, history_mask, persona, persona_mask)
            segments, masks = [persona, history], [persona_mask, history_mask]
        prefixes = [LayerProjections(self.model)(states) for states in segments]
        return PalPrefix(
            prefix_keys=torch.cat([keys for keys, _ in prefixes], dim=3),
            prefix_values=torch.cat([values for _, values in prefixes], dim=3),
            attention_mask=torch.cat(masks, dim=1),
            history_lengths=history_mask.sum(dim=1),
        )

    def _read(self, what: str, ids: Tensor, mask: Tensor | None) -> tuple[Sequence[Tensor], Tensor]:
        """Return what each layer attends to in `ids` (B, N): normed states, (B, N, D) each."""
        limit = self.config.max_position_embeddings
        if ids.shape[1] > limit:
            raise ModelInputError(
                f"The {what} has {ids.shape[1]} tokens; this model reads {limit} at most. "
                "Leave out its oldest part."
            )
        mask = torch.ones_like(ids) if mask is None else mask
        ids, mask = tokens_first(ids, mask)
        # Attention over nothing is NaN; a row without tokens reads a pad, which nobody looks at.
        readable = mask.clone()
        readable[:, 0] = 1
        output: Any = self.model(
            input_ids=ids, attention_mask=readable, output_hidden_states=True, use_cache=False
        )
        states = output.hidden_states[: len(self.model.layers)]  # what goes into each layer
        layers: Any = self.model.layers
        return [layer.input_layernorm(h) for layer, h in zip(layers, states, strict=True)], mask

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        persona_input_ids: Tensor | None = None,
        persona_attention_mask: Tensor | None = None,
        decoder_input_ids: Tensor | None = None,
        encoder_outputs: PalPrefix | None = None,
        labels: Tensor | None = None,
        past_key_values: Cache | None = None,
        use_cache: bool | None = None,
        **_: Any,
    ) -> Seq2SeqLMOutput:
        """Return the logits of the response, (B, T, V), and with `labels` the loss of Eq. 5.

        Args:
            input_ids: history, (B, H).
            attention_mask: (B, H).
            persona_input_ids: persona, (B, P); None for the history-only branch of Eq. 6.
            persona_attention_mask: (B, P).
            decoder_input_ids: strategy and response so far, after the start token, (B, T).
            encoder_outputs: what `encode` returned before, in place of the four first.
            labels: strategy and response, (B, T), -100 where nothing is asked for.
            past_key_values: empty at the response's first tokens; then what was returned.
            use_cache: whether to return `past_key_values`; default only where they were given.
        """
        if encoder_outputs is None:
            if input_ids is None:
                raise ModelInputError("Neither input_ids nor encoder_outputs were given; one must.")
            encoder_outputs = self.encode(
                input_ids, attention_mask, persona_input_ids, persona_attention_mask
            )
        if decoder_input_ids is None:
            if labels is None:
                raise ModelInputError("Neither decoder_input_ids nor labels were given; one must.")
            decoder_input_ids = self._shifted(labels)
        cache = DynamicCache() if past_key_values is None else past_key_values
        states = self._read_response(decoder_input_ids, encoder_outputs, cache)
        logits = self.lm_head(states)
        loss = None
        if labels is not None:
            loss = F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten())
        returned: Any = cache if use_cache or past_key_values is not None else None
        return Seq2SeqLMOutput(loss=loss, logits=logits, past_key_values=returned)

    def _shifted(self, labels: Tensor) -> Tensor:
        """Return the decoder's tokens for `labels` (B, T): a start token, then all but the last."""
        start = self.config.decoder_start_token_id
        if start is None:
            start = self.config.bos_token_id
        if start is None:
            raise ModelInputError(
                "The configuration has no decoder_start_token_id, with which a response begins. "
                "Set it to the last token of what comes before a response in the text format."
            )
        ids = F.pad(labels[:, :-1], (1, 0), value=start)
        return ids.masked_fill(ids == -100, self.config.pad_token_id or 0)

    def _read_response(self, ids: Tensor, prefix: PalPrefix, cache: Cache) -> Tensor:
        """Return the last hidden states at the next tokens of the response, `ids`, (B, T, D)."""
        own = cache.self_attention_cache if isinstance(cache, EncoderDecoderCache) else cache
        if not own.get_seq_length():
            for layer in range(prefix.prefix_keys.shape[1]):
                own.update(prefix.prefix_keys[:, layer], prefix.prefix_values[:, layer], layer)
        length = ids.shape[1]
        read = own.get_seq_length() - prefix.prefix_keys.shape[3]
        steps = torch.arange(read + length, device=ids.device)
        now = steps[read:]
        visible = torch.cat(
            [
                prefix.attention_mask.bool()[:, None, None].expand(-1, -1, length, -1),
                (steps <= now[:, None]).expand(len(ids), 1, -1, -1),
            ],
            dim=3,
        )  # (B, 1, T, S + read + T)
        output: Any = self.model(
            input_ids=ids,
            attention_mask=visible,
            position_ids=prefix.history_lengths[:, None] + now,
            past_key_values=own,
            use_cache=True,
        )
        states: Tensor = output.last_hidden_state
        return states

    def prepare_inputs_for_generation(  # type: ignore[override]
        self,
        input_ids: Tensor,
        past_key_values: Cache | None = None,
        encoder_outputs: PalPrefix | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Return what `forward` needs for the next token, given all decoder tokens so far."""
        read = 0
        if past_key_values is not None and encoder_outputs is not None:
            read = max(0, past_key_values.get_seq_length() - encoder_outputs.prefix_keys.shape[3])
        return {
            "decoder_input_ids": input_ids[:, read:],
            "past_key_values": past_key_values,
            "encoder_outputs": encoder_outputs,
            "use_cache": kwargs.get("use_cache"),
        }


class PrefixEncoder:
    """The encoder as `generate` looks for it; holds no weights of its own."""

    def __init__(self, model: PalLlamaForConditionalGeneration) -> None:
        """Encode with `model`."""
        self._model = model

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        persona_input_ids: Tensor | None = None,
        persona_attention_mask: Tensor | None = None,
        **_: Any,
    ) -> PalPrefix:
        """Return `encode` of the four."""
        return self._model.encode(
            input_ids, attention_mask, persona_input_ids, persona_attention_mask
        )

    __call__ = forward


AutoConfig.register(PalLlamaConfig.model_type, PalLlamaConfig)
AutoModelForSeq2SeqLM.register(PalLlamaConfig, PalLlamaForConditionalGeneration)
