"""Readers of the corpora beside ESConv; all dialogues here are made up."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from pal_model import Speaker
from training.readers.daily_dialog import read_daily_dialog
from training.readers.empathetic_dialogues import read_empathetic_dialogues
from training.readers.esconv import read_esconv, read_failed_esconv
from training.readers.persona_chat import read_persona_chat
from training.readers.records import CorpusError, Malformed
from training.readers.synthetic_persona_chat import read_synthetic_persona_chat

TALK = {
    "split": "train",
    "situation": " A dog. ",
    "utterances": [
        {"speaker": "speaker", "text": "A dog bit me."},
        {"speaker": "listener", "text": "Ouch!"},
    ],
}


def packed(path: Path, records: list[Any]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as sink:
        sink.writelines(json.dumps(record) + "\n" for record in records)
    return path


def test_who_tells_is_the_seeker(tmp_path: Path) -> None:
    path = packed(tmp_path / "e.jsonl.gz", [TALK, TALK | {"split": "valid"}])
    first, second = read_empathetic_dialogues(path)
    assert first == second
    assert first.situation == "A dog."
    assert [u.speaker for u in first.utterances] == [Speaker.SEEKER, Speaker.SUPPORTER]
    assert list(read_empathetic_dialogues(path, part="valid")) == [second]
    assert list(read_empathetic_dialogues(path, part="test")) == []


def test_who_begins_is_the_seeker(tmp_path: Path) -> None:
    said = [{"speaker": "user", "text": "Tea?"}, {"speaker": "system", "text": "Yes."}]
    [talk] = read_daily_dialog(packed(tmp_path / "d.jsonl.gz", [{"utterances": said}]))
    assert talk.seeker_utterances == ("Tea?",)
    assert talk.situation is None


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"split": "train"}, "the key 'utterances' is missing"),
        ({"utterances": [{"speaker": "cat", "text": "Miaow"}]}, "the speaker is 'cat'"),
        ({"utterances": [{"speaker": "speaker", "text": 3}]}, "text of an utterance is 3"),
        ([], "list indices"),
    ],
)
def test_a_malformed_record_is_named_or_skipped_on_request(
    tmp_path: Path, record: Any, reason: str
) -> None:
    path = packed(tmp_path / "e.jsonl.gz", [TALK, record, TALK])
    with pytest.raises(CorpusError, match=f"e.jsonl.gz, record 1: .*{reason}.* ask to skip"):
        list(read_empathetic_dialogues(path))
    problems: list[Malformed] = []
    assert len(list(read_empathetic_dialogues(path, malformed=problems))) == 2
    assert [p.index for p in problems] == [1]


def test_a_generated_dialogue_has_both_personas(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(
        "user 1 personas,user 2 personas,Best Generated Conversation\n"
        '"I bake.\nI run.","I sail.","User 1: Hi!\n- User 2: Hello:\nhow are you?\nUser 1: Fine."\n'
        '"I bake.","I sail.","Hello"\n',
        encoding="utf-8",
    )
    problems: list[Malformed] = []
    [dialogue] = read_synthetic_persona_chat(path, malformed=problems)
    assert tuple(dialogue.seeker_persona) == ("I bake.", "I run.")
    assert tuple(dialogue.supporter_persona) == ("I sail.",)
    assert [u.text for u in dialogue.conversation.utterances] == [
        "Hi!",
        "Hello: how are you?",
        "Fine.",
    ]
    assert [p.index for p in problems] == [1]
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(CorpusError, match="no column 'user 1 personas'"):
        list(read_synthetic_persona_chat(tmp_path / "other.csv"))


@pytest.mark.parametrize("content", [b"plain", b"\x1f\x8b\x08\x00broken"])
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "e.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match="Cannot read"):
        list(read_empathetic_dialogues(path))


def data_folder() -> Path:
    beside = Path(__file__).resolve().parents[4] / "shared" / "data"
    return Path(os.environ.get("PAL_DATA_DIR") or beside)


@pytest.mark.parametrize(
    ("read", "file", "count"),
    [
        (read_esconv, "esconv/ESConv.json", 1300),
        (read_failed_esconv, "esconv/FailedESConv.json", 196),
        (read_persona_chat, "personachat/valid_both_original_no_cands.txt", 1000),
        (read_empathetic_dialogues, "empathetic_dialogues/empathetic_dialogues.jsonl.gz", 24_856),
        (read_daily_dialog, "daily_dialog/daily_dialog.jsonl.gz", 13_118),
        (
            read_synthetic_persona_chat,
            "synthetic_persona_chat/Synthetic-Persona-Chat_valid.csv",
            996,
        ),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_published_corpora_are_read_whole(read: Any, file: str, count: int) -> None:
    """On the real files, where they are; four dialogues that a model wrote name no speaker."""
    path = data_folder() / file
    if not path.exists():
        pytest.skip(f"{path} is not here; set PAL_DATA_DIR to try the readers on real corpora")
    problems: list[Malformed] = []
    assert len(list(read(path, malformed=problems))) == count
    assert len(problems) == (4 if read is read_synthetic_persona_chat else 0)
