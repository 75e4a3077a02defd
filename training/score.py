"""What responses of ESConv are worth to a checkpoint: `python -m training.score FOLDER ...`.

Perplexity of the human responses, and accuracy of the strategy, with the seeker's own persona,
another seeker's, and none. A model that gains from its own persona and not from another's uses it;
one that gains from both has learnt a style.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pal_model import PalError
from pal_model.embedded import find_model

# isort: split
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from training.esconv_turns import EsconvTurns, read_turns
from training.examples import SupporterTurn, with_personas_of
from training.fitting import RECIPE_FILE
from training.forms import load_form
from training.packing import IGNORED
from training.run_config import DataSettings, RunConfig

CONDITIONS = ("right", "wrong", "none")


@dataclass(frozen=True, slots=True)
class Score:
    """What a checkpoint makes of a set of responses under one condition.

    Attributes:
        turns: number of responses, n.
        token_perplexity: exp of the loss a token of the response, its end included, its strategy's
            name not; comparable within one tokenizer.
        token_perplexity_with_strategy: the same with the strategy's name, which PAL's script counts
            too (of a response it counts 16 tokens at most; here all count).
        word_perplexity: the same over the number of words, which white space separates;
            comparable across tokenizers.
        strategy_accuracy: share of turns whose most probable strategy is the supporter's.
    """

    model: str
    condition: str
    turns: int
    token_perplexity: float
    token_perplexity_with_strategy: float
    word_perplexity: float
    strategy_accuracy: float


def config_of(
    name: str, data: DataSettings | None = None, extractor: str | None = None
) -> RunConfig:
    """Return how a folder that `training.finetune_pal` wrote was trained, to be loaded again; of a
    base model, a run that has learnt nothing.

    Args:
        name: of the base model, or the folder.
        data: what a base model is measured on; a folder says so itself.
        extractor: of inferred personas; None for the one that the model was trained with.
    """
    folder = Path(find_model(name))
    recipe = folder / RECIPE_FILE
    if recipe.exists():
        config = RunConfig.load(recipe).model_copy(update={"start_from": folder})
    else:
        config = RunConfig(base_model=name, data=data or DataSettings())
    if extractor is None:
        return config
    settings = config.data.model_copy(update={"extractor": extractor})
    return config.model_copy(update={"data": settings})


def read_part(
    config: RunConfig,
    esconv: Path | None,
    split: str,
    part: str,
    limit: int | None,
    *,
    consecutive: bool = False,
) -> EsconvTurns:
    """Read a part of ESConv with such personas as a model was trained on.

    Args:
        config: of the model.
        esconv: ESConv.json; None for where it is found.
        split: such as "pal".
        part: such as "test".
        limit: number of conversations at most, the first ones.
        consecutive: as `supporter_turns` takes it.

    Raises:
        CorpusError: as `read_turns`.
    """
    data = config.data
    limits = {part: limit}
    return read_turns(
        esconv,
        split,
        (part,),
        data.persona,
        data.extractor,
        limits=limits,
        consecutive=consecutive,
    )


class Scorer:
    """One checkpoint, ready to be measured."""

    def __init__(
        self, name: str, data: DataSettings | None = None, extractor: str | None = None
    ) -> None:
        """Load a base model, or a folder that `training.finetune_pal` wrote; see `config_of`."""
        self.name = name
        self.config = config_of(name, data, extractor)
        self._form = load_form(self.config)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._form.model.to(self._device).eval()
        self._strategies = torch.tensor(self._form.first_strategy_ids, device=self._device)

    def conditions(self) -> tuple[str, ...]:
        """See `conditions_of`."""
        return self.conditions_of(self.config)

    @staticmethod
    def conditions_of(config: RunConfig) -> tuple[str, ...]:
        """A model that never saw a persona is measured without one alone."""
        return ("none",) if config.data.persona == "none" else CONDITIONS

    def read(
        self, esconv: Path | None, split: str, part: str, limit: int | None
    ) -> list[list[SupporterTurn]]:
        """Return the turns of `read_part` alone."""
        return read_part(self.config, esconv, split, part, limit).parts[part]

    def score(
        self, conversations: Sequence[Sequence[SupporterTurn]], condition: str, batch_size: int
    ) -> Score:
        """Measure one condition on the turns of `conversations`."""
        sums = torch.zeros(6, dtype=torch.float64)  # see `_sums`
        rows = self._form.rows(self.with_personas(conversations, condition), 0)
        rows = sorted(rows, key=len)
        for start in tqdm(range(0, len(rows), batch_size), desc=condition, file=sys.stderr):
            sums += self._sums(rows[start : start + batch_size])
        loss, tokens, name_loss, name_tokens, right, turns = sums.tolist()
        words = sum(len(turn.response.split()) for turns_ in conversations for turn in turns_)
        return Score(
            model=self.name,
            condition=condition,
            turns=int(turns),
            token_perplexity=math.exp(loss / tokens),
            token_perplexity_with_strategy=math.exp((loss + name_loss) / (tokens + name_tokens)),
            word_perplexity=math.exp(loss / words),
            strategy_accuracy=right / turns,
        )

    @staticmethod
    def with_personas(
        conversations: Sequence[Sequence[SupporterTurn]], condition: str
    ) -> list[list[SupporterTurn]]:
        """Return the turns with the right personas, another seeker's ("wrong"), or none."""
        if condition == "right":
            return [list(turns) for turns in conversations]
        none: Sequence[SupporterTurn] = ()
        following = [*conversations[1:], conversations[0]]
        return [
            with_personas_of(turns, others if condition == "wrong" else none)
            for turns, others in zip(conversations, following, strict=True)
        ]

    @torch.inference_mode()
    def _sums(self, rows: Sequence[Any]) -> Tensor:
        """Return of some rows: loss and number of the responses' tokens, the same of the names of
        strategies, strategies that are right, turns; (6,).
        """
        batch = {n: tensor.to(self._device) for n, tensor in self._form.collate(rows).items()}
        logits, labels = self._form.logits(self._form.model, batch), batch["labels"]
        is_name = batch["is_name"]
        sums = []
        for chosen in ((labels != IGNORED) & ~is_name, is_name):
            loss = F.cross_entropy(logits[chosen].float(), labels[chosen], reduction="sum")
            sums += [loss, chosen.sum()]
        begins_name = is_name.clone()
        begins_name[:, 1:] &= ~is_name[:, :-1]
        likeliest = self._strategies[logits[begins_name][:, self._strategies].argmax(dim=-1)]
        sums += [(likeliest == labels[begins_name]).sum(), begins_name.sum()]
        return torch.stack([value.double() for value in sums]).cpu()


def build_parser() -> argparse.ArgumentParser:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m training.score", description=__doc__)
    parser.add_argument("models", nargs="+", help="base models, or folders of fine-tuning")
    parser.add_argument("--esconv", type=Path, help="ESConv.json; default: see training.esconv")
    parser.add_argument("--split", default="pal")
    parser.add_argument("--part", default="valid", choices=("valid", "test"))
    parser.add_argument("--conversations", type=int, help="the first so many; default: all")
    parser.add_argument("--batch-size", type=int, default=1, help="rows a forward pass")
    parser.add_argument("--output", type=Path, help="JSON lines; default: standard output alone")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each model; print a JSON line for each condition."""
    options = build_parser().parse_args(arguments)
    try:
        for name in options.models:
            scorer = Scorer(name)
            turns = scorer.read(options.esconv, options.split, options.part, options.conversations)
            for condition in scorer.conditions():
                line = json.dumps(asdict(scorer.score(turns, condition, options.batch_size)))
                print(line, flush=True)
                if options.output:
                    with options.output.open("a", encoding="utf-8") as sink:
                        sink.write(line + "\n")
    except (PalError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
