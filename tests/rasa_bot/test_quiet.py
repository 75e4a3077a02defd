"""Logs: where something went wrong, never what somebody wrote."""

from __future__ import annotations

import logging
import sys

import pytest

from rasa_bot.launcher.quiet import DiscreetFormatter

WORDS = "my dog died"


def formatted(name: str, message: str, *args: object, error: BaseException | None = None) -> str:
    """One record, as it is written at the default level."""
    exc_info = None
    if error is not None:
        try:
            raise error
        except type(error):
            exc_info = sys.exc_info()
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, args, exc_info, "run")
    return DiscreetFormatter("%(levelname)s %(name)s: %(message)s").format(record)


@pytest.mark.parametrize(
    ("message", "args"), [(f"Failed on {WORDS}", ()), ("Failed on %s", (WORDS,)), (WORDS, ())]
)
def test_a_foreign_record_shows_its_place_and_not_its_words(
    message: str, args: tuple[object, ...]
) -> None:
    line = formatted("rasa.core.processor", message, *args)
    assert "dog" not in line
    assert line.startswith("ERROR rasa.core.processor: at run:1")


def test_an_exception_shows_its_kinds_and_places_and_not_its_message() -> None:
    cause = ValueError(WORDS)
    error = RuntimeError(f"body={WORDS}")
    error.__cause__ = cause
    line = formatted("rasa.core.processor", "x", error=error)
    assert "dog" not in line
    assert "RuntimeError in formatted" in line
    assert "<- ValueError" in line
    assert "\n" not in line


def test_the_action_that_failed_is_named() -> None:
    line = formatted("rasa.core.processor", f"while running action 'action_respond'. {WORDS}")
    assert "action_respond" in line
    assert "dog" not in line


def test_our_own_records_are_shown_as_they_are() -> None:
    line = formatted("rasa_bot.launcher.x", "The action server stopped (status %s).", 3)
    assert line == "ERROR rasa_bot.launcher.x: The action server stopped (status 3)."


def test_an_exception_in_our_own_record_keeps_its_message_to_itself() -> None:
    line = formatted("rasa_bot.components.channels", "Failed.", error=RuntimeError(WORDS))
    assert "dog" not in line
    assert "Failed. [RuntimeError" in line
