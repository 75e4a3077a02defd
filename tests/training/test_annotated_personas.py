from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from training.annotated_personas import ANNOTATIONS, read_annotated
from training.readers.esconv import read_esconv
from training.readers.records import CorpusError


def write(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def annotation(conversation: int, utterance: int, *sentences: str) -> dict[str, Any]:
    return {"conversation": conversation, "utterance": utterance, "sentences": list(sentences)}


def test_each_utterance_of_the_part_comes_with_its_sentences(esconv: Path, tmp_path: Path) -> None:
    records = (annotation(0, 2, "I am tall."), annotation(2, 0), annotation(1, 2, "I sail."))
    file = write(tmp_path / "annotated.jsonl", *records)
    first, second = read_annotated(esconv, "pal", "train", file)
    conversations = list(read_esconv(esconv))
    assert first.utterances == (conversations[0].utterances[2].text,)
    assert first.supported == (("I am tall.",),)
    assert second.supported == ((),)
    (of_valid,) = read_annotated(esconv, "pal", "valid", file)
    assert of_valid.persona == ("I sail.",)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (annotation(99, 0), r"record 0: No utterance 0 of conversation 99"),
        (annotation(0, 99), r"No utterance 99 of conversation 0"),
        (annotation(0, 1, "I am"), r"Utterance 1 of conversation 0 is the supporter's"),
        ({"conversation": 0}, r"the key 'utterance' is missing"),
    ],
)
def test_an_annotation_of_nothing_is_refused(
    esconv: Path, tmp_path: Path, record: Any, reason: str
) -> None:
    file = write(tmp_path / "annotated.jsonl", record)
    with pytest.raises(CorpusError, match=reason):
        read_annotated(esconv, "pal", "train", file)


def test_what_ships_is_well_formed_and_read_once() -> None:
    records = [json.loads(line) for line in ANNOTATIONS.read_text(encoding="utf-8").splitlines()]
    places = {(record["conversation"], record["utterance"]) for record in records}
    assert len(places) == len(records) == 1200
    sentences = [sentence for record in records for sentence in record["sentences"]]
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in sentences)


def test_what_ships_fits_the_corpus() -> None:
    from training.readers.esconv import find_esconv

    try:
        esconv = find_esconv()
    except CorpusError as error:
        pytest.skip(str(error))
    parts = {part: read_annotated(esconv, "pal", part) for part in ("train", "valid", "test")}
    assert {part: len(of_part) for part, of_part in parts.items()} == {
        "train": 870,
        "valid": 160,
        "test": 170,
    }
