"""The engine over long conversations: `python -m tests.benchmarks.bench_engine`.

How long a seeker waits for the first token at different turns, how much memory conversations take,
and what the number format that is served in costs and saves against float32.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

# Before torch: OpenMP is to wait as it does in the served process (see pal_model/__init__.py).
from pal_model import Conversation, GenerationOptions, PalGenerator, Persona, ReplyRequest

# isort: split
import torch
from tqdm import tqdm

from pal_model.decoder_only_model import DecoderOnlyModel
from pal_model.embedded import default_home, prepare_embedded_model
from pal_model.modeling_llama import PalLlamaForConditionalGeneration
from pal_model.onnx_backbone import OnnxBackbone
from pal_model.prefix_fusion import PrefixFusion
from pal_model.row_states import RowStates, mean_log_probs
from pal_model.strategy import Strategy
from tests.benchmarks.report import Spread, described, environment, save, table, verdict
from tests.benchmarks.samples import Sample, read_samples

TURNS = (3, 10, 40)
FLAT_WITHIN = 1.5
COST_WITHIN = 1.01
STRATEGY = Strategy.AFFIRMATION_AND_REASSURANCE  # guided: both branches are read

FUSED_LENGTHS = ((60, 20), (250, 60), (512, 128))
FIRST_TOKEN = GenerationOptions(do_sample=False, min_new_tokens=1, max_new_tokens=1)

LEGEND = f"""\
Conversations are the hand-written samples, one after the other until they are long enough. First
token: from a request to the first token of its response: reading what is new, choosing a strategy,
both branches ({STRATEGY.value}, alpha 0.75). Numbers are the median [least-most] over the turn and
the two after it, of each conversation. "remembered": states are kept between turns, as served.
"""


def long_conversations(count: int, turns: int) -> list[tuple[Conversation, Persona]]:
    """Make `count` conversations in which the seeker speaks `turns` times or more."""
    samples = read_samples()
    result = []
    for start in range(count):
        order = itertools.cycle([*samples[start % 12 :], *samples[: start % 12]])
        utterances: list[Any] = []
        while sum(u.speaker == "seeker" for u in utterances) < turns:
            utterances += next(order).conversation.utterances
        result.append((Conversation(tuple(utterances)), samples[start % 12].persona))
    return result


def seeker_turns(conversation: Conversation, last: int) -> Iterator[Conversation]:
    """Yield the conversation as it stands when the seeker has spoken once, twice, ..."""
    spoken = [i for i, u in enumerate(conversation.utterances) if u.speaker == "seeker"]
    for index in spoken[:last]:
        yield Conversation(conversation.utterances[: index + 1])


def first_token_seconds(generator: PalGenerator, conversations: int) -> dict[int, Spread]:
    """Measure every conversation turn by turn."""
    seconds: dict[int, list[float]] = {turn: [] for turn in TURNS}
    talks = long_conversations(conversations, max(TURNS) + 2)
    for talk, persona in tqdm(talks, desc="conversations", file=sys.stderr):
        for turn, so_far in enumerate(seeker_turns(talk, max(TURNS) + 2), start=1):
            request = ReplyRequest(so_far, persona, STRATEGY)
            started = time.perf_counter()
            generator.reply([request], FIRST_TOKEN)
            elapsed = time.perf_counter() - started
            for reported in TURNS:
                if reported <= turn <= reported + 2:
                    seconds[reported].append(elapsed)
    return {turn: Spread.of(values) for turn, values in seconds.items()}


def memory_of_conversations(generator: PalGenerator, count: int, turns: int) -> dict[str, float]:
    """Let `count` different conversations come to their turn `turns`; return megabytes."""
    generator.forget()
    gc.collect()
    before = _resident_bytes()
    talks = long_conversations(count, turns)
    for index, (talk, persona) in enumerate(tqdm(talks, desc="memory", file=sys.stderr)):
        *_, so_far = seeker_turns(talk, turns)
        first = so_far.utterances[0]
        named = type(first)(first.speaker, f"I am number {index}. {first.text}", first.strategy)
        so_far = Conversation((named, *so_far.utterances[1:]))
        generator.reply([ReplyRequest(so_far, persona, STRATEGY)], FIRST_TOKEN)
    model = decoder_only(generator)
    held = model.histories.remembered.size + model.personas.remembered.size
    return {
        "conversations": count,
        "held": len(model.histories.remembered),
        "states_mb": held / 1e6,
        "resident_growth_mb": (_resident_bytes() - before) / 1e6,
    }


def decoder_only(generator: PalGenerator) -> DecoderOnlyModel:
    """Return the model of the embedded default."""
    assert isinstance(generator.model, DecoderOnlyModel)
    return generator.model


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * 4096


def step_seconds(generator: PalGenerator, steps: int = 30) -> float:
    """Return the median time of one guided step of one response, in both branches."""
    sample = read_samples()[0]
    model = decoder_only(generator)
    inputs = model.encoder.encode_inputs(sample.conversation, sample.persona)
    states = model.read_prompts([inputs.with_persona, inputs.history_only])
    times = []
    for _ in range(steps):
        started = time.perf_counter()
        states = states.append(torch.tensor([100, 100]))
        times.append(time.perf_counter() - started)
    return Spread.of(times).median


def perplexity(generator: PalGenerator, samples: Sequence[Sample]) -> float:
    """Return exp of the mean loss a token over the supporter's utterances of `samples`."""
    total, count = 0.0, 0
    for sample in tqdm(samples, desc="perplexity", file=sys.stderr):
        utterances = sample.conversation.utterances
        for index, utterance in enumerate(utterances):
            if utterance.speaker == "seeker" or not index:
                continue
            encoder = decoder_only(generator).encoder
            inputs = encoder.encode_inputs(Conversation(utterances[:index]), Persona())
            name = encoder.strategy_ids[utterance.strategy or Strategy.OTHERS]
            target = encoder._ids(f" {utterance.text}")
            model = decoder_only(generator)
            after = model.histories.fixed or RowStates.nothing(model.backbone, 1)
            [mean] = mean_log_probs(after, [(*inputs.history_only, *name)], [target])
            total, count = total - mean * len(target), count + len(target)
    return math.exp(total / count)


