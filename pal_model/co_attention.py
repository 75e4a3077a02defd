"""Co-attention of dialogue history and persona (PAL, section 3.3, Eqs. 2-4)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class PersonaFusion(nn.Module):
    """Fuses the states of history and persona into those that the decoder reads (Eqs. 2-4).

    The two have different lengths, about which the paper is silent: both are padded at the end to
    the longer one and added by position, and a position is visible to the decoder where either has
    a token. Padding takes part in nothing. A row without a persona keeps its history states.
    """

    def __init__(self, width: int, *, scaled: bool = False) -> None:
        """Take states of the given width D.

        Args:
            width: D.
            scaled: divide the scores by sqrt(D), which the paper does not do; for backbones whose
                states are so large that the softmax would pick single positions.
        """
        super().__init__()
        self.history_norm = nn.LayerNorm(width)
        self.persona_norm = nn.LayerNorm(width)
        self.lambda_weights = nn.Parameter(torch.zeros(3))  # w of Eq. 4, equal at the start
        self._scale = width**-0.5 if scaled else 1.0

    def forward(
        self, history: Tensor, history_mask: Tensor, persona: Tensor, persona_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return H_final, (B, max(H, P), D), and the mask of what the decoder may see.

        Args:
            history: H_D, (B, H, D); a row's tokens come first, padding after them.
            history_mask: 1 where a position is a token, (B, H).
            persona: H_P, (B, P, D), as `history`.
            persona_mask: as `history_mask`, (B, P); a row of zeros has no persona.
        """
        fused_history = self.history_norm(history + self._attend(history, persona, persona_mask))
        fused_persona = self.persona_norm(persona + self._attend(persona, history, history_mask))
        lambdas = self.lambda_weights.softmax(dim=0)
        length = max(history.shape[1], persona.shape[1])
        of_history = lambdas[0] * fused_history + lambdas[2] * history  # (B, H, D)
        of_persona = lambdas[1] * fused_persona  # (B, P, D)
        final = _padded(of_history, history_mask, length) + _padded(
            of_persona, persona_mask, length
        )
        has_persona = persona_mask.any(dim=1)[:, None, None]  # (B, 1, 1)
        final = torch.where(has_persona, final, _padded(history, history_mask, length))
        mask = _lengthened(history_mask, length) | _lengthened(persona_mask, length)
        return final, mask.to(history_mask.dtype)

    def _attend(self, queries: Tensor, keys: Tensor, key_mask: Tensor) -> Tensor:
        """Return Z: for each query the mean of `keys`, weighted by softmax(queries keys^T); 0 where
        a row has none.
        """
        scores = queries @ keys.transpose(1, 2) * self._scale
        # The least finite number: minus infinity for all keys of a row would be NaN.
        scores = scores.masked_fill(key_mask[:, None] == 0, torch.finfo(scores.dtype).min)
        has_key = key_mask.any(dim=1)[:, None, None]  # (B, 1, 1)
        return (scores.softmax(dim=-1) @ keys).masked_fill(~has_key, 0.0)


_ROWS_AT_ONCE = 32
"""Of all layers together; one row's layers are one batch."""


class GatedPersonaFusion(nn.Module):
    """The fusion on every layer of a decoder-only backbone, each behind gates of its own.

    A layer's states become H + tanh(g) (H_final - H), for history and persona; the gates g are 0 at
    the start, and the states what the backbone makes of them.
    """

    def __init__(self, width: int, layers: int) -> None:
        """Take `layers` states of width D; they share the norms and the lambdas."""
        super().__init__()
        # Unscaled, the softmax of Eqs. 2-3 picks single positions at these widths.
        self.co_attention = PersonaFusion(width, scaled=True)
        self.gates = nn.Parameter(torch.zeros(layers, 2))  # of history and of persona

    def forward(
        self,
        history: Sequence[Tensor],
        history_mask: Tensor,
        persona: Sequence[Tensor],
        persona_mask: Tensor,
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return the layers' states of history, (B, H, D) each, and of persona, (B, P, D).

        Args:
            history: of each layer, (B, H, D); a row's tokens come first.
            history_mask: 1 where a position is a token, (B, H).
            persona: of each layer, (B, P, D).
            persona_mask: (B, P); a row of zeros has no persona.
        """
        at_once = len(history)
        if not torch.is_grad_enabled():  # where nothing is kept for a gradient, memory is spared
            at_once = max(1, _ROWS_AT_ONCE // len(history_mask))
        fused: list[tuple[list[Tensor], list[Tensor]]] = [
            self._fused(
                torch.stack(tuple(history[start : start + at_once])),
                history_mask,
                torch.stack(tuple(persona[start : start + at_once])),
                persona_mask,
                self.gates[start : start + at_once],
            )
            for start in range(0, len(history), at_once)
        ]
        return [h for of_history, _ in fused for h in of_history], [
            p for _, of_persona in fused for p in of_persona
        ]

    def _fused(
        self,
        of_history: Tensor,
        history_mask: Tensor,
        of_persona: Tensor,
        persona_mask: Tensor,
        gates: Tensor,
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Fuse some layers, (layers, B, H, D) and (layers, B, P, D), behind their gates."""
        layers = len(of_history)
        # Norms and lambdas are the same on every layer: all of them are one batch.
        final, _ = self.co_attention(
            of_history.flatten(0, 1),
            history_mask.repeat(layers, 1),
            of_persona.flatten(0, 1),
            persona_mask.repeat(layers, 1),
        )
        final = final.unflatten(0, (layers, -1))  # (layers, B, max(H, P), D)
        fused = (
            states + opened[:, None, None, None] * (final[:, :, : states.shape[2]] - states)
            for states, opened in zip(
                (of_history, of_persona), gates.tanh().T.to(final.dtype), strict=True
            )
        )
        fused_history, fused_persona = (list(states.unbind()) for states in fused)
        return fused_history, fused_persona


def _padded(states: Tensor, mask: Tensor, length: int) -> Tensor:
    """Return `states` (B, N, D) with zeros for padding, (B, length, D)."""
    kept = states.masked_fill(mask[:, :, None] == 0, 0.0)
    return F.pad(kept, (0, 0, 0, length - states.shape[1]))


def _lengthened(mask: Tensor, length: int) -> Tensor:
    return F.pad(mask.bool(), (0, length - mask.shape[1]))


def tokens_first(ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Move the padding of each row to its end, wherever it was.

    Positions then count tokens alone, so that padding cannot shift what a token is added to.

    Args:
        ids: (B, N).
        mask: 1 where a position is a token, (B, N).
    """
    order = (mask == 0).to(torch.uint8).argsort(dim=1, stable=True)
    return ids.gather(1, order), mask.gather(1, order)
