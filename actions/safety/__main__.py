"""Command line: `python -m actions.safety`. Assesses what it reads, one utterance a line.

Writes a line for each: level, kinds by commas or "-", and the utterance, by tabs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from actions.safety.assessment import assess_risk
from pal_model import Conversation, Speaker, Utterance


def assess_lines(lines: Iterable[str], sink: TextIO) -> None:
    """Assess each line on its own."""
    for line in lines:
        said = line.rstrip("\r\n")
        found = assess_risk(Conversation((Utterance(Speaker.SEEKER, said),)))
        kinds = ",".join(sorted(found.kinds)) or "-"
        print(found.level.label, kinds, said.replace("\t", " "), sep="\t", file=sink, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Assess standard input; return the exit status."""
    argparse.ArgumentParser(
        prog="python -m actions.safety",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args(arguments)
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    assess_lines(sys.stdin, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
