"""A packed row against its turns one by one."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from tests.pal_model.reference import next_logits
from training.examples import TurnExample
from training.forms import PackedForm
from training.packing import IGNORED, PackedRow, collate, pack
from training.token_trainer import token_losses

TURNS = [
    TurnExample((), (5, 6, 7), (3, 4), (20, 21, 2), 1),
    TurnExample((10, 11, 12), (5, 6, 7, 8, 9), (3, 4), (22, 23, 24, 2), 2),
    TurnExample((10, 11, 13, 12), (5, 6, 7, 8, 9, 5), (3, 4), (20, 2), 1),
    TurnExample(
        (10, 11, 13, 12), (8, 9, 5, 6), (3, 4), (22, 23, 25, 26, 2), 2
    ),  # beginning left out
    TurnExample((10, 14), (), (3, 4), (20, 27, 2), 1),
]


@pytest.fixture(scope="module")
def model() -> Any:
    torch.manual_seed(2)
    config = LlamaConfig(
        vocab_size=40,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        initializer_range=0.3,
    )
    return LlamaForCausalLM(config).double().eval()


def losses_one_by_one(model: Any, turns: list[TurnExample]) -> list[float]:
    """Of every target token, computed token by token in the turn alone."""
    losses = []
    for turn in turns:
        for index, token in enumerate(turn.target_ids):
            read = (*turn.history_ids, *turn.cue_ids, *turn.target_ids[:index])
            logits = next_logits(model, read, turn.persona_ids, unseeing=len(turn.history_ids))
            losses.append(-float(logits.log_softmax(-1)[token]))
    return losses


def losses_packed(model: Any, rows: list[PackedRow]) -> list[float]:
    form, batch = PackedForm.__new__(PackedForm), collate(rows)
    with torch.no_grad():
        losses = token_losses(form, model, batch)
    return losses[batch["labels"] != IGNORED].tolist()


@pytest.mark.parametrize("max_tokens", [64, 30, 1], ids=["one row", "two rows", "a row a turn"])
def test_a_turn_in_a_row_computes_what_it_computes_alone(model: Any, max_tokens: int) -> None:
    rows = list(pack(TURNS, max_tokens))
    assert (len(rows) == 1) == (max_tokens == 64)
    expected = losses_one_by_one(model, TURNS)
    assert losses_packed(model, rows) == pytest.approx(expected, abs=1e-5)
    apart = [loss for row in rows for loss in losses_packed(model, [row])]
    assert apart == pytest.approx(expected, abs=1e-5)


def test_what_turns_have_in_common_is_there_once() -> None:
    [row] = pack(TURNS, 64)
    responses = sum(len(turn.cue_ids) + len(turn.target_ids) - 1 for turn in TURNS)
    # Personas: 10 11 12, 13 12, 14. Histories: 5 6 7 8 9 5, 8 9 5 6.
    assert len(row) == 6 + 10 + responses
    assert row.response_start == 16
    assert row.turns == len(TURNS)


def test_a_row_keeps_to_its_limit_unless_a_turn_exceeds_it() -> None:
    assert all(len(row) <= 30 for row in pack(TURNS, 30))
    lengths = [len(row) for row in pack(TURNS, 1)]
    assert len(lengths) == len(TURNS)
    assert lengths[0] == 3 + 2 + 2


def test_names_of_strategies_are_marked() -> None:
    batch = collate(list(pack(TURNS, 64)))
    named = batch["labels"][batch["is_name"]].tolist()
    assert named == [t for turn in TURNS for t in turn.target_ids[: turn.strategy_length]]


def test_no_response_sees_another(model: Any) -> None:
    """Guards against a branch that begins where another one ended."""
    changed = [TURNS[0], TURNS[1], *TURNS[2:4], TurnExample((10, 14), (), (3, 4), (30, 31, 2), 1)]
    one, other = (losses_packed(model, list(pack(turns, 64))) for turns in (TURNS, changed))
    kept = sum(len(turn.target_ids) for turn in TURNS[:4])
    assert one[:kept] == pytest.approx(other[:kept], abs=1e-9)
    assert all(a != b for a, b in pairwise([one[kept], other[kept]]))
