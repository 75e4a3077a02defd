"""The engine's fusion against the model's own, which `test_pal_backbones` holds to the paper."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from pal_model import (
    Conversation,
    GenerationOptions,
    ModelLoadError,
    PalGenerator,
    Persona,
    ReplyRequest,
    Strategy,
)
from pal_model.backbone import Backbone
from pal_model.checkpoint import load_checkpoint
from pal_model.configuration import PalConfig
from pal_model.decoder_only_model import DecoderOnlyModel
from pal_model.modeling_llama import PalLlamaConfig, PalLlamaForConditionalGeneration
from pal_model.onnx_backbone import OnnxBackbone
from pal_model.prefix_fusion import PrefixFusion
from pal_model.prefix_reader import PrefixReader
from pal_model.row_states import RowStates
from pal_model.torch_backbone import TorchBackbone
from tests.pal_model.test_onnx_backbone import restored

HISTORIES = [[5, 6, 7, 8, 9, 20, 21], [10, 11, 12], [13], [14, 15, 16, 17], []]
PERSONAS = [[30, 31, 32], [33, 34, 35, 36, 37], [38, 39], [], [40, 41]]
CUE = [50, 51, 52]
FUSED = PalConfig(persona_form="fused", zero_shot=False)
PLENTY = 1 << 30


@pytest.fixture(scope="module")
def pal(model: Any) -> PalLlamaForConditionalGeneration:
    """The tiny Llama with a fusion that looks trained, its gates open."""
    torch.manual_seed(8)
    config = PalLlamaConfig.from_dict(model.config.to_dict() | {"model_type": "pal-llama"})
    pal = PalLlamaForConditionalGeneration(config).double().eval()
    pal.load_state_dict(model.state_dict(), strict=False)
    for parameter in pal.fusion.parameters():
        torch.nn.init.normal_(parameter, mean=0.5)
    return pal


def torch_backbone(pal: PalLlamaForConditionalGeneration) -> tuple[Backbone, Any]:
    return TorchBackbone(copy.deepcopy(pal), keeps_inputs=True), pal


def onnx_backbone(pal: PalLlamaForConditionalGeneration) -> tuple[Backbone, Any]:
    """With the model that it should equal: keys and values of prefixes are made in full."""
    rounded = copy.deepcopy(pal)
    for name, parameter in rounded.named_parameters():
        if parameter.dim() == 2 and "embed" not in name and "fusion" not in name:
            parameter.data = restored(parameter.data)
    return OnnxBackbone(pal, integer_products=False, keeps_inputs=True), rounded


def expected_logits(pal: Any, history: list[int], persona: list[int], then: list[int]) -> Any:
    inputs = {"input_ids": torch.tensor([history or [0]])}
    inputs["attention_mask"] = torch.full_like(inputs["input_ids"], int(bool(history)))
    if persona:
        inputs["persona_input_ids"] = torch.tensor([persona])
    with torch.no_grad():
        return pal(**inputs, decoder_input_ids=torch.tensor([then])).logits[0, -1]


@pytest.mark.parametrize(("make", "tolerance"), [(torch_backbone, 1e-5), (onnx_backbone, 1e-4)])
def test_what_the_engine_fuses_is_what_the_model_fuses(
    pal: PalLlamaForConditionalGeneration, make: Any, tolerance: float
) -> None:
    """Persona longer and shorter than history, either missing; read at once and turn by turn."""
    backbone, model = make(pal)
    reader = PrefixReader(backbone, (), PLENTY)
    reader.read([row[: len(row) // 2] for row in HISTORIES])
    close = {"atol": tolerance, "rtol": tolerance}
    for _ in range(2):  # what is fused in one turn must not be what the next one remembers
        histories, personas = reader.read(HISTORIES), RowStates.read(backbone, PERSONAS)
        states = PrefixFusion(model).fuse(histories, personas).extended([CUE] * len(HISTORIES))
        only_history = histories.without_inputs().extended([CUE] * len(HISTORIES))
        for i, (history, persona) in enumerate(zip(HISTORIES, PERSONAS, strict=True)):
            fused = expected_logits(model, history, persona, CUE)
            torch.testing.assert_close(states.logits[i].double(), fused, **close)
            alone = expected_logits(model, history, [], CUE)
            torch.testing.assert_close(only_history.logits[i].double(), alone, **close)
            if history and persona:
                assert not torch.allclose(fused, alone, atol=1e-2)
        states = states.append(torch.tensor([60, 61, 62, 63, 64]))
        for i, (history, persona) in enumerate(zip(HISTORIES, PERSONAS, strict=True)):
            fused = expected_logits(model, history, persona, [*CUE, 60 + i])
            torch.testing.assert_close(states.logits[i].double(), fused, **close)
        left = [3, 1]  # as when the other responses are written
        states = states.kept(left).append(torch.tensor([70, 71]))
        for place, i in enumerate(left):
            fused = expected_logits(model, HISTORIES[i], PERSONAS[i], [*CUE, 60 + i, 70 + place])
            torch.testing.assert_close(states.logits[place].double(), fused, **close)


@pytest.mark.parametrize("backbone_class", [TorchBackbone, OnnxBackbone])
def test_a_row_is_fused_to_the_same_bits_alone_and_in_company(
    pal: PalLlamaForConditionalGeneration, backbone_class: Any
) -> None:
    backbone = backbone_class(copy.deepcopy(pal), keeps_inputs=True)
    fusion = PrefixFusion(pal)

    def logits(rows: list[int]) -> torch.Tensor:
        histories = RowStates.read(backbone, [HISTORIES[row] for row in rows])
        personas = RowStates.read(backbone, [PERSONAS[row] for row in rows])
        return fusion.fuse(histories, personas).extended([CUE] * len(rows)).logits

    together = logits([0, 1, 2, 3])
    for row in range(4):
        assert torch.equal(logits([row])[0], together[row])


def test_replies_repeat_whatever_is_remembered(
    pal: PalLlamaForConditionalGeneration,
    tokenizer: Any,
    conversation: Callable[..., Conversation],
) -> None:
    texts = ["Hi", "Hello", "I moved and I know nobody here", "Where to?", "Far away"]
    options = GenerationOptions(seed=2, max_new_tokens=12)

    def generator(cache_bytes: int, gates: float = 1.0) -> PalGenerator:
        model = copy.deepcopy(pal)
        model.fusion.gates.data *= gates
        backbone = TorchBackbone(model, keeps_inputs=True)
        fusion = PrefixFusion(model)
        return PalGenerator(
            DecoderOnlyModel(backbone, tokenizer, FUSED, fusion, cache_bytes=cache_bytes)
        )

    remembering, closed = generator(PLENTY), generator(0, gates=0)
    differences = 0
    for turn in range(1, len(texts) + 1, 2):
        persona = Persona(("I moved.",) if turn > 1 else ())
        request = ReplyRequest(conversation(*texts[:turn]), persona, Strategy.INFORMATION)
        [reply] = remembering.reply([request], options)
        assert [reply] == generator(0).reply([request], options)
        differences += [reply] != closed.reply([request], options)
    assert differences


def test_a_whole_checkpoint_and_a_lora_load_with_their_fusion(
    pal: PalLlamaForConditionalGeneration, model: Any, tokenizer: Any, tmp_path: Path
) -> None:
    tokenizer.save_pretrained(tmp_path / "whole")
    pal.save_pretrained(tmp_path / "whole")
    FUSED.save(tmp_path / "whole")

    tokenizer.save_pretrained(tmp_path / "base")
    model.save_pretrained(tmp_path / "base")
    start = PalLlamaForConditionalGeneration.from_backbone(tmp_path / "base", dtype=torch.float64)
    lora = LoraConfig(r=2, target_modules="all-linear", modules_to_save=["fusion"])
    adapted: Any = get_peft_model(start, lora)
    trained = adapted.base_model.model.fusion.modules_to_save["default"]
    trained.load_state_dict(pal.fusion.state_dict())
    adapted.save_pretrained(tmp_path / "delta")
    replace(FUSED, base_model=str(tmp_path / "base")).save(tmp_path / "delta")

    for name in ("whole", "delta"):
        loaded = load_checkpoint(str(tmp_path / name), device="cpu", dtype=torch.float64)
        assert loaded.fusion is not None
        history, persona = (
            RowStates.read(loaded.backbone, [ids]) for ids in (HISTORIES[0], PERSONAS[0])
        )
        states = loaded.fusion.fuse(history, persona).extended([CUE])
        expected = expected_logits(pal, HISTORIES[0], PERSONAS[0], CUE)
        torch.testing.assert_close(states.logits[0].double(), expected, atol=1e-5, rtol=1e-5)
        assert PalGenerator.load(str(tmp_path / name), device="cpu", dtype=torch.float64)


@pytest.fixture
def plain(model: Any, tokenizer: Any, tmp_path: Path) -> Path:
    model.save_pretrained(tmp_path / "plain")
    tokenizer.save_pretrained(tmp_path / "plain")
    return tmp_path / "plain"


def test_a_checkpoint_without_the_fusion_that_it_needs_is_refused(plain: Path) -> None:
    FUSED.save(plain)
    with pytest.raises(ModelLoadError, match=r"holds no weights of PAL.*from_backbone"):
        load_checkpoint(str(plain))


def test_a_lora_without_the_fusion_that_it_needs_is_refused(
    plain: Path, model: Any, tmp_path: Path
) -> None:
    lora = LoraConfig(r=2, target_modules="all-linear")
    get_peft_model(copy.deepcopy(model), lora).save_pretrained(tmp_path / "delta")
    replace(FUSED, base_model=str(plain)).save(tmp_path / "delta")
    with pytest.raises(ModelLoadError, match='"fused", but its LoRA was trained without the'):
        load_checkpoint(str(tmp_path / "delta"))


def test_a_fusion_that_would_not_be_used_is_refused(
    pal: PalLlamaForConditionalGeneration, tokenizer: Any, tmp_path: Path
) -> None:
    pal.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ModelLoadError, match="'prefix' would leave unused; set that to \"fused\""):
        load_checkpoint(str(tmp_path))


def test_a_model_without_the_fusion_of_its_form_is_refused(
    pal: PalLlamaForConditionalGeneration, tokenizer: Any
) -> None:
    with pytest.raises(ValueError, match="persona_form is 'fused' and the fusion None"):
        DecoderOnlyModel(TorchBackbone(copy.deepcopy(pal)), tokenizer, FUSED)
