from __future__ import annotations

from typing import Any

import torch

from pal_model.row_attention import KEY_MULTIPLE
from pal_model.row_states import RowStates, mean_log_probs
from tests.pal_model.reference import next_logits

ROWS = [[5, 6, 7, 8, 9], [10, 11], [12, 13, 14]]


def assert_logits(states: RowStates, model: Any, rows: list[list[int]]) -> None:
    for logits, row in zip(states.logits, rows, strict=True):
        torch.testing.assert_close(logits.double(), next_logits(model, row), atol=1e-5, rtol=1e-5)


def test_rows_of_different_lengths_are_read_as_if_alone(model: Any, backbone: Any) -> None:
    """Guards against padding that is attended to, and against fully masked rows turning NaN."""
    assert_logits(RowStates.read(backbone, ROWS), model, ROWS)


def test_reading_on_in_pieces_is_reading_at_once(model: Any, backbone: Any) -> None:
    more = [[20], [21, 22, 23, 24], [25, 26]]
    whole = [a + b for a, b in zip(ROWS, more, strict=True)]
    states = RowStates.read(backbone, ROWS).extended(more)
    assert_logits(states, model, whole)
    states = states.append(torch.tensor([30, 31, 32]))
    assert_logits(states, model, [[*row, 30 + i] for i, row in enumerate(whole)])


def test_rows_can_be_taken_repeatedly_and_go_separate_ways(model: Any, backbone: Any) -> None:
    states = RowStates.read(backbone, ROWS)
    taken = states.select([2, 0, 2]).extended([[40], [41], [42]])
    assert_logits(taken, model, [ROWS[2] + [40], ROWS[0] + [41], ROWS[2] + [42]])
    assert_logits(
        states.extended([[50], [51], [52]]), model, [[*r, 50 + i] for i, r in enumerate(ROWS)]
    )


def test_joined_batches_of_different_lengths_read_on_correctly(model: Any, backbone: Any) -> None:
    one, others = RowStates.read(backbone, ROWS[:1]), RowStates.read(backbone, ROWS[1:])
    joined = RowStates.gathered([(one, 0), (others, 0), (others, 1)])
    assert_logits(
        joined.extended([[60], [61], [62]]), model, [[*r, 60 + i] for i, r in enumerate(ROWS)]
    )


def test_rows_grow_past_the_room_they_were_given(model: Any, backbone: Any) -> None:
    long = [3 + i % 200 for i in range(KEY_MULTIPLE - 1)]
    states = RowStates.read(backbone, [long, ROWS[0]]).extended([[5, 6], [7]])
    assert states.cache.length == 2 * KEY_MULTIPLE
    assert_logits(states, model, [[*long, 5, 6], [*ROWS[0], 7]])


def test_a_prefix_is_seen_by_what_follows_alone_and_moves_no_position(
    model: Any, backbone: Any
) -> None:
    prefixes = [[30, 31], [], [33, 34, 35, 36]]
    after = [[40, 41], [42], [43, 44, 45]]
    states = RowStates.read(backbone, ROWS).behind(RowStates.read(backbone, prefixes))
    states = states.extended(after).append(torch.tensor([50, 51, 52]))
    for i, logits in enumerate(states.logits):
        row = [*ROWS[i], *after[i], 50 + i]
        expected = next_logits(model, row, prefixes[i], unseeing=len(ROWS[i]))
        torch.testing.assert_close(logits.double(), expected, atol=1e-5, rtol=1e-5)


def test_a_row_may_read_nothing_while_others_read_on(model: Any, backbone: Any) -> None:
    states = RowStates.read(backbone, ROWS).extended([[], [20, 21], []]).extended([[7], [8], [9]])
    assert_logits(states, model, [[*ROWS[0], 7], [*ROWS[1], 20, 21, 8], [*ROWS[2], 9]])


def test_mean_log_probs_equal_a_token_by_token_sum(model: Any, backbone: Any) -> None:
    fixed = [3, 4, 5]
    contexts, targets = [[6], [7, 8, 9]], [[10, 11, 12], [13]]
    expected = []
    for context, target in zip(contexts, targets, strict=True):
        total = 0.0
        for i, token in enumerate(target):
            logits = next_logits(model, fixed + context + target[:i])
            total += float(logits.log_softmax(-1)[token])
        expected.append(total / len(target))
    ours = mean_log_probs(RowStates.read(backbone, [fixed]), contexts, targets)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)
