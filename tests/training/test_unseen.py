"""What a model learnt from, and what it is to be measured on, by tiny and made-up recipes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pal_model.configuration import PalConfig
from training import evaluate, score, search_alphas
from training.annotation import AnnotationError
from training.fitting import RUN_FILE
from training.manifest import SEARCH_MANIFEST
from training.provenance import file_hash
from training.readers.records import CorpusError
from training.run_config import RunConfig
from training.unseen import OverlapError, require_not_searched, require_unseen

SPLITS = "splits_seed13.json"


@pytest.fixture
def copied(esconv: Path, tmp_path: Path) -> Path:
    """The corpus, its split beside it, to be changed."""
    for name in ("ESConv.json", SPLITS):
        (tmp_path / name).write_bytes(esconv.with_name(name).read_bytes())
    return tmp_path / "ESConv.json"


def write_trained(
    folder: Path,
    hashes: dict[str, str] | None = None,
    *,
    data: dict[str, Any] | None = None,
    start_from: Path | None = None,
) -> str:
    """Write what training keeps of itself: its recipe and, where they are known, hashes."""
    folder.mkdir()
    recipe = {"base_model": "base", "data": data or {}, "start_from": start_from}
    RunConfig.model_validate(recipe).save(folder / "training_run.yaml")
    if hashes is not None:
        (folder / "training_run.json").write_text(json.dumps({"data": hashes}))
    return str(folder)


def learnt_by_another_split(esconv: Path, folder: Path) -> str:
    """Return a model whose training part has two of the test part and one of the validation part
    of the split "pal".
    """
    split_file = esconv.with_name(SPLITS)
    splits = json.loads(split_file.read_text())
    splits["other"] = {"train": [0, 7, 9, 3], "valid": [1], "test": [2]}
    split_file.write_text(json.dumps(splits))
    return write_trained(folder, data={"split": "other", "train_conversations": 4})


Command = Callable[[Sequence[str]], int]


@pytest.mark.parametrize(
    ("main", "part", "seen"),
    [
        (evaluate.main, "test", "2 of the conversations in pal/test"),
        (evaluate.main, "valid", "1 of the conversations in pal/valid"),
        (score.main, "test", "2 of the conversations in pal/test"),
        (search_alphas.main, "", "1 of the conversations in pal/valid"),
    ],
    ids=["evaluate on test", "evaluate on valid", "score", "search"],
)
def test_a_model_is_not_measured_on_what_it_was_trained_on(
    main: Command,
    part: str,
    seen: str,
    copied: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = learnt_by_another_split(copied, tmp_path / "model")
    output = tmp_path / "out"
    arguments = [model, "--esconv", str(copied), "--output", str(output)]
    assert main([*arguments, *(("--part", part) if part else ())]) == 2
    error = capsys.readouterr().err
    assert f"was trained on {seen}" in error
    assert "of 'other': name that by --split." in error
    assert not output.exists()


def test_those_that_are_seen_are_named(copied: Path, tmp_path: Path) -> None:
    model = learnt_by_another_split(copied, tmp_path / "model")
    with pytest.raises(OverlapError, match=r"such as \[7, 9\]\. Measure it on the test part"):
        require_unseen(model, "pal", "test", copied)
    require_unseen(model, "other", "test", copied)


def test_a_model_is_not_tested_on_what_it_was_chosen_by(copied: Path, tmp_path: Path) -> None:
    """Another split's validation part; that of the model itself is there to be looked at."""
    split_file = copied.with_name(SPLITS)
    splits = json.loads(split_file.read_text())
    splits["other"] = {"train": [0, 2], "valid": [15, 7], "test": [9]}
    split_file.write_text(json.dumps(splits))
    model = write_trained(tmp_path / "model", data={"split": "other"})
    with pytest.raises(OverlapError, match=r"chosen by its loss on 1 of .* such as \[7\]"):
        require_unseen(model, "pal", "test", copied)
    require_unseen(model, "other", "valid", copied)
    require_unseen(model, "other", "test", copied)


