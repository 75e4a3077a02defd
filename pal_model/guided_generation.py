"""Guidance by Eq. 6 inside transformers' `generate`, on both backbones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import (
    DynamicCache,
    EncoderDecoderCache,
    LogitsProcessor,
    LogitsProcessorList,
)

from pal_model.errors import ModelInputError
from pal_model.guidance import combine_branches


class HistoryOnlyBranch:
    """P(r | d) of Eq. 6 for G rows; it remembers what it has read."""

    def __init__(self, model: Any, input_ids: Tensor, attention_mask: Tensor | None) -> None:
        """Read the history of those rows, (G, H), without any persona."""
        self._model = model
        self._encoded = model.get_encoder()(input_ids=input_ids, attention_mask=attention_mask)
        self._cache = EncoderDecoderCache(DynamicCache(), DynamicCache())

    def read_on(self, ids: Tensor) -> Tensor:
        """Read the next decoder tokens, (G, N); return the logits after the last one, (G, V)."""
        logits: Tensor = self._model(
            encoder_outputs=self._encoded,
            decoder_input_ids=ids,
            past_key_values=self._cache,
            use_cache=True,
        ).logits
        return logits[:, -1]


class GuidanceLogitsProcessor(LogitsProcessor):
    """Turns logits given history and persona into guided ones (Eq. 6), with an alpha for each row.

    It has to be the first of all processors: after a penalty or a mask the two branches could no
    longer be compared.
    """

    def __init__(self, branch: HistoryOnlyBranch, alpha: Tensor) -> None:
        """Take the branch of the rows whose alpha is not 0.

        Args:
            branch: has as many rows as there are alphas that are not 0, in their order.
            alpha: guidance strength of each row, (R,).
        """
        self._branch = branch
        self._rows = alpha.nonzero()[:, 0]  # (G,)
        self._alpha = alpha[self._rows]
        self._read = 0

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Return the guided logits, (R, V), after the tokens `input_ids`, (R, T)."""
        history_only = self._branch.read_on(input_ids[self._rows, self._read :])
        self._read = input_ids.shape[1]
        guided = combine_branches(scores[self._rows], history_only.to(scores), self._alpha)
        return scores.index_copy(0, self._rows, guided)


class GuidedGenerationMixin:
    """Gives `generate` an `alpha`; comes before the model's own class among the bases."""

    @torch.no_grad()
    def generate(
        self,
        inputs: Tensor | None = None,
        generation_config: Any = None,
        logits_processor: LogitsProcessorList | None = None,
        *,
        alpha: float | Sequence[float] | Tensor = 0.0,
        **kwargs: Any,
    ) -> Any:
        """Generate as transformers does, guided by Eq. 6 where a row has an alpha and a persona.

        Args:
            inputs: history, (B, H); or `input_ids` among `kwargs`.
            generation_config: as transformers takes it.
            logits_processor: further processors; they see guided logits.
            alpha: guidance strength, for all rows or for each, (B,); 0 or more.
            kwargs: as transformers takes them, with `persona_input_ids`, (B, P), and
                `persona_attention_mask`, (B, P).

        Raises:
            ModelInputError: an alpha is not a number from 0 on, their count is not B, or beams are
                asked for.
        """
        if inputs is not None:
            kwargs["input_ids"] = inputs
        model: Any = self
        config = generation_config or model.generation_config
        strength = self._strength(alpha, kwargs)
        processors = LogitsProcessorList(logits_processor or [])
        if strength.any():
            beams = kwargs.get("num_beams", config.num_beams) or 1
            if beams > 1:
                raise ModelInputError(
                    f"num_beams is {beams}; guidance follows each row's own tokens and cannot "
                    "reorder them as beams do. Use num_beams=1, or alpha=0."
                )
            copies = kwargs.get("num_return_sequences", config.num_return_sequences) or 1
            strength = strength.repeat_interleave(copies)
            rows = strength.nonzero()[:, 0].div(copies, rounding_mode="floor")
            mask = kwargs.get("attention_mask")
            branch = HistoryOnlyBranch(
                model, kwargs["input_ids"][rows], None if mask is None else mask[rows]
            )
            processors.insert(0, GuidanceLogitsProcessor(branch, strength))
        return super().generate(  # type: ignore[misc]
            generation_config=generation_config, logits_processor=processors, **kwargs
        )

    def _get_logits_processor(self, *args: Any, **kwargs: Any) -> LogitsProcessorList:
        """Put guidance first; transformers puts its own processors before all others."""
        processors = super()._get_logits_processor(*args, **kwargs)  # type: ignore[misc]
        return LogitsProcessorList(
            sorted(processors, key=lambda p: not isinstance(p, GuidanceLogitsProcessor))
        )

    @staticmethod
    def _strength(alpha: float | Sequence[float] | Tensor, inputs: dict[str, Any]) -> Tensor:
        """Return each row's alpha, (B,), 0 where the row has no persona."""
        ids: Tensor = inputs["input_ids"]
        strength = torch.as_tensor(alpha, dtype=torch.float32, device=ids.device)
        if strength.dim() == 0:
            strength = strength.repeat(len(ids))
        if strength.shape != (len(ids),):
            raise ModelInputError(
                f"alpha has the shape {tuple(strength.shape)} for {len(ids)} rows. Give one number "
                "for all rows, or one for each."
            )
        if not (strength.isfinite() & (strength >= 0)).all():
            raise ModelInputError(
                f"alpha is {strength.tolist()}; it must be a number, 0 or more (PAL, Table 2)."
            )
        if inputs.get("persona_input_ids") is None:
            return torch.zeros_like(strength)
        mask = inputs.get("persona_attention_mask")
        return strength if mask is None else strength * mask.any(dim=1)
