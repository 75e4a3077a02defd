"""What a folder says of the stages of its training."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pal_model.configuration import PalConfig
from training.run_config import RunConfig
from training.stages import StageError, stages_of, training_costs

FACTS = {"tokens_an_epoch": 100, "steps": 5, "seconds": 60, "validation": {"eval_loss": 2.5}}
COST = {"tokens_an_epoch": 100, "steps": 5, "seconds": 60, "validation_loss": 2.5}


def write_stage(
    folder: Path, facts: dict[str, Any] | None, start_from: Path | None = None, **data: Any
) -> Path:
    folder.mkdir(parents=True)
    values = {"base_model": "base", "data": data, "start_from": start_from}
    RunConfig.model_validate(values).save(folder / "training_run.yaml")
    if facts is not None:
        (folder / "training_run.json").write_text(json.dumps(facts))
    return folder


def test_a_base_model_cost_nothing(base: Path) -> None:
    assert training_costs(str(base)) == []
    assert training_costs("some/name-of-the-hub") == []


def test_the_cost_of_all_stages_is_known_first_to_last(tmp_path: Path) -> None:
    first = write_stage(
        tmp_path / "first", FACTS | {"steps": 9}, corpus="daily_dialog", persona="none"
    )
    model = write_stage(tmp_path / "model", FACTS, first)
    costs = [{"corpus": "daily_dialog", **COST, "steps": 9}, {"corpus": "esconv", **COST}]
    assert training_costs(str(model)) == costs
    shutil.move(first, model / "first_stage")
    assert training_costs(str(model)) == costs
    assert [stage.folder for stage in stages_of(str(model))] == [model / "first_stage", model]


def test_what_is_not_recorded_is_not_made_up(tmp_path: Path) -> None:
    assert training_costs(str(write_stage(tmp_path / "model", None))) == [{"corpus": "esconv"}]
    PalConfig(zero_shot=False).save(tmp_path)
    assert training_costs(str(tmp_path)) == [{}]


def test_a_stage_that_is_gone_or_malformed_is_named(tmp_path: Path) -> None:
    model = write_stage(tmp_path / "model", FACTS, tmp_path / "gone")
    with pytest.raises(StageError, match="Put that folder back"):
        training_costs(str(model))
    malformed = write_stage(tmp_path / "malformed", None)
    (malformed / "training_run.json").write_text("{")
    with pytest.raises(StageError, match=r"Cannot use .*training_run\.json"):
        training_costs(str(malformed))
