"""Command line: `python -m pal_model extract | reply | prepare`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from tqdm import tqdm

from pal_model.embedded import (
    EMBEDDED_MODEL,
    default_home,
    parse_dtype,
    prepare_embedded_model,
)
from pal_model.errors import PalError
from pal_model.generation_options import GenerationOptions
from pal_model.json_lines import InputRecord, LineError, process, read_records
from pal_model.persona_extractor import (
    EMBEDDED_EXTRACTOR,
    RULES,
    PersonaExtractor,
    infer_personas,
    load_persona_extractor,
)
from pal_model.reply import Reply, ReplyRequest

_LAYOUT = """\
Each line of standard input is one conversation in ESConv's layout, as a JSON object:

  {"dialog": [{"speaker": "seeker", "content": "Hello"}, ...],
   "situation": "...", "persona": ["...", ...]}

`situation` and `persona` may be absent; `situation` is checked and, as in the paper, not shown to
the model. Each line of output belongs to one line of input; a line that cannot be used gives
{"error": ..., "line": ...}, and the exit status is then 1.
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m pal_model",
        description="Infer personas and write supporter replies, in batches.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    layout: dict[str, Any] = {
        "epilog": _LAYOUT,
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }

    extract = verbs.add_parser("extract", help='write {"persona": [...]} for each line', **layout)
    extract.set_defaults(run=run_extract)
    _add_extractor_option(extract)
    _add_device_option(extract)

    reply = verbs.add_parser(
        "reply", help="write strategy, alpha, persona and response for each line", **layout
    )
    reply.set_defaults(run=run_reply)
    reply.add_argument("--model", default=EMBEDDED_MODEL, help="'embedded', a folder or a hub name")
    _add_device_option(reply)
    reply.add_argument(
        "--dtype",
        choices=["auto", "int8", "float32", "bfloat16", "float16"],
        default="auto",
        help="number format; auto: the fastest in which a batch changes no line's reply",
    )
    reply.add_argument("--batch-size", type=int, default=8, help="conversations a forward pass")
    _add_extractor_option(reply)
    _add_generation_options(reply)

    prepare = verbs.add_parser("prepare", help="convert the embedded model now, not at first use")
    prepare.set_defaults(run=run_prepare)
    return parser


def _add_extractor_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--extractor",
        default=EMBEDDED_EXTRACTOR,
        help=f"'{EMBEDDED_EXTRACTOR}', '{RULES}', a folder or a hub name of a trained one",
    )


def _add_device_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", help="such as cpu or cuda:0; default: a GPU where there is one")


def _add_generation_options(parser: argparse.ArgumentParser) -> None:
    default = GenerationOptions()
    sampling = parser.add_argument_group("decoding (sampling as in the paper, section 4.3)")
    sampling.add_argument("--greedy", action="store_true", help="always take the likeliest token")
    sampling.add_argument("--top-k", type=int, default=default.top_k)
    sampling.add_argument("--top-p", type=float, default=default.top_p)
    sampling.add_argument("--temperature", type=float, default=default.temperature)
    sampling.add_argument("--repetition-penalty", type=float, default=default.repetition_penalty)
    sampling.add_argument("--min-new-tokens", type=int, default=default.min_new_tokens)
    sampling.add_argument("--max-new-tokens", type=int, default=default.max_new_tokens)
    sampling.add_argument("--candidates", type=int, default=default.candidates)
    sampling.add_argument("--seed", type=int, help="makes the run repeatable")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit status: 0, 1 where lines failed, 2 where nothing could run."""
    options = build_parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except (PalError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 1
    return status


def run_extract(options: argparse.Namespace) -> int:
    """Write the persona of each conversation."""
    extractor = _load_extractor(options)

    def work(records: Sequence[InputRecord]) -> list[dict[str, Any]]:
        personas = infer_personas(
            extractor, [r.conversation for r in records], [r.persona for r in records]
        )
        return [{"persona": list(persona)} for persona in personas]

    return _stream(work, batch_size=64)


def run_reply(options: argparse.Namespace) -> int:
    """Write the supporter's next utterance of each conversation."""
    if options.batch_size < 1:
        raise ValueError(f"--batch-size is {options.batch_size}; it must be 1 or more.")
    generation = _generation_options(options)
    from pal_model.generator import PalGenerator

    generator = PalGenerator.load(
        options.model, device=options.device, dtype=parse_dtype(options.dtype)
    )
    extractor = _load_extractor(options)

    def work(records: Sequence[InputRecord]) -> list[dict[str, Any]]:
        unknown = [r.conversation for r in records if r.persona is None]
        inferred = iter(infer_personas(extractor, unknown, [None] * len(unknown)))
        requests = [
            ReplyRequest(r.conversation, next(inferred) if r.persona is None else r.persona)
            for r in records
        ]
        return [_reply_as_json(reply) for reply in generator.reply(requests, generation)]

    return _stream(work, options.batch_size)


def run_prepare(options: argparse.Namespace) -> int:
    """Convert the embedded model."""
    del options
    print(f"The embedded model is in {prepare_embedded_model(default_home())}", file=sys.stderr)
    return 0


def _load_extractor(options: argparse.Namespace) -> PersonaExtractor:
    device: str | None = options.device
    if device is None and options.extractor != RULES:
        from pal_model.checkpoint import find_device  # rules need no torch

        device = str(find_device(None))
    return load_persona_extractor(options.extractor, device=device)


def _generation_options(options: argparse.Namespace) -> GenerationOptions:
    return GenerationOptions(
        do_sample=not options.greedy,
        top_k=options.top_k,
        top_p=options.top_p,
        temperature=options.temperature,
        repetition_penalty=options.repetition_penalty,
        min_new_tokens=options.min_new_tokens,
        max_new_tokens=options.max_new_tokens,
        candidates=options.candidates,
        seed=options.seed,
    )


def _reply_as_json(reply: Reply) -> dict[str, Any]:
    return {
        "strategy": reply.strategy.value,
        "alpha": reply.alpha,
        "persona": list(reply.persona),
        "response": reply.text,
    }


def _stream(
    work: Callable[[Sequence[InputRecord]], Sequence[dict[str, Any]]], batch_size: int
) -> int:
    failed = 0
    results = process(read_records(sys.stdin.buffer), work, batch_size)
    for result in tqdm(results, unit=" conversations", file=sys.stderr):
        if isinstance(result, LineError):
            failed += 1
            result = result.as_json()
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    if failed:
        print(f"{failed} lines could not be used; see the error objects.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
