"""Do seekers rate a supporter higher whose responses are closer to who they are? (PAL, Figure 3)

`python -m training.relate_ratings --output FOLDER` reads the ratings that ESConv's seekers gave and
takes of each conversation the mean cosine of the supporter's responses and the persona known before
each, as section 3.2 does. How the two go together is shown by a trend line through the means of
ratings that five conversations or more have, as the figures have it, and over the conversations
themselves, which says how much a single one tells. An encoder of sentences makes Figure 3, averaged
word embeddings make Figure 5. Writes ratings.json and a picture for each encoder; prints the tables
in Markdown.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from pal_model import Conversation, PalError, PersonaExtractor, Speaker
from pal_model.persona_extractor import (
    EMBEDDED_EXTRACTOR,
    find_extractor,
    load_persona_extractor,
)
from training.arguments import positive
from training.metrics import cosine_similarity
from training.pictures import as_svg, new_chart
from training.provenance import environment, file_hash, folder_hashes
from training.readers.esconv import find_esconv, read_esconv, read_pesconv
from training.readers.ratings import SeekerRating, read_ratings
from training.sentence_encoder import PACKAGED, PACKAGED_WORDS, SentenceEncoder
from training.tables import Table
from training.trends import FEWEST, Level, Trend, trend
from training.turn_personas import TurnPersonas, inferred_personas

RATINGS_FILE = "ratings.json"
ASPECTS = {
    "empathy": "empathy",
    "relevance": "relevance",
    "decrease": "decrease of the emotion's intensity",
}
"""What is rated, and what it is called in pictures."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A response of a supporter, and what was known of the seeker before it."""

    response: str
    persona: str


def pairs_of(conversation: Conversation, personas: TurnPersonas) -> list[Pair]:
    """Return a conversation's responses with the personas before them, as one text each; those from
    before anything was known are left out.
    """
    return [
        Pair(utterance.text, " ".join(personas[place]))
        for place, utterance in enumerate(conversation.utterances)
        if utterance.speaker is Speaker.SUPPORTER and personas.get(place)
    ]


def similarities(pairs: Mapping[int, Sequence[Pair]], encoder: SentenceEncoder) -> dict[int, float]:
    """Return the mean cosine of each conversation that has pairs."""
    return {
        index: float(
            cosine_similarity(
                encoder.embed([p.response for p in own]), encoder.embed([p.persona for p in own])
            ).mean()
        )
        for index, own in tqdm(pairs.items(), desc=encoder.name, file=sys.stderr)
        if own
    }


def trends(
    ratings: Mapping[int, SeekerRating], similarity: Mapping[int, float]
) -> dict[str, Trend]:
    """Return the trend of each of `ASPECTS` over the conversations that have both.

    Raises:
        TooFewRatingsError: there are too few of them.
    """
    both = sorted(set(ratings) & set(similarity))
    values = [similarity[index] for index in both]
    return {
        aspect: trend([getattr(ratings[index], aspect) for index in both], values)
        for aspect in ASPECTS
    }


def picture_name(encoder: str) -> str:
    """Return the name of the file with an encoder's picture."""
    return f"ratings-{re.sub(r'[^A-Za-z0-9]+', '-', encoder).strip('-')}.svg"


def draw(of_aspects: Mapping[str, Trend], encoder: str) -> str:
    """Return the picture, as SVG, a panel for each aspect."""
    figure, panels = new_chart(len(of_aspects), width=12)
    for axes, (aspect, found) in zip(panels, of_aspects.items(), strict=True):
        _draw_means(axes, [level for level in found.levels if level.counts], "conversations")
        _draw_means(axes, [level for level in found.levels if not level.counts], "not in the line")
        ratings = np.array([level.rating for level in found.levels if level.counts])
        line = found.intercept + found.slope * ratings
        axes.plot(ratings, line, "--", label=f"$R^2$ of the means = {found.r_squared:.2f}")
        ticks = [level.rating for level in found.levels]
        axes.set(xlabel=ASPECTS[aspect], ylabel=f"cosine ({encoder})", xticks=ticks)
        axes.legend(fontsize="small")
    return as_svg(figure)


def _draw_means(axes: Any, levels: Sequence[Level], label: str) -> None:
    if not levels:
        return
    means = np.array([level.similarity for level in levels])
    ends = np.abs(np.array([level.interval or (np.nan,) * 2 for level in levels]).T - means)
    counts = "\n".join(f"{level.rating}: {level.count}" for level in levels)
    axes.errorbar(
        [level.rating for level in levels],
        means,
        ends,
        fmt="o" if levels[0].counts else "x",
        capsize=3,
        label=f"{label}\n{counts}",
    )


