"""Types of command line options."""

from __future__ import annotations

import argparse


def positive(text: str) -> int:
    """Return a count of things of which there must be one.

    Raises:
        argparse.ArgumentTypeError: it is no whole number, or less than 1.
    """
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is given; it must be a whole number from 1 on.")
    return number
