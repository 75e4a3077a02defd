"""The comparison for real, on a model of a few thousand weights."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from training.compare_fusions import CONDITIONS, WAYS, Encoder, batch, main
from training.readers.persona_chat import PersonaChatTurn

pytestmark = pytest.mark.integration

TURN = PersonaChatTurn(("i bake.", "i sail."), (), ("hello", "hi", "how are you ?"), "fine .")


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    """One token a byte, and the two markers."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    letters = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    letters.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters.decoder = decoders.ByteLevel()
    letters.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    return PreTrainedTokenizerFast(tokenizer_object=letters)


@pytest.fixture(scope="module")
def model_folder(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def corpus(path: Path, dialogues: int) -> Path:
    draw = random.Random(1)
    lines = []
    for _ in range(dialogues):
        animal, colour = draw.choice(["cat", "dog", "fish"]), draw.choice(["red", "blue"])
        lines += [f"1 your persona: i have a {animal}.", f"2 your persona: i like {colour}."]
        lines += [f"3 what is yours ?\ta {colour} {animal} ."]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_every_way_is_trained_and_measured_with_the_wrong_persona_beside(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = {
        "--model": model_folder,
        "--train": corpus(tmp_path / "train.txt", 20),
        "--held-out": corpus(tmp_path / "test.txt", 8),
        "--steps": 4,
        "--batch-size": 4,
        "--responses": 6,
        "--lr": 0.01,
        "--output": tmp_path / "results.jsonl",
    }
    assert main([str(item) for pair in arguments.items() for item in pair]) == 0
    printed = capsys.readouterr().out.strip().splitlines()
    assert (tmp_path / "results.jsonl").read_text().splitlines() == printed
    results = [json.loads(line) for line in printed]
    assert [(r["way"], r["steps"]) for r in results] == [(w, s) for w in WAYS for s in (0, 4)]
    for before, after in zip(results[::2], results[1::2], strict=True):
        conditions = CONDITIONS if before["way"] != "none" else ("none",)
        assert all(after[c] < before[c] for c in conditions), "training lowers perplexity"
        assert bool(after["gates"]) == (after["way"] == "gated")
    gated, prefixes = results[0], results[2]
    assert [gated[c] for c in CONDITIONS] == [prefixes[c] for c in CONDITIONS], "closed gates"
    assert gated["gates"] == [0.0]
    assert results[1]["gates"] > [0.0]


def test_a_prompt_holds_the_persona_and_a_prefix_stands_beside(tokenizer: Any) -> None:
    encoder = Encoder(tokenizer, history_tokens=500)
    example = encoder.encode(TURN)
    assert tokenizer.decode(example.history).startswith("<|im_start|>user\nhello<|im_end|>\n")
    assert tokenizer.decode(example.history).endswith("<|im_start|>assistant")
    prompt = batch([example], "prompt", "right")
    assert prompt["input_ids"][0].tolist() == example.persona + example.history
    assert "persona_input_ids" not in prompt
    prefix = batch([example], "prefixes", "right")
    assert prefix["input_ids"][0].tolist() == example.history
    assert prefix["persona_input_ids"][0].tolist() == example.persona
    assert prefix["labels"][0].tolist() == example.response


def test_the_wrong_persona_is_anothers_and_none_is_none(tokenizer: Any) -> None:
    encoder = Encoder(tokenizer, history_tokens=500)
    other = PersonaChatTurn(("i run.",), (), ("hey",), "yes .")
    examples = [encoder.encode(turn) for turn in (TURN, other)]
    wrong = batch(examples, "prefixes", "wrong")
    kept = wrong["persona_input_ids"][0][wrong["persona_attention_mask"][0] == 1].tolist()
    assert kept == examples[1].persona
    assert "persona_input_ids" not in batch(examples, "prefixes", "none")
    assert batch(examples, "prompt", "none")["attention_mask"].sum() == sum(
        len(example.history) for example in examples
    )


def test_what_cannot_be_compared_is_told(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = str(corpus(tmp_path / "few.txt", 3))
    command = ["--model", str(model_folder), "--held-out", few]
    assert main([*command, "--train", "/no/such.txt"]) == 2
    assert "/no/such.txt" in capsys.readouterr().err
    assert main([*command, "--train", few, "--steps", "1", "--batch-size", "4"]) == 2
    assert "has 3 responses, and 4 are asked for. Lower --steps" in capsys.readouterr().err
