"""Whether one model is better than another: `python -m training.compare_runs OURS THEIRS`.

Both are folders that `training.evaluate` wrote, of the same turns of the same data. For each metric
of sums over turns: the difference of the means over seeds, its 95 % interval and its p, as
`training.intervals` has them. An interval is over conversations, for the seeds that were drawn and
the one model that was trained; each p is of its own metric, and of twenty one is below 0.05 by
chance. Of metrics that count different things, such as distinct-n, the means alone. Likeness to the
persona is compared where one extractor said who the seekers are.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from pal_model import PalError
from training.evaluation import Run, common_metrics, measure, require_same_turns
from training.evaluation_folder import predictions_file, read_result
from training.intervals import FEW, paired_difference
from training.predictions import PredictionError, read_predictions
from training.sentence_encoder import SentenceEncoder


def read_runs(
    folder: Path, result: Mapping[str, Any], encoder: SentenceEncoder | None
) -> list[Run]:
    """Return the runs of an evaluation, one a seed.

    Args:
        folder: of the evaluation.
        result: what `read_result` returns of it.
        encoder: for Cos-Sim; None leaves it out.

    Raises:
        PredictionError: predictions cannot be used.
    """
    seeds = result["evaluation"]["seeds"]
    return [measure(read_predictions(predictions_file(folder, seed)), encoder) for seed in seeds]


def require_same_data(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """Raise an error where two evaluations read other files.

    Raises:
        PredictionError: they do.
    """
    read = [result["data"] for result in (ours, theirs)]
    if read[0] != read[1]:
        raise PredictionError(
            f"The two were evaluated on other data, {read[0]} and {read[1]} (SHA-256). Evaluate "
            "both on the same files."
        )


def extractor_of(result: Mapping[str, Any]) -> Any:
    """Return what tells the extractor of the seekers' personas: its hashes, or without files its
    name.
    """
    return result.get("extractor") or result["evaluation"].get("extractor")


def compare(ours: Sequence[Run], theirs: Sequence[Run]) -> Iterator[dict[str, Any]]:
    """Yield a record for each metric.

    Raises:
        PredictionError: the runs are not of the same turns.
    """
    require_same_turns([*ours, *theirs])
    conversations = [p.conversation for p in ours[0].predictions]
    for name in common_metrics([*ours, *theirs]):
        means = [fmean(run.values[name] for run in runs) for runs in (ours, theirs)]
        record: dict[str, Any] = {"metric": name, "ours": means[0], "theirs": means[1]}
        if name in ours[0].sums:
            found = paired_difference(
                [run.sums[name] for run in ours], [run.sums[name] for run in theirs], conversations
            )
            record |= {"difference": found.value, "low": found.low, "high": found.high}
            record["p"] = found.p
        yield record


def build_parser() -> argparse.ArgumentParser:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="python -m training.compare_runs",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("ours", type=Path)
    parser.add_argument("theirs", type=Path)
    parser.add_argument("--encoder", help="of sentences, for Cos-Sim; default: leave that out")
    parser.add_argument("--json", action="store_true", help="a JSON line a metric, with the counts")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare; return the exit status."""
    options = build_parser().parse_args(arguments)
    folders = (options.ours, options.theirs)
    try:
        results = [read_result(folder) for folder in folders]
        require_same_data(*results)
        encoder = _encoder(options.encoder, results)
        ours, theirs = (
            read_runs(folder, result, encoder)
            for folder, result in zip(folders, results, strict=True)
        )
        records = list(compare(ours, theirs))
    except PalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    counts: dict[str, Any] = {
        "turns": len(ours[0].predictions),
        "conversations": len({p.conversation for p in ours[0].predictions}),
        "seeds": [result["evaluation"]["seeds"] for result in results],
    }
    if not options.json:
        seeds = " and ".join(map(str, counts["seeds"]))
        print(
            f"n = {counts['turns']} turns, {counts['conversations']} conversations, seeds {seeds}"
        )
        print("Each p is of its own metric, uncorrected: by chance one in twenty is below 0.05.")
        if counts["conversations"] <= FEW:
            print("So few that p is of an exact sign-flip test, and that intervals are too narrow.")
    for record in records:
        print(json.dumps(counts | record) if options.json else _line(record))
    return 0


def _encoder(name: str | None, results: Sequence[Mapping[str, Any]]) -> SentenceEncoder | None:
    """Return the encoder for Cos-Sim; None, with a word on why, where that is of other personas."""
    if name is None:
        return None
    ours, theirs = map(extractor_of, results)
    if ours != theirs:
        print(
            "Cos-Sim is left out: the seekers' personas are from different extractors, "
            f"{ours} and {theirs}.",
            file=sys.stderr,
        )
        return None
    return SentenceEncoder(name)


def _line(record: dict[str, Any]) -> str:
    line = f"{record['metric']:32}{record['ours']:9.3f}{record['theirs']:9.3f}"
    if "p" in record:
        line += f"  {record['difference']:+.3f}"
        if record["low"] is not None:
            line += f" [{record['low']:+.3f}, {record['high']:+.3f}]"
        line += f"  p {record['p']:.3f}"
    return line


if __name__ == "__main__":
    sys.exit(main())
