"""The number format of a run: what is faster here, and the same until its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from training import fitting, precision
from training.fitting import RECIPE_FILE, settled, training_arguments
from training.recipe import Recipe


@pytest.fixture(autouse=True)
def measured_anew() -> None:
    precision.trains_faster_in_bfloat16.cache_clear()


@pytest.mark.parametrize(("seconds", "faster"), [(0.5, True), (0.9, False), (1.5, False)])
def test_a_cpu_with_the_instructions_is_measured(
    seconds: float, faster: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = {precision.torch.float32: 1.0, precision.torch.bfloat16: seconds}
    monkeypatch.setattr(precision, "_product_time", times.__getitem__)
    monkeypatch.setattr(precision.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(precision.torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert precision.trains_faster_in_bfloat16() is faster


def test_products_are_really_timed() -> None:
    assert 0 < precision._product_time(precision.torch.float32) < 10


def test_a_run_goes_on_in_the_format_that_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards against a resumed run whose losses are others because the machine was busy."""
    for is_faster, expected in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr(fitting, "trains_faster_in_bfloat16", lambda answer=is_faster: answer)
        begun = settled(Recipe(), tmp_path, resume=False)
        assert begun.optimiser.precision == expected
        assert training_arguments(begun, tmp_path).bf16 is is_faster
        monkeypatch.setattr(
            fitting, "trains_faster_in_bfloat16", lambda answer=is_faster: not answer
        )
        assert settled(Recipe(), tmp_path, resume=True) == begun
    assert Recipe.load(tmp_path / RECIPE_FILE) == begun


def test_a_recipe_has_the_last_word(tmp_path: Path) -> None:
    recipe = Recipe.model_validate({"optimiser": {"precision": "bfloat16"}})
    assert settled(recipe, tmp_path, resume=False) == recipe
