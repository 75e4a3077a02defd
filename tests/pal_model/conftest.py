"""A tiny Llama with random weights and a tokenizer of its own: everything real but the size."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from pal_model import Conversation, Speaker, Strategy, Utterance
from pal_model.configuration import PalConfig
from pal_model.decoder_only_model import DecoderOnlyModel
from pal_model.encoding import TURN_END, TURN_START
from pal_model.generator import PalGenerator
from pal_model.prompt import EXAMPLES, INSTRUCTION, OPENERS
from pal_model.torch_backbone import TorchBackbone

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
torch.set_num_threads(1)  # a tiny model has nothing to share between threads


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE that knows the strategies' names as the big one does."""
    model = Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=["<|endoftext|>", TURN_START, TURN_END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    names = [f"[{strategy.value}]" for strategy in Strategy] * 50
    openers = [f" {opener}" for group in OPENERS.values() for opener in group]
    texts = [utterance.text for utterance in EXAMPLES]
    model.train_from_iterator([*names, *openers, *texts, INSTRUCTION], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=model, eos_token=TURN_END, pad_token=TURN_END, bos_token=TURN_START
    )


@pytest.fixture(scope="session")
def model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """Random weights in float64, wide enough apart that no two tokens tie."""
    torch.manual_seed(20)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        initializer_range=0.3,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config).double().eval()


@pytest.fixture
def backbone(model: LlamaForCausalLM) -> TorchBackbone:
    return TorchBackbone(model)


@pytest.fixture
def generator(backbone: TorchBackbone, tokenizer: PreTrainedTokenizerFast) -> PalGenerator:
    return PalGenerator(DecoderOnlyModel(backbone, tokenizer, PalConfig()))


@pytest.fixture
def conversation() -> Callable[..., Conversation]:
    """Build a conversation from texts; the seeker speaks first, then they take turns."""

    def build(*texts: str) -> Conversation:
        speakers = [Speaker.SEEKER, Speaker.SUPPORTER]
        return Conversation(tuple(Utterance(speakers[i % 2], text) for i, text in enumerate(texts)))

    return build
