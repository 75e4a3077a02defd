"""Chooses from which probability on the classifier counts: `python -m
actions.safety.choose_thresholds --esconv FILE`. Training ends with the same.

Run it when something has changed that a risk is made up of: how messages are cut (`pieces`), how
logits are weighed (`classifier`, and `weight`, `suspected` and `sure` in the second reader's
`settings.json`, which are edited there), or a model. Both models' thresholds are chosen, then all
is written.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from actions.safety.classifier import RiskClassifier, made_up_of, save_thresholds
from actions.safety.harmless_turns import seeker_turns
from actions.safety.risk_model import ADAPTER, RiskModel
from actions.safety.second_reader import FOLDER, SecondReader, SecondReading
from actions.safety.thresholds import thresholds

RUN_FILE = "training_run.json"
FALSE_ALARMS = 0.009


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the data by which thresholds are chosen, and how many of its turns may be flagged."""
    parser.add_argument("--esconv", type=Path, required=True, help="ESConv.json, splits beside it")
    parser.add_argument(
        "--false-alarms",
        type=_share,
        default=FALSE_ALARMS,
        help="share of the turns of ESConv's validation part that may be flagged, those in danger "
        "among them; default %(default)s",
    )


def _share(value: str) -> float:
    """Return a share that an argument gives.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        share = float(value)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(
            f"{value!r} is no share: give a number above 0 and below 1, such as {FALSE_ALARMS}"
        )
    return share


def chosen_for_first(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Return the thresholds of the first model in a folder, where it reads alone.

    Raises:
        ValueError: see `thresholds`.
    """
    classifier = RiskClassifier(lambda: RiskModel.load(folder), {})
    return _chosen(classifier, folder, options)


def chosen_for_both(
    folder: Path, reading: SecondReading, options: argparse.Namespace
) -> SecondReading:
    """Return a reading with the thresholds of the first model that ships and the second reader in a
    folder.

    Raises:
        ValueError: see `thresholds`.
    """
    second = SecondReader.load(folder, reading)
    classifier = RiskClassifier(RiskModel.load, {}, lambda: second)
    return replace(reading, thresholds=_chosen(classifier, folder, options))


def _chosen(
    classifier: RiskClassifier, folder: Path, options: argparse.Namespace
) -> dict[str, float]:
    found = thresholds(classifier, seeker_turns(options.esconv, "valid"), options.false_alarms)
    print(f"{folder}: {found}")
    return found


def chosen_by(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the thresholds were chosen by, for `RUN_FILE`."""
    return {
        "thresholds": {
            "false_alarms": options.false_alarms,
            "esconv": hashlib.sha256(options.esconv.read_bytes()).hexdigest(),
            "made_up_of": made_up_of(),
        }
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Choose and write the thresholds of what ships; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m actions.safety.choose_thresholds",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    options = parser.parse_args(arguments)
    files = [folder / RUN_FILE for folder in (ADAPTER, FOLDER)]
    try:
        runs = [json.loads(file.read_text("utf-8")) | chosen_by(options) for file in files]
        of_both = chosen_for_both(FOLDER, SecondReading.load(FOLDER), options)
        of_first = chosen_for_first(ADAPTER, options)
    except (OSError, ValueError) as error:
        parser.error(f"{error} Nothing was written.")
    save_thresholds(ADAPTER, of_first)
    of_both.save(FOLDER)
    for file, run in zip(files, runs, strict=True):
        file.write_text(json.dumps(run, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
