"""A small classifier that hears danger which no explicit wording names.

A message is cut into sentences, pairs of them and windows in long ones, and the most dangerous
piece counts, by itself and with what is said around it: "I can't go on" is one thing among exams
and another among goodbyes. A small model reads every piece (`risk_model`); what it suspects a
larger one reads again in its surroundings (`second_reader`). `python -m actions.safety.fit` and
`fit_second_reader` train them, `choose_thresholds` chooses when they count, MODEL_CARD.md has the
figures.
The classifier stands beside the patterns and never takes back what they found.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from actions.safety.pieces import Span, lengths, pieces, surroundings
from actions.safety.risk import NO_RISK, RiskAssessment, RiskKind, RiskLevel
from actions.safety.risk_model import ADAPTER, DIRECT, KIND, OUTPUTS, RISK, RiskModel, RiskReader
from actions.safety.second_reader import SecondReader

if TYPE_CHECKING:
    from torch import Tensor

log = structlog.get_logger(__name__)

_SETTINGS_FILE = "settings.json"
_READ_AT_ONCE = 64
_REMEMBERED = 512
_AROUND = 0.2
"""Weight, for the first model, of a piece in its surroundings; the rest is that of the piece alone.
With more, what is said by the way in a long message is missed; with less, everyday pieces sound
like danger.
"""

_BY_CHANCE, _MOST_BY_CHANCE = 0.35, 30
"""The logit of a risk is lowered by `_BY_CHANCE * ln(min(pieces, _MOST_BY_CHANCE))`, which counts
pieces of different words: of many one sounds like danger by chance. Somebody who writes very much
must be heard all the same.
"""

_MOST_TWICE = 6
"""Surroundings of a message's pieces that are read again, those of the most suspected. Of other
pieces what the first model finds counts.
"""

_SURE = 0.95
"""Probability of a risk, lowered as above, from which it may be outright danger, by the first model
alone.
"""


def made_up_of() -> dict[str, float]:
    """Return by what a message's risk is made up of logits; thresholds hold for these alone."""
    return {
        "around": _AROUND,
        "by_chance": _BY_CHANCE,
        "most_by_chance": _MOST_BY_CHANCE,
        "most_twice": _MOST_TWICE,
        **lengths(),
    }


def save_thresholds(folder: Path, thresholds: Mapping[str, float]) -> None:
    """Write from which probabilities the classifier in a folder flags something, when its first
    model reads alone.
    """
    settings = {"outputs": OUTPUTS, "thresholds": thresholds}
    (folder / _SETTINGS_FILE).write_text(json.dumps(settings, indent=2) + "\n", "utf-8")


