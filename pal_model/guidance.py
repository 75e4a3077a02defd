"""Strategy-based controllable generation (PAL, section 3.4, Eq. 6)."""

from __future__ import annotations

from torch import Tensor


def combine_branches(with_persona: Tensor, history_only: Tensor, alpha: Tensor) -> Tensor:
    """Return the guided logits of Eq. 6: (1 + alpha) * with_persona - alpha * history_only.

    The combination is made on raw logits, before any penalty, mask or warper: a masked entry is
    minus infinity in both branches and would become NaN.

    Args:
        with_persona: logits given history and persona, (B, V).
        history_only: logits given history alone, (B, V).
        alpha: guidance strength of each row, (B,).
    """
    strength = alpha.unsqueeze(-1)  # (B, 1)
    return (1 + strength) * with_persona - strength * history_only
