"""What a command measures, as JSON lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pal_model import PalError


def print_each(results: Iterable[Mapping[str, Any]], output: Path | None) -> int:
    """Print a line for each result as soon as it is there; return the exit status.

    Args:
        results: what fails while they are measured is printed as an error; lines before it stay.
        output: a file that they are added to as well.
    """
    try:
        for result in results:
            line = json.dumps(result)
            print(line, flush=True)
            if output:
                with output.open("a", encoding="utf-8") as sink:
                    sink.write(line + "\n")
    except (PalError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0
