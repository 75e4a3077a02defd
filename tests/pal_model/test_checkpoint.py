from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from pal_model import ModelLoadError, PalGenerator, ReplyRequest
from pal_model.checkpoint import load_checkpoint
from pal_model.configuration import PalConfig
from pal_model.row_states import RowStates

IDS = torch.tensor([[5, 6, 7, 8]])


@pytest.fixture
def base(model: Any, tokenizer: Any, tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def adapted(model: Any) -> Any:
    """The model with a LoRA that changes what it says."""
    torch.manual_seed(3)
    lora = LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False)
    return get_peft_model(copy.deepcopy(model), lora).double().eval()


@pytest.fixture
def delta(adapted: Any, base: Path, tmp_path: Path) -> Path:
    """A folder that holds the LoRA and names its base."""
    folder = tmp_path / "delta"
    adapted.save_pretrained(folder)
    PalConfig(base_model=str(base), zero_shot=False, max_history_tokens=77).save(folder)
    return folder


def test_a_lora_is_added_to_the_base_that_it_names(
    delta: Path, base: Path, adapted: Any, conversation: Any
) -> None:
    loaded = load_checkpoint(str(delta), device="cpu", dtype=torch.float64)
    plain = load_checkpoint(str(base), device="cpu", dtype=torch.float64)
    ours, untrained = (RowStates.read(c.backbone, IDS.tolist()).logits for c in (loaded, plain))
    with torch.no_grad():
        expected = adapted(IDS).logits[:, -1].float()
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(ours, untrained, atol=0.1)
    assert loaded.config.max_history_tokens == 77
    size = sum(file.stat().st_size for file in delta.glob("*.safetensors"))
    assert size < (base / "model.safetensors").stat().st_size / 2
    generator = PalGenerator.load(str(delta), device="cpu", dtype=torch.float64)
    [reply] = generator.reply([ReplyRequest(conversation("Hi"))])
    assert reply.text


def test_a_lora_whose_base_is_not_there_is_named(delta: Path) -> None:
    replace(PalConfig.load(delta), base_model="/no/such/base").save(delta)
    with pytest.raises(ModelLoadError, match=r"Cannot load the model '.*delta': .*/no/such/base"):
        load_checkpoint(str(delta))


def test_a_lora_for_another_base_is_refused(
    delta: Path, model: Any, tokenizer: Any, tmp_path: Path
) -> None:
    other = copy.deepcopy(model.config)
    other.hidden_size, other.num_attention_heads = 64, 8
    type(model)(other).save_pretrained(tmp_path / "other")
    tokenizer.save_pretrained(tmp_path / "other")
    replace(PalConfig.load(delta), base_model=str(tmp_path / "other")).save(delta)
    with pytest.raises(ModelLoadError, match=r"(?s)Cannot load the model .*size mismatch"):
        load_checkpoint(str(delta))


def test_a_tokenizer_of_another_checkpoint_is_refused(
    base: Path, tokenizer: Any, tmp_path: Path
) -> None:
    larger = copy.deepcopy(tokenizer)
    larger.add_tokens([f"<new {i}>" for i in range(5)])
    larger.save_pretrained(base)
    known = len(tokenizer)
    with pytest.raises(ModelLoadError, match=f"knows {known + 5} tokens and its model {known}"):
        load_checkpoint(str(base))