def fusing_seconds(repeats: int = 5) -> dict[str, float]:
    """Return what Eqs. 2-4 behind open gates cost a turn, by the lengths of history and persona."""
    folder = prepare_embedded_model(default_home())
    model = PalLlamaForConditionalGeneration.from_backbone(folder)
    model.fusion.gates.data.fill_(0.1)
    backbone, fusion = OnnxBackbone(model, keeps_inputs=True), PrefixFusion(model)
    draw = torch.Generator().manual_seed(0)
    seconds = {}
    for lengths in FUSED_LENGTHS:
        ids = [torch.randint(1000, 2000, (n,), generator=draw).tolist() for n in lengths]
        history, persona = (RowStates.read(backbone, [row]) for row in ids)
        times = []
        for _ in range(repeats):
            started = time.perf_counter()
            fusion.fuse(history, persona)
            times.append(time.perf_counter() - started)
        seconds[" + ".join(map(str, lengths))] = Spread.of(times).median
    return seconds


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_engine")
    parser.add_argument("--conversations", type=int, default=3, help="for the first token")
    parser.add_argument("--live", type=int, default=100, help="for the memory")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, save."""
    options = build_parser().parse_args(arguments)
    facts = environment()
    served = PalGenerator.load()
    facts |= {"dtype": served.model.name}
    print("\n".join((*described(facts), "", LEGEND)), flush=True)

    fresh = PalGenerator.load(cache_bytes=0)
    waits = {
        "remembered": first_token_seconds(served, options.conversations),
        "read anew each turn": first_token_seconds(fresh, options.conversations),
    }
    header = ("seconds to the first token", *(f"turn {turn}" for turn in TURNS))
    rows = [[name, *map(str, by_turn.values())] for name, by_turn in waits.items()]
    print("\n".join(table(header, rows)))
    medians = [spread.median for spread in waits["remembered"].values()]
    flat = max(medians) / min(medians)
    print(f"longest / shortest: {flat:.2f}, {verdict(flat <= FLAT_WITHIN, f'<= {FLAT_WITHIN}')}")

    memory = memory_of_conversations(served, options.live, 10)
    print("\n" + ", ".join(f"{name.replace('_', ' ')}: {v:.0f}" for name, v in memory.items()))

    exact = PalGenerator.load(dtype=torch.float32)
    measures: dict[str, Callable[[PalGenerator], float]] = {
        "guided step, milliseconds": lambda g: 1000 * step_seconds(g),
        "perplexity of the samples": lambda g: perplexity(g, read_samples()),
    }
    formats = {
        name: [measure(generator) for generator in (exact, served)]
        for name, measure in measures.items()
    }
    rows = [[name, *(f"{v:.3f}" for v in values)] for name, values in formats.items()]
    print("\n" + "\n".join(table(("", "float32", facts["dtype"]), rows)))
    one, other = formats["perplexity of the samples"]
    print(f"perplexity ratio: {other / one:.4f}, " + verdict(other / one <= COST_WITHIN, "<= 1.01"))
    fusing = fusing_seconds()
    print("\nEqs. 2-4 behind open gates, milliseconds a turn, by tokens of history + persona:")
    print(", ".join(f"{lengths}: {1000 * s:.0f}" for lengths, s in fusing.items()))
    content = {
        "fusing": fusing,
        "environment": facts,
        "first_token": {
            name: {turn: spread.median for turn, spread in by_turn.items()}
            for name, by_turn in waits.items()
        },
        "memory": memory,
        "formats": formats,
    }
    print(f"\nkept in {save('engine', content)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
