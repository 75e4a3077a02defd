"""What a decoder-only model makes of texts, against transformers reading each alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from pal_model import ModelLoadError
from pal_model.token_states import TextReader, TokenStates, lower_layers, token_rows
from pal_model.torch_backbone import TorchBackbone

TEXTS = ["I am tired.", "My sister and I have talked about it all day long.", "No"]


@pytest.fixture(scope="module")
def folder(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    path = str(tmp_path_factory.mktemp("base"))
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def test_each_text_is_read_as_if_it_were_alone(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    found = TextReader(TorchBackbone(model), tokenizer, 40).read(TEXTS)
    for text, states, count in zip(TEXTS, found.states, found.counts.tolist(), strict=True):
        ids = [*tokenizer.encode(text, add_special_tokens=False), tokenizer.eos_token_id]
        assert count == len(ids)
        with torch.inference_mode():
            alone = model.model(torch.tensor([ids])).last_hidden_state[0].float()
        torch.testing.assert_close(states[:count], alone)


def test_of_a_long_text_the_beginning_is_read(tokenizer: PreTrainedTokenizerFast) -> None:
    ids = tokenizer.encode(TEXTS[1], add_special_tokens=False)
    end = tokenizer.eos_token_id
    assert len(ids) > 5
    assert token_rows(tokenizer, [TEXTS[1], ""], 5) == [[*ids[:5], end], [end]]


def test_the_mean_and_the_last_state_leave_out_what_is_behind_a_row() -> None:
    states = torch.arange(12.0).reshape(2, 3, 2)
    found = TokenStates(states, torch.tensor([3, 1])).mean_and_last()
    assert found.tolist() == [[2, 3, 4, 5], [6, 7, 6, 7]]


def test_lower_layers_are_those_of_the_whole_model(folder: str, model: LlamaForCausalLM) -> None:
    ids = torch.tensor([[5, 6, 7]])
    with torch.inference_mode():
        found = lower_layers(folder, 1).model(ids).last_hidden_state
        after_first = model.model(ids, output_hidden_states=True).hidden_states[1]
        expected = model.model.norm(after_first).float()
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_a_lora_is_added(folder: str, tmp_path: Path) -> None:
    adapted = get_peft_model(lower_layers(folder, 1), LoraConfig(r=2, target_modules="all-linear"))
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.ones_(weight)
    adapted.save_pretrained(str(tmp_path))
    reader = TextReader.load(folder, tmp_path, layers=1, most_tokens=40)
    states, counts = reader.read(TEXTS[:1])
    ids = torch.tensor(token_rows(reader._tokenizer, TEXTS[:1], 40))
    with torch.inference_mode():
        expected = adapted.base_model.model.model(ids).last_hidden_state
        plain = lower_layers(folder, 1).model(ids).last_hidden_state
    assert (expected - plain).abs().max() > 0.5
    assert counts.tolist() == [ids.shape[1]]
    torch.testing.assert_close(states, expected, atol=0.2, rtol=0)  # with 8 bits


def test_what_is_missing_is_named(folder: str, tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match="nowhere"):
        TextReader.load(folder, tmp_path / "nowhere", layers=1, most_tokens=40)
