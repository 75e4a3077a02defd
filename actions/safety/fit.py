"""Makes the classifier: `python -m actions.safety.fit --esconv FILE --empathetic-dialogues FILE
--persona-chat FILE`.

Fine-tunes all-MiniLM-L6-v2 with a LoRA (Hu et al. 2022), and a linear layer on the mean of its
states, on the lines of `utterances/`, and on what seekers of ESConv's training part said and people
who talk of everyday things (EmpatheticDialogues, PERSONA-CHAT), which is taken for harmless unless
the patterns flag it or a reader found it dangerous. Labels are whether a message is dangerous at
all, whether it is so directly (high or imminent), and each kind. A message is judged by its most
dangerous piece, so pieces are learnt from: any of a harmless message first, and in later passes the
one that decided after the first (multiple instance learning), half of them with what is said around
them. Of everyday talk a sample is shown first, and later what of all of it sounds dangerous then.
The threshold of the first label is the one at which classifier and patterns flag a share of
`--false-alarms` of the validation part's turns; that of the second is chosen likewise. The held-out
lines of the tests are never read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from actions.safety.choose_thresholds import RUN_FILE, chosen_by, chosen_for_first
from actions.safety.classifier import save_thresholds
from actions.safety.harmless_turns import DANGEROUS
from actions.safety.labelled import UTTERANCES, Labelled
from actions.safety.lessons import (
    BATCH,
    add_arguments,
    any_pieces,
    batches,
    carelessly,
    deciding_pieces,
    either,
    hand_written,
    harmless_turns,
    target,
)
from actions.safety.risk_model import ADAPTER, RiskModel, RiskReader

_RANK, _WARM_UP = 16, 100
_POSITIVE_WEIGHT = 2.0
_EASY, _EASY_SHOWN = 0.02, 0.2
"""Of the first pass's turns whose risk is found to be no more than that, later ones show that
share."""


@dataclass(frozen=True, slots=True)
class Regimen:
    """How often a classifier is shown its lessons, and how fast it learns.

    Attributes:
        passes: all of them.
        first: so many of them its model has had already.
        rate, head_rate: of the encoder and of the linear layer, if the first pass began with them;
            they fall to nothing over all passes.
        most_norm: of a step's gradient at the encoder; a larger one is scaled down to it.
    """

    passes: int
    first: int
    rate: float
    head_rate: float
    most_norm: float = math.inf

    def rates(self, done: float) -> tuple[float, float]:
        """Return both after so many passes."""
        left = 1 - done / self.passes
        return self.rate * left, self.head_rate * left


NEW = Regimen(passes=3, first=0, rate=1e-3, head_rate=3e-3)
"""A new LoRA."""

FURTHER = replace(NEW, first=1)
"""A LoRA that is trained further."""

ALL_WEIGHTS = Regimen(passes=6, first=1, rate=6e-5, head_rate=3e-4)
"""All matrices of a trained encoder's layers. At three times that rate it forgot."""


class Learner(RiskReader, Protocol):
    """What can be trained: an encoder and a linear layer."""

    @property
    def encoder(self) -> Any:
        """All but the linear layer."""

    @property
    def head(self) -> nn.Linear:
        """It gives the logits."""


def loss_of(model: RiskReader, batch: Sequence[Labelled]) -> Tensor:
    """Return the binary cross-entropy: of harmless messages of `RISK` alone."""
    logits = model.logits([line.text for line in batch])
    labels = torch.tensor([target(line) for line in batch])
    weight = torch.tensor(_POSITIVE_WEIGHT)
    loss = nn.functional.binary_cross_entropy_with_logits(
        logits, labels, pos_weight=weight, reduction="none"
    )
    dangerous = labels[:, :1]
    others = (loss[:, 1:] * dangerous).sum() / (dangerous.sum() * loss[:, 1:].shape[1] + 1e-6)
    return loss[:, 0].mean() + others


def lessons(
    model: RiskModel,
    lines: list[Labelled],
    turns: list[Labelled],
    more: list[Labelled],
    draw: random.Random,
    regimen: Regimen = NEW,
) -> Iterator[list[Labelled]]:
    """Yield what each epoch of a regimen shows.

    Args:
        model: judges, after the first epoch, by which piece a line is dangerous, if it is.
        lines: hand-written ones.
        turns: harmless ones, of which later epochs leave most of those out that are easy by then.
        more: harmless ones, of which later epochs show those that are not easy.
        draw: draws.
        regimen: how many there are.
    """
    if not regimen.first:
        yield any_pieces([*lines, *turns], draw)
    judged_lines = list(zip(lines, deciding_pieces(model, lines), strict=True))
    judged_turns = list(zip(turns, deciding_pieces(model, turns), strict=True))
    hard = zip(more, deciding_pieces(model, more), strict=True)
    judged_turns += [(turn, (risk, piece)) for turn, (risk, piece) in hard if risk > _EASY]
    for _ in range(max(regimen.first, 1), regimen.passes):
        of_lines = [either(line, piece, draw) for line, (_, piece) in judged_lines]
        of_turns = [
            either(turn, piece, draw)
            for turn, (risk, piece) in judged_turns
            if risk > _EASY or draw.random() < _EASY_SHOWN
        ]
        yield [*of_lines, *of_turns]


