"""Structured logs without anything that a seeker or the bot said."""

from __future__ import annotations

import logging
import sys

import structlog

_QUIET_LOGGERS = {
    # These quote requests, trackers or texts in their lines.
    "rasa_sdk": logging.CRITICAL,
    "sanic.error": logging.CRITICAL,
    "sanic.access": logging.CRITICAL,
    "sanic.root": logging.WARNING,
    "sanic.server": logging.WARNING,
    "transformers": logging.ERROR,
}


def configure_logging(level: str) -> None:
    """Send logs of `level` and above to standard error as one line of key=value pairs each."""
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s")
    for name, quiet_level in _QUIET_LOGGERS.items():
        logging.getLogger(name).setLevel(quiet_level)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
