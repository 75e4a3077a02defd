"""A checkpoint's row of the paper's Table 3: `python -m training.evaluate MODEL --output FOLDER`.

Writes a response to every turn of a part of ESConv, once for each seed, and counts: accuracy of the
strategy, BLEU, distinct-n, ROUGE-L, likeness to the persona, and what else `training.evaluation`
has, with intervals; and perplexity of the human responses. Responses are drawn as the paper draws
them, with the strategy that the model chose, unless options say otherwise. What is done is kept; a
run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from tqdm import tqdm

from pal_model import GenerationOptions, PalError, PalGenerator, Persona
from pal_model.embedded import find_model
from pal_model.generation_options import PAPER_OPTIONS
from pal_model.persona_extractor import EMBEDDED_EXTRACTOR, find_extractor
from training.alphas import alpha_of_all, by_strategy, read_alphas
from training.annotation import annotation_of
from training.arguments import positive
from training.esconv_turns import EsconvTurns
from training.evaluation import measure, summarise
from training.evaluation_folder import (
    MANIFEST_FILE,
    PERPLEXITY_FILE,
    RESULT_FILE,
    TIMES_FILE,
    predictions_file,
    read_times,
    timed,
)
from training.manifest import OtherRunError, begin, require_same, write_json
from training.predicting import (
    CACHE_BYTES_A_CONVERSATION,
    conversations_at_once,
    personas_by_turn,
    predict,
    seeds_at_once,
)
from training.predictions import Turn, as_line, read_done, read_predictions
from training.provenance import environment, folder_hashes
from training.readers.esconv import find_esconv
from training.run_config import RunConfig
from training.score import CONDITIONS, Scorer, config_of, measured_on, read_part, require_others
from training.sentence_encoder import PACKAGED, SentenceEncoder
from training.stages import training_costs
from training.unseen import require_not_searched, require_unseen

_SCORED_ROWS_ON_GPU = 8
"""Of packed turns. On a CPU one row is read at a time, which needs no padding."""

PERPLEXITIES = ("token_perplexity", "token_perplexity_with_strategy", "word_perplexity")

_MAY_CHANGE = ("seeds", "encoder", "perplexity")
"""Of an evaluation: no prediction that is there depends on it."""


Source = Literal["predicted", "gold"]
SeekerSource = Literal["annotated", "inferred"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is evaluated, and how; with the data's hashes it makes a manifest.

    Attributes:
        model: a base model or a folder.
        split, part: of ESConv.
        conversations: the first so many; None for all.
        seeds: of what is drawn, a run each.
        strategy: whose strategy a response is written with, the model's or the human supporter's.
        alphas: guidance strength by strategy; None for the checkpoint's own.
        persona: "right", another seeker's ("wrong") or "none".
        extractor: infers who the seekers are, for models that read inferred personas, and for
            Cos-Sim.
        served: draw and edit responses as the action server does, not as the paper.
        consecutive: respond in a supporter's place right after a supporter, too.
        encoder: of sentences; None leaves Cos-Sim out.
        perplexity: also of the human responses, which no alpha and no seed changes; of a base model
            in the prompt that training uses, without the examples that its own responses are
            written after.
    """

    model: str
    split: str = "pal"
    part: str = "test"
    conversations: int | None = None
    seeds: tuple[int, ...] = (1,)
    strategy: Source = "predicted"
    alphas: Mapping[str, float] | None = None
    persona: str = "right"
    extractor: str = EMBEDDED_EXTRACTOR
    served: bool = False
    consecutive: bool = False
    encoder: str | None = PACKAGED
    perplexity: bool = True

    def __post_init__(self) -> None:
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"The seeds are {list(self.seeds)}; each must be there once.")
        if self.persona not in CONDITIONS:
            raise ValueError(f"persona is {self.persona!r}; it must be one of {CONDITIONS}.")
        if self.strategy not in get_args(Source):
            raise ValueError(
                f"strategy is {self.strategy!r}; it must be one of {get_args(Source)}."
            )
        if self.conversations is not None and self.conversations < 1:
            raise ValueError(f"conversations is {self.conversations}; it must be 1 or more.")
        if self.alphas is not None:
            by_strategy(self.alphas)

    @property
    def options(self) -> GenerationOptions:
        """How responses are drawn."""
        alphas = None if self.alphas is None else by_strategy(self.alphas)
        return replace(GenerationOptions() if self.served else PAPER_OPTIONS, alphas=alphas)