def test_alphas_are_not_tested_on_what_they_were_chosen_by(
    copied: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    split_file = copied.with_name(SPLITS)
    splits = json.loads(split_file.read_text())
    splits["other"] = {"train": [0], "valid": [15, 7, 9], "test": [13]}
    split_file.write_text(json.dumps(splits))
    searched = tmp_path / "searched"
    search = ["--split", "other", "--conversations", "2", "--trials", "1", "--extractor", "rules"]
    where = ["--esconv", str(copied)]
    assert search_alphas.main([str(base), "--output", str(searched), *where, *search]) == 0
    alphas = ["--alphas", str(searched / "alphas.json"), "--output", str(tmp_path / "out")]
    capsys.readouterr()
    assert evaluate.main([str(base), *where, *alphas]) == 2
    error = capsys.readouterr().err
    assert "were chosen on 1 of the conversations in pal/test" in error
    assert "such as [7]" in error
    require_not_searched(searched / "alphas.json", "other", "test", copied)
    require_not_searched(searched / "alphas.json", "other", "valid", copied)
    manifest = json.loads((searched / SEARCH_MANIFEST).read_text())
    for broken in ({**manifest, "search": None}, {**manifest, "data": {}}, {}):
        (searched / SEARCH_MANIFEST).write_text(json.dumps(broken))
        with pytest.raises(OverlapError, match="On what the alphas were chosen cannot be told"):
            require_not_searched(searched / "alphas.json", "other", "test", copied)
    redrawn = {**manifest, "data": {**manifest["data"], SPLITS: "0" * 64}}
    (searched / SEARCH_MANIFEST).write_text(json.dumps(redrawn))
    with pytest.raises(OverlapError, match=f"were chosen by another {SPLITS}"):
        require_not_searched(searched / "alphas.json", "other", "test", copied)
    (searched / SEARCH_MANIFEST).write_text("{")
    assert evaluate.main([str(base), *where, *alphas]) == 2
    assert "search_run.json cannot be read" in capsys.readouterr().err
    (searched / SEARCH_MANIFEST).unlink()  # typed by hand
    require_not_searched(searched / "alphas.json", "pal", "test", copied)


def test_a_corpus_that_is_not_there_is_named(tmp_path: Path) -> None:
    model = write_trained(tmp_path / "model")
    with pytest.raises(CorpusError, match=r"Cannot read /no/such\.json: there is no such file"):
        require_unseen(model, "pal", "test", Path("/no/such.json"))


def test_of_trained_weights_without_a_word_on_how_it_is_said(
    copied: Path, blenderbot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    PalConfig(zero_shot=False).save(tmp_path)
    require_unseen(str(tmp_path), "pal", "test", copied)
    assert "whether it learnt from what it is measured on cannot be told" in capsys.readouterr().err
    PalConfig().save(tmp_path)
    require_unseen(str(tmp_path), "pal", "test", copied)
    assert capsys.readouterr().err == ""
    require_unseen(str(blenderbot), "pal", "test", copied)
    assert "cannot be told" in capsys.readouterr().err


def test_what_an_earlier_stage_learnt_counts(copied: Path, tmp_path: Path) -> None:
    first = tmp_path / "model"
    learnt_by_another_split(copied, first)
    later = write_trained(tmp_path / "later", start_from=first)
    with pytest.raises(OverlapError, match="2 of the conversations"):
        require_unseen(later, "pal", "test", copied)


def test_other_corpora_have_nothing_of_it(copied: Path, tmp_path: Path) -> None:
    data = {"corpus": "daily_dialog", "persona": "none"}
    model = write_trained(tmp_path / "model", {"dialogues.jsonl": "0" * 64}, data=data)
    require_unseen(model, "pal", "test", copied)


@pytest.mark.parametrize("main", [evaluate.main, score.main, search_alphas.main])
def test_a_stage_that_is_gone_may_have_learnt_from_it(
    main: Command, copied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_trained(tmp_path / "model", start_from=tmp_path / "gone")
    assert main([model, "--esconv", str(copied), "--output", str(tmp_path / "out")]) == 2
    assert "what it learnt from cannot be told" in capsys.readouterr().err


@pytest.mark.parametrize("changed", ["ESConv.json", SPLITS])
@pytest.mark.parametrize("stage", ["last", "first"])
def test_a_model_is_measured_on_the_files_that_it_was_trained_with(
    changed: str, stage: str, copied: Path, tmp_path: Path
) -> None:
    """The split may have been drawn anew, and today's does not say what a model learnt from."""
    hashes = {file.name: file_hash(file) for file in (copied, copied.with_name(SPLITS))}
    model = write_trained(tmp_path / "model", hashes)
    if stage == "first":
        model = write_trained(tmp_path / "later", start_from=Path(model))
    require_unseen(model, "pal", "test", copied)
    unrecorded = write_trained(tmp_path / "unrecorded")
    file = copied.with_name(changed)
    file.write_text(file.read_text() + "\n")
    with pytest.raises(OverlapError, match="Name by --esconv") as raised:
        require_unseen(model, "pal", "test", copied)
    assert f"was trained with a file whose SHA-256 is {hashes[changed]}" in str(raised.value)
    assert f"{file} has {file_hash(file)}" in str(raised.value)
    require_unseen(unrecorded, "pal", "test", copied)


def test_the_files_of_training_may_have_other_names(copied: Path, tmp_path: Path) -> None:
    split = copied.with_name(SPLITS)
    hashes = {"PESConv.json": file_hash(copied), split.name: file_hash(split)}
    require_unseen(write_trained(tmp_path / "model", hashes), "pal", "test", copied)


def test_who_learnt_from_annotated_conversations_is_measured_on_the_same_without(
    copied: Path, tmp_path: Path
) -> None:
    split = copied.with_name(SPLITS)
    hashes = {"PESConv.json": "f" * 64, split.name: file_hash(split)}
    model = write_trained(tmp_path / "model", hashes)
    with pytest.raises(OverlapError, match=r"f{64}.*cannot be told"):
        require_unseen(model, "pal", "test", copied)
    facts = {"data": hashes, "annotation": {"data": file_hash(copied)}}
    (Path(model) / RUN_FILE).write_text(json.dumps(facts))
    require_unseen(model, "pal", "test", copied)
    with pytest.raises(OverlapError, match="was trained on"):
        require_unseen(model, "pal", "train", copied)
    (Path(model) / RUN_FILE).write_text(json.dumps(facts | {"annotation": {"data": "e" * 64}}))
    with pytest.raises(OverlapError, match=r"f{64}.*cannot be told"):
        require_unseen(model, "pal", "test", copied)


def test_annotated_conversations_are_those_that_were_annotated(
    copied: Path, tmp_path: Path
) -> None:
    """A model may learn from ESConv first, and from it with personas then."""
    split = copied.with_name(SPLITS)
    hashes = {copied.name: file_hash(copied), split.name: file_hash(split)}
    model = write_trained(tmp_path / "model", hashes)
    annotated, manifest = tmp_path / "PESConv.json", tmp_path / "PESConv.manifest.json"
    annotated.write_text(copied.read_text() + "\n")
    with pytest.raises(OverlapError, match="cannot be told"):
        require_unseen(model, "pal", "test", annotated)
    made = {"data": file_hash(copied), "output": file_hash(annotated)}
    manifest.write_text(json.dumps(made))
    require_unseen(model, "pal", "test", annotated)
    for broken, problem in (("{", "Expecting property name"), ("{}", "it has no 'output'")):
        manifest.write_text(broken)
        with pytest.raises(AnnotationError, match=rf"PESConv\.manifest\.json .*: {problem}"):
            require_unseen(model, "pal", "test", annotated)
    manifest.write_text(json.dumps(made))
    annotated.write_text(annotated.read_text() + "\n")
    with pytest.raises(OverlapError, match="cannot be told"):
        require_unseen(model, "pal", "test", annotated)
