"""What is said to somebody who had begun to hurt themselves, once they say that they are safe."""

from __future__ import annotations

import pytest

from actions.safety import check_reply
from actions.safety.aftermath import aftermath_reply


@pytest.mark.parametrize(
    "text",
    [
        "is 30 too many?",
        "what should i do",
        "So what do I do now?",
        "my stomach hurts a bit now",
        "will i be ok?",
        "I feel sick and dizzy",
        "should I go to the hospital",
        "I only took ten in the end",
        "it\u2019s still bleeding",
        "how long until it stops working",
    ],
)
def test_questions_on_the_body_are_for_somebody_who_can_examine_it(text: str) -> None:
    answer = aftermath_reply(text, "GB")
    assert answer is not None
    assert "999" in answer
    assert not list(check_reply(answer))


@pytest.mark.parametrize(
    "text",
    [
        "my sister is coming over",
        "thank you for staying with me",
        "I watched TV with my mum",
        "what can I do about my job",
        "he said I never loved him",
        "Thank you so much",
        "I miss my mum so much",
        "so many people care about me",
        "how long have you been a bot",
        "I feel sick of my job",
        "My doctor is nice",
        "my heart is in pain because he left",
        "Thank you, er, I feel better",
        "this is all too much",
        "",
    ],
)
def test_what_is_about_something_else_is_not(text: str) -> None:
    assert aftermath_reply(text, "GB") is None
