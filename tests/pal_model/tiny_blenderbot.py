"""A BlenderbotSmall of a few thousand weights, with its real tokenizer on a made-up vocabulary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transformers import BlenderbotSmallTokenizer

WORDS = "hi hello i am a nurse work at night tired what is it since may '' . ? ! ' m t , can sleep"

SIZES: dict[str, Any] = {
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 24,
    "decoder_ffn_dim": 24,
    "init_std": 0.4,
    "forced_eos_token_id": None,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
}


def tiny_tokenizer(folder: Path) -> BlenderbotSmallTokenizer:
    """A vocabulary of characters and a few words."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789'.,!?:[]"
    tokens = ["__null__", "__start__", "__end__", "__unk__", *WORDS.split()]
    tokens += [*letters, *(f"{letter}@@" for letter in letters)]
    vocabulary = {token: index for index, token in enumerate(dict.fromkeys(tokens))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return BlenderbotSmallTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
