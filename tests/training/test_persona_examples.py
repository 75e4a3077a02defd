from __future__ import annotations

from pathlib import Path

import pytest

from pal_model import Conversation, Speaker, Utterance
from tests.training.persona_chat import FACTS, write_corpus
from training.persona_examples import (
    PersonaExample,
    SpeakerTurns,
    as_sentence,
    examples,
    find_persona_chat,
    read_speakers,
    seeker_by_rules,
    with_capitals,
    without_stray_spaces,
)
from training.readers.records import CorpusError

BAKER = SpeakerTurns(
    utterances=("hello!", "i baked bread, and i sail.", "bye"),
    supported=((), ("I bake bread.", "I sail."), ()),
    persona=("I bake bread.", "I sail.", "I am tall."),
)


def test_both_speakers_come_with_what_each_utterance_supports(tmp_path: Path) -> None:
    """Although the alignment has another order and writes contractions out."""
    speakers = read_speakers(write_corpus(tmp_path, "valid", 12), "supported")
    assert len(speakers) == 24
    sentences = {without_stray_spaces(text): as_sentence(fact) for fact, text in FACTS.items()}
    for speaker in speakers:
        assert len(speaker.utterances) == 3
        assert speaker.supported[0] == ()
        assert speaker.supported[1:] == tuple((sentences[t],) for t in speaker.utterances[1:])
        assert set(speaker.persona) == {s for of_one in speaker.supported for s in of_one}
    assert "my cat is asleep, i've had it for long." in {
        text for speaker in speakers for text in speaker.utterances
    }


def test_an_alignment_of_other_dialogues_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    path = write_corpus(tmp_path, "valid", 3)
    text = path.read_text().replace("sea", "lake").replace("bread", "cake").replace("nurse", "nun")
    text = text.replace("hello there", "good day").replace("asleep", "awake").replace("nice", "bad")
    path.write_text(text.replace("about", "of"))
    with pytest.raises(CorpusError, match=r"no alignment of dialogue \d, .* need none"):
        read_speakers(path, "supported")
    assert len(read_speakers(path, "all")) == 6


def test_a_corpus_that_is_nowhere_is_named_with_where_it_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAL_DATA_DIR", str(tmp_path))
    with pytest.raises(CorpusError, match=r"PERSONA-CHAT is not here: .* https://parl.ai"):
        find_persona_chat(Path("nowhere_original.txt"))


def test_the_published_recipe_writes_the_whole_persona_to_the_whole_dialogue() -> None:
    assert list(examples([BAKER], "all", None, 0.0, 1)) == [
        PersonaExample(BAKER.utterances, BAKER.persona)
    ]


def test_windows_cover_each_utterance_once_and_support_what_is_in_them() -> None:
    for seed in range(20):
        found = list(examples([BAKER], "supported", 2, 0.0, seed))
        assert [text for example in found for text in example.utterances] == [*BAKER.utterances]
        assert all(1 <= len(example.utterances) <= 2 for example in found)
        for example in found:
            says_it = BAKER.utterances[1] in example.utterances
            assert example.sentences == (BAKER.supported[1] if says_it else ())
    assert [*examples([BAKER] * 9, "all", 2, 0.5, 3)] == [*examples([BAKER] * 9, "all", 2, 0.5, 3)]


def test_a_share_of_the_examples_has_capital_letters() -> None:
    found = [e for e in examples([BAKER] * 200, "supported", 1, 0.3, 1) if "aked" in str(e)]
    capitals = sum(e.utterances == ("I baked bread, and I sail.",) for e in found)
    assert 35 < capitals < 85
    assert len(found) == 200


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i am good , i just got off work !", "I am good, I just got off work!"),
        ("hi . what do i do ?", "Hi. What do I do?"),
        ("  is it  ill ? i'm not", "Is it ill? I'm not"),
        ("", ""),
    ],
)
def test_tokenized_text_is_put_as_people_write(text: str, expected: str) -> None:
    assert with_capitals(without_stray_spaces(text)) == expected


def test_a_seeker_whom_nobody_annotated_has_what_the_rules_find() -> None:
    said = ("Hi", "I am a nurse.", "Thanks")
    talk = [(Speaker.SEEKER, text) for text in said]
    talk.insert(1, (Speaker.SUPPORTER, "I am a teacher."))
    seeker = seeker_by_rules(Conversation(tuple(Utterance(s, t) for s, t in talk)))
    assert seeker == SpeakerTurns(said, ((), ("I am a nurse.",), ()), ("I am a nurse.",))
