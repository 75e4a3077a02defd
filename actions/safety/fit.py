"""Makes the classifier: `python -m actions.safety.fit --esconv FILE --empathetic-dialogues FILE
--persona-chat FILE`.

Fine-tunes all-MiniLM-L6-v2 with a LoRA (Hu et al. 2022), and a linear layer on the mean of its
states, on the lines of `utterances/`, and on what seekers of ESConv's training part said and people
who talk of everyday things (EmpatheticDialogues, PERSONA-CHAT), which is taken for harmless unless
the patterns flag it. Labels are whether a message is dangerous at all,
whether it is so directly (high or imminent), and each kind. A message is judged by its most
dangerous piece, so pieces are learnt from: any of a harmless message first, and in later passes the
one that decides (multiple instance learning). The threshold of the first label is the one that
flags a share of `--false-alarms` of the validation part's turns that the patterns leave alone. The
held-out lines of the tests are never read.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from actions.safety.classifier import ADAPTER, DIRECT, OUTPUTS, RISK, RiskClassifier, RiskModel
from actions.safety.labelled import UTTERANCES, Labelled, read_labelled
from actions.safety.patterns import assess_text
from actions.safety.pieces import Span, pieces
from actions.safety.risk import NO_RISK, RiskLevel
from pal_model import Speaker, conversation_from_record
from training.readers.empathetic_dialogues import read_empathetic_dialogues
from training.readers.persona_chat import read_persona_chat

SPLIT_FILE = "splits_seed13.json"
_RANK, _EPOCHS, _BATCH, _WARM_UP, _READ_AT_ONCE = 16, 3, 32, 40, 64
_LEARNING_RATE, _HEAD_RATE = 1e-3, 3e-3
_POSITIVE_WEIGHT = 2.0
_TOLD, _CHATTED = 4_000, 3_000
_DIRECT, _KIND = 0.5, 0.5
_EASY, _EASY_SHOWN = 0.02, 0.2
_HARMLESS_TIMES = 3
"""How often a harmless line is shown in an epoch: without that the classifier learns how the lines
were written, for most of the harmless messages that it sees are ESConv's."""


NOT_HARMLESS = {(36, 19), (229, 5), (484, 10), (568, 9), (797, 13), (1065, 60), (1065, 66)}
"""Conversations and utterances of ESConv's training part in which somebody may be in danger, found
by reading the 156 that an earlier classifier was surest of."""


def seeker_turns(esconv: Path, part: str) -> list[str]:
    """Return what seekers said in a part of ESConv, split `pal`, but for `NOT_HARMLESS`."""
    records = json.loads(esconv.read_text("utf-8"))
    indices = json.loads(esconv.with_name(SPLIT_FILE).read_text("utf-8"))["pal"][part]
    return [
        utterance.text
        for index in indices
        for number, utterance in enumerate(conversation_from_record(records[index]).utterances)
        if utterance.speaker is Speaker.SEEKER and utterance.text.strip()
        if (index, number) not in NOT_HARMLESS
    ]


def everyday_turns(
    empathetic_dialogues: Path, persona_chat: Path, draw: random.Random
) -> list[str]:
    """Return what people tell of their day and of themselves, a part of each corpus."""
    told = [
        utterance.text
        for conversation in read_empathetic_dialogues(empathetic_dialogues, part="train")
        for utterance in conversation.utterances
        if utterance.speaker is Speaker.SEEKER
    ]
    chatted = [
        utterance.text
        for dialogue in read_persona_chat(persona_chat)
        for utterance in dialogue.conversation.utterances
    ]
    parts = ((told, _TOLD), (chatted, _CHATTED))
    return [text for texts, most in parts for text in draw.sample(texts, min(most, len(texts)))]


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
    """Return any piece of each harmless line, and the dangerous ones whole."""
    found = []
    for line in lines:
        spans = [] if line.kinds else pieces(line.text)
        found.append(_piece(line, draw.choice(spans)) if spans else line)
    return found