class RiskClassifier:
    """Assesses one utterance by what it means; safe for several threads."""

    def __init__(
        self,
        load: Callable[[], RiskModel],
        thresholds: Mapping[str, float],
        load_second: Callable[[], SecondReader] | None = None,
    ) -> None:
        """Use the models that `load` and `load_second` return, once they are needed.

        Args:
            load: returns the model that reads everything.
            thresholds: the probability from which `RISK`, `DIRECT` and a `KIND` count, by it alone.
            load_second: returns what reads again. If that fails, the first reads alone.
        """
        self._load = load
        self._load_second = load_second
        self._thresholds = thresholds
        self._model: RiskModel | None = None
        self._second: SecondReader | None = None
        self._lock = threading.Lock()
        # A turn is assessed by each of its actions. No words are kept: keys are keyed hashes.
        self._known: OrderedDict[bytes, RiskAssessment] = OrderedDict()
        self._secret = secrets.token_bytes(32)

    @property
    def sure(self) -> float:
        """Probability of a risk from which it may be outright danger."""
        return self._second.reading.sure if self._second else _SURE

    def load(self) -> None:
        """Load the models now; as soon as the first is there, it reads alone."""
        with self._lock:
            if self._model is not None:
                return
            self._model = self._load()
        second = self._loaded_second()
        with self._lock:
            self._second = second
            self._known.clear()

    def assess(self, text: str) -> RiskAssessment:
        """Return what the piece says in which the danger is greatest."""
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._secret).digest()
        with self._lock:
            found = self._known.get(key)
            if found is None:
                found = self._known[key] = self._assessed(text)
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        return found

    def greatest(self, text: str) -> tuple[float, dict[str, float], Span]:
        """Return of the most dangerous piece the probability of a risk, all probabilities and the
        span; zero of a message without a letter.

        Each probability is that of a weighted mean of logits: of the piece alone and in its
        surroundings by the first model and, where it is suspected, in its surroundings by the
        second. That of a risk is lower, the more pieces there are.
        """
        import torch

        text = text.encode("utf-8", "replace").decode()
        # What is said over and over is read once, by its first occurrence.
        spans = list({text[slice(*span)].strip(): span for span in pieces(text)[::-1]}.values())
        if not spans:
            return 0.0, {}, (0, 0)
        with torch.inference_mode():
            found = self._found(text, spans)
            worst = max(found, key=lambda span: float(found[span][0]))
            of_output = dict(zip(OUTPUTS, torch.sigmoid(found[worst]).tolist(), strict=True))
        return of_output[RISK], of_output, worst

    def _found(self, text: str, spans: Sequence[Span]) -> dict[Span, Tensor]:
        """Return the logits of the piece that sounds worst, or of all that are suspected."""
        import torch

        first, second = self._loaded(), self._second
        alone = _read(first, text, spans)
        worst_first = sorted(spans, key=lambda span: -float(alone[span][0]))
        suspected = second.reading.suspected if second else 1.0
        judged = [span for span in worst_first if float(alone[span][0].sigmoid()) >= suspected]
        around = {span: surroundings(text, span) for span in judged or worst_first[:1]}
        missing = [whole for whole in around.values() if whole not in alone]
        found = _weighed(alone | _read(first, text, missing), around, _AROUND)
        if second and judged:
            again = _read(second, text, [*dict.fromkeys(around.values())][:_MOST_TWICE])
            for span, whole in around.items():
                if whole in again:
                    found[span] = torch.lerp(found[span], again[whole], second.reading.weight)
        for logits in found.values():
            logits[0] -= _BY_CHANCE * math.log(min(len(spans), _MOST_BY_CHANCE))
        return found

    def _assessed(self, text: str) -> RiskAssessment:
        risk, of_output, span = self.greatest(text)
        thresholds = self._second.reading.thresholds if self._second else self._thresholds
        if risk < thresholds[RISK]:
            return NO_RISK
        # "That sounds unbearable" is a strange answer to an everyday sentence; a question is not.
        is_direct = risk >= self.sure and of_output[DIRECT] >= thresholds[DIRECT]
        kinds = list(RiskKind)
        likeliest = max(kinds, key=lambda kind: of_output[kind])
        heard = {kind for kind in kinds if of_output[kind] >= thresholds[KIND]}
        level = RiskLevel.HIGH if is_direct else RiskLevel.CONCERN
        return RiskAssessment(level, frozenset(heard | {likeliest}), span, risk)

    def _loaded(self) -> RiskModel:
        if self._model is None:
            model, self._second = self._load(), self._loaded_second()
            self._model = model
        return self._model

    def _loaded_second(self) -> SecondReader | None:
        """Return what reads again, if there is one: the first alone is a worse screen, none is no
        screen.
        """
        try:
            return self._load_second() if self._load_second else None
        except Exception as error:
            log.error("second_reader_failed", error=type(error).__name__)
            return None


def _read(reader: RiskReader, text: str, spans: Sequence[Span]) -> dict[Span, Tensor]:
    """Return a reader's logits, (outputs,), of each of the pieces of a text."""
    # Batches of like lengths: less padding.
    ordered = sorted(set(spans), key=lambda span: span[1] - span[0])
    found: dict[Span, Tensor] = {}
    for start in range(0, len(ordered), _READ_AT_ONCE):
        some = ordered[start : start + _READ_AT_ONCE]
        found |= zip(some, reader.logits([text[slice(*span)] for span in some]), strict=True)
    return found


def _weighed(
    logits: Mapping[Span, Tensor], around: Mapping[Span, Span], weight: float
) -> dict[Span, Tensor]:
    """Return of each piece the weighted mean of its logits alone and in what is around it."""
    import torch

    return {span: torch.lerp(logits[span], logits[whole], weight) for span, whole in around.items()}


@functools.cache
def shipped_classifier() -> RiskClassifier:
    """Return the one that ships; it loads its model when it is first needed."""
    settings = json.loads((ADAPTER / _SETTINGS_FILE).read_text("utf-8"))
    return RiskClassifier(RiskModel.load, settings["thresholds"], SecondReader.load)
