"""What the classifier's models learn from: hand-written lines, what people say who are in no
danger, and which piece of it is shown.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from actions.safety import choose_thresholds
from actions.safety.harmless_turns import (
    chatted_turns,
    dialogue_turns,
    seeker_turns,
    without_dangerous,
)
from actions.safety.labelled import UTTERANCES, Labelled, read_labelled
from actions.safety.patterns import assess_text
from actions.safety.pieces import Span, pieces, surroundings
from actions.safety.risk import NO_RISK, RiskLevel
from actions.safety.risk_model import OUTPUTS, RiskModel

BATCH = 32
_READ_AT_ONCE = 64
_CARELESS = 0.15
"""Share of what is shown without its apostrophes and commas, as many people write."""

_ALONE = 0.5
"""Share of pieces that are shown without what is around them. Shown pieces alone, it took whatever
was long for danger: dangerous lines were the only long ones.
"""

_MOST_AROUND = 3
_BETWEEN = (" ", "\n")
"""Harmless messages on each side of what is shown as told by the way, and what stands between."""

_TOLD, _ANSWERED, _CHATTED = 4_000, 4_000, 8_000
"""Messages of those who tell and of those who listen in EmpatheticDialogues, and of PERSONA-CHAT,
that the first pass shows. Beside fewer of them it took facts of the day, such as an address, for
danger.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what both models are trained with: where the corpora are, and how."""
    choose_thresholds.add_arguments(parser)
    parser.add_argument("--empathetic-dialogues", type=Path, required=True, help="the JSON lines")
    parser.add_argument(
        "--persona-chat", type=Path, required=True, help="a file in ParlAI's layout"
    )
    parser.add_argument(
        "--bfloat16", action="store_true", help="twice as fast on a CPU that has it, else slower"
    )
    parser.add_argument("--seed", type=int, default=1)


def hand_written() -> list[Labelled]:
    """Return the lines of `utterances/`."""
    return [line for path in sorted(UTTERANCES.glob("*.tsv")) for line in read_labelled(path)]


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


def target(line: Labelled) -> list[float]:
    """Return a line's labels, in the order of `OUTPUTS`."""
    is_dangerous = line.level > RiskLevel.NONE
    first = (is_dangerous, line.level >= RiskLevel.HIGH)
    return [float(label) for label in (*first, *(kind in line.kinds for kind in OUTPUTS[2:]))]


def batches(examples: list[Labelled], draw: random.Random) -> Iterator[list[Labelled]]:
    """Yield an epoch of batches of messages of like length."""
    draw.shuffle(examples)
    found: list[list[Labelled]] = []
    for start in range(0, len(examples), 20 * BATCH):
        alike = sorted(examples[start : start + 20 * BATCH], key=lambda line: len(line.text))
        found += [alike[i : i + BATCH] for i in range(0, len(alike), BATCH)]
    draw.shuffle(found)
    yield from found


def any_pieces(lines: Sequence[Labelled], draw: random.Random) -> list[Labelled]:
    """Return any piece of each harmless line, every other in its surroundings, and the dangerous
    lines whole.
    """
    found = []
    for line in lines:
        spans = [] if line.kinds else pieces(line.text)
        found.append(either(line, draw.choice(spans), draw) if spans else line)
    return found


def deciding_pieces(model: RiskModel, lines: Sequence[Labelled]) -> list[tuple[float, Span | None]]:
    """Return of each line the probability of a risk, and the piece by which it is judged, if it has
    any.
    """
    return [found[0] if found else (0.0, None) for found in piece_risks(model, lines)]


def piece_risks(model: RiskModel, lines: Sequence[Labelled]) -> list[list[tuple[float, Span]]]:
    """Return of each line's pieces the probability of a risk, the greatest first."""
    spans = [(n, span) for n, line in enumerate(lines) for span in pieces(line.text)]
    spans.sort(key=lambda piece: piece[1][1] - piece[1][0])
    found: list[list[tuple[float, Span]]] = [[] for _ in lines]
    model.encoder.eval()
    with torch.inference_mode():
        for start in range(0, len(spans), _READ_AT_ONCE):
            some = spans[start : start + _READ_AT_ONCE]
            logits = model.logits([lines[n].text[slice(*span)].strip() for n, span in some])[:, 0]
            for (n, span), risk in zip(some, torch.sigmoid(logits).tolist(), strict=True):
                found[n].append((risk, span))
    model.encoder.train()
    return [sorted(of_line, key=lambda piece: -piece[0]) for of_line in found]


def either(line: Labelled, piece: Span | None, draw: random.Random) -> Labelled:
    """Return a piece alone or in its surroundings, for it is judged by both; all of a line without
    one.
    """
    if piece is None or draw.random() >= _ALONE:
        return surrounded(line, piece)
    return replace(line, text=line.text[slice(*piece)].strip())


def surrounded(line: Labelled, piece: Span | None) -> Labelled:
    """Return a piece in its surroundings; all of a line without one."""
    if piece is None:
        return line
    return replace(line, text=line.text[slice(*surroundings(line.text, piece))].strip())


def amid(
    line: Labelled, piece: Span, calm: Sequence[str], draw: random.Random
) -> tuple[Labelled, Span]:
    """Return a line told by the way, among harmless messages, and the smallest of its pieces that
    holds the given one: who writes without full stops runs on into what is said next.

    Raises:
        ValueError: there are no harmless ones.
    """
    if not calm:
        raise ValueError(
            "None of the corpora's messages is harmless enough to show a line among, and some are "
            "needed. Check that the corpora are the ones that the command names."
        )
    before, after = (draw.choices(calm, k=draw.randint(0, _MOST_AROUND)) for _ in range(2))
    between = draw.choice(_BETWEEN)
    text = between.join([*before, line.text, *after])
    moved = sum(len(said) + len(between) for said in before)
    start, end = piece[0] + moved, piece[1] + moved
    holding = [span for span in pieces(text) if span[0] <= start and end <= span[1]]
    shortest = min(holding, key=lambda span: span[1] - span[0], default=(start, end))
    return replace(line, text=text), shortest


def carelessly(lesson: Sequence[Labelled], draw: random.Random) -> list[Labelled]:
    """Return the lines, some of them as people write who leave out apostrophes and commas."""
    return [
        replace(line, text=re.sub("[\u2019',]", "", line.text))
        if draw.random() < _CARELESS
        else line
        for line in lesson
    ]
