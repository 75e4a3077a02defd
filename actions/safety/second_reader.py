"""Reads again what the first model suspects: the lower layers of the embedded language model, with
a LoRA and a linear layer on the mean of their states and the last one.

It has read more of the world than all-MiniLM, which takes "I gave my paints away, I just don't
paint any more" for a farewell. It costs more, too, and few pieces are suspected.
`python -m actions.safety.fit_second_reader` trains it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from actions.safety.pieces import READ_AT_ONCE
from actions.safety.risk_model import (
    ADAPTER,
    DIRECT,
    HEAD_FILE,
    KIND,
    OUTPUTS,
    RISK,
    WEIGHTS_FILE,
    as_read,
)
from pal_model.embedded import EMBEDDED_BASE
from pal_model.loading import LOADING

if TYPE_CHECKING:
    from torch import Tensor, nn

    from pal_model.token_states import TextReader

FOLDER = Path(__file__).with_name("second_reader")
_SETTINGS_FILE = "settings.json"
_MOST_TOKENS = 4 * READ_AT_ONCE
"""A character has four bytes at most, and a byte is at most a token: nothing is cut off."""


@dataclass(frozen=True, slots=True)
class SecondReading:
    """When a piece is read again, and what that counts.

    Attributes:
        layers: of the embedded model, from the lowest on.
        suspected: probability of a risk, by the first model alone, from which a piece is.
        weight: of the second reader's logits; the rest is the first model's.
        sure: probability of a risk, by both and lowered for the number of pieces, from which it may
            be outright danger.
        thresholds: the probability from which `RISK`, `DIRECT` and a `KIND` count, by both.
        first_model: what they were chosen with, `fingerprint_of_first`.
    """

    layers: int
    suspected: float
    weight: float
    sure: float
    thresholds: dict[str, float]
    first_model: str

    @classmethod
    def load(cls, folder: Path = FOLDER) -> SecondReading:
        """Return what the settings in a folder say.

        Raises:
            OSError: there are none.
            ValueError: they are not of these outputs, of that first model, or not complete.
        """
        path = folder / _SETTINGS_FILE
        settings = json.loads(path.read_text("utf-8"))
        if tuple(settings.pop("outputs")) != OUTPUTS:
            raise ValueError(f"{path}: the outputs are not {', '.join(OUTPUTS)}. Train it again.")
        reading = cls(**settings)
        if reading.first_model != fingerprint_of_first():
            raise ValueError(
                f"{path}: the thresholds were chosen with another first model than the one in "
                f"{ADAPTER}. Run `python -m actions.safety.fit_second_reader` again."
            )
        if not {RISK, DIRECT, KIND} <= reading.thresholds.keys():
            raise ValueError(f"{path}: a threshold is missing: {sorted(reading.thresholds)}.")
        return reading

    def save(self, folder: Path) -> None:
        """Write them."""
        settings = {"outputs": OUTPUTS, **asdict(self)}
        path = folder / _SETTINGS_FILE
        path.write_text(json.dumps(settings, indent=2) + "\n", "utf-8")


def fingerprint_of_first() -> str:
    """Return the SHA-256 of the first model's weights, in hexadecimal digits."""
    return hashlib.sha256((ADAPTER / WEIGHTS_FILE).read_bytes()).hexdigest()


class SecondReader:
    """Pieces -> logits of `OUTPUTS`."""

    def __init__(self, reader: TextReader, head: nn.Linear, reading: SecondReading) -> None:
        """Put the parts together."""
        self.reading = reading
        self._reader = reader
        self._head = head

    @classmethod
    def load(cls, folder: Path = FOLDER, reading: SecondReading | None = None) -> SecondReader:
        """Return the trained one in a folder.

        Args:
            folder: of its LoRA and linear layer.
            reading: default: what is in the folder, too.

        Raises:
            ModelLoadError: the embedded model cannot be prepared or loaded.
            OSError: a file is missing.
            ValueError: see `SecondReading.load`.
        """
        reading = reading or SecondReading.load(folder)
        with LOADING:
            from safetensors.torch import load_file
            from torch import nn

            from pal_model.token_states import TextReader

            reader = TextReader.load(
                EMBEDDED_BASE, folder, layers=reading.layers, most_tokens=_MOST_TOKENS
            )
            weights = load_file(folder / HEAD_FILE)
            head = nn.Linear(weights["weight"].shape[1], len(OUTPUTS))
            head.load_state_dict(weights)
        return cls(reader, head, reading)

    def logits(self, texts: Sequence[str]) -> Tensor:
        """Return the logits of each of `OUTPUTS`, (N, outputs)."""
        states = self._reader.read([as_read(text) for text in texts])
        logits: Tensor = self._head(states.mean_and_last())
        return logits
