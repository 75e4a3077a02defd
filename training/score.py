"""What responses of ESConv are worth to a checkpoint: `python -m training.score FOLDER ...`.

Perplexity of the human responses, and accuracy of the strategy, with the seeker's own persona,
another seeker's, and none. A model that gains from its own persona and not from another's uses it;
one that gains from both has learnt a style. Intervals are of a bootstrap over conversations; a
later model is compared with the first turn by turn, see `training.intervals`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pal_model import ModelLoadError, PalError
from pal_model.checkpoint import is_encoder_decoder
from pal_model.configuration import CONFIG_FILE, PalConfig
from pal_model.embedded import find_model

# isort: split
import numpy as np
import torch
from peft import LoraConfig, PeftConfig
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from training.arguments import positive
from training.esconv_turns import EsconvTurns, read_turns
from training.examples import SupporterTurn, with_wrong_personas, without_personas
from training.fitting import RECIPE_FILE
from training.forms import load_form
from training.intervals import Floats, SumMetric, interval, paired_difference, ratio
from training.json_output import print_each
from training.metrics import perplexity
from training.packing import IGNORED
from training.readers.esconv import find_esconv, has_personas
from training.recipe import LoraSettings
from training.run_config import DataSettings, RunConfig
from training.stages import annotating_extractor
from training.unseen import require_unseen

CONDITIONS = ("right", "wrong", "none")


class ScoreError(PalError):
    """A condition under which nothing can be measured, or a part with nothing to measure."""


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
        token_perplexity_interval, strategy_accuracy_interval: 95 %; None of one conversation.
    """

    model: str
    condition: str
    turns: int
    token_perplexity: float
    token_perplexity_with_strategy: float
    word_perplexity: float
    strategy_accuracy: float
    token_perplexity_interval: tuple[float, float] | None
    strategy_accuracy_interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Counts:
    """What a checkpoint makes of conversations under one condition, (conversations,) each.

    Attributes:
        loss, tokens: of the responses, in nats; without their strategies' names.
        name_loss, name_tokens: of the names.
        right, turns: strategies that are right, of how many.
        words: of the responses.
    """

    loss: Floats
    tokens: Floats
    name_loss: Floats
    name_tokens: Floats
    right: Floats
    turns: Floats
    words: Floats

    def metrics(self) -> dict[str, SumMetric]:
        """Return what `Score` has of them."""
        with_names = (self.loss + self.name_loss, self.tokens + self.name_tokens)
        return {
            "token_perplexity": _perplexity(self.loss, self.tokens),
            "token_perplexity_with_strategy": _perplexity(*with_names),
            "word_perplexity": _perplexity(self.loss, self.words),
            "strategy_accuracy": SumMetric(np.stack([self.right, self.turns], axis=1), ratio),
        }

    def score(self, model: str, condition: str) -> Score:
        """Return what they come to."""
        metrics = self.metrics()
        conversations = range(len(self.turns))
        return Score(
            model=model,
            condition=condition,
            turns=int(self.turns.sum()),
            token_perplexity=metrics["token_perplexity"].value,
            token_perplexity_with_strategy=metrics["token_perplexity_with_strategy"].value,
            word_perplexity=metrics["word_perplexity"].value,
            strategy_accuracy=metrics["strategy_accuracy"].value,
            token_perplexity_interval=interval([metrics["token_perplexity"]], conversations),
            strategy_accuracy_interval=interval([metrics["strategy_accuracy"]], conversations),
        )


def _perplexity(loss: Floats, count: Floats) -> SumMetric:
    return SumMetric(
        np.stack([loss, count], axis=1), lambda sums: perplexity(sums[..., 0], sums[..., 1])
    )


def compare(ours: Counts, theirs: Counts, *, same_tokens: bool) -> dict[str, dict[str, Any]]:
    """Return how much more `ours` has of each metric than `theirs`, with interval and p.

    Args:
        ours: of a model under a condition.
        theirs: of another, on the same turns.
        same_tokens: both have one tokenizer, so that a token's perplexity can be compared, too.

    Raises:
        ValueError: they are not of the same turns.
    """
    if not (np.array_equal(ours.turns, theirs.turns) and np.array_equal(ours.words, theirs.words)):
        raise ValueError("Two models cannot be compared: they were measured on other turns.")
    metrics, others = ours.metrics(), theirs.metrics()
    names = ["word_perplexity", "strategy_accuracy", *["token_perplexity"] * same_tokens]
    return {
        name: asdict(paired_difference([metrics[name]], [others[name]], range(len(ours.turns))))
        for name in names
    }


def config_of(
    name: str, data: DataSettings | None = None, extractor: str | None = None
) -> RunConfig:
    """Return how a folder that `training.finetune_pal` wrote was trained, to be loaded again; of a
    checkpoint without a recipe, how it is served; of a base model, a run that has learnt nothing.

    Args:
        name: of the base model, or the folder.
        data: what a base model is measured on; a folder says so itself.
        extractor: of inferred personas; None for the one whose personas the model was trained on.
    """
    folder = Path(find_model(name))
    recipe = folder / RECIPE_FILE
    if recipe.exists():
        config = RunConfig.load(recipe).model_copy(update={"start_from": folder})
        if config.data.persona == "annotated":
            extractor = extractor or annotating_extractor(model=name)
    else:
        config = _config_without_recipe(name, folder, data or DataSettings())
    if extractor is None:
        return config
    settings = config.data.model_copy(update={"extractor": extractor})
    return config.model_copy(update={"data": settings})


