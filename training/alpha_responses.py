"""What a model says at each alpha, and from that what it says at alphas by strategy."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from pal_model import PalGenerator, Strategy
from pal_model.generation_options import PAPER_OPTIONS
from training.predicting import Conversations, conversations_at_once, personas_by_turn, predict
from training.predictions import (
    Prediction,
    PredictionError,
    Turn,
    as_line,
    read_done,
    read_predictions,
)

RESPONSES_FILES = "responses.*.jsonl"
"""One an alpha, which stands for the star."""

AtAlpha = Mapping[Turn, Prediction]


class AlphaResponses:
    """The responses of one model to some turns, made when an alpha is asked for, and kept.

    A turn's strategy is chosen without guidance (`PalGenerator`), and its response depends on its
    own strategy's alpha alone, not on those of other strategies nor on other turns (Eq. 6). So a
    pass over the turns for each alpha, the same for all strategies, has all that any alphas by
    strategy would have said.
    """

    def __init__(
        self, generator: PalGenerator, conversations: Conversations, folder: Path, seed: int
    ) -> None:
        """Take a model.

        Args:
            generator: what responds, as the paper draws.
            conversations: whose turns are responded to.
            folder: where responses are kept; those there must be of the same model, turns and seed.
            seed: of all that is drawn.
        """
        self._generator = generator
        self._conversations = conversations
        self._folder = folder
        self._seed = seed
        self._personas = personas_by_turn(conversations)
        self._made: dict[float, AtAlpha] = {}

    def at(self, alphas: Mapping[Strategy, float]) -> list[Prediction]:
        """Return what is said with these alphas, turn by turn.

        Raises:
            PredictionError: what is kept cannot be used, or is not of one model.
        """
        of_any = self._at_one(next(iter(alphas.values())))
        found = [self._at_one(alphas[p.strategy])[turn] for turn, p in of_any.items()]
        for one, other in zip(of_any.values(), found, strict=True):
            if one.strategy is not other.strategy:
                raise PredictionError(
                    f"Turn {one.turn} has the strategy {one.strategy.value!r} at one alpha and "
                    f"{other.strategy.value!r} at another in {self._folder}: they are of other "
                    "models or machines. Name another folder and search again."
                )
        return found

    def has_all(self, alphas: Iterable[float]) -> bool:
        """Return whether nothing is left to be said with any of these alphas.

        Raises:
            PredictionError: what is kept cannot be used.
        """
        return all(len(read_done(self._file(a), self._personas)) == self._count for a in alphas)

    def _at_one(self, alpha: float) -> AtAlpha:
        if alpha not in self._made:
            self._make(alpha)
            self._made[alpha] = {p.turn: p for p in read_predictions(self._file(alpha))}
        return self._made[alpha]

    def _file(self, alpha: float) -> Path:
        return self._folder / RESPONSES_FILES.replace("*", f"{alpha:g}")

    @property
    def _count(self) -> int:
        return len(self._personas)

    def _make(self, alpha: float) -> None:
        """Write what is not there, batch by batch."""
        file = self._file(alpha)
        done = read_done(file, self._personas)
        if len(done) == self._count:
            return
        batches = predict(
            self._generator,
            self._conversations,
            self._personas,
            replace(PAPER_OPTIONS, alphas=dict.fromkeys(Strategy, alpha)),
            seeds=[self._seed],
            batch_size=conversations_at_once(),
            done={self._seed: done},
        )
        progress = tqdm(
            initial=len(done), total=self._count, desc=f"alpha {alpha:g}", file=sys.stderr
        )
        with progress:
            for _, batch in batches:
                with file.open("a", encoding="utf-8") as sink:
                    sink.writelines(map(as_line, batch))
                progress.update(len(batch))
