"""The splits of ESConv by conversation, made anew where nobody has the file."""

from __future__ import annotations

import json
import random
from pathlib import Path

CONVERSATIONS = 1300
SEED = 13


def make_splits() -> dict[str, dict[str, list[int]]]:
    """Return the indices into ESConv.json of each part of each split.

    Both shuffle with seed 13 and leave the last 70 % for training. "pal" is what PAL's published
    code makes (910/260/130), "hf_esconv" that of the data set `thu-coai/esconv` (910/195/195).
    """
    shuffled = list(range(CONVERSATIONS))
    random.Random(SEED).shuffle(shuffled)  # noqa: S311  (published; no secret)
    tenth, first_of_train = CONVERSATIONS // 10, 3 * CONVERSATIONS // 10
    held_out, train = shuffled[:first_of_train], shuffled[first_of_train:]
    half = len(held_out) // 2
    return {
        "hf_esconv": {"valid": held_out[:half], "test": held_out[half:], "train": train},
        "pal": {
            "valid": held_out[:tenth] + held_out[2 * tenth :],
            "test": held_out[tenth : 2 * tenth],
            "train": train,
        },
    }


def write_splits(path: Path) -> None:
    """Write the splits as `read_split` reads them."""
    path.write_text(json.dumps(make_splits()), encoding="utf-8")
