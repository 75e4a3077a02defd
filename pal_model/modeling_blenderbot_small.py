"""PAL on BlenderbotSmall, the backbone of the paper (sections 3.3 and 4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForSeq2SeqLM,
    BlenderbotSmallConfig,
    BlenderbotSmallForConditionalGeneration,
)
from transformers import initialization as init
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput
from transformers.models.blenderbot_small.modeling_blenderbot_small import BlenderbotSmallEncoder

from pal_model.co_attention import PersonaFusion, tokens_first
from pal_model.errors import ModelInputError
from pal_model.guided_generation import GuidedGenerationMixin
from pal_model.pal_checkpoint import PalCheckpointMixin


class PalBlenderbotSmallConfig(BlenderbotSmallConfig):
    """BlenderbotSmall's configuration under PAL's name."""

    model_type = "pal-blenderbot-small"


@dataclass
class PalEncoderOutput(BaseModelOutput):
    """What the decoder reads.

    Attributes:
        last_hidden_state: H_final of Eq. 4, (B, max(H, P), D); without a persona H_D, (B, H, D).
        attention_mask: 1 where the decoder may look, (B, max(H, P)).
    """

    attention_mask: Tensor | None = None


class PalBlenderbotSmallEncoder(BlenderbotSmallEncoder):
    """Encodes history and persona with shared weights (Eq. 1) and fuses them (Eqs. 2-4)."""

    def __init__(self, config: PalBlenderbotSmallConfig) -> None:
        """Make BlenderbotSmall's encoder and the fusion."""
        super().__init__(config)
        self.fusion = PersonaFusion(config.d_model)

    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)  # type: ignore[no-untyped-call]
        if isinstance(module, PersonaFusion):
            init.zeros_(module.lambda_weights)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        persona_input_ids: Tensor | None = None,
        persona_attention_mask: Tensor | None = None,
        **kwargs: Any,
    ) -> PalEncoderOutput:
        """Return the states that the decoder reads.

        Args:
            input_ids: history, (B, H); padding may stand anywhere.
            attention_mask: 1 where `input_ids` is a token, (B, H); default everywhere.
            persona_input_ids: persona, (B, P); None for history-only states.
            persona_attention_mask: as `attention_mask`, (B, P); a row of zeros has no persona.
            kwargs: as BlenderbotSmall's encoder takes them.

        Raises:
            ModelInputError: history or persona are longer than the model has positions.
        """
        kwargs["return_dict"] = True
        history, history_mask = self._read("history", input_ids, attention_mask, kwargs)
        final, mask = history.last_hidden_state, history_mask
        if persona_input_ids is not None:
            persona, persona_mask = self._read(
                "persona", persona_input_ids, persona_attention_mask, kwargs
            )
            final, mask = self.fusion(final, mask, persona.last_hidden_state, persona_mask)
        return PalEncoderOutput(
            last_hidden_state=final,
            hidden_states=history.hidden_states,
            attentions=history.attentions,
            attention_mask=mask,
        )

    def _read(
        self, what: str, ids: Tensor, mask: Tensor | None, kwargs: dict[str, Any]
    ) -> tuple[Any, Tensor]:
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
        return super().forward(input_ids=ids, attention_mask=readable, **kwargs), mask


class PalForConditionalGeneration(  # type: ignore[misc]
    PalCheckpointMixin, GuidedGenerationMixin, BlenderbotSmallForConditionalGeneration
):
    """PAL's response generator: BlenderbotSmall whose decoder reads history fused with persona.

    The target is a strategy token followed by the response (Eq. 5); `generate` takes an `alpha` for
    each row and guides by Eq. 6.
    """

    config_class = PalBlenderbotSmallConfig
    backbone_type = BlenderbotSmallConfig.model_type

    def __init__(self, config: PalBlenderbotSmallConfig) -> None:
        """Make the model with random weights; the fusion starts with equal lambdas."""
        super().__init__(config)
        self.model.encoder = PalBlenderbotSmallEncoder(config)
        self.post_init()  # type: ignore[no-untyped-call]

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        persona_input_ids: Tensor | None = None,
        persona_attention_mask: Tensor | None = None,
        decoder_input_ids: Tensor | None = None,
        encoder_outputs: BaseModelOutput | None = None,
        labels: Tensor | None = None,
        **kwargs: Any,
    ) -> Seq2SeqLMOutput:
        """Return the logits of the response, (B, T, V), and with `labels` the loss of Eq. 5.

        Args:
            input_ids: history, (B, H).
            attention_mask: (B, H).
            persona_input_ids: persona, (B, P); None for the history-only branch of Eq. 6.
            persona_attention_mask: (B, P).
            decoder_input_ids: strategy token and response so far, after the start token, (B, T).
            encoder_outputs: what the encoder returned before, in place of the four first.
            labels: strategy token and response, (B, T), -100 where nothing is asked for.
            kwargs: as BlenderbotSmall takes them.
        """
        if encoder_outputs is None:
            encoder_outputs = self.model.encoder(
                input_ids, attention_mask, persona_input_ids, persona_attention_mask
            )
        if isinstance(encoder_outputs, PalEncoderOutput):
            attention_mask = encoder_outputs.attention_mask
        output: Seq2SeqLMOutput = super().forward(
            attention_mask=attention_mask,
            decoder_input_ids=decoder_input_ids,
            encoder_outputs=encoder_outputs,
            labels=labels,
            **kwargs,
        )
        return output


AutoConfig.register(PalBlenderbotSmallConfig.model_type, PalBlenderbotSmallConfig)
AutoModelForSeq2SeqLM.register(PalBlenderbotSmallConfig, PalForConditionalGeneration)
