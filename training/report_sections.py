"""The parts of a report beside its table of evaluations: a picture, and the figures behind it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pal_model import Strategy
from training import relate_ratings, search_alphas
from training.pictures import named_picture
from training.predictions import PredictionError
from training.tables import Table
from training.trends import Level, Trend


@dataclass(frozen=True, slots=True)
class Section:
    """One part.

    Attributes:
        name: such as it may stand in a file's name.
        title: its heading.
        note: what the figures are of.
        picture: as SVG, with `alt` for its name.
        alt: a sentence that says what the picture shows.
        tables: the figures.
    """

    name: str
    title: str
    note: str
    picture: str
    alt: str
    tables: tuple[Table, ...]


def ratings_sections(folder: Path) -> Iterator[Section]:
    """Yield a section for each encoder of a folder that `training.relate_ratings` wrote.

    Raises:
        PredictionError: it did not, or not to the end.
    """
    yield from _read(folder, relate_ratings.RATINGS_FILE, "training.relate_ratings", _ratings)


def alphas_sections(folder: Path) -> Iterator[Section]:
    """Yield the section of a folder that `training.search_alphas` wrote.

    Raises:
        PredictionError: it did not, or not to the end.
    """
    yield from _read(folder, search_alphas.FRONT_FILE, "training.search_alphas", _alphas)


def _read(
    folder: Path,
    name: str,
    command: str,
    sections: Callable[[Path, dict[str, Any]], Iterator[Section]],
) -> list[Section]:
    try:
        return list(sections(folder, json.loads((folder / name).read_text(encoding="utf-8"))))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PredictionError(
            f"Cannot use {folder / name}: {type(error).__name__}: {error}. Name a folder that "
            f"{command} wrote to the end."
        ) from error


def _ratings(folder: Path, record: dict[str, Any]) -> Iterator[Section]:
    for encoder, of_aspects in record["encoders"].items():
        trends = {aspect: _trend(found) for aspect, found in of_aspects.items()}
        picture = relate_ratings.picture_name(encoder)
        name = Path(picture).stem
        rated = ", ".join(relate_ratings.ASPECTS[aspect] for aspect in of_aspects)
        alt = (
            f"Charts of the mean cosine of response and persona ({encoder}) at each of the "
            f"seekers' ratings, with intervals and a trend line; a panel for each of: {rated}. "
            "The tables below have the trends and the means."
        )
        yield Section(
            name,
            f"Seekers' ratings and likeness to the persona, {encoder}",
            f"{record['conversations']} conversations and {record['responses']} responses of human "
            "supporters (as PAL, Figures 3 and 5). R² of the means is the paper's; that of "
            "conversations is how much of one conversation's likeness its rating explains.",
            _read_picture(folder / picture, alt),
            alt,
            relate_ratings.tables(trends, encoder),
        )


def _trend(found: dict[str, Any]) -> Trend:
    levels = (Level(**(level | {"interval": _pair(level)})) for level in found["levels"])
    return Trend(**(found | {"levels": tuple(levels)}))


def _pair(level: dict[str, Any]) -> tuple[float, float] | None:
    ends = level["interval"]
    return None if ends is None else (ends[0], ends[1])


def _alphas(folder: Path, record: dict[str, Any]) -> Iterator[Section]:
    points = {"Table 2": record["table 2"], "chosen": record["chosen"]}
    n = record["n"]
    rows = {s.value: [f"{p['alphas'][s.value]:.3g}" for p in points.values()] for s in Strategy}
    objectives = (search_alphas.OVERLAP, search_alphas.DIVERSITY)
    rows |= {name: [f"{p[name]:.2f}" for p in points.values()] for name in objectives}
    alt = (
        "Scatter plot of diversity (distinct-2) against overlap (BLEU-2) of the alphas that were "
        "tried; the front, Table 2's alphas and the chosen ones are marked. The table below has "
        "the last two."
    )
    yield Section(
        "alphas",
        "Search for alphas",
        f"{record['trials']} trials on {n['turns']} turns of {n['conversations']} conversations of "
        "the validation part; overlap is BLEU-2 with the human responses, diversity is distinct-2. "
        "The alphas, and what came of them:",
        _read_picture(folder / search_alphas.PICTURE_FILE, alt),
        alt,
        (
            Table(
                "alphas-found",
                "Alphas by strategy, and what came of them",
                ("strategy", *points),
                tuple((name, *cells) for name, cells in rows.items()),
            ),
        ),
    )


def _read_picture(file: Path, alt: str) -> str:
    return named_picture(file.read_text(encoding="utf-8"), alt)
