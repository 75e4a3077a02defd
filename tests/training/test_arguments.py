"""Counts on the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from training import ablate, compare_fusions, report, score_persona_extractor


@pytest.mark.parametrize("count", ["0", "-3", "2.5", "many"])
@pytest.mark.parametrize(
    ("main", "option"),
    [
        (ablate.main, "--train-conversations"),
        (ablate.main, "--score-conversations"),
        (compare_fusions.main, "--responses"),
        (report.main, "--samples"),
        (score_persona_extractor.main, "--dialogues"),
    ],
)
def test_a_count_that_is_none_is_refused(
    main: Callable[[Sequence[str]], int],
    option: str,
    count: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stop:
        main([option, count])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert f"{count!r} is given; it must be a whole number from 1 on." in error
