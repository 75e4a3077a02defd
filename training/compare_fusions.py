"""Does the persona earn its place? `python -m training.compare_fusions`

Trains the ways in which a decoder-only backbone can be given a persona, each with the same LoRA,
data, order and number of steps, on PERSONA-CHAT (Zhang et al. 2018); then measures the perplexity
of held-out responses with the right persona, with another dialogue's, and with none. A way that
lowers perplexity without telling the right persona from a wrong one has learnt style, not persona.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pal_model.embedded import default_home, prepare_embedded_model

# isort: split
import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor
from tqdm import tqdm
from transformers import AutoTokenizer

from pal_model.modeling_llama import PalLlamaForConditionalGeneration
from training.arguments import positive
from training.json_output import print_each
from training.readers.persona_chat import PersonaChatTurn, read_persona_chat, responses
from training.readers.records import CorpusError

WAYS = ("gated", "prefixes", "prompt", "none")
CONDITIONS = ("right", "wrong", "none")

_LEGEND = """\
gated: history and persona as prefixes, fused by Eqs. 2-4 behind trained gates. prefixes: the same,
gates closed. prompt: the persona as text before the history (Hard Prompt). none: never a persona.
"""


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids of one turn."""

    persona: list[int]
    history: list[int]
    response: list[int]


class Encoder:
    """Turns into token ids, in the chat format of the backbone."""

    def __init__(self, tokenizer: Any, history_tokens: int) -> None:
        """Keep the last `history_tokens` of a history."""
        self._tokenizer = tokenizer
        self._history_tokens = history_tokens
        self.start_id: int = self._ids("\n")[0]

    def encode(self, turn: PersonaChatTurn) -> Example:
        """Return a turn's ids; the history ends where the response's start token follows."""
        spoken = "".join(
            f"<|im_start|>{role}\n{text}<|im_end|>\n"
            for role, text in zip(_roles(len(turn.history)), turn.history, strict=True)
        )
        return Example(
            persona=self._ids(
                f"<|im_start|>system\nAbout me: {' '.join(turn.persona)}<|im_end|>\n"
            ),
            history=self._ids(f"{spoken}<|im_start|>assistant")[-self._history_tokens :],
            response=self._ids(f"{turn.response}<|im_end|>"),
        )

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False).input_ids
        return ids


def _roles(count: int) -> list[str]:
    """The last to speak before the response is the user."""
    return [("assistant", "user")[(count - index) % 2] for index in range(count)]


def batch(examples: Sequence[Example], way: str, condition: str) -> dict[str, Tensor]:
    """Return the model's inputs; `condition` says whose persona is given."""
    if condition == "wrong":
        personas = [e.persona for e in (*examples[1:], examples[0])]
    else:
        personas = [e.persona if condition == "right" else [] for e in examples]
    histories = [e.history for e in examples]
    if way == "prompt":
        histories = [p + h for p, h in zip(personas, histories, strict=True)]
    inputs = dict(zip(("input_ids", "attention_mask"), _padded(histories), strict=True))
    if way in ("gated", "prefixes") and condition != "none":
        names = ("persona_input_ids", "persona_attention_mask")
        inputs |= dict(zip(names, _padded(personas), strict=True))
    labels, mask = _padded([e.response for e in examples])
    return inputs | {"labels": labels.masked_fill(mask == 0, -100)}


def _padded(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    width = max(len(row) for row in rows)
    ids = torch.tensor([[*row, *[0] * (width - len(row))] for row in rows])
    return ids, torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])


def build(folder: Path, way: str, start_id: int, rank: int) -> Any:
    """Return the backbone with PAL's fusion and a LoRA on all its linear layers."""
    model: Any = PalLlamaForConditionalGeneration.from_backbone(folder, dtype=torch.bfloat16)
    model.config.decoder_start_token_id = start_id
    lora = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        target_modules="all-linear",
        modules_to_save=["fusion"] if way == "gated" else None,
    )
    return get_peft_model(model, lora)


