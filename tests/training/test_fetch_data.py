"""The downloads for real, from a web server on this machine."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any

import datasets
import pytest

from training import fetch_data
from training.corpora import CORPORA, CorpusFile
from training.esconv_splits import make_splits
from training.fetch_data import main
from training.readers.empathetic_dialogues import read_empathetic_dialogues
from training.readers.esconv import read_split
from training.readers.records import CorpusError, find_corpus

FEELINGS = """\
conv_id,utterance_idx,context,prompt,speaker_idx,utterance,selfeval,tags
c:1,2,afraid,It burned_comma_ all of it,5,Oh my_comma_ "really"?,x,
c:1,1,afraid,It burned_comma_ all of it,7,My car burned.,x,
c:2,1,proud,My son,2,He won!,x,
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A folder, and the address at which it is served; no test goes further than that."""
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    folder = tmp_path / "site"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def corpora(site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, CorpusFile]:
    folder, url = site
    (folder / "ESConv.json").write_text("[]")
    with tarfile.open(folder / "talk.tgz", "w:gz") as archive:
        for name, text in {"talk/train.txt": "1 hi\tho\n", "feel/train.csv": FEELINGS}.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    files = {
        "esconv": CorpusFile(
            PurePosixPath("esconv/ESConv.json"),
            f"{url}/ESConv.json",
            "CC",
            hashlib.sha256(b"[]").hexdigest(),
        ),
        "talk": CorpusFile(
            PurePosixPath("talk/train.txt"), f"{url}/talk.tgz", "CC", member="talk/train.txt"
        ),
        "feel": CorpusFile(
            PurePosixPath("feel/feel.jsonl.gz"),
            f"{url}/talk.tgz",
            "CC",
            members=(("train", "feel/train.csv"),),
        ),
    }
    monkeypatch.setattr(fetch_data, "CORPORA", {name: (file,) for name, file in files.items()})
    return files


@pytest.mark.usefixtures("corpora")
def test_what_is_fetched_can_be_read_and_is_verified_the_next_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "data"
    assert main(["--output", str(output)]) == 0
    out = capsys.readouterr().out
    assert "fetched  esconv/ESConv.json (CC)" in out
    assert "made     esconv/splits_seed13.json" in out
    assert "- PESConv: it is made: python -m training.annotate_persona" in out
    assert (output / "talk/train.txt").read_text() == "1 hi\tho\n"
    dialogues = list(read_empathetic_dialogues(output / "feel/feel.jsonl.gz", part="train"))
    assert [[u.text for u in d.utterances] for d in dialogues] == [
        ["My car burned.", 'Oh my, "really"?'],
        ["He won!"],
    ]
    assert dialogues[0].situation == "It burned, all of it"
    assert len(read_split(output / "esconv/splits_seed13.json", "pal", "test")) == 130
    before = {path: path.stat().st_mtime_ns for path in output.glob("*/*.*")}
    assert main(["--output", str(output)]) == 0
    assert "verified talk/train.txt" in capsys.readouterr().out
    assert before == {path: path.stat().st_mtime_ns for path in output.glob("*/*.*")}


@pytest.mark.usefixtures("corpora")
def test_a_file_that_was_changed_is_named_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "data"
    assert main(["talk", "--output", str(output)]) == 0
    (output / "talk/train.txt").write_text("mine")
    assert main(["talk", "--output", str(output)]) == 1
    error = capsys.readouterr().err
    assert "train.txt has the SHA-256" in error
    assert "Delete" in error
    assert (output / "talk/train.txt").read_text() == "mine"


def test_another_file_at_the_address_is_refused(
    site: tuple[Path, str],
    corpora: dict[str, CorpusFile],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Against the checksum that is known of it, or that of the first download."""
    folder, _ = site
    (folder / "ESConv.json").write_text('["forged"]')
    output = tmp_path / "data"
    assert main(["esconv", "talk", "--output", str(output)]) == 1
    printed = capsys.readouterr()
    assert "FAILED   esconv/ESConv.json" in printed.out
    assert f"it should be {corpora['esconv'].sha256}" in printed.err
    assert not (output / "esconv").exists()
    (output / "talk/train.txt").unlink()
    for path in (output / ".downloads").rglob("*"):
        if path.is_file():
            path.unlink()
    archive = folder / "talk.tgz"
    archive.write_bytes(gzip.compress(gzip.decompress(archive.read_bytes()), mtime=1))
    assert main(["talk", "--output", str(output)]) == 1
    assert "has the SHA-256" in capsys.readouterr().err


def test_what_cannot_be_had_is_named_and_the_rest_is_fetched(
    site: tuple[Path, str],
    corpora: dict[str, CorpusFile],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (site[0] / "ESConv.json").unlink()
    assert main(["--output", str(tmp_path / "data")]) == 1
    printed = capsys.readouterr()
    assert f"Cannot download {corpora['esconv'].url}" in printed.err
    assert "fetched  talk/train.txt" in printed.out
    assert not (tmp_path / "data" / "esconv").exists()


def test_a_file_from_elsewhere_is_not_overwritten(
    corpora: dict[str, CorpusFile], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "data"
    for file in corpora.values():
        (output / file.path).parent.mkdir(parents=True)
        (output / file.path).write_text("[]")
    assert main(["--output", str(output)]) == 1
    printed = capsys.readouterr()
    assert "verified esconv/ESConv.json" in printed.out
    assert "nothing is known of it" in printed.err
    assert {(output / file.path).read_text() for file in corpora.values()} == {"[]"}


def test_an_unknown_corpus_and_a_folder_that_cannot_be_written_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["esconf"])
    assert "no corpus is called esconf; choose of esconv" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["esconv", "--output", str(tmp_path / "file" / "data")]) == 2
    assert "cannot write to" in capsys.readouterr().err


def test_the_splits_are_those_of_the_published_codes() -> None:
    for name, sizes in {"pal": (910, 260, 130), "hf_esconv": (910, 195, 195)}.items():
        split = make_splits()[name]
        assert tuple(len(split[part]) for part in ("train", "valid", "test")) == sizes
        assert sorted(index for part in split.values() for index in part) == list(range(1300))
    given = Path(os.environ.get("PAL_DATA_DIR", "nowhere"), "esconv", "splits_seed13.json")
    if given.exists():
        assert json.loads(given.read_text()) == make_splits()


def test_fetched_corpora_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAL_HOME", str(tmp_path))
    monkeypatch.delenv("PAL_DATA_DIR", raising=False)
    file = tmp_path / "data" / "some" / "corpus.txt"
    with pytest.raises(CorpusError, match=r"training.fetch_data"):
        find_corpus(Path("some", "corpus.txt"), "Some", "https://example.org")
    file.parent.mkdir(parents=True)
    file.write_text("")
    assert find_corpus(Path("some", "corpus.txt"), "Some", "https://example.org") == file


def test_every_corpus_says_its_licence_and_has_a_place_of_its_own() -> None:
    files = [file for corpus in CORPORA.values() for file in corpus]
    assert len({file.path for file in files}) == len(files)
    assert all(file.licence and file.url.startswith("http") for file in files)
    assert all(file.sha256 is None or len(file.sha256) == 64 for file in files)
