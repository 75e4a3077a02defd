"""Alphas as a command is given them: one for all strategies, or a file with one for each."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pal_model import PalError, Strategy
from pal_model.generation_options import PAPER_OPTIONS


class AlphasError(PalError):
    """Alphas that cannot be used."""


def by_strategy(alphas: Mapping[str, float]) -> dict[Strategy, float]:
    """Return alphas by strategies, from alphas by their names.

    Raises:
        UnknownStrategyError: a name is no strategy's.
        ValueError, TypeError: a strategy has none, or one is no number, 0 or more.
    """
    named = {Strategy.parse(name): alpha for name, alpha in alphas.items()}
    replace(PAPER_OPTIONS, alphas=named)  # checks them
    return named


def read_alphas(file: Path) -> dict[str, float]:
    """Return the alphas in a file, such as `training.search_alphas` writes.

    Raises:
        AlphasError: it has not a number, 0 or more, for each strategy.
    """
    try:
        alphas: Any = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(alphas, dict):
            raise TypeError(f"it is a {type(alphas).__name__}.")
        by_strategy(alphas)
    except (OSError, ValueError, TypeError, PalError) as error:
        raise AlphasError(
            f"{file} cannot be used: {error} It must hold a number, 0 or more, for each strategy."
        ) from error
    return alphas


def alpha_of_all(text: str) -> dict[str, float]:
    """Return one alpha for all strategies; of an option of the command line.

    Raises:
        argparse.ArgumentTypeError: `text` is no number, 0 or more.
    """
    try:
        alphas = dict.fromkeys((strategy.value for strategy in Strategy), float(text))
        by_strategy(alphas)
    except (ValueError, PalError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is given; it must be a number, 0 or more"
        ) from None
    return alphas