def deciding_pieces(model: RiskModel, lines: Sequence[Labelled]) -> list[tuple[float, Labelled]]:
    """Return of each line the probability of a risk, and the piece by which it is judged."""
    spans = [(n, span) for n, line in enumerate(lines) for span in pieces(line.text)]
    spans.sort(key=lambda piece: piece[1][1] - piece[1][0])
    decided: list[tuple[float, Labelled]] = [(0.0, line) for line in lines]
    model.encoder.eval()
    with torch.inference_mode():
        for start in range(0, len(spans), _READ_AT_ONCE):
            some = [(n, _piece(lines[n], span)) for n, span in spans[start : start + _READ_AT_ONCE]]
            logits = model.logits([piece.text for _, piece in some])[:, 0]
            for (n, piece), risk in zip(some, torch.sigmoid(logits).tolist(), strict=True):
                if risk > decided[n][0]:
                    decided[n] = (risk, piece)
    model.encoder.train()
    return decided


def _piece(line: Labelled, span: Span) -> Labelled:
    return replace(line, text=line.text[slice(*span)].strip())


def lessons(
    model: RiskModel, lines: list[Labelled], turns: list[Labelled], draw: random.Random
) -> Iterator[list[Labelled]]:
    """Yield what each epoch shows.

    Args:
        model: as it is by then.
        lines: hand-written ones.
        turns: of ESConv, of which later epochs leave most of those out that are easy by then.
        draw: draws.
    """
    again = [line for line in lines if not line.kinds] * (_HARMLESS_TIMES - 1)
    yield any_pieces([*lines, *again, *turns], draw)
    for _ in range(_EPOCHS - 1):
        of_lines = [piece for _, piece in deciding_pieces(model, [*lines, *again])]
        of_turns = [
            piece
            for risk, piece in deciding_pieces(model, turns)
            if risk > _EASY or draw.random() < _EASY_SHOWN
        ]
        yield [*of_lines, *of_turns]


def fit(model: RiskModel, lines: list[Labelled], turns: list[Labelled], seed: int) -> None:
    """Train the LoRA and the linear layer; see `lessons`."""
    torch.manual_seed(seed)
    draw = random.Random(seed)  # noqa: S311  (repeatable, no secret)
    lora = [p for p in model.encoder.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(
        [
            {"params": lora, "lr": _LEARNING_RATE},
            {"params": model.head.parameters(), "lr": _HEAD_RATE},
        ],
        weight_decay=0.01,
    )
    model.encoder.train()
    for epoch, lesson in enumerate(lessons(model, lines, turns, draw)):
        steps = len(lesson) // _BATCH + 1
        warm_up = max(1, min(_WARM_UP, steps // 5)) if not epoch else 1
        for number, batch in enumerate(batches(lesson, draw)):
            left = 1 - (epoch + number / steps) / _EPOCHS
            for group in optimiser.param_groups:
                group.setdefault("initial_lr", group["lr"])
                group["lr"] = group["initial_lr"] * min(left, (number + 1) / warm_up)
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


def risks(classifier: RiskClassifier, texts: Sequence[str]) -> Any:
    """Return the greatest probability of a risk among each message's pieces."""
    return np.array([classifier.greatest(text)[0] for text in texts], dtype=np.float32)


def threshold(scores: Any, share: float) -> float:
    """Return the least threshold that at most `share` of the scores reach."""
    ordered = np.sort(scores)[::-1]
    return float(np.nextafter(ordered[int(share * len(ordered))], np.float32(1)))


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
    parser.add_argument("--false-alarms", type=float, default=0.02, help="share of turns")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=ADAPTER)
    options = parser.parse_args(arguments)
    lines = [line for path in sorted(UTTERANCES.glob("*.tsv")) for line in read_labelled(path)]
    draw = random.Random(options.seed)  # noqa: S311
    turns = seeker_turns(options.esconv, "train")
    turns += everyday_turns(options.empathetic_dialogues, options.persona_chat, draw)
    harmless = [
        Labelled(RiskLevel.NONE, NO_RISK.kinds, text)
        for text in turns
        if not assess_text(text).is_flagged
    ]
    model = RiskModel.untrained(_RANK)
    fit(model, lines, harmless, options.seed)
    classifier = RiskClassifier(lambda: model, {RISK: 2.0, DIRECT: _DIRECT, "kind": _KIND})
    valid = seeker_turns(options.esconv, "valid")
    alone = [text for text in valid if not assess_text(text).is_flagged]
    risk_from = threshold(risks(classifier, alone), options.false_alarms)
    model.save(options.output, {RISK: risk_from, DIRECT: _DIRECT, "kind": _KIND})
    print(f"{len(lines)} lines, {len(harmless)} turns; threshold {risk_from:.4f}; {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
