from __future__ import annotations

from typing import Any

import pytest
import torch

from pal_model.prefix_reader import PrefixReader
from pal_model.row_states import RowStates
from pal_model.torch_backbone import TorchBackbone
from tests.pal_model.reference import next_logits

FIXED = [3, 4, 5, 6]
CONVERSATION = [10, 11, 12, 13, 14, 15, 16]
PLENTY = 1 << 30


@pytest.fixture(params=[FIXED, []], ids=["with a fixed part", "without"])
def fixed(request: pytest.FixtureRequest) -> list[int]:
    return request.param


def tokens_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the number of tokens, padding included, of each reading."""
    counts: list[int] = []
    read = RowStates._hidden_states

    def counted(states: RowStates, ids: Any, row_counts: Any) -> Any:
        counts.append(ids.numel())
        return read(states, ids, row_counts)

    monkeypatch.setattr(RowStates, "_hidden_states", counted)
    return counts


def assert_reads(reader: PrefixReader, model: Any, fixed: list[int], rows: list[list[int]]) -> None:
    """What follows the rows sees them whole, whatever was remembered."""
    states = reader.read(rows).extended([[20 + i] for i in range(len(rows))])
    for i, row in enumerate(rows):
        expected = next_logits(model, [*fixed, *row, 20 + i])
        torch.testing.assert_close(states.logits[i].double(), expected, atol=1e-5, rtol=1e-5)


def test_only_new_tokens_are_read(
    model: Any, fixed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = PrefixReader(TorchBackbone(model), fixed, PLENTY)
    counts = tokens_read(monkeypatch)
    for end in (2, 5, 7, 7):
        reader.read([CONVERSATION[:end]])
    assert counts == [2, 3, 2]


def test_rows_are_read_right_whatever_is_remembered_of_them(model: Any, fixed: list[int]) -> None:
    """New, grown, the same, parted in the middle, begun alike, empty; together and alone."""
    reader = PrefixReader(TorchBackbone(model), fixed, PLENTY)
    other = [*CONVERSATION[:3], 30, 31]
    for rows in (
        [CONVERSATION[:2]],
        [CONVERSATION[:4], [40, 41]],
        [CONVERSATION[:4], other, []],
        [other[::-1], CONVERSATION, [40], [40, 41, 42, 43, 44, 45]],
        [[]],
        [CONVERSATION],
    ):
        assert_reads(reader, model, fixed, rows)


def test_what_is_read_on_later_does_not_reach_what_is_remembered(model: Any) -> None:
    reader = PrefixReader(TorchBackbone(model), FIXED, PLENTY)
    reader.read([CONVERSATION[:4]]).extended([[60, 61, 62]])
    assert_reads(reader, model, FIXED, [CONVERSATION])


def test_a_conversation_is_held_once_and_the_limit_in_bytes_is_kept(model: Any) -> None:
    reader = PrefixReader(TorchBackbone(model), FIXED, PLENTY)
    for end in range(1, 8):
        reader.read([CONVERSATION[:end]])
    cache = reader.remembered
    per_token = cache.size // len(CONVERSATION)
    config = model.config
    width = config.hidden_size // config.num_attention_heads * config.num_key_value_heads
    assert per_token == 2 * config.num_hidden_layers * width * 8  # float64
    assert len(cache) == 1

    small = PrefixReader(TorchBackbone(model), FIXED, 10 * per_token)
    for start in range(40, 80, 4):
        small.read([list(range(start, start + 4))])
        assert small.remembered.size <= 10 * per_token
    assert len(small.remembered) == 2
    assert small.remembered.longest([76, 77]) is not None, "the newest stays"
    assert small.remembered.longest([40, 41]) is None, "the oldest went"
    small.read([list(range(100, 120))])
    assert small.remembered.longest([100]) is None, "what alone exceeds the limit is not held"


def test_with_no_memory_nothing_is_held_and_all_is_right(model: Any) -> None:
    reader = PrefixReader(TorchBackbone(model), FIXED, 0)
    assert_reads(reader, model, FIXED, [CONVERSATION])
    assert len(reader.remembered) == 0


def test_what_is_cleared_is_gone(model: Any) -> None:
    reader = PrefixReader(TorchBackbone(model), FIXED, PLENTY)
    reader.read([CONVERSATION, [40, 41, 42]])
    reader.remembered.clear()
    assert (len(reader.remembered), reader.remembered.size) == (0, 0)
    assert_reads(reader, model, FIXED, [CONVERSATION])
