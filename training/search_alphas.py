"""Looks for better alphas than Table 2's: `python -m training.search_alphas MODEL --output FOLDER`.

The paper leaves this to future work (Appendix D). Alphas trade overlap with what human supporters
said (BLEU-2) for diversity (distinct-2). Optuna's multi-objective TPE looks for the front between
the two on the validation part, from Table 2 on. Of the front that point is chosen whose geometric
mean of both, each over Table 2's, is greatest. It then has to prove itself:
`python -m training.evaluate MODEL --alphas FOLDER/alphas.json`. A search that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial

from pal_model import DEFAULT_ALPHAS, PalError, PalGenerator, Strategy
from pal_model.generation_options import PAPER_OPTIONS
from pal_model.strategy import HIGH_ALPHA, LOW_ALPHA, MEDIUM_ALPHA
from training import metrics
from training.predicting import Conversations, personas_by_turn, predict
from training.score import config_of, read_part

LEVELS = {LOW_ALPHA: "low level", MEDIUM_ALPHA: "medium level", HIGH_ALPHA: "high level"}
"""Table 2 gives each strategy one of three alphas."""

MOST = 1.5
"""The greatest alpha that is tried: twice Table 2's."""

ALPHAS_FILE = "alphas.json"
FRONT_FILE = "front.json"
PICTURE_FILE = "front.svg"


@dataclass(frozen=True, slots=True)
class Point:
    """Alphas, and what comes of them.

    Attributes:
        alphas: of each strategy.
        overlap: BLEU-2 with the human responses.
        diversity: distinct-2 of the model's.
    """

    alphas: Mapping[Strategy, float]
    overlap: float
    diversity: float

    def gain_over(self, other: Point) -> float:
        """Return the geometric mean of both ratios; 0 where there is nothing to compare with."""
        if not other.overlap or not other.diversity:
            return 0.0
        return math.sqrt(self.overlap / other.overlap * self.diversity / other.diversity)


class AlphaSearch:
    """A study of the alphas of one model on one set of conversations."""

    def __init__(
        self,
        generator: PalGenerator,
        conversations: Conversations,
        storage: Path,
        *,
        all_eight: bool,
        seed: int,
    ) -> None:
        """Begin a study, or go on with the one in `storage`."""
        self._generator = generator
        self._conversations = conversations
        self._all_eight = all_eight
        self._seed = seed
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(storage))),
            study_name=f"alphas of {'eight strategies' if all_eight else 'three levels'}",
            sampler=optuna.samplers.TPESampler(seed=seed),
            directions=["maximize", "maximize"],
            load_if_exists=True,
        )
        if not self._study.trials:
            table_2 = {self._name(strategy): a for strategy, a in DEFAULT_ALPHAS.items()}
            self._study.enqueue_trial(table_2)

    def run(self, trials: int) -> None:
        """Go on until there are as many trials; the first is Table 2."""
        done = sum(trial.state.is_finished() for trial in self._study.trials)
        self._study.optimize(self._objective, n_trials=max(0, trials - done))

    @property
    def points(self) -> list[Point]:
        """All that was tried, Table 2 first."""
        complete = [t for t in self._study.trials if t.values is not None]
        return [self._point(trial) for trial in complete]

    @property
    def front(self) -> list[Point]:
        """What nothing beats in both."""
        return [self._point(trial) for trial in self._study.best_trials]

    def _objective(self, trial: Trial) -> tuple[float, float]:
        values = {
            name: trial.suggest_float(name, 0.0, MOST)
            for name in dict.fromkeys(map(self._name, Strategy))
        }
        options = replace(PAPER_OPTIONS, alphas={s: values[self._name(s)] for s in Strategy})
        personas = personas_by_turn(self._conversations)
        batches = predict(
            self._generator, self._conversations, personas, options, seeds=[self._seed]
        )
        predictions = [prediction for _, batch in batches for prediction in batch]
        said = [metrics.tokenize(p.response) for p in predictions]
        references = [metrics.tokenize(p.reference) for p in predictions]
        return metrics.bleu(said, references, 2), metrics.distinct(said, 2)

    def _point(self, trial: FrozenTrial) -> Point:
        alphas = {strategy: trial.params[self._name(strategy)] for strategy in Strategy}
        return Point(alphas, *trial.values)

    def _name(self, strategy: Strategy) -> str:
        return strategy.value if self._all_eight else LEVELS[DEFAULT_ALPHAS[strategy]]


def save(search: AlphaSearch, output: Path) -> Point:
    """Write the front, the picture and the chosen alphas; return the chosen point."""
    table_2 = search.points[0]
    chosen = max(search.front, key=lambda point: point.gain_over(table_2))
    record = {
        "trials": len(search.points),
        "table 2": _as_json(table_2),
        "chosen": _as_json(chosen),
        "front": [_as_json(point) for point in search.front],
    }
    (output / FRONT_FILE).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    alphas = json.dumps(_as_json(chosen)["alphas"], indent=2)
    (output / ALPHAS_FILE).write_text(alphas + "\n", encoding="utf-8")
    _draw(search, table_2, chosen, output / PICTURE_FILE)
    return chosen


def _as_json(point: Point) -> dict[str, Any]:
    return {
        "alphas": {strategy.value: alpha for strategy, alpha in point.alphas.items()},
        "B-2": point.overlap,
        "D-2": point.diversity,
    }


def _draw(search: AlphaSearch, table_2: Point, chosen: Point, file: Path) -> None:
    mpl.use("agg")  # a machine without a screen
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    front = sorted(search.front, key=lambda point: point.overlap)
    axes.scatter(*_coordinates(search.points), color="silver", label="tried")
    axes.plot(*_coordinates(front), marker="o", color="tab:blue", label="front")
    axes.scatter(*_coordinates([table_2]), marker="s", color="tab:orange", label="Table 2")
    axes.scatter(*_coordinates([chosen]), marker="*", s=160, color="tab:red", label="chosen")
    axes.set(xlabel="overlap: BLEU-2", ylabel="diversity: distinct-2")
    axes.legend()
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)


def _coordinates(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [p.overlap for p in points], [p.diversity for p in points]


def build_parser() -> argparse.ArgumentParser:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="python -m training.search_alphas",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", help="a base model, or a folder of fine-tuning")
    parser.add_argument("--output", type=Path, required=True, help="folder of the results")
    parser.add_argument("--esconv", type=Path, help="ESConv.json; default: where it is found")
    parser.add_argument("--split", default="pal", help="whose validation part is used")
    parser.add_argument("--conversations", type=int, help="the first so many; default: all")
    parser.add_argument("--trials", type=int, default=30, help="Table 2 included")
    parser.add_argument(
        "--all-eight", action="store_true", help="an alpha a strategy; default: Table 2's levels"
    )
    parser.add_argument("--seed", type=int, default=13, help="of the search and of responses")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Search; print what was chosen; return the exit status."""
    options = build_parser().parse_args(arguments)
    try:
        if options.trials < 1:
            raise ValueError(f"--trials is {options.trials}; it must be 1 or more.")
        config = config_of(options.model)
        turns = read_part(config, options.esconv, options.split, "valid", options.conversations)
        options.output.mkdir(parents=True, exist_ok=True)
        search = AlphaSearch(
            PalGenerator.load(options.model),
            dict(zip(turns.indices["valid"], turns.parts["valid"], strict=True)),
            options.output / "trials.log",
            all_eight=options.all_eight,
            seed=options.seed,
        )
        search.run(options.trials)
        chosen = save(search, options.output)
    except (PalError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps({"table 2": _as_json(search.points[0]), "chosen": _as_json(chosen)}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