def evaluate(
    evaluation: Evaluation,
    output: Path,
    *,
    esconv: Path | None = None,
    batch_size: int | None = None,
) -> dict[str, Any]:
    """Evaluate; return what is written to `evaluation.json`.

    Args:
        evaluation: what is evaluated, and how.
        output: the folder of results; what is there of the same evaluation is gone on with.
        esconv: ESConv.json, the splits beside it; None for where it is found.
        batch_size: conversations that are read together; None for as many as suit the machine.

    Raises:
        OverlapError: the model was trained on what it is to be evaluated on.
        OtherRunError: another evaluation was begun in `output`, or what is left of this one would
            be made on another kind of device.
        PredictionError: `output` has predictions that cannot be used.
        ScoreError: another seeker's persona is asked for, and there is none.
        PalError: a corpus, a model or an encoder cannot be used.
    """
    esconv = esconv or find_esconv()
    if batch_size is None:
        batch_size = conversations_at_once(evaluation.options.candidates)
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; it must be 1 or more.")
    require_unseen(evaluation.model, evaluation.split, evaluation.part, esconv)
    config = measured_on(config_of(evaluation.model, extractor=evaluation.extractor), esconv)
    encoder = None if evaluation.encoder is None else SentenceEncoder(evaluation.encoder)
    turns = _read_turns(evaluation, config, esconv)
    require_others(turns.parts[evaluation.part], evaluation.persona)
    facts = _facts(evaluation, turns)
    _require_begun(output, facts)
    source = _source_of_seekers(evaluation, config, esconv)
    seekers = _seeker_personas(evaluation, config, turns, esconv, source)
    done = {seed: read_done(predictions_file(output, seed), seekers) for seed in evaluation.seeds}
    is_unsaid = any(len(of_one) < len(seekers) for of_one in done.values())
    is_scored = (output / PERPLEXITY_FILE).exists() or not evaluation.perplexity
    generator = None
    if is_unsaid:  # what cannot load is not begun
        generator = PalGenerator.load(
            evaluation.model, cache_bytes=batch_size * CACHE_BYTES_A_CONVERSATION
        )
    manifest = begin(
        output / MANIFEST_FILE,
        facts,
        notes={"seeker_personas": source},
        keep_environments=True,
        any_device=is_scored and not is_unsaid,  # texts compare alike everywhere
    )
    if generator is not None:
        _respond(evaluation, generator, turns, output, seekers, done, batch_size)
        del generator  # perplexity needs the room
    perplexity: dict[str, Any] = {"perplexity": {}}
    if evaluation.perplexity:
        perplexity = _perplexity(evaluation, turns, output)
    result = {
        **manifest,
        "evaluation": asdict(evaluation),
        "training": training_costs(evaluation.model),
        "times": read_times(output / TIMES_FILE),
        "n": len(seekers),
        **perplexity,
        "metrics": _metrics(evaluation, output, encoder),
    }
    write_json(output / RESULT_FILE, result)
    return result


def _metrics(
    evaluation: Evaluation, output: Path, encoder: SentenceEncoder | None
) -> dict[str, dict[str, Any]]:
    files = [predictions_file(output, seed) for seed in evaluation.seeds]
    return summarise([measure(read_predictions(file), encoder) for file in files])


