"""Evaluations as one page: `python -m training.report FOLDER ... --output report.html`.

Each folder is one that `training.evaluate` wrote. The page has the table, published figures apart,
accuracy of the strategy at each rank (PAL, Figure 4), what each model said in the same places, with
what was said before, what training cost, and where it was measured; and what
`training.relate_ratings` and `training.search_alphas` found, if their folders are named. It needs
nothing but itself. With a name that ends in .md it is Markdown, its pictures beside it.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from pal_model import Conversation, PalError, Utterance
from training.arguments import positive
from training.evaluation_folder import predictions_file, read_result
from training.pictures import as_svg, named_picture, new_chart
from training.predictions import Prediction, PredictionError, Turn, read_predictions
from training.provenance import file_hash
from training.readers.esconv import find_esconv, read_esconv
from training.readers.records import CorpusError
from training.report_sections import Section, alphas_sections, ratings_sections
from training.report_tables import (
    RANKS,
    Evaluated,
    accuracy_table,
    costs_table,
    figures_table,
    further_table,
    published_table,
    times_table,
)
from training.tables import in_markdown

_SHOWN_BEFORE = 4
"""Utterances that are shown before a sample."""


_MARKDOWN, _HTML = (".md", ".markdown"), (".html", ".htm")
"""How the name of a page may end."""


def read_evaluated(folders: Sequence[Path]) -> list[Evaluated]:
    """Read evaluations, named by their folders; those of one name by the folders above them, too.

    Raises:
        PredictionError: none is named, one is named twice, is not there or not finished, or they
            are of different texts in the same places, or of no common place.
    """
    if not folders:
        raise PredictionError("No evaluation was named. Name folders of training.evaluate.")
    paths = [folder.resolve() for folder in folders]
    if len(set(paths)) < len(paths):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise PredictionError(f"{twice} is named twice. Name each folder once.")
    depth = 1
    while len({path.parts[-depth:] for path in paths}) < len(paths):
        depth += 1
    evaluated = []
    for path in paths:
        result = read_result(path)
        predictions = read_predictions(predictions_file(path, result["evaluation"]["seeds"][0]))
        evaluated.append(Evaluated("/".join(path.parts[-depth:]), result, predictions))
    _require_same_places(evaluated)
    return evaluated


def _require_same_places(evaluated: Sequence[Evaluated]) -> None:
    first = evaluated[0]
    places = {p.turn: (p.reference, p.gold_strategy) for p in first.predictions}
    for one in evaluated[1:]:
        common = [p for p in one.predictions if p.turn in places]
        if not common:
            raise PredictionError(
                f"{first.name} and {one.name} have no turn in common. Report on them apart."
            )
        differing = [p for p in common if places[p.turn] != (p.reference, p.gold_strategy)]
        if differing:
            raise PredictionError(
                f"{first.name} and {one.name} have other responses or strategies of the human "
                f"supporter in {len(differing)} turns, such as {differing[0].turn}: they are of "
                "different files. Report on them apart, or evaluate both on one file."
            )


def _notes(evaluated: Sequence[Evaluated]) -> list[str]:
    """Return what has to be said before figures are compared."""
    turns = [{p.turn for p in one.predictions} for one in evaluated]
    if all(own == turns[0] for own in turns):
        return []
    return [
        "Not all of these were evaluated on the same turns (see n): compare them with care. "
        f"{len(set.intersection(*turns))} turns are common to all."
    ]


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
    by_turn: list[dict[Turn, Prediction]] = [
        {p.turn: p for p in one.predictions} for one in evaluated
    ]
    common = sorted(set[Turn].intersection(*map(set, by_turn)))
    chosen = random.Random(seed).sample(common, min(count, len(common)))  # noqa: S311
    return [
        {
            "turn": turn,
            "before": () if conversations is None else _before(conversations, turn),
            "prediction": by_turn[0][turn],
            "known": by_turn[0][turn].seeker_persona,
            "responses": [
                (one.name, of_one[turn]) for one, of_one in zip(evaluated, by_turn, strict=True)
            ],
        }
        for turn in sorted(chosen)
    ]


def _before(conversations: Sequence[Conversation], turn: Turn) -> Sequence[Utterance]:
    conversation, place = turn
    if conversation >= len(conversations):
        raise PredictionError(
            f"There is a response in conversation {conversation}, and ESConv.json has "
            f"{len(conversations)}. Name by --esconv the file that the models were evaluated on."
        )
    return conversations[conversation].utterances[max(0, place - _SHOWN_BEFORE) : place]


def accuracy_section(evaluated: Sequence[Evaluated]) -> Section:
    """Return the picture of accuracy at each rank (PAL, Figure 4)."""
    figure, (axes,) = new_chart()
    for one in evaluated:
        means = [one.accuracy(rank)["mean"] for rank in RANKS]
        axes.plot(RANKS, means, marker="o", label=f" {one.name}")  # "_x" alone has no legend
    axes.set(xlabel="strategies that may be tried, n", ylabel="accuracy, %", ylim=(0, 105))
    axes.legend()
    alt = (
        "Line chart of how often the supporter's strategy is among the n likeliest, for n from "
        f"{RANKS[0]} to {RANKS[-1]}, in per cent; a line for each of: "
        f"{', '.join(one.name for one in evaluated)}. The table below has the numbers."
    )
    return Section(
        "accuracy",
        "Accuracy of the strategy at each rank",
        "As PAL, Figure 4.",
        named_picture(as_svg(figure), alt),
        alt,
        (accuracy_table(evaluated),),
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
        ValueError: the name ends in neither .html nor .md.
    """
    ending = output.suffix.lower()
    if ending not in (*_MARKDOWN, *_HTML):
        raise ValueError(f"{output} ends in {ending!r}; it must end in .html or .md.")
    is_markdown = ending in _MARKDOWN
    environment = Environment(
        loader=PackageLoader("training"),
        autoescape=select_autoescape(("html.j2",), default_for_string=False),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["md"] = in_markdown
    template = environment.get_template("report.md.j2" if is_markdown else "report.html.j2")
    sections = [accuracy_section(evaluated), *found]
    page = template.render(
        evaluated=evaluated,
        figures=figures_table(evaluated),
        further=further_table(evaluated),
        published=published_table(),
        costs=[costs_table(evaluated), times_table(evaluated)],
        notes=_notes(evaluated),
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
        evaluated = read_evaluated(options.folders)
        found = [
            *(ratings_sections(options.ratings) if options.ratings else ()),
            *(alphas_sections(options.alphas) if options.alphas else ()),
        ]
        conversations = read_conversations(evaluated, options.esconv)
        write_report(evaluated, options.output, options.samples, options.seed, found, conversations)
    except (PalError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
