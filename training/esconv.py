"""Reading ESConv: real emotional-support conversations, and how they are split.

ESConv (Liu et al. 2021) is not part of this project; its licence allows research use.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pal_model import Conversation, InvalidConversationError, PalError, conversation_from_record

PUBLISHED_AT = "https://github.com/thu-coai/Emotional-Support-Conversation"
SPLIT_FILE = "splits_seed13.json"

_FILE = Path("esconv", "ESConv.json")
_CHECKOUT = Path(__file__).resolve().parents[1]


class CorpusError(PalError):
    """A corpus that is missing, or not in the layout in which it is published."""


def find_esconv() -> Path:
    """Return the path of ESConv.json: in `PAL_DATA_DIR`, or `../shared/data` beside the checkout.

    Raises:
        CorpusError: it is in neither; the message says where ESConv is published.
    """
    folders = [_CHECKOUT.parent / "shared" / "data"]
    if given := os.environ.get("PAL_DATA_DIR"):
        folders.insert(0, Path(given))
    paths = [folder / _FILE for folder in folders]
    for path in paths:
        if path.is_file():
            return path
    raise CorpusError(
        f"ESConv is not here: looked for {' and '.join(map(str, paths))}. It is published at "
        f"{PUBLISHED_AT}; put ESConv.json into the folder 'esconv' of PAL_DATA_DIR, or name the "
        "file with --data."
    )


def read_esconv(path: Path) -> Iterator[Conversation]:
    """Yield the conversations of a file in ESConv's published layout, in the file's order.

    A record that cannot be read ends the reading: passing over it would move every later
    conversation to another index than the one by which the splits name it.

    Raises:
        CorpusError: the file is missing or is not a JSON list.
        InvalidConversationError: a record is malformed; the message names file, index and reason.
    """
    records = _read_json(path)
    if not isinstance(records, list):
        raise CorpusError(
            f"{path} holds a JSON {type(records).__name__}; ESConv is a list of conversations."
        )
    for index, record in enumerate(records):
        try:
            yield conversation_from_record(record)
        except PalError as error:
            raise InvalidConversationError(f"{path}, conversation {index}: {error}") from error


def read_split(path: Path, scheme: str, part: str) -> list[int]:
    """Return the indices into ESConv.json of one part of a split.

    Args:
        path: a JSON file `{scheme: {part: [index, ...]}}`.
        scheme: a way of splitting, such as "pal".
        part: such as "train", "valid" or "test".

    Raises:
        CorpusError: the file is missing, of another layout, or has no such split.
    """
    schemes = _read_json(path)
    try:
        indices = schemes[scheme][part]
    except (KeyError, TypeError):
        known = ", ".join(_split_names(schemes)) or "none"
        raise CorpusError(f"{path} has no split {scheme}/{part}; it has: {known}.") from None
    if not isinstance(indices, list) or not all(type(index) is int for index in indices):
        raise CorpusError(f"The split {scheme}/{part} of {path} is not a list of whole numbers.")
    return indices


def _split_names(schemes: Any) -> list[str]:
    if not isinstance(schemes, dict):
        return []
    return [
        f"{scheme}/{part}"
        for scheme, parts in schemes.items()
        if isinstance(parts, dict)
        for part in parts
    ]


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CorpusError(f"Cannot read {path}: {error.strerror}.") from error
    except ValueError as error:
        raise CorpusError(f"{path} is not JSON in UTF-8: {error}.") from error
