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
import random
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from actions.safety.classifier import (
    ADAPTER,
    DIRECT,
    OUTPUTS,
    RISK,
    SURE,
    RiskClassifier,
    RiskModel,
    save_thresholds,
)
from actions.safety.harmless_turns import (
    DANGEROUS,
    chatted_turns,
    dialogue_turns,
    seeker_turns,
    without_dangerous,
)
from actions.safety.labelled import UTTERANCES, Labelled, read_labelled
from actions.safety.patterns import assess_text
from actions.safety.pieces import Span, pieces, surroundings
from actions.safety.risk import NO_RISK, RiskLevel

RUN_FILE = "training_run.json"
_RANK, _BATCH, _WARM_UP, _READ_AT_ONCE = 16, 32, 100, 64
_POSITIVE_WEIGHT = 2.0
_DIRECT, _KIND = 0.5, 0.5
_CARELESS = 0.15
"""Share of what is shown without its apostrophes and commas, as many people write."""

_ALONE = 0.5
"""Share of pieces that are shown without what is around them. Shown pieces alone, it took whatever
was long for danger: dangerous lines were the only long ones.
"""

_TOLD, _ANSWERED, _CHATTED = 4_000, 4_000, 8_000
"""Messages of those who tell and of those who listen in EmpatheticDialogues, and of PERSONA-CHAT,
that the first pass shows. Beside fewer of them it took facts of the day, such as an address, for
danger.
"""

_FALSE_DIRECTS = 0.002
"""Share of turns that the classifier alone may take for outright danger: the words for it would be
strange ones, and people on duty are told."""

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
    """

    passes: int
    first: int
    rate: float
    head_rate: float

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


def target(line: Labelled) -> list[float]:
    """Return a line's labels, in the order of `OUTPUTS`."""
    is_dangerous = line.level > RiskLevel.NONE
    first = (is_dangerous, line.level >= RiskLevel.HIGH)
    return [float(label) for label in (*first, *(kind in line.kinds for kind in OUTPUTS[2:]))]


def batches(examples: list[Labelled], draw: random.Random) -> Iterator[list[Labelled]]:
    """Yield an epoch of batches of messages of like length."""
    draw.shuffle(examples)
    found: list[list[Labelled]] = []
    for start in range(0, len(examples), 20 * _BATCH):
        alike = sorted(examples[start : start + 20 * _BATCH], key=lambda line: len(line.text))
        found += [alike[i : i + _BATCH] for i in range(0, len(alike), _BATCH)]
    draw.shuffle(found)
    yield from found


def loss_of(model: RiskModel, batch: Sequence[Labelled]) -> Tensor:
    """Return the binary cross-entropy: of harmless messages of `RISK` alone."""
    logits = model.logits([line.text for line in batch])
    labels = torch.tensor([target(line) for line in batch])
    weight = torch.tensor(_POSITIVE_WEIGHT)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, labels, pos_weight=weight, reduction="none"
    )
    dangerous = labels[:, :1]
    others = (loss[:, 1:] * dangerous).sum() / (dangerous.sum() * loss[:, 1:].shape[1] + 1e-6)
    return loss[:, 0].mean() + others


def any_pieces(lines: Sequence[Labelled], draw: random.Random) -> list[Labelled]:
    """Return any piece of each harmless line, every other in its surroundings, and the dangerous
    lines whole.
    """
    found = []
    for line in lines:
        spans = [] if line.kinds else pieces(line.text)
        found.append(_either(line, draw.choice(spans), draw) if spans else line)
    return found


def deciding_pieces(model: RiskModel, lines: Sequence[Labelled]) -> list[tuple[float, Span | None]]:
    """Return of each line the probability of a risk, and the piece by which it is judged, if it has
    any.
    """
    spans = [(n, span) for n, line in enumerate(lines) for span in pieces(line.text)]
    spans.sort(key=lambda piece: piece[1][1] - piece[1][0])
    decided: list[tuple[float, Span | None]] = [(0.0, None) for _ in lines]
    model.encoder.eval()
    with torch.inference_mode():
        for start in range(0, len(spans), _READ_AT_ONCE):
            some = spans[start : start + _READ_AT_ONCE]
            logits = model.logits([lines[n].text[slice(*span)].strip() for n, span in some])[:, 0]
            for (n, span), risk in zip(some, torch.sigmoid(logits).tolist(), strict=True):
                if risk > decided[n][0]:
                    decided[n] = (risk, span)
    model.encoder.train()
    return decided


def _either(line: Labelled, piece: Span | None, draw: random.Random) -> Labelled:
    """Return a piece alone or in its surroundings, for it is judged by both; all of a line without
    one.
    """
    if piece is None:
        return line
    span = piece if draw.random() < _ALONE else surroundings(line.text, piece)
    return replace(line, text=line.text[slice(*span)].strip())


def carelessly(lesson: Sequence[Labelled], draw: random.Random) -> list[Labelled]:
    """Return the lines, some of them as people write who leave out apostrophes and commas."""
    return [
        replace(line, text=re.sub("[\u2019',]", "", line.text))
        if draw.random() < _CARELESS
        else line
        for line in lesson
    ]


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
        of_lines = [_either(line, piece, draw) for line, (_, piece) in judged_lines]
        of_turns = [
            _either(turn, piece, draw)
            for turn, (risk, piece) in judged_turns
            if risk > _EASY or draw.random() < _EASY_SHOWN
        ]
        yield [*of_lines, *of_turns]


