"""What training changed in a model's matrices, kept as a LoRA (Hu et al. 2022)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def nearest_lora(trained: Any, adapted: Any, rank: int) -> Any:
    """Give `adapted`, a model as it was with a new LoRA of that rank, the one that is nearest to
    what `trained`'s matrices differ from its own by: cut to the rank by singular values (Eckart and
    Young 1936).

    Args:
        trained: the model; its modules have the same names.
        adapted: what `peft.get_peft_model` makes of another copy, of the same alpha as rank.
        rank: of the LoRA.

    Returns:
        `adapted`.
    """
    import torch

    with torch.no_grad():
        for name, layer in adapted.base_model.model.named_modules():
            if not hasattr(layer, "lora_A"):
                continue
            change = trained.get_submodule(name).weight.float() - layer.base_layer.weight.float()
            u, singular, v = torch.linalg.svd(change, full_matrices=False)
            root = singular[:rank].sqrt()
            layer.lora_A["default"].weight.copy_(root[:, None] * v[:rank])
            layer.lora_B["default"].weight.copy_(u[:, :rank] * root)
    return adapted


def save_lora(adapted: Any, folder: Path, base: str) -> None:
    """Write a LoRA in bfloat16, by what it is named to belong to, in the same bytes each time."""
    import torch

    adapted.to(torch.bfloat16).save_pretrained(str(folder))
    (folder / "README.md").unlink(missing_ok=True)
    config = folder / "adapter_config.json"
    named = json.loads(config.read_text("utf-8")) | {"base_model_name_or_path": base}
    named["target_modules"] = sorted(named["target_modules"])  # it is a set, in any order
    config.write_text(json.dumps(named, indent=2) + "\n", "utf-8")


def linear_layers(model: Any, belongs: Callable[[str], bool]) -> list[tuple[str, Any]]:
    """Return a model's linear layers whose names belong, by name."""
    from torch import nn

    return [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and belongs(name)
    ]