def measured_on(config: RunConfig, esconv: Path | None) -> RunConfig:
    """Return how a model is measured on a file. Personas that it was trained on were perhaps
    annotated, once for all runs; where `esconv` (None: where it is found) has none, they are
    inferred: by the same extractor, unless another was asked for.
    """
    if config.data.persona != "annotated" or has_personas(esconv or find_esconv()):
        return config
    data = config.data.model_copy(update={"persona": "inferred"})
    return config.model_copy(update={"data": data})


def _config_without_recipe(name: str, folder: Path, data: DataSettings) -> RunConfig:
    served = PalConfig.load(folder)
    form: dict[str, Any] = {"persona_form": served.persona_form}
    if is_encoder_decoder(name):
        form = {"persona_form": "fused", "lora": None, "start_from": name}
    elif served.base_model is not None:
        form |= {"base_model": served.base_model, "start_from": folder}
    return RunConfig.model_validate(
        {
            "base_model": name,
            "data": data,
            "max_history_tokens": served.max_history_tokens,
            "max_persona_tokens": served.max_persona_tokens,
            **form,
        }
    )


def _with_own_lora(config: RunConfig) -> RunConfig:
    """Return how a model is loaded, with the settings of the LoRA in its folder, if there is one:
    without a recipe nothing else tells them.

    Raises:
        ModelLoadError: there is none, or one of another kind than is trained here.
    """
    folder = config.start_from
    if folder is None or config.lora is None or (folder / RECIPE_FILE).exists():
        return config
    try:
        delta = PeftConfig.from_pretrained(str(folder))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelLoadError(
            f"Cannot load the model '{folder}': {error} Its {CONFIG_FILE} names a base model, so "
            "that it must hold a LoRA: restore that."
        ) from error
    others = ("use_rslora", "use_dora", "rank_pattern", "alpha_pattern")
    if not isinstance(delta, LoraConfig) or any(getattr(delta, name) for name in others):
        raise ModelLoadError(
            f"The perplexity of '{folder}' cannot be measured: its delta is no plain LoRA. Merge "
            "it into its base model, or leave perplexity out."
        )
    lora = LoraSettings(rank=delta.r, alpha=delta.lora_alpha)
    return config.model_copy(update={"lora": lora})


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
        ScoreError: there is nothing to respond to.
    """
    data = measured_on(config, esconv).data
    turns = read_turns(
        esconv,
        split,
        (part,),
        data.persona,
        data.extractor,
        limits={part: limit},
        consecutive=consecutive,
    )
    if not any(turns.parts[part]):
        raise ScoreError(
            f"{split}/{part} has {len(turns.parts[part])} conversations and no turn of a "
            "supporter's. Name another part, or take more conversations."
        )
    return turns


def require_others(conversations: Sequence[Sequence[SupporterTurn]], *conditions: str) -> None:
    """Make sure that "wrong", if it is asked for, does not come to a seeker's own persona.

    Raises:
        ScoreError: there is no other seeker.
    """
    if "wrong" in conditions and len(conversations) < 2:
        raise ScoreError(
            f"The persona 'wrong' is another seeker's, and conversations are {len(conversations)}. "
            "Take 2 or more, or ask for 'right' and 'none' alone."
        )


class Scorer:
    """One checkpoint, ready to be measured."""

    def __init__(
        self, name: str, data: DataSettings | None = None, extractor: str | None = None
    ) -> None:
        """Load a base model, or a folder that `training.finetune_pal` wrote; see `config_of`.

        Raises:
            ModelLoadError: it is neither.
        """
        self.name = name
        self.config = config_of(name, data, extractor)
        try:
            self._form = load_form(_with_own_lora(self.config))
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelLoadError(
                f"Cannot load the model {name!r}: {error} Name a base model, or a folder that "
                "training.finetune_pal wrote to the end."
            ) from error
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
        return self.count(conversations, condition, batch_size).score(self.name, condition)

    def count(
        self, conversations: Sequence[Sequence[SupporterTurn]], condition: str, batch_size: int
    ) -> Counts:
        """Measure one condition on the turns of `conversations`, conversation by conversation."""
        rows = [
            (index, row)
            for index, of_one in enumerate(self.with_personas(conversations, condition))
            for row in self._form.rows([of_one], 0)
        ]
        rows.sort(key=lambda indexed: len(indexed[1]))
        sums = torch.zeros(len(conversations), 6, dtype=torch.float64)  # see `_sums`
        for start in tqdm(range(0, len(rows), batch_size), desc=condition, file=sys.stderr):
            indices, batch = zip(*rows[start : start + batch_size], strict=True)
            sums.index_add_(0, torch.tensor(indices), self._sums(batch))
        loss, tokens, name_loss, name_tokens, right, turns = sums.T.numpy()
        words = [sum(len(turn.response.split()) for turn in of_one) for of_one in conversations]
        return Counts(
            loss, tokens, name_loss, name_tokens, right, turns, np.array(words, dtype=np.float64)
        )

    @staticmethod
    def with_personas(
        conversations: Sequence[Sequence[SupporterTurn]], condition: str
    ) -> list[list[SupporterTurn]]:
        """Return the turns with the right personas, another seeker's ("wrong"), or none.

        Raises:
            ScoreError: as `require_others`.
        """
        require_others(conversations, condition)
        if condition == "right":
            return [list(turns) for turns in conversations]
        if condition == "wrong":
            return with_wrong_personas(conversations)
        return [without_personas(turns) for turns in conversations]

    @torch.inference_mode()
    def _sums(self, rows: Sequence[Any]) -> Tensor:
        """Return of each row: loss and number of the responses' tokens, the same of the names of
        strategies, strategies that are right, turns; (rows, 6).
        """
        batch = {n: tensor.to(self._device) for n, tensor in self._form.collate(rows).items()}
        logits, labels = self._form.logits(self._form.model, batch), batch["labels"]
        is_name = batch["is_name"]
        sums = []
        for chosen in ((labels != IGNORED) & ~is_name, is_name):
            loss = torch.zeros(labels.shape, dtype=torch.float64, device=self._device)
            loss[chosen] = F.cross_entropy(
                logits[chosen].float(), labels[chosen], reduction="none"
            ).double()
            sums += [loss.sum(dim=1), chosen.sum(dim=1)]
        begins_name = is_name.clone()
        begins_name[:, 1:] &= ~is_name[:, :-1]
        right = torch.zeros_like(begins_name)
        likeliest = self._strategies[logits[begins_name][:, self._strategies].argmax(dim=-1)]
        right[begins_name] = likeliest == labels[begins_name]
        sums += [right.sum(dim=1), begins_name.sum(dim=1)]
        return torch.stack([value.double() for value in sums], dim=1).cpu()


def build_parser() -> argparse.ArgumentParser:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m training.score", description=__doc__)
    parser.add_argument("models", nargs="+", help="base models, or folders of fine-tuning")
    parser.add_argument("--esconv", type=Path, help="ESConv.json; default: where it is found")
    parser.add_argument("--split", default="pal")
    parser.add_argument("--part", default="valid", choices=("valid", "test"))
    parser.add_argument("--conversations", type=positive, help="the first so many; default: all")
    parser.add_argument(
        "--conditions", nargs="+", choices=CONDITIONS, default=CONDITIONS, help="default: all"
    )
    parser.add_argument(
        "--extractor", help="of personas; default: the one that each model was trained with"
    )
    parser.add_argument("--batch-size", type=positive, default=1, help="rows a forward pass")
    parser.add_argument("--output", type=Path, help="JSON lines; default: standard output alone")
    return parser


def scores(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield the score of each model under each condition that suits it.

    "against_right" says what it has more than with the right persona; "against_first", of a later
    model, what it has more than the first one under the same condition, or with no persona if the
    first never saw any.

    Raises:
        OverlapError: a model was trained on what it is to be measured on.
        PalError: a model or the corpus cannot be used.
    """
    esconv = options.esconv or find_esconv()
    for name in options.models:
        require_unseen(name, options.split, options.part, esconv)
    read: dict[tuple[str, str], list[list[SupporterTurn]]] = {}
    first: dict[str, Counts] = {}
    first_base: str | None = None
    for number, name in enumerate(options.models):
        scorer = Scorer(name, extractor=options.extractor)
        source = (scorer.config.data.persona, scorer.config.data.extractor)
        if source not in read:
            read[source] = scorer.read(esconv, options.split, options.part, options.conversations)
        wanted = [c for c in scorer.conditions() if c in options.conditions]
        if not wanted:
            print(f"{name} never saw a persona: left out, name 'none'", file=sys.stderr)
        require_others(read[source], *wanted)
        own: dict[str, Counts] = {}
        for condition in wanted:
            own[condition] = scorer.count(read[source], condition, options.batch_size)
            score = asdict(own[condition].score(name, condition))
            if condition != "right" and "right" in own:
                score["against_right"] = compare(own[condition], own["right"], same_tokens=True)
            if number and (theirs := _counterpart(first, condition)):
                same = scorer.config.base_model == first_base
                found = compare(own[condition], first[theirs], same_tokens=same)
                score["against_first"] = {"condition": theirs, **found}
            yield score
        if not number:
            first, first_base = own, scorer.config.base_model


def _counterpart(first: Mapping[str, Counts], condition: str) -> str | None:
    """Return the condition of the first model that one of another is compared with."""
    if condition in first:
        return condition
    return "none" if set(first) == {"none"} else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each model; print a JSON line for each condition."""
    options = build_parser().parse_args(arguments)
    return print_each(scores(options), options.output)


if __name__ == "__main__":
    sys.exit(main())
