"""Fine-tuning against a plain loop: `python -m tests.benchmarks.bench_train` (`make bench-train`).

Both train the same LoRA on the same turns of made-up conversations of ESConv's size, in one run.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# Before torch: OpenMP is to wait as it does in training (see pal_model/__init__.py).
from pal_model import Conversation, Persona, Speaker, Strategy, Utterance

# isort: split
import torch
from torch.nn import functional as F
from tqdm import tqdm

from tests.benchmarks.report import described, environment, save, table, verdict
from tests.benchmarks.samples import read_samples
from training.examples import SupporterTurn, TurnExample, encode, supporter_turns
from training.forms import PackedForm, load_form
from training.packing import IGNORED, PackedRow
from training.precision import trains_faster_in_bfloat16
from training.run_config import RunConfig
from training.token_trainer import token_losses

PLAIN_BATCH = 4
TARGET = 3.0
UTTERANCES = 30  # of a conversation, as in ESConv
SIZES = ((512, 1), (1024, 1), (1024, 2), (2048, 1), (1024, 8), (2048, 8))
CPU_SIZES = 4  # the first so many are tried where there is no GPU

LEGEND = f"""\
plain: one turn a row (persona, history and response as one text), {PLAIN_BATCH} rows a batch in the
order drawn, padded to the longest, float32, logits at every position: as the published script.
packed N x B: turns of a conversation in rows of N tokens, B rows a batch, logits where something is
to be predicted; in float32 or bfloat16, whichever is faster here, as recipes have it.
A step is forward and backward. turns/s: responses learnt from in a second. tokens/s: tokens that
these turns have when each is read alone, whichever way they were read. of peak: arithmetic that was
done, 4 operations a weight and token (the backbone is frozen), against that of large matrix
products in the format of the packed rows. Every variant reads all the turns once; numbers are of
the whole pass.
"""


@dataclass(frozen=True, slots=True)
class Work:
    """A pass over the turns: what it costs, and what it is worth."""

    seconds: float
    turns: int
    tokens: int
    read: int  # tokens that went through the model, padding included


def made_up_conversations(count: int) -> list[list[SupporterTurn]]:
    """Chain the hand-written samples to conversations of ESConv's length."""
    draw = random.Random(7)
    samples = read_samples()
    result = []
    for _ in range(count):
        utterances: list[Utterance] = []
        known: dict[int, Persona] = {}
        persona = Persona()
        while len(utterances) < UTTERANCES:
            sample = draw.choice(samples)
            persona = persona.merge(sample.persona)
            for said in sample.conversation.utterances:
                if said.speaker is Speaker.SUPPORTER:
                    known[len(utterances)] = persona
                strategy = said.strategy or draw.choice(list(Strategy))
                is_supporter = said.speaker is Speaker.SUPPORTER
                utterances.append(
                    Utterance(said.speaker, said.text, strategy if is_supporter else None)
                )
        result.append(list(supporter_turns(Conversation(tuple(utterances)), known)))
    return result


def packed_steps(form: PackedForm, rows: Sequence[PackedRow], size: int) -> Iterator[Any]:
    """Yield a closure for each batch, with the turns in it."""
    for start in range(0, len(rows) - size + 1, size):
        chosen = rows[start : start + size]
        batch = {n: t.to(form.model.device) for n, t in form.collate(chosen).items()}

        def step(batch: dict[str, torch.Tensor] = batch) -> int:
            device = form.model.device.type
            with torch.autocast(device, torch.bfloat16, enabled=trains_faster_in_bfloat16()):
                losses = token_losses(form, form.model, batch)
            (losses.sum() / (batch["labels"] != IGNORED).sum()).backward()
            return batch["input_ids"].numel()

        yield step, sum(row.turns for row in chosen)


def plain_steps(form: PackedForm, turns: Sequence[TurnExample]) -> Iterator[Any]:
    """Yield a closure for each batch of single turns."""
    for start in range(0, len(turns) - PLAIN_BATCH + 1, PLAIN_BATCH):
        chosen = turns[start : start + PLAIN_BATCH]
        rows = [(*t.persona_ids, *t.history_ids, *t.cue_ids, *t.target_ids) for t in chosen]
        width = max(map(len, rows))
        device = form.model.device
        ids = torch.tensor([[*row, *[0] * (width - len(row))] for row in rows], device=device)
        mask = torch.tensor(
            [[1] * len(row) + [0] * (width - len(row)) for row in rows], device=device
        )
        labels = ids.clone()
        for index, (row, turn) in enumerate(zip(rows, chosen, strict=True)):
            labels[index, : len(row) - len(turn.target_ids)] = IGNORED
            labels[index, len(row) :] = IGNORED

        def step(ids: Any = ids, mask: Any = mask, labels: Any = labels) -> int:
            logits = form.model(input_ids=ids, attention_mask=mask, use_cache=False).logits
            F.cross_entropy(
                logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED
            ).backward()
            return ids.numel()

        yield step, len(chosen)


