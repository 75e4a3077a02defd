from __future__ import annotations

import json
from pathlib import Path

import pytest

from pal_model import DEFAULT_ALPHAS, ModelLoadError, Strategy
from pal_model.configuration import CONFIG_FILE, PalConfig


def test_a_saved_configuration_comes_back_equal(tmp_path: Path) -> None:
    config = PalConfig(
        alphas=dict(DEFAULT_ALPHAS) | {Strategy.QUESTION: 0.1}, max_history_tokens=99
    )
    config.save(tmp_path)
    assert PalConfig.load(tmp_path) == config


def test_a_folder_without_one_gets_the_defaults(tmp_path: Path) -> None:
    assert PalConfig.load(tmp_path) == PalConfig()


def test_alphas_can_be_overridden_one_at_a_time(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_text(json.dumps({"alphas": {"Question": 0.5}}))
    assert PalConfig.load(tmp_path).alphas == dict(DEFAULT_ALPHAS) | {Strategy.QUESTION: 0.5}


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"unknown": 1}', '{"alphas": {"Hypnosis": 1}}', '{"alphas": {"Question": -1}}'],
)
def test_a_damaged_file_is_named_with_its_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / CONFIG_FILE).write_text(text)
    with pytest.raises(ModelLoadError, match=r"pal_config.json cannot be used.*Restore"):
        PalConfig.load(tmp_path)


@pytest.mark.parametrize("alpha", [-0.1, float("nan"), float("inf"), "0.5", None])
def test_an_alpha_that_is_no_strength_is_refused(alpha: object) -> None:
    with pytest.raises(ValueError, match="alpha of 'Others'"):
        PalConfig(alphas=dict(DEFAULT_ALPHAS) | {Strategy.OTHERS: alpha})  # type: ignore[dict-item]
