from __future__ import annotations

from pathlib import Path

import pytest

from training.readers.persona_chat import PersonaChatTurn, read_persona_chat, responses
from training.readers.records import CorpusError, Malformed

TWO_DIALOGUES = """\
1 your persona: i bake bread.
2 your persona: i have a cat.
3 partner's persona: i sail.
4 hello !\thi , do you like bread ?
5 i do . i eat it on my boat\tmy cat would fear the water .
1 your persona: i run.
2 hey\thi there\t\tsome|candidates
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "valid.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_response_comes_with_what_was_said_before_and_who_says_it(tmp_path: Path) -> None:
    baker = {"persona": ("i bake bread.", "i have a cat."), "partner_persona": ("i sail.",)}
    dialogues = list(read_persona_chat(written(tmp_path, TWO_DIALOGUES)))
    assert [turn for dialogue in dialogues for turn in responses(dialogue)] == [
        PersonaChatTurn(**baker, history=("hello !",), response="hi , do you like bread ?"),
        PersonaChatTurn(
            **baker,
            history=("hello !", "hi , do you like bread ?", "i do . i eat it on my boat"),
            response="my cat would fear the water .",
        ),
        PersonaChatTurn(("i run.",), (), ("hey",), "hi there"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 your persona: i run.\nhello\thi\n", "line 2: expected a number"),
        ("1 hello , no tab\n", "line 1: expected two utterances"),
        ("1 hello\t\n", "line 1: expected two utterances"),
    ],
)
def test_a_line_in_another_layout_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(
        CorpusError, match=f"valid.txt, record 0: {message}.* Name a file of PERSONA-CHAT"
    ):
        list(read_persona_chat(written(tmp_path, text)))


def test_on_request_a_malformed_dialogue_is_skipped_and_counted(tmp_path: Path) -> None:
    problems: list[Malformed] = []
    text = "1 hello , no tab\n" + TWO_DIALOGUES + "1 hi\tyes\n2 \n"
    dialogues = list(read_persona_chat(written(tmp_path, text), malformed=problems))
    assert [tuple(d.supporter_persona) for d in dialogues] == [
        ("i bake bread.", "i have a cat."),
        ("i run.",),
    ]
    assert [p.index for p in problems] == [0, 3]
