"""What the launcher tells the person at the terminal: on standard error, in plain words."""

from __future__ import annotations

import sys


def progress(text: str) -> None:
    """A step that was taken or begun."""
    print(text, file=sys.stderr, flush=True)


def problem(text: str) -> None:
    """Something that stops the command or needs attention."""
    print(f"error: {text}", file=sys.stderr, flush=True)
