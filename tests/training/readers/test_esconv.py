"""Reading files in ESConv's layout; all conversations here are made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pal_model import Speaker, Strategy
from training.readers import records
from training.readers.esconv import (
    find_esconv,
    read_esconv,
    read_failed_esconv,
    read_hub_esconv,
    read_split,
)
from training.readers.records import CorpusError, Malformed, MalformedRecordError

CONVERSATION = {
    "experience_type": "Current Experience",
    "situation": " My bicycle was stolen. ",
    "dialog": [
        {"speaker": "seeker", "annotation": {}, "content": "Somebody took my bicycle.\n"},
        {"speaker": "supporter", "annotation": {"strategy": "Question"}, "content": "When?"},
    ],
}


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


class TestReadEsconv:
    def test_yields_conversations_in_the_files_order(self, tmp_path: Path) -> None:
        other = {"dialog": [{"speaker": "seeker", "content": "Hello"}]}
        first, second = read_esconv(write(tmp_path / "a.json", [CONVERSATION, other]))
        assert first.situation == "My bicycle was stolen."
        assert [u.text for u in first.utterances] == ["Somebody took my bicycle.", "When?"]
        assert first.utterances[1].speaker is Speaker.SUPPORTER
        assert first.utterances[1].strategy is Strategy.QUESTION
        assert second.seeker_utterances == ("Hello",)

    @pytest.mark.parametrize(
        ("record", "reason"),
        [
            ("words", "Expected a JSON object"),
            ({}, "'dialog' must be a list"),
            ({"dialog": [{"speaker": "usr", "content": "Hi"}]}, r"'dialog\[0\].speaker'"),
            ({"dialog": [{"speaker": "seeker"}]}, r"'dialog\[0\].content'"),
            (
                {"dialog": [{**CONVERSATION["dialog"][1], "annotation": {"strategy": "Hug"}}]},  # type: ignore[index]
                "Unknown strategy 'Hug'",
            ),
        ],
    )
    def test_a_malformed_record_is_named_by_file_index_and_reason(
        self, tmp_path: Path, record: Any, reason: str
    ) -> None:
        path = write(tmp_path / "bad.json", [CONVERSATION, record])
        conversations = read_esconv(path)
        next(conversations)
        with pytest.raises(MalformedRecordError, match=rf"bad\.json, record 1: .*{reason}"):
            next(conversations)

    def test_on_request_a_malformed_record_is_skipped_counted_and_keeps_its_place(
        self, tmp_path: Path
    ) -> None:
        """Splits name conversations by index, so none may move."""
        path = write(tmp_path / "bad.json", [CONVERSATION, {}, CONVERSATION])
        problems: list[Malformed] = []
        conversations = list(read_esconv(path, malformed=problems))
        assert [len(c.utterances) for c in conversations] == [2, 0, 2]
        assert [(p.file, p.index) for p in problems] == [(path, 1)]
        assert "'dialog' must be a list" in str(problems[0])

    def test_a_file_of_another_layout_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(CorpusError, match="holds a JSON dict"):
            next(read_esconv(write(tmp_path / "one.json", CONVERSATION)))

    @pytest.mark.parametrize("content", [b"", b"[{", b"\xff[]"])
    def test_a_file_that_is_no_json_is_refused(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "broken.json"
        path.write_bytes(content)
        with pytest.raises(CorpusError, match="is not JSON in UTF-8"):
            next(read_esconv(path))

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(CorpusError, match=r"Cannot read .*nowhere\.json: No such file"):
            next(read_esconv(tmp_path / "nowhere.json"))


class TestRelatives:
    def test_conversations_that_failed_have_other_names(self, tmp_path: Path) -> None:
        dialog = [
            {"speaker": "speaker", "annotation": {"feedback": "1"}, "content": "I moved."},
            {"speaker": "listener", "annotation": {"strategy": "Questions"}, "content": "Why?"},
            {"speaker": "listener", "annotation": {"strategy": "Other"}, "content": "Hm"},
        ]
        path = write(tmp_path / "failed.json", [{"situation": "Moved", "dialog": dialog}])
        [conversation] = read_failed_esconv(path)
        assert conversation.seeker_utterances == ("I moved.",)
        assert [u.strategy for u in conversation.utterances[1:]] == [
            Strategy.QUESTION,
            Strategy.OTHERS,
        ]

    def test_the_hubs_lines_have_other_names(self, tmp_path: Path) -> None:
        dialog = [
            {"text": "I moved.", "speaker": "usr"},
            {"text": "Why?", "speaker": "sys", "strategy": "Question"},
        ]
        path = tmp_path / "train.txt"
        lines = [json.dumps({"situation": "Moved", "dialog": dialog}), "{", "[]"]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        problems: list[Malformed] = []
        first, second, third = read_hub_esconv(path, malformed=problems)
        assert first.situation == "Moved"
        assert first.utterances[1].strategy is Strategy.QUESTION
        assert second.utterances == third.utterances == ()
        assert [p.index for p in problems] == [1, 2]


class TestReadSplit:
    SPLITS = {"mine": {"train": [0, 2], "valid": [1]}}  # noqa: RUF012

    def test_returns_the_indices(self, tmp_path: Path) -> None:
        assert read_split(write(tmp_path / "s.json", self.SPLITS), "mine", "train") == [0, 2]

    def test_an_unknown_split_is_refused_with_the_known_ones(self, tmp_path: Path) -> None:
        path = write(tmp_path / "s.json", self.SPLITS)
        with pytest.raises(CorpusError, match=r"no split mine/test; it has: mine/train, mine/val"):
            read_split(path, "mine", "test")

    @pytest.mark.parametrize("content", [[], {"mine": [1]}, {"mine": {"train": ["1"]}}, 3])
    def test_another_layout_is_refused(self, tmp_path: Path, content: Any) -> None:
        with pytest.raises(CorpusError):
            read_split(write(tmp_path / "s.json", content), "mine", "train")


class TestFindEsconv:
    def test_takes_the_folder_of_pal_data_dir(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "esconv").mkdir()
        path = write(tmp_path / "esconv" / "ESConv.json", [])
        monkeypatch.setenv("PAL_DATA_DIR", str(tmp_path))
        assert find_esconv() == path

    def test_takes_the_folder_beside_the_checkout(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "shared" / "data" / "esconv"
        folder.mkdir(parents=True)
        monkeypatch.delenv("PAL_DATA_DIR", raising=False)
        monkeypatch.setattr(records, "_CHECKOUT", tmp_path / "checkout")
        path = write(folder / "ESConv.json", [])
        assert find_esconv() == path

    def test_says_where_esconv_is_published(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PAL_DATA_DIR", str(tmp_path / "here"))
        monkeypatch.setattr(records, "_CHECKOUT", tmp_path / "checkout")
        with pytest.raises(CorpusError, match="thu-coai/Emotional-Support-Conversation") as caught:
            find_esconv()
        assert str(tmp_path / "here") in str(caught.value)