def _perplexity(evaluation: Evaluation, turns: EsconvTurns, output: Path) -> dict[str, Any]:
    """Return `PERPLEXITIES` of the human responses, the 95 % interval of the first, and the seconds
    that they took; count them where `output` has none yet.
    """
    file = output / PERPLEXITY_FILE
    if not file.exists():
        scorer = Scorer(evaluation.model, extractor=evaluation.extractor)
        begun = time.monotonic()
        rows = _SCORED_ROWS_ON_GPU if torch.cuda.is_available() else 1
        found = asdict(scorer.score(turns.parts[evaluation.part], evaluation.persona, rows))
        write_json(file, {**found, "seconds": round(time.monotonic() - begun, 3)})
    score = json.loads(file.read_text(encoding="utf-8"))
    return {
        "perplexity": {name: score[name] for name in PERPLEXITIES},
        "perplexity_interval": score["token_perplexity_interval"],
        "perplexity_seconds": score["seconds"],
    }


def _respond(
    evaluation: Evaluation,
    generator: PalGenerator,
    turns: EsconvTurns,
    output: Path,
    seeker_personas: Mapping[Turn, Persona],
    done: Mapping[int, Set[Turn]],
    batch_size: int,
) -> None:
    """Make the predictions of each seed that are not done, and write them batch by batch."""
    part = evaluation.part
    given = Scorer.with_personas(turns.parts[part], evaluation.persona)
    batches = predict(
        generator,
        dict(zip(turns.indices[part], given, strict=True)),
        seeker_personas,
        evaluation.options,
        seeds=evaluation.seeds,
        use_gold_strategy=evaluation.strategy == "gold",
        batch_size=batch_size,
        seeds_at_once=seeds_at_once(batch_size * evaluation.options.candidates),
        done=done,
    )
    progress = tqdm(
        initial=sum(map(len, done.values())),
        total=len(evaluation.seeds) * len(seeker_personas),
        desc="responses",
        file=sys.stderr,
    )
    with progress, timed(output / TIMES_FILE) as times:
        for seed, batch in batches:
            with predictions_file(output, seed).open("a", encoding="utf-8") as sink:
                sink.writelines(map(as_line, batch))
            progress.update(len(batch))
            times["responses"] += len(batch)


def _read_turns(evaluation: Evaluation, config: RunConfig, esconv: Path) -> EsconvTurns:
    return read_part(
        config,
        esconv,
        evaluation.split,
        evaluation.part,
        evaluation.conversations,
        consecutive=evaluation.consecutive,
    )


def _source_of_seekers(evaluation: Evaluation, config: RunConfig, esconv: Path) -> SeekerSource:
    """Return "inferred" where that is done for the model anyway, or else "annotated" where the
    personas in the file are by the weights of the same extractor. Rules have none that would tell
    them from other rules, and take no time.
    """
    if config.data.persona == "inferred":
        return "inferred"
    files = folder_hashes(find_extractor(evaluation.extractor))
    is_same = bool(files) and annotation_of(esconv).get("extractor_files") == files
    return "annotated" if is_same else "inferred"


def _seeker_personas(
    evaluation: Evaluation,
    config: RunConfig,
    turns: EsconvTurns,
    esconv: Path,
    source: SeekerSource,
) -> dict[Turn, Persona]:
    """Return who the seeker of each turn is, by `source`, whether or not the model is to know."""
    data = config.data
    if data.persona != source:
        data = data.model_copy(update={"persona": source, "extractor": evaluation.extractor})
        turns = _read_turns(evaluation, config.model_copy(update={"data": data}), esconv)
    part = evaluation.part
    return personas_by_turn(dict(zip(turns.indices[part], turns.parts[part], strict=True)))


def _facts(evaluation: Evaluation, turns: EsconvTurns) -> dict[str, Any]:
    """Return what is evaluated, without what may be asked for later."""
    return {
        "evaluation": {k: v for k, v in asdict(evaluation).items() if k not in _MAY_CHANGE},
        "data": turns.hashes,
        "model": folder_hashes(Path(find_model(evaluation.model))),
        "extractor": folder_hashes(find_extractor(evaluation.extractor)),
        "environment": environment(),
    }


