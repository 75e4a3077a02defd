"""Reads checkpoints in the layout of the code that was published with the paper."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor

from pal_model.errors import ModelLoadError
from pal_model.modeling_blenderbot_small import (
    PalBlenderbotSmallConfig,
    PalForConditionalGeneration,
)

BACKBONE = "facebook/blenderbot_small-90M"
"""The hub's name of the backbone that the published code starts from."""

_FUSION = "model.encoder.fusion."
_PREFIXES = {"context_norm.": f"{_FUSION}history_norm.", "persona_norm.": f"{_FUSION}persona_norm."}
_LAMBDA_WEIGHTS = "persona_context_w"
# There: H_D, fused persona, fused history. In Eq. 4: fused history, fused persona, H_D.
_LAMBDA_ORDER = [2, 1, 0]
# Alphas as weights, in no checkpoint trained; ours are those of Table 2, in `PalConfig`.
_UNUSED = frozenset({"strategy_alpha"})


def load_published_checkpoint(
    path: Path, config: PalBlenderbotSmallConfig | None = None
) -> PalForConditionalGeneration:
    """Load a file of weights that the published training script wrote.

    Args:
        path: such as `epoch-2.bin`; read as weights only, so it can run no code.
        config: of the backbone; default that of `BACKBONE` on the hub. The size of the vocabulary
            is taken from the weights.

    Raises:
        ModelLoadError: there is no such file, or it holds other weights.
    """
    weights = _in_our_names(_read(path))
    config = config or PalBlenderbotSmallConfig.from_pretrained(BACKBONE)
    if "model.shared.weight" in weights:
        config.vocab_size = len(weights["model.shared.weight"])
    model = PalForConditionalGeneration(config)
    _require_same(path, weights, model.state_dict())
    model.load_state_dict(weights)
    model.train(False)
    return model


def _read(path: Path) -> Mapping[str, Tensor]:
    try:
        weights: Mapping[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, UnpicklingError, EOFError) as error:
        # Torch's own words recommend what would let the file run code.
        reason = error.strerror if isinstance(error, OSError) else "it holds no weights alone"
        raise ModelLoadError(
            f"{path} cannot be read: {reason}. Name a file that the published training script "
            "wrote."
        ) from error
    return weights


def _in_our_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    renamed = {}
    for name, tensor in weights.items():
        name = name.removeprefix("module.")  # left by training on several GPUs
        if name == _LAMBDA_WEIGHTS:
            name, tensor = f"{_FUSION}lambda_weights", tensor[_LAMBDA_ORDER]
        for theirs, ours in _PREFIXES.items():
            if name.startswith(theirs):
                name = ours + name.removeprefix(theirs)
        if name not in _UNUSED:
            renamed[name] = tensor
    return renamed


def _require_same(path: Path, weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    problems = [f"{name} is missing" for name in wanted if name not in weights]
    problems += [f"{name} is unknown" for name in weights if name not in wanted]
    problems += [
        f"{name} has the shape {tuple(tensor.shape)} instead of {tuple(wanted[name].shape)}"
        for name, tensor in weights.items()
        if name in wanted and tensor.shape != wanted[name].shape
    ]
    if problems:
        shown = "; ".join(problems[:5]) + (f"; and {len(problems) - 5} more" * (len(problems) > 5))
        raise ModelLoadError(
            f"{path} does not fit PAL on BlenderbotSmall: {shown}. Name a checkpoint of the "
            "published code, and the configuration of the backbone that it was trained on."
        )
