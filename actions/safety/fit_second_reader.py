"""Makes what reads again: `python -m actions.safety.fit_second_reader --esconv FILE
--empathetic-dialogues FILE --persona-chat FILE`, after `actions.safety.fit`.

Fine-tunes the lower layers of the embedded language model, and a linear layer on the mean of their
states and the last one, on what `actions.safety.fit` learns from, as far as the first model is
likely to ask: all that is dangerous, what it suspects of the rest, and a sample of what it does
not. Labels, pieces and the choice of thresholds are the same. All matrices of the layers are
trained, and the LoRA that is nearest to what they changed by is kept.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import AutoTokenizer

from actions.safety.choose_thresholds import RUN_FILE, choose_for_both
from actions.safety.fit import Regimen, fit, hashes, products
from actions.safety.labelled import Labelled
from actions.safety.lessons import (
    add_arguments,
    amid,
    deciding_pieces,
    either,
    hand_written,
    harmless_turns,
)
from actions.safety.low_rank import linear_layers, nearest_lora, save_lora
from actions.safety.pieces import Span
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

_BY_THE_WAY = 0.6
"""Share of hand-written lines that are shown among harmless turns. Dangerous ones are short: shown
by themselves alone, it took what is long for harmless, and half of what is told by the way was
missed.
"""

Judged = tuple[Labelled, tuple[float, Span | None]]


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


def lessons(
    lines: Sequence[Judged], turns: Sequence[Judged], draw: random.Random, passes: int
) -> Iterator[list[Labelled]]:
    """Yield what each epoch shows: the piece by which each message is judged, alone or in its
    surroundings; many hand-written lines as if they were told by the way, among calm turns.

    Args:
        lines: hand-written ones, with what the first model says of them (`deciding_pieces`).
        turns: harmless ones, likewise.
        draw: draws.
        passes: how many epochs there are.
    """
    calm = [turn.text for turn, (risk, _) in turns if risk < _SUSPECTED]
    for _ in range(passes):
        of_lines = [
            either(*amid(line, piece, calm, draw), draw)
            if piece and draw.random() < _BY_THE_WAY
            else either(line, piece, draw)
            for line, piece in _shown(lines, _EASY_LINES, draw)
        ]
        of_turns = [either(turn, piece, draw) for turn, piece in _shown(turns, _EASY_TURNS, draw)]
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
        judged_lines = list(zip(lines, deciding_pieces(first, lines), strict=True))
        judged_turns = list(zip(turns, deciding_pieces(first, turns), strict=True))
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
    choose_for_both(options.output, reading, options.esconv, options.false_alarms)
    run = {
        "seed": options.seed,
        "first_model": reading.first_model,
        "bfloat16": options.bfloat16,
        "false_alarms": options.false_alarms,
        **counts,
        "data": hashes(options),
    }
    (options.output / RUN_FILE).write_text(json.dumps(run, indent=2) + "\n", "utf-8")
    print(f"{options.output}: {counts}")


if __name__ == "__main__":
    sys.exit(main())