def _require_begun(output: Path, facts: Mapping[str, Any]) -> None:
    """Make sure that what is in `output`, if anything, is of this evaluation, on whatever device.

    Raises:
        OtherRunError: it is of another, or nobody can tell.
    """
    manifest = output / MANIFEST_FILE
    if manifest.exists():
        require_same(manifest, facts, any_device=True)
        return
    found = [*output.glob("predictions.*.jsonl"), *output.glob(PERPLEXITY_FILE)]
    if found:
        raise OtherRunError(
            f"{found[0]} is there without {MANIFEST_FILE}: of which evaluation cannot be told. "
            "Name another folder."
        )


def build_parser() -> argparse.ArgumentParser:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", help="a base model, or a folder of fine-tuning")
    parser.add_argument("--output", type=Path, required=True, help="folder of the results")
    parser.add_argument("--esconv", type=Path, help="ESConv.json; default: where it is found")
    parser.add_argument("--split", default="pal", help="such as hf_esconv")
    parser.add_argument("--part", default="test", choices=("valid", "test"))
    parser.add_argument("--conversations", type=positive, help="the first so many; default: all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="a run each")
    parser.add_argument("--strategy", default="predicted", choices=get_args(Source))
    alphas = parser.add_mutually_exclusive_group()
    alphas.add_argument(
        "--alpha",
        type=alpha_of_all,
        help="of all strategies; default: the checkpoint's, which are Table 2's",
    )
    alphas.add_argument(
        "--alphas", type=Path, help="a JSON file: an alpha for each strategy's name"
    )
    parser.add_argument("--persona", default="right", choices=CONDITIONS)
    parser.add_argument(
        "--extractor",
        default=EMBEDDED_EXTRACTOR,
        help="of the seekers' personas: 'embedded', 'rules', a folder or a hub name",
    )
    parser.add_argument("--served", action="store_true", help="draw and edit as the bot does")
    parser.add_argument(
        "--consecutive", action="store_true", help="also turns right after a supporter's"
    )
    parser.add_argument("--encoder", default=PACKAGED, help="for Cos-Sim; a folder or hub name")
    parser.add_argument("--no-encoder", action="store_const", const=None, dest="encoder")
    parser.add_argument(
        "--no-perplexity", action="store_false", dest="perplexity", help="which no alpha changes"
    )
    parser.add_argument(
        "--batch-size", type=positive, help="conversations at once; default: 32, on a GPU up to 65"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate; print the figures; return the exit status."""
    options = vars(build_parser().parse_args(arguments))
    output, esconv, batch_size = (options.pop(n) for n in ("output", "esconv", "batch_size"))
    alpha, alphas_file = options.pop("alpha"), options.pop("alphas")
    try:
        alphas = alpha if alphas_file is None else read_alphas(alphas_file)
        evaluation = Evaluation(**(options | {"seeds": tuple(options["seeds"]), "alphas": alphas}))
        if alphas_file is not None:
            esconv = esconv or find_esconv()
            require_not_searched(alphas_file, evaluation.split, evaluation.part, esconv)
        result = evaluate(evaluation, output, esconv=esconv, batch_size=batch_size)
    except (PalError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"n = {result['n']} turns, seeds {list(evaluation.seeds)}")
    for name, value in result["perplexity"].items():
        print(f"{name.replace('_', ' '):32}{value:8.3f}")
    for name, figure in result["metrics"].items():
        spread = "" if figure["std"] is None else f"  std {figure['std']:.3f}"
        between = figure.get("interval")
        spread += "" if between is None else f"  95 % [{between[0]:.3f}, {between[1]:.3f}]"
        print(f"{name:32}{figure['mean']:8.3f}{spread}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
