"""Turns as batches for models that read history and persona as two inputs."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pal_model.row_states import padded
from training.examples import TurnExample
from training.packing import IGNORED

_CPU = torch.device("cpu")


def collate_turns(turns: Sequence[TurnExample]) -> dict[str, Tensor]:
    """Return the inputs of PAL's models, each padded behind to its longest row.

    Returns:
        `input_ids` and `attention_mask`, (B, H); `persona_input_ids` and `persona_attention_mask`,
        (B, P), a row of zeros where a turn has no persona; `decoder_input_ids`, `labels` (`IGNORED`
        where nothing is to be predicted) and `is_name`, (B, T).
    """
    batch = {}
    rows = {"": [t.history_ids for t in turns], "persona_": [t.persona_ids for t in turns]}
    for name, ids in rows.items():
        # One place at least, for the model to see that there is nothing.
        tokens, counts = padded([row or (0,) for row in ids], _CPU)
        lengths = torch.tensor([len(row) for row in ids])
        batch[f"{name}input_ids"] = tokens
        batch[f"{name}attention_mask"] = (torch.arange(int(counts.max())) < lengths[:, None]).long()
    batch["decoder_input_ids"], _ = padded([(*t.cue_ids, *t.target_ids[:-1]) for t in turns], _CPU)
    length = batch["decoder_input_ids"].shape[1]
    labels, is_name = [], []
    for turn in turns:
        silent = len(turn.cue_ids) - 1
        behind = length - silent - len(turn.target_ids)
        labels.append([IGNORED] * silent + list(turn.target_ids) + [IGNORED] * behind)
        is_name.append([silent <= place < silent + turn.strategy_length for place in range(length)])
    return batch | {"labels": torch.tensor(labels), "is_name": torch.tensor(is_name)}
