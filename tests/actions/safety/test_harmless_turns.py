"""What is taken for harmless: of which part, by whom, in which layouts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from actions.safety.harmless_turns import (
    NOT_HARMLESS,
    SPLIT_FILE,
    chatted_turns,
    dialogue_turns,
    seeker_turns,
)


def test_seekers_of_a_part_but_for_those_who_may_be_in_danger(tmp_path: Path) -> None:
    index, number = min(NOT_HARMLESS)
    said: list[dict[str, Any]] = [
        {"speaker": "seeker" if n % 2 else "supporter", "annotation": {}, "content": f"no. {n}"}
        for n in range(number + 3)
    ]
    records = [{"dialog": said} for _ in range(index + 2)]
    (tmp_path / "ESConv.json").write_text(json.dumps(records))
    parts = {"train": [index, index + 1], "valid": [0], "test": [1]}
    (tmp_path / SPLIT_FILE).write_text(json.dumps({"pal": parts}))
    whole = [f"no. {n}" for n in range(1, number + 3, 2)]
    assert seeker_turns(tmp_path / "ESConv.json", "valid") == whole
    left = [text for text in whole if text != f"no. {number}"]
    assert seeker_turns(tmp_path / "ESConv.json", "train") == left + whole


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
