from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from pal_model.onnx_backbone import OnnxBackbone, find_obstacle
from pal_model.onnx_graph import BLOCK_SIZE, quantised
from pal_model.row_states import RowStates, rows_are_independent
from tests.pal_model.reference import next_logits

ROWS = [[5, 6, 7, 8, 9, 20, 21], [10], [12, 13, 14], [15, 16]]


def restored(weight: torch.Tensor) -> torch.Tensor:
    """The weight that 8 bits stand for."""
    numbers, scales = quantised(weight)
    blocks = (torch.tensor(numbers).double() - 128) * torch.tensor(scales).double()[:, :, None]
    return blocks.flatten(1)[:, : weight.shape[1]]


@pytest.fixture(scope="module")
def rounded(model: LlamaForCausalLM) -> LlamaForCausalLM:
    """The tiny Llama with the weights that its 8 bits stand for, in float64."""
    result = copy.deepcopy(model)
    for name, parameter in result.named_parameters():
        if parameter.dim() == 2 and "embed" not in name:
            parameter.data = restored(parameter.data)
    return result


@pytest.fixture(scope="module")
def exact(model: LlamaForCausalLM) -> OnnxBackbone:
    return OnnxBackbone(model, integer_products=False)


@pytest.fixture(scope="module")
def served(model: LlamaForCausalLM) -> OnnxBackbone:
    return OnnxBackbone(model)


def assert_logits(states: RowStates, model: Any, rows: list[list[int]]) -> None:
    for logits, row in zip(states.logits, rows, strict=True):
        torch.testing.assert_close(logits.double(), next_logits(model, row), atol=1e-4, rtol=1e-4)


def test_but_for_rounded_weights_it_computes_what_transformers_computes(
    exact: OnnxBackbone, rounded: LlamaForCausalLM
) -> None:
    states = RowStates.read(exact, ROWS)
    assert_logits(states, rounded, ROWS)
    more = [[30], [31, 32, 33], [], [34, 35]]
    states = states.extended(more).append(torch.tensor([40, 41, 42, 43]))
    whole = [[*row, *then, 40 + i] for i, (row, then) in enumerate(zip(ROWS, more, strict=True))]
    assert_logits(states, rounded, whole)
    taken = RowStates.gathered([(states, 2), (states, 0), (RowStates.read(exact, [[50, 51]]), 0)])
    assert_logits(
        taken.append(torch.tensor([60, 61, 62])),
        rounded,
        [[*whole[2], 60], [*whole[0], 61], [50, 51, 62]],
    )


def test_a_prefix_is_seen_by_what_follows_alone_and_moves_no_position(
    exact: OnnxBackbone, rounded: LlamaForCausalLM
) -> None:
    prefixes = [[30, 31], [], [33, 34, 35, 36], [37]]
    after = [[40, 41], [42], [43, 44, 45], [46]]
    states = RowStates.read(exact, ROWS).behind(RowStates.read(exact, prefixes))
    states = states.extended(after).append(torch.tensor([50, 51, 52, 53]))
    for i, logits in enumerate(states.logits):
        row = [*ROWS[i], *after[i], 50 + i]
        expected = next_logits(rounded, row, prefixes[i], unseeing=len(ROWS[i]))
        torch.testing.assert_close(logits.double(), expected, atol=1e-4, rtol=1e-4)


def test_rows_grow_past_the_room_they_were_given(
    exact: OnnxBackbone, rounded: LlamaForCausalLM
) -> None:
    long = [3 + i % 200 for i in range(exact.cache_format.multiple - 1)]
    states = RowStates.read(exact, [long, ROWS[0]]).extended([[5, 6], [7]])
    states = states.append(torch.tensor([8, 9]))
    assert_logits(states, rounded, [[*long, 5, 6, 8], [*ROWS[0], 7, 9]])


def test_as_served_a_row_has_the_same_bits_alone_and_in_company(served: OnnxBackbone) -> None:
    together = RowStates.read(served, ROWS).append(torch.tensor([40, 41, 42, 43])).logits
    for i, row in enumerate(ROWS):
        alone = RowStates.read(served, [row]).append(torch.tensor([40 + i])).logits[0]
        assert torch.equal(alone, together[i])
    assert rows_are_independent(served)