def train(model: Any, way: str, data: Sequence[Example], options: argparse.Namespace) -> None:
    """Train on `data` in its order; a share of the batches goes without persona."""
    gates = [p for n, p in model.named_parameters() if p.requires_grad and n.endswith("gates")]
    others = [p for p in model.parameters() if p.requires_grad and not any(p is g for g in gates)]
    for parameter in (*gates, *others):
        parameter.data = parameter.data.float()
    optimizer = torch.optim.AdamW(
        [{"params": others}, {"params": gates, "lr": options.gate_lr}], lr=options.lr
    )
    draw = random.Random(options.seed)  # noqa: S311  (a repeatable choice, no secret)
    model.train()
    steps = len(data) // options.batch_size
    for step in tqdm(range(steps), desc=way, file=sys.stderr):
        rows = data[step * options.batch_size :][: options.batch_size]
        dropped = way == "none" or draw.random() < options.persona_dropout
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(**batch(rows, way, "none" if dropped else "right")).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*gates, *others], 1.0)
        optimizer.step()
        optimizer.zero_grad()


@torch.inference_mode()
def perplexity(model: Any, way: str, condition: str, data: Sequence[Example], size: int) -> float:
    """Return exp(total loss / total tokens) of the responses in `data`."""
    model.eval()
    total, count = 0.0, 0
    for start in range(0, len(data), size):
        inputs = batch(data[start : start + size], way, condition)
        tokens = int((inputs["labels"] != -100).sum())
        with torch.autocast("cpu", torch.bfloat16):
            total += float(model(**inputs).loss) * tokens
        count += tokens
    return math.exp(total / count)


def measure(
    way: str, folder: Path, sets: tuple[list[Example], list[Example]], options: Any
) -> Iterator[dict[str, Any]]:
    """Yield one way's perplexities, before and after training."""
    training, held_out = sets
    torch.manual_seed(options.seed)
    model = build(folder, way, options.start_id, options.rank)
    conditions = ("none",) if way == "none" else CONDITIONS
    for steps in (0, len(training) // options.batch_size):
        started = time.perf_counter()
        if steps:
            train(model, way, training, options)
        seconds = time.perf_counter() - started
        gates = [
            p for n, p in model.named_parameters() if n.endswith("modules_to_save.default.gates")
        ]
        yield {
            "way": way,
            "steps": steps,
            "seconds": round(seconds),
            "gates": [round(float(g.detach().tanh().abs().mean()), 4) for g in gates],
            **{
                c: round(perplexity(model, way, c, held_out, options.batch_size), 2)
                for c in conditions
            },
        }


def build_parser() -> argparse.ArgumentParser:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="python -m training.compare_fusions",
        description=__doc__,
        epilog=_LEGEND,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--train", type=Path, required=True, help="a file of PERSONA-CHAT")
    parser.add_argument("--held-out", type=Path, required=True, help="another")
    parser.add_argument("--model", type=Path, help="a folder; default: the embedded model")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--steps", type=positive, default=150)
    parser.add_argument("--responses", type=positive, default=200, help="held out")
    parser.add_argument("--batch-size", type=positive, default=8)
    parser.add_argument("--history-tokens", type=positive, default=96)
    parser.add_argument("--rank", type=positive, default=16, help="of the LoRA")
    parser.add_argument("--lr", type=float, default=3e-4)
    parser.add_argument("--gate-lr", type=float, default=1e-2)
    parser.add_argument("--persona-dropout", type=float, default=0.15)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--output", type=Path, help="JSON lines; default: standard output alone")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and measure each way; print a JSON line for each; return the exit status."""
    options = build_parser().parse_args(arguments)
    return print_each(compare(options), options.output)


def compare(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield what is measured of each way.

    Raises:
        CorpusError: a file is missing or malformed, or has fewer responses than are asked for.
    """
    folder = options.model or prepare_embedded_model(default_home())
    encoder = Encoder(AutoTokenizer.from_pretrained(folder), options.history_tokens)
    options.start_id = encoder.start_id
    draw = random.Random(options.seed)  # noqa: S311  (a repeatable choice, no secret)

    def chosen(path: Path, count: int, option: str) -> list[Example]:
        turns = [turn for dialogue in read_persona_chat(path) for turn in responses(dialogue)]
        if len(turns) < count:
            raise CorpusError(
                f"{path} has {len(turns)} responses, and {count} are asked for. Lower {option}."
            )
        return [encoder.encode(turn) for turn in draw.sample(turns, count)]

    sets = (
        chosen(options.train, options.steps * options.batch_size, "--steps or --batch-size"),
        chosen(options.held_out, options.responses, "--responses"),
    )
    for way in options.ways:
        yield from measure(way, folder, sets, options)


if __name__ == "__main__":
    sys.exit(main())
