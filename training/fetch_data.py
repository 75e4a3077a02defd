"""Get the public corpora: `python -m training.fetch_data [CORPUS ...]`.

What is downloaded is verified: against the checksum that is known of it, or, where nobody has
stated one, against that of the first download here. A run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import os
import sys
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import datasets
from datasets import DownloadConfig, DownloadManager

from pal_model import PalError
from training.corpora import CORPORA, NOT_FETCHED, CorpusFile
from training.esconv_splits import write_splits
from training.manifest import write_json
from training.provenance import file_hash
from training.readers.esconv import SPLIT_FILE
from training.readers.records import default_data_folder

CHECKSUMS = "checksums.json"
"""Lies in the folder of corpora: of each file what it was made from, and its SHA-256."""


class FetchError(PalError):
    """A file that could not be had, or is not what it should be."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """SHA-256 of what was downloaded, and of the file that was made of it."""

    download: str
    file: str


class Fetcher:
    """Gets files into a folder, and remembers their checksums."""

    def __init__(self, folder: Path) -> None:
        """Go on with what lies in `folder`, which is made if need be."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._manifest = folder / CHECKSUMS
        self._known: dict[str, Fetched] = {}
        if self._manifest.exists():
            stored = json.loads(self._manifest.read_text(encoding="utf-8"))
            self._known = {path: Fetched(**hashes) for path, hashes in stored.items()}
        cache = str(folder / ".downloads")
        self._manager = DownloadManager(
            download_config=DownloadConfig(cache_dir=cache, max_retries=3, disable_tqdm=False),
            record_checksums=False,
        )

    def fetch(self, file: CorpusFile) -> bool:
        """Get a file unless it is there already; return whether it was missing.

        Raises:
            FetchError: it could not be downloaded, or the checksum is another.
        """
        target = self._folder / file.path
        known = self._known.get(str(file.path))
        if target.exists() and known is not None:
            self._verify(target, known.file, f"Delete {target} to get it anew.")
            return False
        if target.exists():
            if file.sha256 is None or file.member or file.members:
                raise FetchError(
                    f"{target} is there, but did not come from here, so nothing is known of it. "
                    "Use it as it is, or delete it to get the published one."
                )
            self._verify(target, file.sha256, f"Delete {target} to get the published one.")
            return False
        download = self._download(file.url)
        expected = file.sha256 or (known and known.download)
        if expected:
            self._verify(download, expected, f"It was got from {file.url}. Try again later.")
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".partial")
        partial.write_bytes(content_of(file, download))
        partial.replace(target)
        self._known[str(file.path)] = Fetched(file_hash(download), file_hash(target))
        stored = {
            path: {"download": hashes.download, "file": hashes.file}
            for path, hashes in self._known.items()
        }
        write_json(self._manifest, stored)
        return True

    def _download(self, url: str) -> Path:
        try:
            return Path(self._manager.download(url))
        except (OSError, ValueError) as error:
            raise FetchError(
                f"Cannot download {url}: {type(error).__name__}: {error} Is this machine on the "
                "internet?"
            ) from error

    @staticmethod
    def _verify(path: Path, expected: str, remedy: str) -> None:
        found = file_hash(path)
        if found != expected:
            raise FetchError(f"{path} has the SHA-256 {found}; it should be {expected}. {remedy}")


def content_of(file: CorpusFile, download: Path) -> bytes:
    """Return what is to stand in `file`, given what its address gave.

    Raises:
        FetchError: the archive lacks a member.
    """
    if file.members:
        parts = [(part, _member(download, name)) for part, name in file.members]
        return gzip.compress("".join(empathetic_dialogues(parts)).encode(), mtime=0)
    return _member(download, file.member) if file.member else download.read_bytes()


def _member(archive: Path, name: str) -> bytes:
    try:
        with tarfile.open(archive) as files:
            found = files.extractfile(name)
            if found is None:
                raise KeyError(name)
            return found.read()
    except (KeyError, tarfile.TarError) as error:
        raise FetchError(f"The archive {archive} gives no file {name!r}: {error}.") from error


def empathetic_dialogues(parts: Sequence[tuple[str, bytes]]) -> Iterator[str]:
    """Yield a JSON line for each dialogue, as `training.readers.empathetic_dialogues` reads it.

    Args:
        parts: names of parts, each with the published table of its utterances: dialogue,
            number, emotion, situation, speaker, text, where commas are spelt out.
    """
    for part, table in parts:
        dialogues: dict[str, list[dict[str, str]]] = {}
        text = io.StringIO(table.decode("utf-8"))
        for row in csv.DictReader(text, quoting=csv.QUOTE_NONE):
            dialogues.setdefault(row["conv_id"], []).append(row)
        for name, rows in dialogues.items():
            rows.sort(key=lambda row: int(row["utterance_idx"]))
            teller = rows[0]["speaker_idx"]
            record = {
                "conv_id": name,
                "split": part,
                "emotion": rows[0]["context"],
                "situation": _with_commas(rows[0]["prompt"]),
                "utterances": [
                    {
                        "speaker": "speaker" if row["speaker_idx"] == teller else "listener",
                        "text": _with_commas(row["utterance"]),
                    }
                    for row in rows
                ],
            }
            yield json.dumps(record, ensure_ascii=False) + "\n"


def _with_commas(text: str) -> str:
    return text.replace("_comma_", ",")


def fetch_all(names: Sequence[str], folder: Path) -> list[str]:
    """Get the corpora of these names; return what could not be had, and why."""
    fetcher = Fetcher(folder)
    problems = []
    for name in names:
        for file in CORPORA[name]:
            try:
                is_new = fetcher.fetch(file)
            except (FetchError, OSError) as error:
                problems.append(f"{file.path}: {error}")
                print(f"FAILED   {file.path}")
            else:
                print(f"{'fetched ' if is_new else 'verified'} {file.path} ({file.licence})")
    splits = folder / "esconv" / SPLIT_FILE
    if "esconv" in names and splits.parent.exists() and not splits.exists():
        write_splits(splits)
        print(f"made     {splits.relative_to(folder)}")
    return problems


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch; return 0, or 1 where something is missing."""
    parser = argparse.ArgumentParser(
        prog="python -m training.fetch_data",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    parser.add_argument("corpora", nargs="*", help=f"default: all of {', '.join(CORPORA)}")
    parser.add_argument("--output", type=Path, help="default: PAL_DATA_DIR, or PAL_HOME/data")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.corpora) - set(CORPORA))
    if unknown:
        parser.error(f"no corpus is called {', '.join(unknown)}; choose of {', '.join(CORPORA)}")
    datasets.utils.logging.set_verbosity_error()
    given = os.environ.get("PAL_DATA_DIR")
    folder = options.output or (Path(given) if given else default_data_folder())
    try:
        problems = fetch_all(options.corpora or list(CORPORA), folder)
    except OSError as error:
        print(f"error: cannot write to {folder}: {error.strerror}.", file=sys.stderr)
        return 2
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    print("Not fetched:")
    for name, remedy in NOT_FETCHED.items():
        print(f"- {name}: {remedy}.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