def test_as_served_rows_go_on_with_the_same_bits_when_others_are_left_out(
    served: OnnxBackbone,
) -> None:
    tokens, prefixes = torch.tensor([40, 41, 42, 43]), [[30, 31], [], [33, 34, 35], [37]]

    def read() -> RowStates:
        return RowStates.read(served, ROWS).behind(RowStates.read(served, prefixes)).append(tokens)

    whole = read().append(tokens).logits
    left = read().kept([3, 0])
    assert torch.equal(left.append(tokens[[3, 0]]).logits, whole[[3, 0]])


@pytest.mark.parametrize("pieces", [[1] * 9, [8, 1], [1, 8], [2, 3, 4]])
def test_as_served_reading_in_pieces_gives_the_bits_of_reading_at_once(
    served: OnnxBackbone, pieces: list[int]
) -> None:
    """Or what is remembered of a conversation would change its replies."""
    row = list(range(60, 69))
    whole = RowStates.read(served, [row]).logits
    states, start = RowStates.nothing(served, 1), 0
    for piece in pieces:
        states = states.extended([row[start : start + piece]])
        start += piece
    assert torch.equal(states.logits, whole)


def test_eight_bits_keep_the_predictions(served: OnnxBackbone, model: LlamaForCausalLM) -> None:
    """Even on random weights, which forgive nothing, rounding moves a logit little."""
    states = RowStates.read(served, ROWS)
    for logits, row in zip(states.logits, ROWS, strict=True):
        expected = next_logits(model, row)
        assert (logits - expected).std() < 0.05 * expected.std()


def test_a_weight_is_rounded_by_half_a_step_at_most() -> None:
    torch.manual_seed(4)
    weight = torch.randn(5, 2 * BLOCK_SIZE + 7) * torch.logspace(-3, 3, 5)[:, None]
    weight[2, :BLOCK_SIZE] = 0
    numbers, scales = quantised(weight)
    assert numbers.shape == (5, 3, BLOCK_SIZE)
    assert scales.shape == (5, 3)
    assert (restored(weight)[2, :BLOCK_SIZE] == 0).all()
    steps = torch.tensor(scales).repeat_interleave(BLOCK_SIZE, dim=1)[:, : weight.shape[1]]
    assert ((restored(weight) - weight).abs() <= steps * 0.5001).all()


@pytest.mark.parametrize(
    ("change", "obstacle"),
    [
        (lambda c: setattr(c, "attention_bias", True), "biases"),
        (lambda c: setattr(c, "mlp_bias", True), "biases"),
        (lambda c: setattr(c, "hidden_act", "gelu"), "activation is 'gelu'"),
        (
            lambda c: setattr(
                c, "rope_parameters", {**c.rope_parameters, "rope_type": "dynamic", "factor": 2.0}
            ),
            "type 'dynamic'",
        ),
    ],
)
def test_what_the_graph_lacks_is_named(
    model: LlamaForCausalLM, change: Callable[[LlamaConfig], None], obstacle: str
) -> None:
    assert find_obstacle(model) is None
    config = copy.deepcopy(model.config)
    change(config)
    other = LlamaForCausalLM(config)
    assert obstacle in (find_obstacle(other) or "")
    with pytest.raises(ValueError, match=f"cannot run with 8-bit weights.*{obstacle}"):
        OnnxBackbone(other)


def test_those_of_the_same_embeddings_hold_them_once(model: LlamaForCausalLM) -> None:
    """Generator, extractor and screen read with one model's."""
    mine, other = copy.deepcopy(model), copy.deepcopy(model)
    weights: list[Any] = [of.get_input_embeddings().weight for of in (mine, other)]
    for number, weight in enumerate(weights, start=1):
        weight.data[3, 1] += number / 1_000
    one, two, three = map(OnnxBackbone, (mine, copy.deepcopy(mine), other))
    assert one._embeddings is two._embeddings
    assert not torch.equal(one._embeddings, three._embeddings)
    assert one._embeddings.data_ptr() != weights[0].data_ptr()
    held = weakref.ref(one._embeddings)
    del one, two
    gc.collect()
    assert held() is None
