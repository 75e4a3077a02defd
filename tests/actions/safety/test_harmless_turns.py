"""What is taken for harmless: of which part, by whom, in which layouts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from actions.safety import harmless_turns
from actions.safety.harmless_turns import (
    DANGEROUS,
    SPLIT_FILE,
    chatted_turns,
    dialogue_turns,
    fingerprint,
    seeker_turns,
    without_dangerous,
)


def test_seekers_of_a_part(tmp_path: Path) -> None:
    records = [
        {
            "dialog": [
                {"speaker": who, "annotation": {}, "content": f"{who} {n}"}
                for who in ("supporter", "seeker")
            ]
        }
        for n in range(3)
    ]
    records[1]["dialog"].append({"speaker": "seeker", "annotation": {}, "content": " "})
    (tmp_path / "ESConv.json").write_text(json.dumps(records))
    parts = {"train": [1, 2], "valid": [0], "test": []}
    (tmp_path / SPLIT_FILE).write_text(json.dumps({"pal": parts}))
    assert seeker_turns(tmp_path / "ESConv.json", "train") == ["seeker 1", "seeker 2"]
    assert seeker_turns(tmp_path / "ESConv.json", "valid") == ["seeker 0"]


def test_one_speaker_or_both_in_a_part_of_dialogues(tmp_path: Path) -> None:
    records = [
        {"split": split, "utterances": [{"speaker": who, "text": f" {who} in {split} "}]}
        for split in ("train", "test")
        for who in ("speaker", "listener")
    ]
    lines = "\n".join(map(json.dumps, records))
    (tmp_path / "told.jsonl").write_text(lines)
    (tmp_path / "told.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    for name in ("told.jsonl", "told.jsonl.gz"):
        both = ["speaker in train", "listener in train"]
        assert dialogue_turns(tmp_path / name, "train") == both
        assert dialogue_turns(tmp_path / name, "train", "speaker") == both[:1]


def test_both_speakers_of_a_chat_without_personas_and_candidates(tmp_path: Path) -> None:
    chat = tmp_path / "chat.txt"
    chat.write_text("1 your persona: i sing .\n2 hi there\thello\t\ta|b\n3 how are you\tfine\n")
    assert chatted_turns(chat) == ["hi there", "hello", "how are you", "fine"]


def test_messages_that_a_reader_found_dangerous_are_left_out_by_their_fingerprints(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(harmless_turns, "DANGEROUS", tmp_path / "dangerous.txt")
    found = "He drives by my house at night."
    (tmp_path / "dangerous.txt").write_text(f"{fingerprint('another')}\n{fingerprint(found)}\n")
    assert without_dangerous(["Hi.", found, "A bear!"]) == ["Hi.", "A bear!"]


def test_fingerprints_hold_no_words_and_each_is_there_once() -> None:
    lines = DANGEROUS.read_text("utf-8").split()
    assert all(len(line) == 16 and int(line, 16) >= 0 for line in lines)
    assert len(set(lines)) == len(lines) > 300
