"""One normal form for many spellings, and the way back to what was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.safety.normal_form import normal_text, squeeze
from actions.safety.rules import RULES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "."),
        ("I'm here. You?", ". im here . you ."),
        ("I can\u2019t -- do... this!!", ". i cant do this ."),
        ("K1LL my slef", ". kil my self ."),
        ("2nite at 5, 100 pills", ". tonight at 5 10 pils ."),
        ("odd OD", ". od overdose ."),
        ("i just really want to", ". i want to ."),
        ("not just that", ". not just that ."),
        ("want 2 die", ". want to die ."),
        ("d!e su*cide", ". die suicide ."),
    ],
)
def test_normal_text(text: str, expected: str) -> None:
    assert normal_text(text).text == expected.replace(" 10 ", " 100 ")


def test_markup_is_no_word_and_what_only_looks_like_it_is() -> None:
    assert normal_text("<b>I want</b> to <i>go</i>").text == normal_text("I want to go").text
    assert "want to go" in normal_text("<i want to go>").text


def test_squeezing_leaves_escapes_alone() -> None:
    assert squeeze(r"kill\sss \bbook 1100") == r"kil\ss \bbok 1100"


@given(st.text(max_size=60))
def test_every_word_has_a_span_in_the_original(text: str) -> None:
    normal = normal_text(text)
    position = 0
    for word in normal.text.split(" "):
        if word != ".":
            start, end = normal.original_span(position, position + len(word))
            assert 0 <= start < end <= len(text)
        position += len(word) + 1


def test_sentences_and_clauses_are_found() -> None:
    normal = normal_text("I am sad, so sad. Very.")
    assert normal.text == ". i am sad so sad . very ."
    start, end = normal.sentence_span(normal.text.index("am"))
    assert normal.text[start:end] == "i am sad so sad"
    assert normal.clause_start(normal.text.index("so sad")) == normal.text.index("so sad")
    start, end = normal.sentence_span(normal.text.index("very"))
    assert normal.text[start:end] == "very"


def test_patterns_match_text_in_normal_form() -> None:
    """Guards against a pattern with a doubled letter, which squeezed text can never hold."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    for rule in RULES:
        source = rule.pattern.pattern.replace("\\\\", "")
        doubled = [a for a in letters if f"{a}{a}" in source and f"\\{a}{a}" not in source]
        assert doubled == [], rule.pattern.pattern
