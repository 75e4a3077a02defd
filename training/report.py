"""Evaluations as one page: `python -m training.report FOLDER ... --output report.html`.

Each folder is one that `training.evaluate` wrote. The page has the table, published figures apart,
accuracy of the strategy at each rank (PAL, Figure 4), what each model said in the same places, with
what was said before, what training cost, and where it was measured; and what
`training.relate_ratings` and `training.search_alphas` found, if their folders are named. It needs
nothing but itself. With a name that ends in .md it is Markdown, its pictures beside it.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from jinja2 import Environment, PackageLoader, select_autoescape

from pal_model import Conversation, PalError, Utterance
from training.arguments import positive
from training.compare_runs import read_manifest
from training.evaluate import RESULT_FILE, predictions_file
from training.predictions import PredictionError, Turn, read_predictions
from training.provenance import file_hash
from training.readers.esconv import find_esconv, read_esconv
from training.readers.records import CorpusError
from training.report_sections import Section, alphas_sections, named_picture, ratings_sections
from training.report_tables import (
    RANKS,
    Evaluated,
    accuracy_table,
    costs_table,
    figures_table,
    further_table,
    published_table,
)

_SHOWN_BEFORE = 4
"""Utterances that are shown before a sample."""


def read_evaluated(folder: Path) -> Evaluated:
    """Read an evaluation.

    Raises:
        PredictionError: there is none in `folder`, or it is not finished.
    """
    manifest = read_manifest(folder)
    file = folder / RESULT_FILE
    try:
        result = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PredictionError(
            f"Cannot use {file}: {error}. Run training.evaluate again; it goes on where it was."
        ) from error
    evaluation = manifest["evaluation"]
    predictions = read_predictions(predictions_file(folder, evaluation["seeds"][0]))
    return Evaluated(folder.name, result, predictions)


def read_conversations(
    evaluated: Sequence[Evaluated], esconv: Path | None
) -> list[Conversation] | None:
    """Return the conversations that the models responded in. None, with a word on why, where no
    file was named and the one that is found, if any, is not theirs.

    Raises:
        CorpusError: the named file cannot be read.
        PredictionError: it is another one than the models were evaluated on.
    """
    try:
        path = esconv or find_esconv()
        conversations = list(read_esconv(path))
        _require_evaluated_on(path, evaluated)
    except (CorpusError, PredictionError) as error:
        if esconv is not None:
            raise
        print(f"Samples are without what was said before them. {error}", file=sys.stderr)
        return None
    return conversations


def _require_evaluated_on(esconv: Path, evaluated: Sequence[Evaluated]) -> None:
    found = file_hash(esconv)
    for one in evaluated:
        if found not in one.result["data"].values():
            raise PredictionError(
                f"{esconv} has the SHA-256 {found}; {one.name} was evaluated on "
                f"{one.result['data']}. Name that file with --esconv."
            )


def samples(
    evaluated: Sequence[Evaluated],
    count: int,
    seed: int,
    conversations: Sequence[Conversation] | None = None,
) -> list[dict[str, Any]]:
    """Draw turns that all models responded to, with what each said there, and what was said last
    before in `conversations`.
    """
    by_turn = [{p.turn: p for p in one.predictions} for one in evaluated]
    common = sorted(set.intersection(*map(set, by_turn)))
    chosen = random.Random(seed).sample(common, min(count, len(common)))  # noqa: S311
    return [
        {
            "turn": turn,
            "before": () if conversations is None else _before(conversations, turn),
            "prediction": by_turn[0][turn],
            "responses": [
                (one.name, of_one[turn]) for one, of_one in zip(evaluated, by_turn, strict=True)
            ],
        }
        for turn in sorted(chosen)
    ]


def _before(conversations: Sequence[Conversation], turn: Turn) -> Sequence[Utterance]:
    conversation, place = turn
    return conversations[conversation].utterances[max(0, place - _SHOWN_BEFORE) : place]


def accuracy_section(evaluated: Sequence[Evaluated]) -> Section:
    """Return the picture of accuracy at each rank (PAL, Figure 4)."""
    mpl.use("agg")  # a machine without a screen
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    for one in evaluated:
        means = [one.accuracy(rank)["mean"] for rank in RANKS]
        axes.plot(RANKS, means, marker="o", label=one.name)
    axes.set(xlabel="strategies that may be tried, n", ylabel="accuracy, %", ylim=(0, 105))
    axes.legend()
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    alt = (
        "Line chart of how often the supporter's strategy is among the n likeliest, for n from "
        f"{RANKS[0]} to {RANKS[-1]}, in per cent; a line for each of: "
        f"{', '.join(one.name for one in evaluated)}. The table below has the numbers."
    )
    return Section(
        "accuracy",
        "Accuracy of the strategy at each rank",
        "As PAL, Figure 4.",
        named_picture(drawn.getvalue(), alt),
        alt,
        accuracy_table(evaluated),
    )


def write_report(
    evaluated: Sequence[Evaluated],
    output: Path,
    count: int,
    seed: int,
    found: Sequence[Section] = (),
    conversations: Sequence[Conversation] | None = None,
) -> None:
    """Write the page; the end of its name says in which format.

    Args:
        evaluated: what is compared.
        output: the page.
        count: number of turns that are shown.
        seed: of which turns are shown.
        found: further parts.
        conversations: that the models responded in; None to show nothing of them.

    Raises:
        PredictionError: there is nothing to report on.
    """
    if not evaluated:
        raise PredictionError("No evaluation was named. Name folders of training.evaluate.")
    is_markdown = output.suffix == ".md"
    environment = Environment(
        loader=PackageLoader("training"),
        autoescape=select_autoescape(("html.j2",), default_for_string=False),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.md.j2" if is_markdown else "report.html.j2")
    sections = [accuracy_section(evaluated), *found]
    page = template.render(
        evaluated=evaluated,
        figures=figures_table(evaluated),
        further=further_table(evaluated),
        published=published_table(),
        costs=costs_table(evaluated),
        samples=samples(evaluated, count, seed, conversations),
        sections=sections,
        stem=output.stem,
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8")
    for section in sections if is_markdown else ():
        picture = output.with_name(f"{output.stem}-{section.name}.svg")
        picture.write_text(section.picture, encoding="utf-8")


def build_parser() -> argparse.ArgumentParser:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="python -m training.report",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", type=Path, nargs="+", help="that training.evaluate wrote")
    parser.add_argument("--output", type=Path, required=True, help="such as report.html")
    parser.add_argument("--esconv", type=Path, help="ESConv.json; default: where it is found")
    parser.add_argument("--ratings", type=Path, help="folder of training.relate_ratings")
    parser.add_argument("--alphas", type=Path, help="folder of training.search_alphas")
    parser.add_argument("--samples", type=positive, default=12, help="turns that are shown")
    parser.add_argument("--seed", type=int, default=13, help="of which turns are shown")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report; return the exit status."""
    options = build_parser().parse_args(arguments)
    try:
        evaluated = [read_evaluated(folder) for folder in options.folders]
        found = [
            *(ratings_sections(options.ratings) if options.ratings else ()),
            *(alphas_sections(options.alphas) if options.alphas else ()),
        ]
        conversations = read_conversations(evaluated, options.esconv)
        write_report(evaluated, options.output, options.samples, options.seed, found, conversations)
    except (PalError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
