"""What a generated reply must not say, by explicit wordings.

Small and literal: it catches the plain cases before they are sent. It does not judge whether a
reply is kind, true or wise, and a reply without problems is no safe reply for that.
"""

from __future__ import annotations

import re

from actions.safety.reply_wordings import PATTERNS, UNLESS_AFTER, ReplyProblem


def check_reply(text: str) -> list[ReplyProblem]:
    """Return every problem found in a generated supporter reply, in the order of the enum."""
    plain = text.replace("’", "'").replace("‘", "'")
    return [problem for problem in ReplyProblem if _has(problem, plain)]


def _has(problem: ReplyProblem, text: str) -> bool:
    unless = UNLESS_AFTER.get(problem)
    return any(
        unless is None or not unless.search(_sentence_before(text, match.start()))
        for pattern in PATTERNS[problem]
        for match in pattern.finditer(text)
    )


def _sentence_before(text: str, position: int) -> str:
    return re.split(r"[.!?\n]", text[max(0, position - 60) : position])[-1]
