"""Eqs. 2-4 on what the engine has read: prefixes of history fused with those of personas."""

from __future__ import annotations

import torch
from torch import Tensor

from pal_model.layer_projections import LayerProjections
from pal_model.modeling_llama import PalLlamaForConditionalGeneration
from pal_model.row_states import RowStates


class PrefixFusion:
    """Fuses as `PalLlamaForConditionalGeneration.encode` does, without reading anything again.

    History and persona are read and remembered as they are, for the history-only branch and for
    the next turn; what they make of each other is new in every turn.
    """

    def __init__(self, model: PalLlamaForConditionalGeneration) -> None:
        """Take the trained fusion; of the rest of `model` only what makes keys and values."""
        self._fusion = model.fusion
        self._projections = LayerProjections(model.model)

    @torch.inference_mode()
    def fuse(self, histories: RowStates, personas: RowStates) -> RowStates:
        """Return the rows of `histories` behind those of `personas`, each fused with the other.

        A row without a persona stays as it is. The logits mean nothing until more is read.

        Args:
            histories: their cache keeps the inputs of attention; they stay as they are.
            personas: as `histories`; row i belongs to row i of those.
        """
        fused = histories.without_inputs().behind(personas.without_inputs())
        lengths = zip(histories.lengths.tolist(), personas.lengths.tolist(), strict=True)
        # One row at a time: the sums of one must not depend on how long its neighbours are.
        for row, (history_length, persona_length) in enumerate(lengths):
            if not persona_length:
                continue
            history = self._inputs(histories, row, history_length)  # (layers, 1, H, D)
            persona = self._inputs(personas, row, persona_length)  # (layers, 1, P, D)
            masks = [history.new_ones(1, n) for n in (history_length, persona_length)]
            of_history, of_persona = self._fusion(
                history.unbind(), masks[0], persona.unbind(), masks[1]
            )
            for start, states in ((0, of_persona), (persona_length, of_history)):
                keys_and_values = torch.stack(self._projections(states), dim=2)
                fused.cache.fill(row, start, keys_and_values[0])
        return fused

    def _inputs(self, states: RowStates, row: int, length: int) -> Tensor:
        inputs = states.cache.inputs(row, length)[:, None]
        return inputs.to(self._fusion.gates.dtype)
