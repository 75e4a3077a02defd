"""On made-up weights in the published layout; its facts are in `pal_model/published_checkpoint`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pal_model import ModelLoadError
from pal_model.modeling_blenderbot_small import (
    PalBlenderbotSmallConfig,
    PalForConditionalGeneration,
)
from pal_model.published_checkpoint import load_published_checkpoint

HISTORY = torch.tensor([[5, 6, 7, 8]])
PERSONA = torch.tensor([[9, 10, 11]])
WRITTEN = torch.tensor([[1, 12]])


def config(**changes: Any) -> PalBlenderbotSmallConfig:
    sizes: dict[str, Any] = {
        "vocab_size": 30,
        "d_model": 8,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 8,
        "decoder_ffn_dim": 8,
        "max_position_embeddings": 16,
        "init_std": 0.4,
    }
    return PalBlenderbotSmallConfig(**(sizes | changes))


@pytest.fixture
def published() -> dict[str, Tensor]:
    """As the published code would save it: three names beside BlenderbotSmall's own."""
    torch.manual_seed(4)
    weights = {
        name: tensor.clone()
        for name, tensor in PalForConditionalGeneration(config()).state_dict().items()
        if ".fusion." not in name
    }
    for norm in ("persona_norm", "context_norm"):
        weights |= {f"{norm}.weight": torch.randn(8), f"{norm}.bias": torch.randn(8)}
    weights["persona_context_w"] = torch.tensor([1 / 3, 1 / 3, 1 / 3])
    weights["strategy_alpha"] = torch.full((8,), 0.5)
    return weights


def loaded(
    weights: dict[str, Tensor], folder: Path, prefix: str = "", **changes: Any
) -> PalForConditionalGeneration:
    path = folder / "epoch-2.bin"
    torch.save({prefix + name: tensor for name, tensor in weights.items()}, path)
    return load_published_checkpoint(path, config(**changes))


def logits(model: PalForConditionalGeneration, **persona: Tensor) -> Tensor:
    with torch.no_grad():
        return model(HISTORY, **persona, decoder_input_ids=WRITTEN).logits


@pytest.mark.parametrize("prefix", ["", "module."])
def test_every_weight_finds_its_place(
    published: dict[str, Tensor], tmp_path: Path, prefix: str
) -> None:
    model = loaded(published, tmp_path, prefix, vocab_size=50)
    fusion = model.model.encoder.fusion
    assert torch.equal(fusion.history_norm.weight, published["context_norm.weight"])
    assert torch.equal(fusion.history_norm.bias, published["context_norm.bias"])
    assert torch.equal(fusion.persona_norm.weight, published["persona_norm.weight"])
    assert torch.equal(fusion.persona_norm.bias, published["persona_norm.bias"])
    for name, tensor in model.state_dict().items():
        if ".fusion." not in name:
            assert torch.equal(tensor, published[name]), name
    assert model.config.vocab_size == 30
    assert torch.equal(model.lm_head.weight, model.model.shared.weight)


def test_each_lambda_weighs_the_states_that_it_weighed_there(
    published: dict[str, Tensor], tmp_path: Path
) -> None:
    """Gives all weight to one of the three: first H_D, then persona's, then history's side."""
    heavy = 60.0
    published["persona_context_w"] = torch.tensor([heavy, 0.0, 0.0])
    model = loaded(published, tmp_path)
    torch.testing.assert_close(logits(model, persona_input_ids=PERSONA), logits(model))

    for place, norm in ((1, "persona_norm"), (2, "context_norm")):
        weights = published | {"persona_context_w": torch.eye(3)[place] * heavy}
        before = logits(loaded(weights, tmp_path), persona_input_ids=PERSONA)
        for other in ("persona_norm", "context_norm"):
            changed = weights | {f"{other}.bias": weights[f"{other}.bias"] + 1}
            after = logits(loaded(changed, tmp_path), persona_input_ids=PERSONA)
            assert torch.allclose(before, after) == (other != norm)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"persona_norm.bias": None}, "fusion.persona_norm.bias is missing"),
        ({"persona_encoder.weight": torch.ones(1)}, "persona_encoder.weight is unknown"),
        (
            {"context_norm.weight": torch.ones(9)},
            r"history_norm.weight has the shape \(9,\) instead of \(8,\)",
        ),
    ],
)
def test_weights_of_another_kind_are_refused_by_name(
    published: dict[str, Tensor], tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    weights = {name: t for name, t in (published | change).items() if t is not None}
    with pytest.raises(ModelLoadError, match=message):
        loaded(weights, tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"not weights"])
def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "epoch-2.bin"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelLoadError, match=r"cannot be read: .*\. Name a file that"):
        load_published_checkpoint(path, config())
