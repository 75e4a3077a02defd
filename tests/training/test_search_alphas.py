"""The search for alphas, with a tiny model and with an invented one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pal_model import DEFAULT_ALPHAS, Strategy
from training import search_alphas
from training.evaluate import read_alphas
from training.predictions import Prediction
from training.search_alphas import ALPHAS_FILE, FRONT_FILE, PICTURE_FILE, main


def search(esconv: Path, base: Path, output: Path, *options: str) -> dict[str, Any]:
    arguments = [str(base), "--output", str(output), "--esconv", str(esconv), *options]
    assert main(arguments) == 0
    record: dict[str, Any] = json.loads((output / FRONT_FILE).read_text())
    return record


def test_the_real_search_begins_with_table_2_and_goes_on_where_it_was(
    esconv: Path, base: Path, tmp_path: Path
) -> None:
    first = search(esconv, base, tmp_path, "--trials", "1", "--conversations", "1")
    table_2 = {strategy.value: alpha for strategy, alpha in DEFAULT_ALPHAS.items()}
    assert first["table 2"]["alphas"] == table_2
    assert first["chosen"] == first["table 2"]
    more = search(esconv, base, tmp_path, "--trials", "2", "--conversations", "1")
    assert more["table 2"] == first["table 2"]
    assert search(esconv, base, tmp_path, "--trials", "2", "--conversations", "1") == more
    assert (first["trials"], more["trials"]) == (1, 2)
    assert "<svg" in (tmp_path / PICTURE_FILE).read_text()
    assert read_alphas(str(tmp_path / ALPHAS_FILE)) == more["chosen"]["alphas"]


@pytest.mark.parametrize("options", [(), ("--all-eight",)], ids=["levels", "all eight"])
def test_what_is_better_in_both_is_found(
    options: tuple[str, ...],
    esconv: Path,
    base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of an invented model that says more of what humans said, and less of the same, the nearer
    Question's alpha is to 1.
    """
    words = [f"w{number}" for number in range(24)]

    def predict(_: Any, __: Any, ___: Any, generation: Any, **____: Any) -> list[Any]:
        count = 24 - round(20 * min(1, abs(generation.alphas[Strategy.QUESTION] - 1)))
        said = words[:count] + ["x"] * (24 - count)
        return [(1, [prediction(" ".join(said), " ".join(words))])]

    monkeypatch.setattr(search_alphas, "predict", predict)
    found = search(esconv, base, tmp_path, "--trials", "25", *options)
    alphas = found["chosen"]["alphas"]
    assert alphas["Question"] == pytest.approx(1, abs=0.25)
    assert found["chosen"]["B-2"] > found["table 2"]["B-2"]
    assert found["chosen"]["D-2"] > found["table 2"]["D-2"]
    # Table 2 has the same level for both.
    assert (alphas["Question"] == alphas["Self-disclosure"]) is not bool(options)


def prediction(response: str, reference: str) -> Prediction:
    strategies = tuple(Strategy)
    return Prediction(
        0, 1, (), (), strategies[0], reference, strategies, strategies[0], 0.0, response
    )


def test_alphas_that_cannot_be_used_are_named(
    tmp_path: Path, esconv: Path, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "alphas.json"
    for content in ('{"Question": 1.0}', '{"Quest": 1.0}', "[]", "{"):
        file.write_text(content)
        with pytest.raises(search_alphas.argparse.ArgumentTypeError, match=r"alphas\.json cannot"):
            read_alphas(str(file))
    arguments = [str(base), "--output", str(tmp_path), "--esconv", str(esconv), "--trials", "0"]
    assert main(arguments) == 2
    assert "--trials is 0" in capsys.readouterr().err
