"""Loads a generator's model: the embedded default, a checkpoint, or a delta beside its base."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, NamedTuple

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel
from transformers.utils import logging as transformers_logging

from pal_model.backbone import Backbone
from pal_model.configuration import PalConfig
from pal_model.decoder_only_model import DEFAULT_CACHE_BYTES, DecoderOnlyModel
from pal_model.embedded import EMBEDDED_BASE, EMBEDDED_MODEL, best_dtype, find_model
from pal_model.errors import ModelLoadError
from pal_model.modeling_blenderbot_small import (
    PalBlenderbotSmallConfig,
    PalForConditionalGeneration,
)
from pal_model.modeling_llama import PalLlamaConfig, PalLlamaForConditionalGeneration
from pal_model.prefix_fusion import PrefixFusion
from pal_model.response_model import ResponseModel
from pal_model.row_states import rows_are_independent
from pal_model.seq2seq_model import Seq2SeqModel
from pal_model.torch_backbone import TorchBackbone

_ENCODER_DECODERS = (
    PalForConditionalGeneration.backbone_type,
    PalBlenderbotSmallConfig.model_type,
)


class Checkpoint(NamedTuple):
    """A decoder-only model that is ready for use, with what belongs to it."""

    backbone: Backbone
    tokenizer: Any
    config: PalConfig
    fusion: PrefixFusion | None


def load_response_model(
    name: str,
    *,
    device: str | None = None,
    dtype: torch.dtype | None = None,
    home: Path | None = None,
    cache_bytes: int = DEFAULT_CACHE_BYTES,
) -> ResponseModel:
    """Load a model by name, whichever its backbone.

    Args:
        name: as `load_checkpoint` takes it; or a folder or hub name of PAL on BlenderbotSmall.
        device: such as "cpu" or "cuda:0"; default: a GPU where there is one.
        dtype: number format of the weights; default: the fastest on the device.
        home: where the converted embedded model is kept; default `default_home()`.
        cache_bytes: of what was read, kept in memory for the conversations' next turns.

    Raises:
        ModelLoadError: there is no such model, or it cannot be used here.
    """
    if is_encoder_decoder(name):
        return _load_encoder_decoder(name, device, dtype)
    checkpoint = load_checkpoint(name, device=device, dtype=dtype, home=home)
    return DecoderOnlyModel(*checkpoint, cache_bytes=cache_bytes)


def is_encoder_decoder(name: str) -> bool:
    """Return whether `name` is a folder or hub name of PAL on BlenderbotSmall, or of that alone."""
    return _model_type(name) in _ENCODER_DECODERS


def _model_type(name: str) -> str | None:
    """Return the type that the configuration called `name` states; None where there is none."""
    if name in (EMBEDDED_MODEL, EMBEDDED_BASE):
        return None
    try:
        model_type: str = AutoConfig.from_pretrained(name).model_type
    except (OSError, ValueError, KeyError):
        return None  # a LoRA has none; and where nothing can be loaded, loading tells why
    return model_type


def _load_encoder_decoder(name: str, device: str | None, dtype: torch.dtype | None) -> Seq2SeqModel:
    target = find_device(device)
    if dtype is torch.int8:
        raise ModelLoadError(
            f"The model {name!r} cannot run with 8-bit weights: it is an encoder-decoder. Ask for "
            "no number format, or for float32."
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        # The default on a CPU, 8 bits, is not for it; float32 is what those are made of.
        model = PalForConditionalGeneration.from_pretrained(name, dtype=loaded_dtype(target, dtype))
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelLoadError(
            f"Cannot load the model {name!r}: {error} Name a folder that holds PAL on "
            "BlenderbotSmall with its tokenizer."
        ) from error
    _require_vocabulary(name, model, tokenizer)
    return Seq2SeqModel(model.to(target), tokenizer, PalConfig.load(Path(name)))


def load_checkpoint(
    name: str,
    *,
    device: str | None = None,
    dtype: torch.dtype | None = None,
    home: Path | None = None,
) -> Checkpoint:
    """Load a decoder-only model by name.

    Args:
        name: "embedded", "embedded-base", a folder, or a hub name. A folder whose
            `pal_config.json` names a `base_model` holds a LoRA, which is added to that base.
        device: such as "cpu" or "cuda:0"; default: a GPU where there is one.
        dtype: number format of the weights; default: the fastest on the device, which on a CPU is
            `torch.int8`, run by ONNX Runtime, for models that it can run.
        home: where the converted embedded model is kept; default `default_home()`.

    Raises:
        ModelLoadError: there is no such model, or it cannot be used here.
    """
    transformers_logging.disable_progress_bar()
    target = find_device(device)
    folder = find_model(name, home)
    config = PalConfig.load(Path(folder))
    base = folder if config.base_model is None else find_model(config.base_model, home)
    try:
        has_tokenizer = Path(folder, "tokenizer_config.json").exists()
        tokenizer = AutoTokenizer.from_pretrained(folder if has_tokenizer else base)
        model = _load_weights(folder, base, config, loaded_dtype(target, dtype)).to(target)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelLoadError(
            f"Cannot load the model {name!r}: {error} Name 'embedded', a folder that holds a "
            "checkpoint, or a model of the hub that this machine can reach."
        ) from error
    _require_vocabulary(name, model, tokenizer)
    fusion = PrefixFusion(model) if config.persona_form == "fused" else None
    backbone = find_backbone(name, model, dtype, keeps_inputs=fusion is not None)
    return Checkpoint(backbone, tokenizer, config, fusion)


def find_device(name: str | None) -> torch.device:
    """Return the device called `name`; None for a GPU where there is one.

    Raises:
        ModelLoadError: this machine has no such device.
    """
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ModelLoadError(
            f"The device {name!r} cannot be used: {error} Name one that this machine has, such as "
            "'cpu' or 'cuda:0', or none for the best."
        ) from error
    return device


def loaded_dtype(device: torch.device, asked_for: torch.dtype | None) -> torch.dtype:
    """Return in which format weights are read; None asks for the best. 8 bits are made of
    float32.
    """
    dtype = asked_for or best_dtype(device)
    return torch.float32 if dtype is torch.int8 else dtype


def find_backbone(
    name: str, model: Any, asked_for: torch.dtype | None, *, keeps_inputs: bool = False
) -> Backbone:
    """Return what runs `model`; unless asked for, nothing in which rows of a batch depend on each
    other on this machine.

    Args:
        name: of the model, for messages.
        model: of the Llama family, on its device.
        asked_for: number format of the weights; None for the fastest.
        keeps_inputs: keep what each layer's attention reads, for a fusion.

    Raises:
        ModelLoadError: 8 bits are asked for, and the model cannot run with them.
    """
    if asked_for is not torch.int8 and (asked_for or model.device.type != "cpu"):
        return TorchBackbone(model, keeps_inputs=keeps_inputs)
    from pal_model.onnx_backbone import OnnxBackbone, find_obstacle  # a GPU needs none of it

    obstacle = find_obstacle(model)
    if obstacle is None:
        backbone = OnnxBackbone(model, keeps_inputs=keeps_inputs)
        if asked_for or rows_are_independent(backbone):
            return backbone
    elif asked_for:
        raise ModelLoadError(
            f"The model {name!r} cannot run with 8-bit weights: {obstacle}. Ask for no number "
            "format, or for float32."
        )
    return TorchBackbone(model, keeps_inputs=keeps_inputs)


def _load_weights(folder: str, base: str, config: PalConfig, dtype: torch.dtype) -> Any:
    is_fused = config.persona_form == "fused"
    if folder == base:
        if (
            not is_fused
            and AutoConfig.from_pretrained(folder).model_type == PalLlamaConfig.model_type
        ):
            raise ValueError(
                f"it has a fusion, which persona_form {config.persona_form!r} would leave unused; "
                'set that to "fused" in its pal_config.json.'
            )
        model_class: Any = PalLlamaForConditionalGeneration if is_fused else AutoModelForCausalLM
        return model_class.from_pretrained(folder, dtype=dtype)
    load = (
        PalLlamaForConditionalGeneration.from_backbone
        if is_fused
        else AutoModelForCausalLM.from_pretrained
    )
    return merged(load(base, dtype=torch.float32), folder, is_fused=is_fused).to(dtype)


def merged(model: Any, folder: str, *, is_fused: bool = False) -> Any:
    """Return `model`, which is in float32, with the LoRA in `folder` added to its weights: in a
    coarser format most of what training changed would be rounded away.

    Raises:
        ValueError: the model has a fusion, and none was trained with the LoRA.
    """
    from peft import PeftModel  # takes a second, which only a LoRA is to cost

    with warnings.catch_warnings():
        # PEFT asks for it by its old name; nobody who talks to the bot can change that.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        delta: Any = PeftModel.from_pretrained(model, folder)
    if is_fused and "fusion" not in (delta.active_peft_config.modules_to_save or ()):
        raise ValueError(
            'its persona_form is "fused", but its LoRA was trained without the fusion.'
        )
    return delta.merge_and_unload()


def _require_vocabulary(name: str, model: PreTrainedModel, tokenizer: Any) -> None:
    embeddings: Any = model.get_input_embeddings()
    if len(tokenizer) > embeddings.num_embeddings:
        raise ModelLoadError(
            f"The tokenizer of {name!r} knows {len(tokenizer)} tokens and its model "
            f"{embeddings.num_embeddings}: they are of different checkpoints. Put the tokenizer "
            "beside the model that it was trained with."
        )
