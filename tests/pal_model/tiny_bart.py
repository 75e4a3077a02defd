"""A BART of a few thousand weights."""

from __future__ import annotations

from transformers import BartConfig


def tiny_config(vocab_size: int, max_position_embeddings: int) -> BartConfig:
    """For a tokenizer that begins with padding, start and end, in this order."""
    return BartConfig(
        vocab_size=vocab_size,
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        dropout=0.0,
        max_position_embeddings=max_position_embeddings,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=2,
        forced_eos_token_id=None,
    )