def fit(
    model: Learner,
    shown: Iterable[list[Labelled]],
    draw: random.Random,
    *,
    regimen: Regimen = NEW,
    in_bfloat16: bool = False,
) -> None:
    """Train those weights of the encoder that are not frozen, and the linear layer.

    Args:
        model: to train.
        shown: what each epoch shows.
        draw: draws the order, and what is written carelessly. What `shown` draws must not come
            from another one of the same seed, or both draw alike.
        regimen: how fast.
        in_bfloat16: see `products`.
    """
    weights = [p for p in model.encoder.parameters() if p.requires_grad]
    groups = [{"params": part} for part in (weights, model.head.parameters())]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    model.encoder.train()
    for epoch, lesson in enumerate(shown, start=regimen.first):
        steps = len(lesson) // BATCH + 1
        warm_up = min(_WARM_UP, max(1, steps // 5)) if epoch == regimen.first else 1
        for number, batch in enumerate(batches(carelessly(lesson, draw), draw)):
            rates = regimen.rates(epoch + number / steps)
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * min(1, (number + 1) / warm_up)
            with products(in_bfloat16):
                loss = loss_of(model, batch)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(weights, regimen.most_norm)
            optimiser.step()
            if number % 50 == 0:
                print(
                    f"pass {epoch + 1}: {number} of {steps}, loss {loss.item():.3f}",
                    file=sys.stderr,
                    flush=True,
                )
    model.encoder.eval()


def products(in_bfloat16: bool) -> AbstractContextManager[Any]:
    """Return in what matrices are multiplied: bfloat16, or as they are."""
    return torch.autocast("cpu", torch.bfloat16) if in_bfloat16 else nullcontext()


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, choose the threshold, write; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m actions.safety.fit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    parser.add_argument(
        "--start-from",
        type=Path,
        help="a classifier whose later passes are made once more, with the lines there are now",
    )
    parser.add_argument(
        "--all-weights",
        action="store_true",
        help="with --start-from: train all matrices of the encoder's layers in five passes, and "
        "keep the nearest LoRA",
    )
    parser.add_argument("--output", type=Path, default=ADAPTER)
    options = parser.parse_args(arguments)
    if options.all_weights and options.start_from is None:
        parser.error("--all-weights trains a classifier further: say which with --start-from.")
    turns, more = harmless_turns(options, random.Random(options.seed))  # noqa: S311
    lines = hand_written()
    torch.manual_seed(options.seed)
    model, regimen = _begun(options)
    torch.manual_seed(options.seed)
    draw = random.Random(options.seed)  # noqa: S311  (repeatable, no secret)
    shown = lessons(model, lines, turns, more, draw, regimen)
    fit(model, shown, draw, regimen=regimen, in_bfloat16=options.bfloat16)
    save(model, options, {"lines": len(lines), "harmless_turns": len(turns) + len(more)})
    return 0


def _begun(options: argparse.Namespace) -> tuple[RiskModel, Regimen]:
    """Return the model to train, and how."""
    if options.start_from is None:
        return RiskModel.untrained(_RANK), NEW
    if not options.all_weights:
        return RiskModel.load(options.start_from, trainable=True), FURTHER
    return RiskModel.load(options.start_from).with_all_weights(), ALL_WEIGHTS


def _started_from(folder: Path) -> Any:
    """Return what the classifier in a folder was made of."""
    return json.loads((folder / RUN_FILE).read_text("utf-8"))


def save(model: RiskModel, options: argparse.Namespace, counts: dict[str, int]) -> None:
    """Write the model, choose its thresholds, and write what it was made of."""
    model.save(options.output)
    # As it is read back: rounded, and all weights as a LoRA of a lower rank.
    save_thresholds(options.output, chosen_for_first(options.output, options))
    run = {
        "seed": options.seed,
        "start_from": options.start_from and _started_from(options.start_from),
        "all_weights": options.all_weights,
        "bfloat16": options.bfloat16,
        **counts,
        **chosen_by(options),
        "data": hashes(options),
    }
    (options.output / RUN_FILE).write_text(json.dumps(run, indent=2) + "\n", "utf-8")
    print(f"{options.output}: {counts}")


def hashes(options: argparse.Namespace) -> dict[str, str]:
    """Return the SHA-256 of each file that was learnt from, by name."""
    files = [options.esconv, options.empathetic_dialogues, options.persona_chat]
    files += [DANGEROUS, *sorted(UTTERANCES.glob("*.tsv"))]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


if __name__ == "__main__":
    sys.exit(main())