def tables(of_aspects: Mapping[str, Trend], encoder: str) -> tuple[Table, Table]:
    """Return the table of the trends, and that of the means that they are of."""
    stem = Path(picture_name(encoder)).stem
    trend_rows = (
        (
            ASPECTS[aspect],
            f"{found.slope:+.4f}",
            f"{found.r_squared:.2f}",
            f"{found.conversations_r_squared:.3f}",
            f"{found.spearman:+.3f}",
            f"{found.p:.2g}",
        )
        for aspect, found in of_aspects.items()
    )
    level_rows = (
        (
            ASPECTS[aspect],
            str(level.rating),
            str(level.count),
            f"{level.similarity:.3f}",
            "[{:.3f}, {:.3f}]".format(*level.interval) if level.interval else "",
        )
        for aspect, found in of_aspects.items()
        for level in found.levels
    )
    return (
        Table(
            f"{stem}-trends",
            f"Trends of likeness to the persona ({encoder}) over ratings",
            ("rating of", "slope", "R² of the means", "R² of conversations", "Spearman", "p"),
            tuple(trend_rows),
        ),
        Table(
            f"{stem}-means",
            f"Mean likeness to the persona ({encoder}) at each rating; the line is through the "
            f"means of {FEWEST} conversations or more",
            ("rating of", "at", "conversations", "mean cosine", "95 % interval"),
            tuple(level_rows),
        ),
    )


def read_pairs(
    esconv: Path, extractor: PersonaExtractor | None, count: int | None
) -> dict[int, Any]:
    """Return the pairs of the first `count` rated conversations, by their places in the file.

    Args:
        esconv: ESConv.json; without an extractor a file of `training.annotate_persona`.
        extractor: infers personas; None for those in the file.
        count: None for all.

    Raises:
        CorpusError: the file cannot be used.
    """
    rated = list(read_ratings(esconv))[:count]
    if extractor is None:
        known = list(read_pesconv(esconv))
        return {index: pairs_of(*known[index]) for index in rated}
    conversations = list(read_esconv(esconv))
    return {
        index: pairs_of(conversations[index], inferred_personas(conversations[index], extractor))
        for index in tqdm(rated, desc="personas", file=sys.stderr)
    }


def rate(
    esconv: Path, output: Path, extractor: str | None, encoders: Sequence[str], count: int | None
) -> dict[str, dict[str, Trend]]:
    """Measure, write what comes of it to `output`, and return it by the encoders' names.

    Raises:
        PalError: a corpus, an extractor or an encoder cannot be used, or there is too little.
    """
    output.mkdir(parents=True, exist_ok=True)
    ready = [SentenceEncoder(name) for name in encoders]  # before the slow part
    infer = None if extractor is None else load_persona_extractor(extractor)
    pairs = read_pairs(esconv, infer, count)
    ratings = read_ratings(esconv)
    found = {encoder.name: trends(ratings, similarities(pairs, encoder)) for encoder in ready}
    record = {
        "data": {esconv.name: file_hash(esconv)},
        "extractor": None if extractor is None else folder_hashes(find_extractor(extractor)),
        "conversations": sum(map(bool, pairs.values())),
        "responses": sum(map(len, pairs.values())),
        "environment": environment(),
        "encoders": {
            name: {aspect: asdict(one) for aspect, one in of_aspects.items()}
            for name, of_aspects in found.items()
        },
    }
    (output / RATINGS_FILE).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    for name, of_aspects in found.items():
        (output / picture_name(name)).write_text(draw(of_aspects, name), encoding="utf-8")
    return found


def build_parser() -> argparse.ArgumentParser:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="python -m training.relate_ratings",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--output", type=Path, required=True, help="folder of the results")
    parser.add_argument("--esconv", type=Path, help="ESConv.json; default: where it is found")
    parser.add_argument(
        "--conversations", type=positive, help="the first so many; default: all rated"
    )
    personas = parser.add_mutually_exclusive_group()
    personas.add_argument(
        "--extractor", default=EMBEDDED_EXTRACTOR, help="'embedded', 'rules', a folder, a hub name"
    )
    personas.add_argument(
        "--annotated",
        action="store_true",
        help="the personas that training.annotate_persona wrote into the file",
    )
    parser.add_argument(
        "--encoders",
        nargs="+",
        default=[PACKAGED, PACKAGED_WORDS],
        help="folders or names; the paper's Figure 3: princeton-nlp/sup-simcse-bert-base-uncased",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; print the tables; return the exit status."""
    options = build_parser().parse_args(arguments)
    extractor = None if options.annotated else options.extractor
    try:
        found = rate(
            options.esconv or find_esconv(),
            options.output,
            extractor,
            options.encoders,
            options.conversations,
        )
    except (PalError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for name, of_aspects in found.items():
        for table in tables(of_aspects, name):
            print(f"\n{table.caption}\n\n{table.markdown()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
