"""Looks for better alphas than Table 2's: `python -m training.search_alphas MODEL --output FOLDER`.

The paper leaves this to future work (Appendix D). Alphas trade overlap with what human supporters
said (BLEU-2) for diversity (distinct-2). Optuna's multi-objective TPE looks for the front between
the two on the validation part, from Table 2 on. What takes time is a pass over the turns for each
of 13 alphas; a trial puts its responses together from these (`training.alpha_responses`). Of the
front that point is chosen whose geometric mean of both, each over Table 2's, is greatest. It then
has to prove itself: `python -m training.evaluate MODEL --alphas FOLDER/alphas.json`. A search that
was stopped goes on; one of something else needs another folder.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from pal_model import DEFAULT_ALPHAS, PalError, PalGenerator, Strategy
from pal_model.embedded import find_model
from pal_model.persona_extractor import EMBEDDED_EXTRACTOR, find_extractor
from pal_model.strategy import HIGH_ALPHA, LOW_ALPHA, MEDIUM_ALPHA
from training import metrics
from training.alpha_responses import RESPONSES_FILES, AlphaResponses
from training.arguments import positive
from training.esconv_turns import EsconvTurns
from training.manifest import SEARCH_MANIFEST, OtherRunError, begin, require_same
from training.pictures import as_svg, new_chart
from training.predicting import CACHE_BYTES_A_CONVERSATION, conversations_at_once
from training.provenance import environment, folder_hashes
from training.readers.esconv import find_esconv
from training.run_config import RunConfig
from training.score import config_of, read_part
from training.unseen import require_unseen

LEVELS = {LOW_ALPHA: "low level", MEDIUM_ALPHA: "medium level", HIGH_ALPHA: "high level"}
"""Table 2 gives each strategy one of three alphas."""

MOST, STEP = 1.5, 0.125
"""The greatest alpha that is tried is twice Table 2's; all of Table 2's are whole steps."""

GRID = tuple(STEP * step for step in range(round(MOST / STEP) + 1))
"""All that are tried."""

PART = "valid"
OVERLAP, DIVERSITY = "B-2", "D-2"

TRIALS_FILE = "trials.log"
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
        responses: AlphaResponses,
        storage: Path,
        *,
        all_eight: bool,
        seed: int,
    ) -> None:
        """Begin a study, or go on with the one in `storage`."""
        self._responses = responses
        self._tokenize = functools.cache(metrics.tokenize)
        self._all_eight = all_eight
        self._table_2 = {self._name(strategy): a for strategy, a in DEFAULT_ALPHAS.items()}
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(storage))),
            study_name=f"alphas of {'eight strategies' if all_eight else 'three levels'}",
            directions=["maximize", "maximize"],
            load_if_exists=True,
        )
        # With the seed alone, a search that goes on would draw again what it has tried.
        self._study.sampler = optuna.samplers.TPESampler(seed=seed + len(self._study.trials))
        if not any(map(self._is_table_2, self._in_state(TrialState.COMPLETE, TrialState.WAITING))):
            self._study.enqueue_trial(self._table_2)

    def run(self, trials: int) -> None:
        """Go on until as many trials are complete, Table 2 among them whatever else is. One that
        was interrupted does not count.
        """
        missing = trials - len(self._in_state(TrialState.COMPLETE))
        waiting = len(self._in_state(TrialState.WAITING))
        self._study.optimize(self._objective, n_trials=max(missing, waiting))

    @property
    def points(self) -> list[Point]:
        """All that was tried, in that order."""
        return [self._point(trial) for trial in self._in_state(TrialState.COMPLETE)]

    @property
    def table_2(self) -> Point:
        """Where the search begins, and what its result is compared with."""
        complete = self._in_state(TrialState.COMPLETE)
        return self._point(next(trial for trial in complete if self._is_table_2(trial)))

    @property
    def front(self) -> list[Point]:
        """What nothing beats in both, each once."""
        points = map(self._point, self._study.best_trials)
        return list({tuple(point.alphas.values()): point for point in points}.values())

    def _objective(self, trial: Trial) -> tuple[float, float]:
        values = {
            name: trial.suggest_float(name, 0.0, MOST, step=STEP)
            for name in dict.fromkeys(map(self._name, Strategy))
        }
        predictions = self._responses.at({s: values[self._name(s)] for s in Strategy})
        said = [self._tokenize(p.response) for p in predictions]
        references = [self._tokenize(p.reference) for p in predictions]
        return metrics.bleu(said, references, 2), metrics.distinct(said, 2)

    def _in_state(self, *states: TrialState) -> list[FrozenTrial]:
        return self._study.get_trials(states=states)

    def _is_table_2(self, trial: FrozenTrial) -> bool:
        """One that waits has no parameters yet, but those that it is to have."""
        return bool(trial.system_attrs.get("fixed_params", trial.params) == self._table_2)

    def _point(self, trial: FrozenTrial) -> Point:
        alphas = {strategy: trial.params[self._name(strategy)] for strategy in Strategy}
        return Point(alphas, *trial.values)

    def _name(self, strategy: Strategy) -> str:
        return strategy.value if self._all_eight else LEVELS[DEFAULT_ALPHAS[strategy]]


def begin_search(
    options: argparse.Namespace, config: RunConfig, turns: EsconvTurns, responses: AlphaResponses
) -> dict[str, Any]:
    """Return what the search is of; write it, or make sure that what was begun is the same.

    Args:
        options: of the command line.
        config: of the model.
        turns: what it responds to.
        responses: of the model, which are the same on another device once all are there.

    Raises:
        OtherRunError: another search was begun in the folder, or nobody can tell which.
    """
    output, manifest = options.output, options.output / SEARCH_MANIFEST
    found = [*output.glob(TRIALS_FILE), *output.glob(RESPONSES_FILES)]
    if found and not manifest.exists():
        raise OtherRunError(
            f"{found[0]} is there without {SEARCH_MANIFEST}: what was tried on what cannot be "
            "told. Name another folder."
        )
    facts = {
        "search": {
            "model": options.model,
            "split": options.split,
            "part": PART,
            "conversations": options.conversations,
            "extractor": options.extractor,
            "seed": options.seed,
            "all_eight": options.all_eight,
            "alphas": GRID,
            "objective": [OVERLAP, DIVERSITY],
        },
        "n": {"conversations": len(turns.parts[PART]), "turns": sum(map(len, turns.parts[PART]))},
        "data": turns.hashes,
        "model": folder_hashes(Path(find_model(options.model))),
        "extractor": folder_hashes(find_extractor(config.data.extractor)),
        "environment": environment(),
    }
    if manifest.exists():  # or responses of another search would be taken for broken ones
        require_same(manifest, facts, any_device=True)
    return begin(manifest, facts, any_device=responses.has_all(GRID))


def save(search: AlphaSearch, manifest: Mapping[str, Any], output: Path) -> Point:
    """Write the front with the search's manifest, the picture and the chosen alphas; return the
    chosen point.
    """
    table_2 = search.table_2
    chosen = max(search.front, key=lambda point: point.gain_over(table_2))
    record = {
        **manifest,
        "trials": len(search.points),
        "table 2": _as_json(table_2),
        "chosen": _as_json(chosen),
        "front": [_as_json(point) for point in search.front],
    }
    (output / FRONT_FILE).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    alphas = json.dumps(_as_json(chosen)["alphas"], indent=2)
    (output / ALPHAS_FILE).write_text(alphas + "\n", encoding="utf-8")
    picture = _draw(search, table_2, chosen)
    (output / PICTURE_FILE).write_text(picture, encoding="utf-8")
    return chosen


def _as_json(point: Point) -> dict[str, Any]:
    return {
        "alphas": {strategy.value: alpha for strategy, alpha in point.alphas.items()},
        OVERLAP: point.overlap,
        DIVERSITY: point.diversity,
    }


def _draw(search: AlphaSearch, table_2: Point, chosen: Point) -> str:
    figure, (axes,) = new_chart()
    front = sorted(search.front, key=lambda point: point.overlap)
    axes.scatter(*_coordinates(search.points), color="silver", label="tried")
    axes.plot(*_coordinates(front), marker="o", color="tab:blue", label="front")
    axes.scatter(*_coordinates([table_2]), marker="s", color="tab:orange", label="Table 2")
    axes.scatter(*_coordinates([chosen]), marker="*", s=160, color="tab:red", label="chosen")
    axes.set(xlabel="overlap: BLEU-2", ylabel="diversity: distinct-2")
    axes.legend()
    return as_svg(figure)


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
    parser.add_argument("--conversations", type=positive, help="the first so many; default: all")
    parser.add_argument("--trials", type=positive, default=300, help="Table 2 included")
    parser.add_argument(
        "--all-eight", action="store_true", help="an alpha a strategy; default: Table 2's levels"
    )
    parser.add_argument(
        "--extractor",
        default=EMBEDDED_EXTRACTOR,
        help="of inferred personas: 'embedded', 'rules', a folder or a hub name",
    )
    parser.add_argument("--seed", type=int, default=13, help="of the search and of responses")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Search; print what was chosen; return the exit status."""
    options = build_parser().parse_args(arguments)
    try:
        esconv = options.esconv or find_esconv()
        require_unseen(options.model, options.split, PART, esconv)
        config = config_of(options.model, extractor=options.extractor)
        turns = read_part(config, esconv, options.split, PART, options.conversations)
        generator = PalGenerator.load(
            options.model, cache_bytes=conversations_at_once() * CACHE_BYTES_A_CONVERSATION
        )
        conversations = dict(zip(turns.indices[PART], turns.parts[PART], strict=True))
        responses = AlphaResponses(generator, conversations, options.output, options.seed)
        manifest = begin_search(options, config, turns, responses)
        search = AlphaSearch(
            responses,
            options.output / TRIALS_FILE,
            all_eight=options.all_eight,
            seed=options.seed,
        )
        search.run(options.trials)
        chosen = save(search, manifest, options.output)
    except (PalError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    points = {"table 2": _as_json(search.table_2), "chosen": _as_json(chosen)}
    print(json.dumps({"n": manifest["n"], **points}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