def fit(
    model: RiskModel,
    lines: list[Labelled],
    turns: list[Labelled],
    more: list[Labelled],
    seed: int,
    *,
    regimen: Regimen = NEW,
    in_bfloat16: bool = False,
) -> None:
    """Train those weights of the encoder that are not frozen, and the linear layer; see
    `lessons`.
    """
    torch.manual_seed(seed)
    draw = random.Random(seed)  # noqa: S311  (repeatable, no secret)
    weights = [p for p in model.encoder.parameters() if p.requires_grad]
    parts = (weights, model.head.parameters())
    optimiser = torch.optim.AdamW([{"params": part} for part in parts], weight_decay=0.01)
    model.encoder.train()
    shown = lessons(model, lines, turns, more, draw, regimen)
    for epoch, lesson in enumerate(shown, start=regimen.first):
        steps = len(lesson) // _BATCH + 1
        warm_up = min(_WARM_UP, max(1, steps // 5)) if epoch == regimen.first else 1
        for number, batch in enumerate(batches(carelessly(lesson, draw), draw)):
            rates = regimen.rates(epoch + number / steps)
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * min(1, (number + 1) / warm_up)
            with _products(in_bfloat16):
                loss = loss_of(model, batch)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            if number % 50 == 0:
                print(
                    f"pass {epoch + 1}: {number} of {steps}, loss {loss.item():.3f}",
                    file=sys.stderr,
                    flush=True,
                )
    model.encoder.eval()


def _products(in_bfloat16: bool) -> AbstractContextManager[Any]:
    return torch.autocast("cpu", torch.bfloat16) if in_bfloat16 else nullcontext()


def risks(classifier: RiskClassifier, texts: Sequence[str]) -> Any:
    """Return of each message the greatest probability of a risk among its pieces, and that piece's
    of a direct one, (N, 2); 2 and 0 of a message that the patterns flag whatever the classifier
    says.
    """
    found = []
    for text in texts:
        risk, of_output, _ = classifier.greatest(text)
        is_flagged = assess_text(text).is_flagged
        found.append((2.0, 0.0) if is_flagged else (risk, of_output.get(DIRECT, 0.0)))
    return np.array(found, dtype=np.float32)


def threshold(scores: Any, share: float) -> float:
    """Return the least threshold that at most `share` of the scores reach."""
    ordered = np.sort(scores)[::-1]
    return float(np.nextafter(ordered[int(share * len(ordered))], np.float32(1)))


def harmless_turns(
    options: argparse.Namespace, draw: random.Random
) -> tuple[list[Labelled], list[Labelled]]:
    """Return what the first pass shows, and of what later ones show the hard ones, too."""
    turns, more = without_dangerous(seeker_turns(options.esconv, "train")), []
    for texts, most in (
        (dialogue_turns(options.empathetic_dialogues, "train", "speaker"), _TOLD),
        (dialogue_turns(options.empathetic_dialogues, "train", "listener"), _ANSWERED),
        (chatted_turns(options.persona_chat), _CHATTED),
    ):
        kept = without_dangerous(dict.fromkeys(texts))
        draw.shuffle(kept)
        turns += kept[:most]
        more += kept[most:]
    return _harmless(turns), _harmless(more)


def _harmless(texts: Sequence[str]) -> list[Labelled]:
    """Return those that the patterns do not flag."""
    return [
        Labelled(RiskLevel.NONE, NO_RISK.kinds, text)
        for text in texts
        if not assess_text(text).is_flagged
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, choose the threshold, write; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m actions.safety.fit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--esconv", type=Path, required=True, help="ESConv.json, splits beside it")
    parser.add_argument("--empathetic-dialogues", type=Path, required=True, help="the JSON lines")
    parser.add_argument(
        "--persona-chat", type=Path, required=True, help="a file in ParlAI's layout"
    )
    parser.add_argument(
        "--false-alarms",
        type=float,
        default=0.009,
        help="share of all turns, those in danger among them",
    )
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
    parser.add_argument(
        "--bfloat16", action="store_true", help="twice as fast on a CPU that has it, else slower"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=ADAPTER)
    options = parser.parse_args(arguments)
    if options.all_weights and options.start_from is None:
        parser.error("--all-weights trains a classifier further: say which with --start-from.")
    turns, more = harmless_turns(options, random.Random(options.seed))  # noqa: S311
    lines = [line for path in sorted(UTTERANCES.glob("*.tsv")) for line in read_labelled(path)]
    torch.manual_seed(options.seed)
    model, regimen = _begun(options)
    fit(
        model,
        lines,
        turns,
        more,
        options.seed,
        regimen=regimen,
        in_bfloat16=options.bfloat16,
    )
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
    """Write the model, choose its threshold, and write what it was made of."""
    model.save(options.output)
    # As it is read back: rounded, and all weights as a LoRA of a lower rank.
    classifier = RiskClassifier(lambda: RiskModel.load(options.output), {})
    valid = risks(classifier, seeker_turns(options.esconv, "valid"))
    risk_from = threshold(valid[:, 0], options.false_alarms)
    direct_from = max(_DIRECT, threshold(valid[:, 1] * (valid[:, 0] >= SURE), _FALSE_DIRECTS))
    save_thresholds(options.output, {RISK: risk_from, DIRECT: direct_from, "kind": _KIND})
    files = [options.esconv, options.empathetic_dialogues, options.persona_chat]
    files += [DANGEROUS, *sorted(UTTERANCES.glob("*.tsv"))]
    run = {
        "seed": options.seed,
        "start_from": options.start_from and _started_from(options.start_from),
        "all_weights": options.all_weights,
        "bfloat16": options.bfloat16,
        "false_alarms": options.false_alarms,
        **counts,
        "data": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files},
    }
    (options.output / RUN_FILE).write_text(json.dumps(run, indent=2) + "\n", "utf-8")
    print(f"{counts}, thresholds {risk_from:.4f}, {direct_from:.4f}: {options.output}")


if __name__ == "__main__":
    sys.exit(main())
