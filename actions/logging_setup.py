"""Structured logs without anything that a seeker or the bot said."""

from __future__ import annotations

import logging
import sys
import warnings

import structlog

_QUIET_LOGGERS = {
    # These quote requests, trackers or texts in their lines.
    "rasa_sdk": logging.CRITICAL,
    "sanic.error": logging.CRITICAL,
    "sanic.access": logging.CRITICAL,
    "sanic.root": logging.WARNING,
    "sanic.server": logging.WARNING,
    "transformers": logging.ERROR,
    "alembic": logging.WARNING,
}


class _DiscreetFormatter(logging.Formatter):
    """Where a library's record comes from, and the kind of an exception; never the words."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{record.levelname} {record.name} {record.pathname}:{record.lineno}"
        error = record.exc_info[0] if record.exc_info else None
        return f"{line} {error.__name__}" if error else line


def configure_logging(level: str) -> None:
    """Send logs of `level` and above to standard error as one line of key=value pairs each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_DiscreetFormatter())
    logging.basicConfig(level=level, handlers=[handler])
    # True, tested, and on every first turn: Rasa 3.6 talks to a newer SDK.
    warnings.filterwarnings("ignore", message="Your versions of rasa and", module="rasa_sdk")
    for name, quiet_level in _QUIET_LOGGERS.items():
        logging.getLogger(name).setLevel(quiet_level)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.LogfmtRenderer(
                key_order=["timestamp", "level", "event"], bool_as_flag=False
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
