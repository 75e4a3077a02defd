from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from pal_model.co_attention import PersonaFusion, tokens_first
from tests.pal_model import paper

WIDTH = 4


@pytest.fixture(params=[False, True], ids=["as in the paper", "scaled"])
def fusion(request: pytest.FixtureRequest) -> PersonaFusion:
    """A fusion that has been trained: no weight is what it was at the start."""
    torch.manual_seed(3)
    fusion = PersonaFusion(WIDTH, scaled=request.param).double()
    for parameter in fusion.parameters():
        torch.nn.init.normal_(parameter)
    return fusion


def states(seed: int, rows: int, length: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, length, WIDTH, dtype=torch.float64, generator=generator)


def mask(lengths: list[int]) -> Tensor:
    return (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()


def expected(fusion: PersonaFusion, history: Tensor, persona: Tensor) -> Any:
    def norm(module: torch.nn.LayerNorm) -> tuple[list[float], list[float]]:
        return module.weight.tolist(), module.bias.tolist()

    return paper.fused(
        history.tolist(),
        persona.tolist(),
        norm(fusion.history_norm),
        norm(fusion.persona_norm),
        fusion.lambda_weights.tolist(),
        fusion._scale,
    )


@pytest.mark.parametrize(
    ("history_lengths", "persona_lengths"),
    [([5], [5]), ([6], [2]), ([2], [6]), ([1], [1]), ([6, 2, 4, 1], [2, 5, 0, 1])],
)
def test_it_computes_eqs_2_to_4_of_the_paper(
    fusion: PersonaFusion, history_lengths: list[int], persona_lengths: list[int]
) -> None:
    """Each row against a loop over numbers, at several lengths, padded and not."""
    rows = len(history_lengths)
    history, persona = states(1, rows, max(history_lengths)), states(2, rows, max(persona_lengths))
    final, seen = fusion(history, mask(history_lengths), persona, mask(persona_lengths))
    for row, (h, p) in enumerate(zip(history_lengths, persona_lengths, strict=True)):
        length = max(h, p)
        assert seen[row].tolist() == [1] * length + [0] * (final.shape[1] - length)
        wanted = torch.tensor(expected(fusion, history[row, :h], persona[row, :p]))
        torch.testing.assert_close(final[row, :length], wanted.double())


def test_what_stands_in_padding_is_never_read(fusion: PersonaFusion) -> None:
    masks = mask([3, 5]), mask([4, 1])
    history, persona = states(1, 2, 5), states(2, 2, 4)
    before, seen = fusion(history, masks[0], persona, masks[1])
    for tensor, kept in ((history, masks[0]), (persona, masks[1])):
        tensor[kept == 0] = 1e6
    after, _ = fusion(history, masks[0], persona, masks[1])
    assert torch.equal(before[seen == 1], after[seen == 1])


def test_gradients_are_those_of_finite_differences(fusion: PersonaFusion) -> None:
    """A row without persona is among them: it must give zeros, not NaN."""
    history = states(1, 3, 3).requires_grad_()
    persona = states(2, 3, 4).requires_grad_()
    masks = mask([3, 2, 3]), mask([4, 1, 0])

    def run(history: Tensor, persona: Tensor, *_: Tensor) -> Tensor:
        final, seen = fusion(history, masks[0], persona, masks[1])
        return final * seen[:, :, None]

    assert torch.autograd.gradcheck(run, (history, persona, *fusion.parameters()))


def test_at_the_start_the_three_parts_weigh_the_same() -> None:
    fusion = PersonaFusion(WIDTH)
    assert fusion.lambda_weights.softmax(0).tolist() == pytest.approx([1 / 3] * 3)


def test_padding_anywhere_is_moved_to_the_end() -> None:
    ids = torch.tensor([[0, 5, 0, 6], [7, 8, 9, 0], [0, 0, 0, 0]])
    kept = torch.tensor([[0, 1, 0, 1], [1, 1, 1, 0], [0, 0, 0, 0]])
    moved, moved_mask = tokens_first(ids, kept)
    assert moved[0, :2].tolist() == [5, 6]
    assert moved[1].tolist() == [7, 8, 9, 0]
    assert moved_mask.tolist() == [[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 0]]
