"""The number format of a run: what is faster here, and the same until its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from training import fitting, precision
from training.fitting import RECIPE_FILE, settled, training_arguments
from training.recipe import Recipe, RecipeError


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


@pytest.mark.parametrize("dtype", [precision.torch.float32, precision.torch.bfloat16])
def test_products_are_timed_in_the_format_that_is_asked_about(
    dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    formats = []
    linear = precision.F.linear
    monkeypatch.setattr(
        precision.F, "linear", lambda *both: formats.extend(t.dtype for t in both) or linear(*both)
    )
    assert precision._product_time(dtype) > 0
    assert set(formats) == {dtype}


def test_a_run_goes_on_in_the_format_that_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards against a resumed run whose losses are others because the machine was busy."""
    for is_faster, expected in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr(fitting, "trains_faster_in_bfloat16", lambda answer=is_faster: answer)
        folder = tmp_path / expected
        begun = settled(Recipe(), folder, resume=False)
        assert begun.optimiser.precision == expected
        assert training_arguments(begun, folder).bf16 is is_faster
        monkeypatch.setattr(
            fitting, "trains_faster_in_bfloat16", lambda answer=is_faster: not answer
        )
        assert settled(Recipe(), folder, resume=True) == begun
        assert Recipe.load(folder / RECIPE_FILE) == begun


def test_a_recipe_has_the_last_word_but_no_second_one(tmp_path: Path) -> None:
    recipe, other = (
        Recipe.model_validate({"optimiser": {"precision": p}}) for p in ("bfloat16", "float32")
    )
    assert settled(recipe, tmp_path, resume=False) == recipe
    assert settled(recipe, tmp_path, resume=True) == recipe
    with pytest.raises(
        RecipeError, match=r"optimiser.precision is .float32., and there .bfloat16."
    ):
        settled(other, tmp_path, resume=True)


def test_a_run_goes_on_with_the_settings_that_it_began_with_or_not_at_all(tmp_path: Path) -> None:
    """Else the recipe that is kept, which tells what a model may be measured on, is not true."""
    settled(Recipe(), tmp_path, resume=False)
    kept = (tmp_path / RECIPE_FILE).read_bytes()
    others = ({"seed": 14}, {"lora": {"rank": 4}}, {"lora": None}, {"optimiser": {"epochs": 2}})
    for changes in others:
        with pytest.raises(
            RecipeError, match=r"begun with other settings: \w+[\w.]* is .*, and th"
        ):
            settled(Recipe.model_validate(changes), tmp_path, resume=True)
    with pytest.raises(
        RecipeError, match=r"eval_steps is 9, and there 50; seed is 14, and there 13"
    ):
        settled(Recipe(seed=14, eval_steps=9), tmp_path, resume=True)
    assert (tmp_path / RECIPE_FILE).read_bytes() == kept
    settled(Recipe(), tmp_path, resume=True)


def test_a_run_does_not_overwrite_another(tmp_path: Path) -> None:
    settled(Recipe(), tmp_path, resume=False)
    with pytest.raises(RecipeError, match="Go on with it by --resume"):
        settled(Recipe(), tmp_path, resume=False)


def test_a_run_from_before_precisions_were_settled_goes_on(tmp_path: Path) -> None:
    Recipe().save(tmp_path / RECIPE_FILE)
    assert settled(Recipe(), tmp_path, resume=True).optimiser.precision != "auto"
