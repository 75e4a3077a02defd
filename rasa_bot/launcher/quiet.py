"""Keeps the terminal quiet, and what people write out of the logs.

Rasa logs whole messages, whole trackers and, through exceptions, what a server sent back. Nothing
tells such a line from a harmless one, so none of their words are printed: a foreign log record
shows where it came from, which exceptions were raised, and Rasa's constant name of the event. At
level DEBUG everything is shown as it is.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import structlog

_OWN_LOGGERS = ("rasa_bot", "__main__")
_ACTION_NAME = re.compile(r"'((?:action|utter)_[a-z_]{1,40})'")
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class DiscreetFormatter(logging.Formatter):
    """Formats own records as they are, and foreign ones without their words."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, never a traceback: its last line is the exception's message."""
        discreet = logging.makeLogRecord(record.__dict__)
        own = record.name.split(".")[0] in _OWN_LOGGERS
        discreet.msg = record.getMessage() if own else _without_words(record)
        discreet.args, discreet.exc_text, discreet.stack_info = None, None, None
        discreet.exc_info = None
        if record.exc_info and record.exc_info[1]:
            discreet.msg += f" [{_exceptions(record.exc_info[1])}]"
        return super().format(discreet)


def _without_words(record: logging.LogRecord) -> str:
    event = getattr(record, "constant_event", None)
    what = f"{event}, " if event else ""
    action = _ACTION_NAME.search(str(record.msg))
    what += f"{action.group(1)}, " if action else ""
    return f"{what}at {record.funcName}:{record.lineno} (PAL_LOG_LEVEL=DEBUG shows the rest)"


def _exceptions(error: BaseException) -> str:
    """Types and places of an exception and its causes, without their messages."""
    return " <- ".join(_described(link) for link in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _described(error: BaseException) -> str:
    status = getattr(error, "status", None)
    text = type(error).__name__ + (f" {status}" if isinstance(status, int) else "")
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is not None:
        text += f" in {trace.tb_frame.f_code.co_name}:{trace.tb_lineno}"
    return text


def configure_logging(level: str) -> None:
    """Sends logs of `level` and up to standard error; call before Rasa is imported."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(level)
    verbose = level == "DEBUG"
    handler.setFormatter(logging.Formatter(_FORMAT) if verbose else DiscreetFormatter(_FORMAT))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # For loggers that do not pass their records on, as Rasa sets Sanic's.
    logging.lastResort = handler
    _configure_structlog(verbose)
    if not verbose:
        _silence_warnings()
        sys.excepthook = _log_uncaught
        threading.excepthook = lambda args: _log_uncaught(
            args.exc_type, args.exc_value, args.exc_traceback
        )


def _configure_structlog(verbose: bool) -> None:
    render = structlog.stdlib.render_to_log_kwargs
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *([structlog.processors.KeyValueRenderer()] if verbose else [_only_the_event, render]),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _only_the_event(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Drops the fields, which carry the words, and keeps the event's constant name."""
    name = event.get("event")
    kept: dict[str, Any] = {"event": name, "constant_event": name}
    if event.get("exc_info"):
        kept["exc_info"] = event["exc_info"]
    return kept


def _silence_warnings() -> None:
    """Python warnings are for developers, and some of Rasa's quote the message."""
    warnings.simplefilter("ignore")
    warnings.showwarning = lambda *_args, **_kwargs: None


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    if error is not None and not isinstance(error, KeyboardInterrupt):
        logging.getLogger(__name__).error("Stopped by an error.", exc_info=(kind, error, trace))
