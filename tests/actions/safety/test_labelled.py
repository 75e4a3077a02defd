"""The hand-written utterances, and the command that assesses others."""

from __future__ import annotations

import io
import re
from collections import Counter
from pathlib import Path

import pytest

from actions.safety import RiskKind, RiskLevel
from actions.safety.__main__ import assess_lines
from actions.safety.labelled import UTTERANCES, Labelled, read_labelled

HELD_OUT = [
    Path(__file__).with_name(f"held_out{number}") for number in ("", "_2", "_3", "_4", "_5", "_6")
]
DEVELOPMENT = [Path(__file__).with_name(f"development{of}") for of in ("", "_long")]


def all_of(folder: Path) -> list[Labelled]:
    return [line for path in sorted(folder.glob("*.tsv")) for line in read_labelled(path)]


@pytest.mark.parametrize(
    ("folder", "least"),
    [(UTTERANCES, 500), *((folder, 10) for folder in HELD_OUT)],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_lines_are_of_every_level_and_kind_and_each_is_there_once(folder: Path, least: int) -> None:
    lines = all_of(folder)
    assert min(Counter(line.level for line in lines)[level] for level in RiskLevel) >= least
    assert min(Counter(k for line in lines for k in line.kinds)[kind] for kind in RiskKind) >= least
    assert all(bool(line.kinds) is (line.level > RiskLevel.NONE) for line in lines)
    assert len({line.text.casefold() for line in lines}) == len(lines)


@pytest.mark.parametrize(
    ("others", "held_out"),
    [([UTTERANCES], [*HELD_OUT, *DEVELOPMENT]), (DEVELOPMENT, HELD_OUT)],
    ids=["learnt", "chosen by"],
)
@pytest.mark.integration
def test_what_is_held_out_is_nowhere_else(others: list[Path], held_out: list[Path]) -> None:
    """Nor what says it in nearly the same words: no line shares half of its triples of words, and a
    long one holds no other line. What everybody says in a few words ("I want to die") may be in
    both.
    """
    known = [_triples(line.text) for folder in others for line in all_of(folder)]
    holding: dict[tuple[str, ...], list[int]] = {}
    for number, triples in enumerate(known):
        for triple in triples:
            holding.setdefault(triple, []).append(number)
    for line in (line for folder in held_out for line in all_of(folder)):
        triples = _triples(line.text)
        shared = Counter(number for triple in triples for number in holding.get(triple, ()))
        for number, count in shared.items():
            if len(triples) >= 4:
                assert count / len(triples | known[number]) <= 0.5, line.text
            if len(known[number]) >= 8:
                assert count / len(known[number]) < 0.9, line.text


def _triples(text: str) -> set[tuple[str, ...]]:
    words = re.sub(r"[^a-z ]", "", text.lower()).split()
    return {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))}


def test_a_malformed_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lines.tsv"
    for content in ("high\tsuicide", "dire\t-\tx", "high\tsadness\tx"):
        path.write_text(f"none\t-\tok\n{content}\n")
        with pytest.raises(ValueError, match=r"lines.tsv, line 2: "):
            list(read_labelled(path))


def test_the_command_writes_a_line_for_each_utterance() -> None:
    sink = io.StringIO()
    assess_lines(["I want to die\n", "I like\ttea\n", "\n"], sink)
    first, second, third = sink.getvalue().splitlines()
    assert first == "high\tsuicide\tI want to die"
    assert second == "none\t-\tI like tea"
    assert third == "none\t-\t"
