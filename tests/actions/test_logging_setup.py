"""The log of the process: where something went wrong, never what somebody wrote."""

from __future__ import annotations

import subprocess
import sys

import pytest

SET_UP = """
import logging, warnings, structlog
from actions.logging_setup import configure_logging
configure_logging({level!r})
"""


def logged(code: str, level: str = "INFO") -> str:
    """What a process prints that sets up logging and runs `code`; pytest has its own set-up."""
    ended = subprocess.run(
        [sys.executable, "-c", SET_UP.format(level=level) + code],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert ended.stdout == ""
    return ended.stderr


def test_a_librarys_record_shows_its_place_and_the_kind_of_error_and_no_words() -> None:
    """The default formatter adds the traceback, whose last line may quote a message."""
    printed = logged(
        """
logging.getLogger("asyncio").error("about %s", "zanzibar")
try:
    raise ValueError("zanzibar")
except ValueError:
    logging.getLogger("concurrent.futures").exception("zanzibar", stack_info=True)
"""
    )
    assert "zanzibar" not in printed
    first, second = printed.splitlines()
    assert first.startswith("ERROR asyncio <string>:")
    assert second.startswith("ERROR concurrent.futures <string>:")
    assert second.endswith(" ValueError")


@pytest.mark.parametrize("name", ["rasa_sdk.endpoint", "sanic.error", "sanic.access"])
def test_those_that_quote_requests_are_silent(name: str) -> None:
    assert logged(f"logging.getLogger({name!r}).error('zanzibar')") == ""


def test_an_event_is_one_line_whatever_its_values() -> None:
    printed = logged(
        r"structlog.get_logger().error('model_not_loaded', reason='one\ntwo \"three\"', ok=True)"
    )
    (line,) = printed.splitlines()
    assert "level=error event=model_not_loaded" in line
    assert "ok=true" in line
    assert "two" in line


def test_below_the_level_nothing_is_logged() -> None:
    printed = logged("structlog.get_logger().info('batch_done', size=1)", level="WARNING")
    assert printed == ""


def test_only_the_warning_about_rasas_version_is_silenced() -> None:
    printed = logged(
        """
import warnings
for module in ("rasa_sdk.utils", "mine"):
    text = "Your versions of rasa and rasa_sdk might not be compatible."
    warnings.warn_explicit(text, UserWarning, module + ".py", 1, module=module)
"""
    )
    assert "rasa_sdk.utils.py" not in printed
    assert "mine.py" in printed
