"""What lies beside the code and is served by default."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
import yaml
from safetensors.torch import load_file

from pal_model.configuration import PalConfig
from pal_model.embedded import (
    EMBEDDED_BASE,
    EMBEDDED_MODEL,
    SHIPPED_CHECKPOINT,
    SHIPPED_PERSONA_EXTRACTOR,
    find_model,
)
from pal_model.persona_extractor_format import PersonaExtractorConfig

pytestmark = pytest.mark.integration


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


FOLDERS = [SHIPPED_CHECKPOINT, SHIPPED_PERSONA_EXTRACTOR]


def test_the_defaults_are_small_deltas_of_the_embedded_base() -> None:
    config = PalConfig.load(SHIPPED_CHECKPOINT)
    assert config.base_model == EMBEDDED_BASE
    assert not config.zero_shot
    assert PersonaExtractorConfig.load(SHIPPED_PERSONA_EXTRACTOR).base_model == EMBEDDED_BASE
    assert sum(f.stat().st_size for folder in FOLDERS for f in folder.iterdir()) < 40_000_000
    for folder in FOLDERS:
        weights = load_file(folder / "adapter_model.safetensors")
        assert all(tensor.isfinite().all() for tensor in weights.values())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_says_what_it_was_trained_on_and_under_which_licence(folder: Path) -> None:
    runs = sorted(folder.glob("*_run.json"))
    assert runs
    for file in runs:
        run = json.loads(file.read_text())
        assert run["validation"]["eval_loss"] < run["validation_before"]["eval_loss"]
        assert "splits_seed13.json" in run["data"]
        esconv = run["data"].get("ESConv.json") or run["annotation"]["data"]
        assert re.fullmatch("[0-9a-f]{64}", esconv)
        assert "dirty" not in run["git_revision"]
        recipe = yaml.safe_load(file.with_suffix(".yaml").read_text())
        assert recipe["base_model"] == EMBEDDED_BASE
        assert recipe["data"]["split"] == "pal"
    assert "CC BY-NC 4.0" in (folder / "LICENSE.md").read_text()


def test_the_generator_learnt_with_the_personas_of_the_extractor_that_ships() -> None:
    run = json.loads((SHIPPED_CHECKPOINT / "training_run.json").read_text())
    annotation = run["annotation"]
    assert annotation["output"] == run["data"]["PESConv.json"]
    assert annotation["extractor"] == "embedded"
    for name, learnt in annotation["extractor_files"].items():
        content = (SHIPPED_PERSONA_EXTRACTOR / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == learnt


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_they_tell_nothing_of_the_machine_that_they_were_made_on(folder: Path) -> None:
    """No absolute path, such as the one that PEFT keeps of the base."""
    files = [f for f in folder.iterdir() if f.suffix in {".json", ".yaml"}]
    assert len(files) >= 4
    for file in files:
        assert not re.search(r'["\s]/\w', file.read_text(encoding="utf-8")), file
