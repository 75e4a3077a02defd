"""Does the persona earn its place? `python -m training.ablate --output FOLDER`

Trains the paper's baselines and PAL on the same backbone, the same conversations and as many of
them, then measures all of them and the untrained backbone: perplexity of the human responses and
accuracy of the strategy, on the test part with the right persona, another seeker's and none, on the
validation part as each was trained. What is done is kept; a run that was stopped goes on. Prints a
table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pal_model import PalError
from pal_model.embedded import find_model
from training.arguments import positive
from training.finetune_pal import fit
from training.fitting import RECIPE_FILE, RUN_FILE, require_same_run
from training.manifest import OtherRunError, begin
from training.predictions import drop_cut_line
from training.provenance import environment, file_hash, folder_hashes
from training.readers.esconv import SPLIT_FILE, find_esconv
from training.run_config import RunConfig
from training.score import Scorer

RECIPES = Path(__file__).parent / "recipes"
FORMS = {
    "blenderbot_joint": "Blenderbot-Joint form: never a persona",
    "raw_utterances": "PAL, the seeker's utterances as persona",
    "embedded": "PAL",
    "hard_prompt": "Hard Prompt form",
}
"""Recipes, and what they stand for."""

UNTRAINED = "backbone untouched"
VALID, TEST = PARTS = ("valid", "test")
SCORES = "scores.jsonl"
MANIFEST = "ablation_run.json"

_HEADER = (
    "| form | persona | " + " | ".join(f"{p}: a token | a word | strategy" for p in PARTS),
    " | trained on, tokens | min |",
)


@dataclass(frozen=True, slots=True)
class Ablation:
    """What is to be compared, and where it is kept.

    Attributes:
        output: folder of the runs and of their scores.
        train_conversations: that each form learns from, once.
        score_conversations: of each part that is measured, the first ones; None for all.
        settings: such as "base_model=FOLDER", for every form.
        forms: the recipes that take part, of FORMS.
    """

    output: Path
    train_conversations: int
    score_conversations: int | None
    settings: tuple[str, ...] = ()
    forms: tuple[str, ...] = tuple(FORMS)

    def config(self, recipe: str) -> RunConfig:
        """Return the run of a form."""
        budget = f"data.train_conversations={self.train_conversations}"
        return RunConfig.load(RECIPES / f"{recipe}.yaml", [budget, *self.settings])

    def begin(self) -> None:
        """Write what is compared, or make sure that what was begun is the same.

        Raises:
            OtherRunError: what was begun had another budget, other settings, data or backbone.
        """
        config = self.config("embedded")
        esconv = config.data.esconv or find_esconv()
        splits = esconv.with_name(SPLIT_FILE)
        facts = {
            "train_conversations": self.train_conversations,
            "settings": sorted(self.settings),
            "base_model": folder_hashes(Path(find_model(config.base_model))),
            "data": {file.name: file_hash(file) for file in (esconv, splits)},
            "environment": environment(),
        }
        manifest, scores = self.output / MANIFEST, self.output / SCORES
        if scores.exists() and not manifest.exists():
            raise OtherRunError(
                f"{scores} is of an earlier version, whose wrong personas were others. Name "
                "another folder, or delete that file: the models that were trained are kept."
            )
        begin(manifest, facts)

    def train(self, recipe: str) -> Path:
        """Train a form unless that is done; return its folder.

        Raises:
            RecipeError: it was trained by another recipe, such as one of an earlier version.
        """
        folder, config = self.output / recipe, self.config(recipe)
        if (folder / RUN_FILE).exists():
            require_same_run(RunConfig.load(folder / RECIPE_FILE), config, folder)
        else:
            fit(config, folder, (folder / RECIPE_FILE).exists())
        return folder

    def scores(self, model: str, config: RunConfig) -> Iterator[dict[str, Any]]:
        """Yield the scores of a model on every part and condition; measure what is missing."""
        kept = self.output / SCORES
        drop_cut_line(kept)
        lines = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
        known = {_key(score): score for score in map(json.loads, lines)}
        scorer: Scorer | None = None
        for part in PARTS:
            conditions = Scorer.conditions_of(config)
            wanted = conditions[:1] if part == VALID else conditions
            keys = [(model, part, self.score_conversations, condition) for condition in wanted]
            missing = [key for key in keys if key not in known]
            if missing:
                scorer = scorer or Scorer(model, config.data)
                for score in self._measured(scorer, part, [key[-1] for key in missing]):
                    known[_key(score)] = score
                    with kept.open("a", encoding="utf-8") as sink:
                        sink.write(json.dumps(score) + "\n")
            yield from (known[key] for key in keys)

    def _measured(
        self, scorer: Scorer, part: str, conditions: Sequence[str]
    ) -> Iterator[dict[str, Any]]:
        data = scorer.config.data
        turns = scorer.read(data.esconv, data.split, part, self.score_conversations)
        for condition in conditions:
            score = asdict(scorer.score(turns, condition, 1))
            yield score | {"part": part, "conversations": self.score_conversations}


def _key(score: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(score[name] for name in ("model", "part", "conversations", "condition"))


def table(ablation: Ablation) -> Iterator[str]:
    """Train and measure all that is missing; yield the lines of the table."""
    yield "".join(_HEADER)
    yield "|" + "---|" * (2 + 3 * len(PARTS) + 2)
    untrained = ablation.config("embedded")
    yield from _rows(UNTRAINED, ("", ""), ablation.scores(untrained.base_model, untrained))
    for recipe in ablation.forms:
        folder = ablation.train(recipe)
        facts = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
        epochs = ablation.config(recipe).optimiser.epochs
        minutes = f"{facts['seconds'] / 60:.0f}" if "seconds" in facts else "unknown"
        cost = (f"{epochs * facts['tokens_an_epoch']:,.0f}", minutes)
        yield from _rows(FORMS[recipe], cost, ablation.scores(str(folder), ablation.config(recipe)))


def _rows(name: str, cost: Sequence[str], scores: Iterator[dict[str, Any]]) -> Iterator[str]:
    cells = {(score["condition"], score["part"]): _cells(score) for score in scores}
    for condition in (condition for condition, part in cells if part == TEST):
        both = [cell for part in PARTS for cell in cells.get((condition, part), ("",) * 3)]
        yield "| " + " | ".join((name, condition, *both, *cost)) + " |"


def _cells(score: dict[str, Any]) -> tuple[str, str, str]:
    return (
        f"{score['token_perplexity']:.2f}",
        f"{score['word_perplexity']:.2f}",
        f"{100 * score['strategy_accuracy']:.1f} % of {score['turns']}",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m training.ablate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--output", type=Path, required=True, help="folder of runs and scores")
    parser.add_argument("--train-conversations", type=positive, default=120, help="for each form")
    parser.add_argument("--score-conversations", type=positive, help="of each part; default: all")
    parser.add_argument(
        "--set", action="append", metavar="SECTION.SETTING=VALUE", help="for every form"
    )
    parser.add_argument(
        "--forms", nargs="+", choices=FORMS, default=list(FORMS), help="default: all of them"
    )
    options = parser.parse_args(arguments)
    ablation = Ablation(
        options.output,
        options.train_conversations,
        options.score_conversations,
        tuple(options.set or ()),
        tuple(options.forms),
    )
    try:
        ablation.begin()
        for line in table(ablation):
            print(line, flush=True)
    except (PalError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