def measured(steps: Iterator[Any], tokens_a_turn: float, model: Any, name: str) -> Work:
    """Run all steps, the first one twice, to warm up."""
    batches = list(steps)
    batches[0][0]()
    turns = read = 0
    synchronise()
    started = time.perf_counter()
    for step, count in tqdm(batches, desc=name, file=sys.stderr):
        read += step()
        turns += count
        model.zero_grad()
    synchronise()
    elapsed = time.perf_counter() - started
    return Work(elapsed, turns, round(turns * tokens_a_turn), read)


def synchronise() -> None:
    """Wait for the GPU, if there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def peak(dtype: torch.dtype, size: int) -> float:
    """Return the operations a second of large matrix products."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    one = torch.randn(size, size, device=device, dtype=dtype)
    times = []
    for _ in range(6):
        synchronise()
        started = time.perf_counter()
        one @ one
        synchronise()
        times.append(time.perf_counter() - started)
    return 2 * size**3 / min(times)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_train")
    parser.add_argument("--conversations", type=int, help="default: 4, and 64 where there is a GPU")
    parser.add_argument("--model", default="embedded-base", help="base model")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, save."""
    options = build_parser().parse_args(arguments)
    facts = environment()
    print("\n".join((*described(facts), "", LEGEND)), flush=True)
    on_gpu = torch.cuda.is_available()
    conversations = made_up_conversations(options.conversations or (64 if on_gpu else 4))
    form = load_form(RunConfig(base_model=options.model))
    assert isinstance(form, PackedForm)
    form.model.to("cuda" if on_gpu else "cpu").train()
    turns = [
        encode(turn, form._encoder, in_prompt=False) for talk in conversations for turn in talk
    ]
    random.Random(3).shuffle(turns)
    tokens_a_turn = sum(map(len, turns)) / len(turns)
    weights = sum(p.numel() for n, p in form.model.named_parameters() if "lora_" not in n)

    works = {"plain": measured(plain_steps(form, turns), tokens_a_turn, form.model, "plain")}
    for limit, size in SIZES if on_gpu else SIZES[:CPU_SIZES]:
        config = RunConfig.model_validate(
            {"base_model": options.model, "data": {"max_row_tokens": limit}}
        )
        form._config = config
        rows = form.rows(conversations, 0)
        random.Random(3).shuffle(rows)
        name = f"packed {limit} x {size}"
        works[name] = measured(packed_steps(form, rows, size), tokens_a_turn, form.model, name)
    size = 8192 if on_gpu else 2048
    number_format = torch.bfloat16 if trains_faster_in_bfloat16() else torch.float32
    best = peak(number_format, size)
    print(
        f"peak in {number_format}: {best / 1e12:.2f} TFLOP/s; {tokens_a_turn:.0f} tokens a turn\n"
    )
    rates: dict[str, Callable[[Work], float]] = {
        "turns/s": lambda w: w.turns / w.seconds,
        "tokens/s": lambda w: w.tokens / w.seconds,
        "of peak": lambda w: 4 * weights * w.read / w.seconds / best,
    }
    values = {name: {rate: of(work) for rate, of in rates.items()} for name, work in works.items()}
    lines = [[name, *(f"{v:.2f}" for v in by_rate.values())] for name, by_rate in values.items()]
    print("\n".join(table(("variant", *rates), lines)))
    plain = values["plain"]["tokens/s"]
    ratios = {n: v["tokens/s"] / plain for n, v in values.items() if n != "plain"}
    knee = max(ratios, key=lambda n: ratios[n])
    aim = verdict(ratios[knee] >= TARGET, f">= {TARGET}") if on_gpu else "the target is a GPU's"
    print(f"\nfastest: {knee}, {ratios[knee]:.2f} times the plain loop; {aim}")
    print(f"kept in {save('train', {'environment': facts, 'values': values, 'ratios': ratios})}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
