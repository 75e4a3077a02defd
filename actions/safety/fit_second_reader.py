"""Makes what reads again: `python -m actions.safety.fit_second_reader --esconv FILE
--empathetic-dialogues FILE --persona-chat FILE`, after `actions.safety.fit`.

Fine-tunes the lower layers of the embedded language model, and a linear layer on the mean of their
states and the last one, on what `actions.safety.fit` learns from, as far as the first model is
likely to ask: all that is dangerous, what it suspects of the rest, and a sample of what it does
not. Labels and the choice of thresholds are the same; pieces are shown in their surroundings, as
they are read. All matrices of the layers are trained, and the LoRA that is nearest to what they
changed by is kept.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import AutoTokenizer

from actions.safety.choose_thresholds import RUN_FILE, chosen_by, chosen_for_both
from actions.safety.fit import Regimen, fit, hashes, products
from actions.safety.labelled import Labelled
from actions.safety.lessons import (
    add_arguments,
    amid,
    hand_written,
    harmless_turns,
    piece_risks,
    surrounded,
)
from actions.safety.low_rank import linear_layers, nearest_lora, save_lora
from actions.safety.pieces import Span, surroundings
from actions.safety.risk_model import HEAD_FILE, OUTPUTS, RiskModel, as_read
from actions.safety.second_reader import FOLDER, SecondReading, fingerprint_of_first
from pal_model.embedded import EMBEDDED_BASE, find_model
from pal_model.row_states import padded
from pal_model.token_states import TokenStates, lower_layers, token_rows

REGIMEN = Regimen(passes=2, first=0, rate=6e-5, head_rate=6e-4, most_norm=1.0)
_LAYERS, _RANK, _MOST_TOKENS = 20, 32, 96
_SUSPECTED, _WEIGHT, _SURE = 0.005, 0.6, 0.85
_EASY_LINES, _EASY_TURNS = 0.35, 0.04
"""Share of what is neither dangerous nor suspected that an epoch shows: of hand-written lines, and
of what people said.
"""

_BY_THE_WAY = 0.5
"""Share of hand-written lines that are shown among harmless turns. Dangerous ones are short: shown
by themselves alone, it took what is long for harmless, and half of what is told by the way was
missed.
"""

Judged = tuple[Labelled, tuple[float, Span | None]]
"""A line, and one of its pieces with the risk that the first model sees in it."""


class TrainableReader:
    """What `SecondReader` is before it is kept: in PyTorch, all matrices of its layers trained."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        """Begin with a model of the Llama family as it is."""
        self.encoder = model.requires_grad_(False)
        for _, layer in layers_of(model):
            layer.weight.requires_grad = True
        self.head = nn.Linear(2 * model.config.hidden_size, len(OUTPUTS))
        nn.init.zeros_(self.head.weight)  # states are large: a random layer starts far off
        self._tokenizer = tokenizer

    def logits(self, texts: Sequence[str]) -> Tensor:
        """Return the logits of each of `OUTPUTS`, (N, outputs)."""
        rows = token_rows(self._tokenizer, [as_read(text) for text in texts], _MOST_TOKENS)
        ids, counts = padded(rows, torch.device("cpu"))
        mask = torch.arange(ids.shape[1]) < counts[:, None]
        states = self.encoder.model(ids, attention_mask=mask.long()).last_hidden_state
        with torch.autocast("cpu", enabled=False):
            pooled = TokenStates(states.float(), counts).mean_and_last()
            logits: Tensor = self.head(pooled)
        return logits

    def save(self, original: Any, folder: Path) -> None:
        """Write linear layer and the LoRA that turns `original` into what was trained, nearly."""
        from peft import LoraConfig, get_peft_model

        config = LoraConfig(r=_RANK, lora_alpha=_RANK, target_modules="all-linear")
        save_lora(
            nearest_lora(self.encoder, get_peft_model(original, config), _RANK),
            folder,
            EMBEDDED_BASE,
        )
        save_file(self.head.state_dict(), folder / HEAD_FILE)


def layers_of(model: Any) -> list[tuple[str, nn.Linear]]:
    """Return the linear layers that are trained, by name."""
    return linear_layers(model, lambda name: name.startswith("model.layers."))


def judged(first: RiskModel, lines: Sequence[Labelled]) -> list[Judged]:
    """Return each line with the piece by which it is judged: a harmless one with all that are
    suspected, once for each surroundings, for none of them is to count.
    """
    found: list[Judged] = []
    for line, pieces in zip(lines, piece_risks(first, lines), strict=True):
        worst: tuple[float, Span | None] = pieces[0] if pieces else (0.0, None)
        suspected = [] if line.kinds else [piece for piece in pieces if piece[0] >= _SUSPECTED]
        read = {surroundings(line.text, span): (risk, span) for risk, span in suspected[::-1]}
        found += [(line, piece) for piece in read.values() or [worst]]
    return found


def lessons(
    lines: Sequence[Judged], turns: Sequence[Judged], draw: random.Random, passes: int
) -> Iterator[list[Labelled]]:
    """Yield what each epoch shows: pieces in their surroundings, as they are read; many
    hand-written lines as if they were told by the way, among calm turns.

    Args:
        lines: hand-written ones.
        turns: harmless ones.
        draw: draws.
        passes: how many epochs there are.
    """
    calm = [turn.text for turn, (risk, _) in turns if risk < _SUSPECTED]
    for _ in range(passes):
        of_lines = [
            surrounded(*amid(line, piece, calm, draw))
            if piece and draw.random() < _BY_THE_WAY
            else surrounded(line, piece)
            for line, piece in _shown(lines, _EASY_LINES, draw)
        ]
        of_turns = [surrounded(turn, piece) for turn, piece in _shown(turns, _EASY_TURNS, draw)]
        yield [*of_lines, *of_turns]


def _shown(
    judged: Sequence[Judged], share: float, draw: random.Random
) -> Iterator[tuple[Labelled, Span | None]]:
    """Yield all that is dangerous or suspected, and a share of the rest."""
    for line, (risk, piece) in judged:
        if line.kinds or risk >= _SUSPECTED or draw.random() < share:
            yield line, piece


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, choose the thresholds, write; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m actions.safety.fit_second_reader",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    parser.add_argument("--output", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    draw = random.Random(options.seed)  # noqa: S311  (repeatable, no secret)
    turns = [turn for some in harmless_turns(options, draw) for turn in some]
    lines = hand_written()
    first = RiskModel.load()
    with products(options.bfloat16):
        judged_lines, judged_turns = judged(first, lines), judged(first, turns)
    base = find_model(EMBEDDED_BASE)
    torch.manual_seed(options.seed)
    model = TrainableReader(lower_layers(base, _LAYERS), AutoTokenizer.from_pretrained(base))
    shown = lessons(judged_lines, judged_turns, draw, REGIMEN.passes)
    torch.manual_seed(options.seed)
    order = random.Random(options.seed)  # noqa: S311  (`draw` has drawn a lot: they are not alike)
    fit(model, shown, order, regimen=REGIMEN, in_bfloat16=options.bfloat16)
    model.save(lower_layers(base, _LAYERS), options.output)
    _save_settings(options, {"lines": len(lines), "harmless_turns": len(turns)})
    return 0


def _save_settings(options: argparse.Namespace, counts: dict[str, int]) -> None:
    """Choose the thresholds for what was written, and write them, and what it was made of."""
    reading = SecondReading(_LAYERS, _SUSPECTED, _WEIGHT, _SURE, {}, fingerprint_of_first())
    chosen_for_both(options.output, reading, options).save(options.output)
    run = {
        "seed": options.seed,
        "first_model": reading.first_model,
        "bfloat16": options.bfloat16,
        "regimen": asdict(REGIMEN),
        "shown": {
            "easy_lines": _EASY_LINES,
            "easy_turns": _EASY_TURNS,
            "by_the_way": _BY_THE_WAY,
            "alone": 0.0,
        },
        **counts,
        **chosen_by(options),
        "data": hashes(options),
    }
    (options.output / RUN_FILE).write_text(json.dumps(run, indent=2) + "\n", "utf-8")
    print(f"{options.output}: {counts}")


if __name__ == "__main__":
    sys.exit(main())
