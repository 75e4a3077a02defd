"""What all readers share: finding files, and what becomes of a record that cannot be read."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pal_model import PalError
from pal_model.embedded import default_home

_CHECKOUT = Path(__file__).resolve().parents[2]
_Parsed = TypeVar("_Parsed")


class CorpusError(PalError):
    """A corpus that is missing, or not in the layout in which it is published."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A record that cannot be read: which one, and why."""

    file: Path
    index: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, record {self.index}: {self.reason}"


class MalformedRecordError(CorpusError):
    """A record is malformed, and nobody asked to skip such records."""


def default_data_folder() -> Path:
    """Return where corpora are put unless `PAL_DATA_DIR` says otherwise."""
    return default_home() / "data"


def find_corpus(file: Path, name: str, published_at: str) -> Path:
    """Return where `file` is: in `PAL_DATA_DIR`, where `training.fetch_data` puts it, or in
    `../shared/data` beside the checkout.

    Raises:
        CorpusError: it is in none; the message says where the corpus is published.
    """
    folders = [default_data_folder(), _CHECKOUT.parent / "shared" / "data"]
    if given := os.environ.get("PAL_DATA_DIR"):
        folders.insert(0, Path(given))
    paths = [folder / file for folder in folders]
    for path in paths:
        if path.is_file():
            return path
    raise CorpusError(
        f"{name} is not here: looked for {' and '.join(map(str, paths))}. It is published at "
        f"{published_at}; run 'python -m training.fetch_data', or put {file.name} into the folder "
        f"{str(file.parent)!r} of PAL_DATA_DIR, or name the file."
    )


def parsed(
    path: Path,
    records: Iterable[Any],
    parse: Callable[[Any], _Parsed],
    malformed: list[Malformed] | None,
) -> Iterator[_Parsed | None]:
    """Yield what `parse` makes of each record, None for one that it refuses.

    Args:
        path: where the records are from, for the report.
        records: what to parse; counted from 0.
        parse: raises PalError or ValueError for a malformed record.
        malformed: takes the refused ones; None to end at the first.

    Raises:
        MalformedRecordError: a record was refused and `malformed` is None.
    """
    for index, record in enumerate(records):
        value: _Parsed | None = None
        try:
            value = parse(record)
        except (PalError, ValueError, KeyError, TypeError) as error:
            missing = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
            problem = Malformed(path, index, missing)
            if malformed is None:
                raise MalformedRecordError(
                    f"{problem} Mend the file, or ask to skip such records."
                ) from error
            malformed.append(problem)
        yield value


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        CorpusError: it is missing or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CorpusError(f"Cannot read {path}: {error.strerror}.") from error
    except ValueError as error:
        raise CorpusError(f"{path} is not JSON in UTF-8: {error}.") from error


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file, which may be compressed by gzip (`.gz`).

    Raises:
        CorpusError: it is missing or no text in UTF-8.
    """
    opened: Any = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            yield from lines
    except (OSError, EOFError) as error:
        raise CorpusError(f"Cannot read {path}: {error}.") from error
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path} is not text in UTF-8: {error}.") from error
