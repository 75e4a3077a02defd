"""What lies beside the code and is served by default."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from safetensors.torch import load_file

from pal_model.configuration import PalConfig
from pal_model.embedded import EMBEDDED_BASE, EMBEDDED_MODEL, SHIPPED_CHECKPOINT, find_model


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (EMBEDDED_MODEL, str(SHIPPED_CHECKPOINT)),
        ("some/hub-name", "some/hub-name"),
        ("./folder", "./folder"),
    ],
)
def test_a_name_stands_for_a_folder_or_for_itself(name: str, found: str) -> None:
    assert find_model(name) == found


def test_the_default_is_a_small_delta_of_the_embedded_base() -> None:
    config = PalConfig.load(SHIPPED_CHECKPOINT)
    assert config.base_model == EMBEDDED_BASE
    assert not config.zero_shot
    assert sum(f.stat().st_size for f in SHIPPED_CHECKPOINT.iterdir()) < 40_000_000
    weights = load_file(SHIPPED_CHECKPOINT / "adapter_model.safetensors")
    assert all(tensor.isfinite().all() for tensor in weights.values())


def test_it_says_what_it_was_trained_on_and_under_which_licence() -> None:
    run = json.loads((SHIPPED_CHECKPOINT / "training_run.json").read_text())
    assert run["validation"]["eval_loss"] < run["validation_before"]["eval_loss"]
    assert set(run["data"]) == {"ESConv.json", "splits_seed13.json"}
    assert "dirty" not in run["git_revision"]
    recipe = yaml.safe_load((SHIPPED_CHECKPOINT / "training_run.yaml").read_text())
    assert recipe["base_model"] == EMBEDDED_BASE
    assert recipe["data"]["split"] == "pal"
    assert "CC BY-NC 4.0" in (SHIPPED_CHECKPOINT / "LICENSE.md").read_text()


def test_it_tells_nothing_of_the_machine_that_it_was_made_on() -> None:
    """No absolute path, such as the one that PEFT keeps of the base."""
    files = [f for f in SHIPPED_CHECKPOINT.iterdir() if f.suffix in {".json", ".yaml"}]
    assert len(files) == 4
    for file in files:
        assert not re.search(r'["\s]/\w', file.read_text(encoding="utf-8")), file
