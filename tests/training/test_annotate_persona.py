from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pal_model import Persona
from training import annotate_persona
from training.annotate_persona import main
from training.readers.esconv import has_personas, read_esconv, read_pesconv
from training.readers.records import CorpusError
from training.turn_personas import inferred_of_each, inferred_personas, personas_from


class Counting:
    """Knows one thing an utterance, and what it has read."""

    def __init__(self) -> None:
        self.read: list[tuple[str, ...]] = []

    def extract(self, seeker_utterances: Any) -> Persona:
        self.read.append(tuple(seeker_utterances))
        return Persona.of(f"I said {text}" for text in seeker_utterances)


class Batching(Counting):
    """Reads several at once, and knows how many."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def extract_batch(self, batch: Any) -> list[Persona]:
        self.batches.append(len(batch))
        return [self.extract(said) for said in batch]


def test_personas_accumulate_from_the_third_utterance_and_nothing_is_read_twice(
    esconv: Path,
) -> None:
    conversation = max(read_esconv(esconv), key=lambda c: len(c.utterances))
    extractor = Counting()
    personas = inferred_personas(conversation, extractor)
    said = conversation.seeker_utterances
    assert [len(p) for p in personas.values()] == [0, *range(2, len(said) + 1)]
    assert extractor.read == [said[:2], *[(text,) for text in said[2:]]]


def test_an_extractor_that_can_reads_all_turns_in_one_batch(esconv: Path) -> None:
    for conversation in read_esconv(esconv):
        one_by_one, together = Counting(), Batching()
        personas = inferred_personas(conversation, together)
        assert personas == inferred_personas(conversation, one_by_one)
        assert together.read == one_by_one.read
        assert together.batches == [len(together.read)]


def test_many_conversations_are_one_batch_and_each_has_its_own_personas(esconv: Path) -> None:
    conversations = list(read_esconv(esconv))
    batching = Batching()
    together = inferred_of_each(conversations, batching)
    assert together == [inferred_personas(c, Counting()) for c in conversations]
    assert len(batching.batches) == 1
    assert inferred_of_each([], Batching()) == []


def test_splits_of_another_corpus_are_not_taken_for_its_own(
    esconv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beside = tmp_path / "splits_seed13.json"
    beside.write_text("{}")
    output = tmp_path / "PESConv.json"
    arguments = ["--esconv", str(esconv), "--extractor", "rules", "--output", str(output)]
    assert main(arguments) == 2
    assert f"{beside} is not {esconv.with_name(beside.name)}" in capsys.readouterr().err
    assert beside.read_text() == "{}"
    assert not output.exists()


def test_what_is_written_is_esconv_with_personas_and_says_where_it_is_from(
    esconv: Path, tmp_path: Path
) -> None:
    output = tmp_path / "made" / "PESConv.json"
    assert main(["--esconv", str(esconv), "--extractor", "rules", "--output", str(output)]) == 0
    assert list(read_esconv(output)) == list(read_esconv(esconv))
    extractor = annotate_persona.load_persona_extractor("rules")
    for conversation, personas in read_pesconv(output):
        assert personas == inferred_personas(conversation, extractor)
    manifest = json.loads((output.parent / "PESConv.manifest.json").read_text())
    assert manifest["extractor"] == "rules"
    assert manifest["conversations"] == 20
    assert set(manifest) > {"data", "git_revision", "seed", "output"}
    assert [file.name for file in output.parent.glob("*.partial")] == []
    split = (output.parent / "splits_seed13.json").read_bytes()
    assert split == esconv.with_name("splits_seed13.json").read_bytes()


def test_a_run_that_was_killed_goes_on_where_it_was(
    esconv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, stopped = tmp_path / "whole.json", tmp_path / "stopped.json"
    arguments = ["--esconv", str(esconv), "--extractor", "rules", "--output"]
    assert main([*arguments, str(whole)]) == 0
    count = 0

    def killed(*args: Any) -> Any:
        nonlocal count
        count += 1
        if count == 8:
            raise KeyboardInterrupt
        return inferred_personas(*args)

    with monkeypatch.context() as patch:
        patch.setattr(annotate_persona, "inferred_personas", killed)
        with pytest.raises(KeyboardInterrupt):
            main([*arguments, str(stopped)])
    partial = stopped.with_name("stopped.json.partial")
    assert len(partial.read_text().splitlines()) == 8  # what it is, and seven conversations
    with partial.open("a") as sink:
        sink.write('{"1": ["I was cut')
    count = -100
    monkeypatch.setattr(annotate_persona, "inferred_personas", killed)
    assert main([*arguments, str(stopped)]) == 0
    assert count == -100 + 13
    assert stopped.read_bytes() == whole.read_bytes()


def test_an_unfinished_run_of_another_kind_is_not_gone_on_with(
    esconv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    partial = tmp_path / "out.json.partial"
    partial.write_text(json.dumps({"data": "0" * 64}) + "\n")
    assert main(["--esconv", str(esconv), "--output", str(tmp_path / "out.json")]) == 2
    assert "was begun with data '0000" in capsys.readouterr().err
    assert partial.exists()


def test_a_run_that_was_killed_before_it_said_what_it_is_begins_anew(
    esconv: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.json"
    output.with_name("out.json.partial").write_text('{"data": "0')
    assert main(["--esconv", str(esconv), "--extractor", "rules", "--output", str(output)]) == 0
    assert len(list(read_pesconv(output))) == 20


def test_a_file_has_personas_or_not_whichever_conversation_they_are_in(
    esconv: Path, tmp_path: Path
) -> None:
    assert not has_personas(esconv)
    records = json.loads(esconv.read_text())
    records[-1]["dialog"][1]["persona"] = ["I am tired."]
    (tmp_path / "one.json").write_text(json.dumps(records))
    assert has_personas(tmp_path / "one.json")
    with pytest.raises(CorpusError, match="Cannot read"):
        has_personas(tmp_path / "none.json")


def test_a_file_without_personas_is_refused(esconv: Path) -> None:
    with pytest.raises(CorpusError, match="no utterance has the key 'persona'"):
        list(read_pesconv(esconv))
    conversation = next(read_esconv(esconv))
    with pytest.raises(ValueError, match="read_pesconv"):
        personas_from("annotated", [conversation], Counting())
