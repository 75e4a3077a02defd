"""Chooses when the classifier counts: `python -m actions.safety.choose_thresholds --esconv FILE`,
once what its models read, or how much it counts, is another. Training ends with the same.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from actions.safety.classifier import RiskClassifier, save_thresholds
from actions.safety.harmless_turns import seeker_turns
from actions.safety.risk_model import ADAPTER, RiskModel
from actions.safety.second_reader import FOLDER, SecondReader, SecondReading
from actions.safety.thresholds import thresholds

RUN_FILE = "training_run.json"
FALSE_ALARMS = 0.008


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what they are chosen by."""
    parser.add_argument("--esconv", type=Path, required=True, help="ESConv.json, splits beside it")
    parser.add_argument(
        "--false-alarms",
        type=float,
        default=FALSE_ALARMS,
        help="share of the turns of ESConv's validation part that may be flagged, those in danger "
        "among them; default %(default)s",
    )


def choose_for_first(folder: Path, esconv: Path, share: float) -> None:
    """Choose and write the thresholds of the first model in a folder, where it reads alone.

    Raises:
        ValueError: see `thresholds`.
    """
    classifier = RiskClassifier(lambda: RiskModel.load(folder), {})
    found = thresholds(classifier, seeker_turns(esconv, "valid"), share)
    save_thresholds(folder, found)
    print(f"{folder}: {found}")


def choose_for_both(folder: Path, reading: SecondReading, esconv: Path, share: float) -> None:
    """Choose the thresholds of the first model that ships and the second reader in a folder, and
    write them.

    Args:
        folder: the second reader's.
        reading: what is written beside them.
        esconv: ESConv.json, with the splits beside it.
        share: of the validation part's turns that may be flagged.

    Raises:
        ValueError: see `thresholds`.
    """
    second = SecondReader.load(folder, reading)
    classifier = RiskClassifier(RiskModel.load, {}, lambda: second)
    found = thresholds(classifier, seeker_turns(esconv, "valid"), share)
    replace(reading, thresholds=found).save(folder)
    print(f"{folder}: {found}")


def _note_share(folder: Path, share: float) -> None:
    """Write into what is known of a training run by which share the thresholds were chosen."""
    path = folder / RUN_FILE
    run = json.loads(path.read_text("utf-8")) | {"false_alarms": share}
    path.write_text(json.dumps(run, indent=2) + "\n", "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Choose those of what ships; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m actions.safety.choose_thresholds",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    options = parser.parse_args(arguments)
    choose_for_first(ADAPTER, options.esconv, options.false_alarms)
    choose_for_both(FOLDER, SecondReading.load(FOLDER), options.esconv, options.false_alarms)
    for folder in (ADAPTER, FOLDER):
        _note_share(folder, options.false_alarms)
    return 0


if __name__ == "__main__":
    sys.exit(main())
