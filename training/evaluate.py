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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tqdm import tqdm

from pal_model import GenerationOptions, PalError, PalGenerator, Persona, Strategy
from pal_model.embedded import find_model
from pal_model.generation_options import PAPER_OPTIONS
from pal_model.persona_extractor import EMBEDDED_EXTRACTOR, find_extractor
from training.arguments import positive
from training.esconv_turns import EsconvTurns
from training.evaluation import Run, measure, summarise
from training.manifest import begin
from training.predicting import Conversations, personas_by_turn, predict
from training.predictions import Prediction, Turn, as_line, drop_cut_line, read_predictions
from training.provenance import environment, folder_hashes
from training.readers.esconv import find_esconv
from training.score import CONDITIONS, Scorer, read_part, require_others
from training.sentence_encoder import PACKAGED, SentenceEncoder
from training.stages import training_costs
from training.unseen import require_unseen

MANIFEST_FILE = "evaluation_run.json"
RESULT_FILE = "evaluation.json"
_CACHE_BYTES_A_CONVERSATION = 64_000_000
"""So that none of a batch is dropped before its next turn: the embedded model needs 26 MB."""

PERPLEXITIES = ("token_perplexity", "token_perplexity_with_strategy", "word_perplexity")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is evaluated, and how; with the data's hashes it makes a manifest.

    Attributes:
        model: a base model or a folder.
        split, part: of ESConv.
        conversations: the first so many; None for all.
        seeds: of what is drawn, a run each.
        strategy: whose strategy a response is written with.
        alphas: guidance strength by strategy; None for the checkpoint's own.
        persona: "right", another seeker's ("wrong") or "none".
        extractor: infers who the seekers are, for models that read inferred personas, and for
            Cos-Sim.
        served: draw and edit responses as the action server does, not as the paper.
        consecutive: respond in a supporter's place right after a supporter, too.
        encoder: of sentences; None leaves Cos-Sim out.
        perplexity: also of the human responses, which no alpha and no seed changes.
    """

    model: str
    split: str = "pal"
    part: str = "test"
    conversations: int | None = None
    seeds: tuple[int, ...] = (1,)
    strategy: Literal["predicted", "gold"] = "predicted"
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
        if self.conversations is not None and self.conversations < 1:
            raise ValueError(f"conversations is {self.conversations}; it must be 1 or more.")
        _ = self.options  # checks the alphas

    @property
    def options(self) -> GenerationOptions:
        """How responses are drawn."""
        alphas = None
        if self.alphas is not None:
            alphas = {Strategy.parse(name): alpha for name, alpha in self.alphas.items()}
        return replace(GenerationOptions() if self.served else PAPER_OPTIONS, alphas=alphas)


def predictions_file(output: Path, seed: int) -> Path:
    """Return where the predictions of a seed are kept."""
    return output / f"predictions.{seed}.jsonl"


def evaluate(
    evaluation: Evaluation, output: Path, *, esconv: Path | None = None, batch_size: int = 32
) -> dict[str, Any]:
    """Evaluate; return what is written to `evaluation.json`.

    Raises:
        OverlapError: the model was trained on what it is to be evaluated on.
        OtherRunError: another evaluation was begun in `output`, or on another kind of device.
        ScoreError: another seeker's persona is asked for, and there is none.
        PalError: a corpus, a model or an encoder cannot be used.
    """
    esconv = esconv or find_esconv()
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; it must be 1 or more.")
    require_unseen(evaluation.model, evaluation.split, evaluation.part, esconv)
    scorer = Scorer(evaluation.model, extractor=evaluation.extractor)
    encoder = None if evaluation.encoder is None else SentenceEncoder(evaluation.encoder)
    turns = read_part(
        scorer.config,
        esconv,
        evaluation.split,
        evaluation.part,
        evaluation.conversations,
        consecutive=evaluation.consecutive,
    )
    require_others(turns.parts[evaluation.part], evaluation.persona)
    manifest = _begin(evaluation, turns, output)
    seekers = _seeker_personas(evaluation, scorer, turns, esconv)
    runs = predicted(evaluation, scorer, turns, output, seekers, batch_size, encoder)
    result = {
        **manifest,
        "training": training_costs(evaluation.model),
        "n": len(runs[0].predictions),
        "perplexity": _perplexity(evaluation, scorer, turns),
        "metrics": summarise(runs),
    }
    (output / RESULT_FILE).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return result


def _perplexity(evaluation: Evaluation, scorer: Scorer, turns: EsconvTurns) -> dict[str, float]:
    """Return `PERPLEXITIES` of the human responses; nothing where they were not asked for."""
    if not evaluation.perplexity:
        return {}
    score = asdict(scorer.score(turns.parts[evaluation.part], evaluation.persona, 1))
    return {name: score[name] for name in PERPLEXITIES}


def predicted(
    evaluation: Evaluation,
    scorer: Scorer,
    turns: EsconvTurns,
    output: Path,
    seeker_personas: Mapping[Turn, Persona],
    batch_size: int,
    encoder: SentenceEncoder | None,
) -> list[Run]:
    """Make the predictions of each seed that are missing; return all with what is counted."""
    part = evaluation.part
    given = scorer.with_personas(turns.parts[part], evaluation.persona)
    conversations = dict(zip(turns.indices[part], given, strict=True))
    files = {seed: predictions_file(output, seed) for seed in evaluation.seeds}
    done = {seed: _done(file) for seed, file in files.items()}
    progress = tqdm(
        initial=sum(map(len, done.values())),
        total=len(files) * sum(map(len, given)),
        desc="responses",
        file=sys.stderr,
    )
    with ExitStack() as open_files:
        open_files.enter_context(progress)
        sinks = {
            seed: open_files.enter_context(file.open("a", encoding="utf-8"))
            for seed, file in files.items()
        }
        for seed, batch in _missing(
            evaluation, conversations, seeker_personas, batch_size, done, progress.total
        ):
            sinks[seed].writelines(map(as_line, batch))
            sinks[seed].flush()
            progress.update(len(batch))
    return [measure(read_predictions(file), encoder) for file in files.values()]


def _done(file: Path) -> set[Turn]:
    """Return the turns in a file of predictions that may have been cut off."""
    if not file.exists():
        return set()
    drop_cut_line(file)
    return {prediction.turn for prediction in read_predictions(file)}


def _missing(
    evaluation: Evaluation,
    conversations: Conversations,
    seeker_personas: Mapping[Turn, Persona],
    batch_size: int,
    done: Mapping[int, set[Turn]],
    total: int,
) -> Iterator[tuple[int, list[Prediction]]]:
    """Make what is missing; load a model only where something is."""
    if sum(map(len, done.values())) == total:
        return
    generator = PalGenerator.load(
        evaluation.model, cache_bytes=batch_size * _CACHE_BYTES_A_CONVERSATION
    )
    yield from predict(
        generator,
        conversations,
        seeker_personas,
        evaluation.options,
        seeds=evaluation.seeds,
        use_gold_strategy=evaluation.strategy == "gold",
        batch_size=batch_size,
        done=done,
    )


def _seeker_personas(
    evaluation: Evaluation, scorer: Scorer, turns: EsconvTurns, esconv: Path
) -> dict[Turn, Persona]:
    """Return who the seeker of each turn is, whether or not the model is to know."""
    data = scorer.config.data
    if data.persona != "inferred":
        data = data.model_copy(update={"persona": "inferred", "extractor": evaluation.extractor})
        turns = read_part(
            scorer.config.model_copy(update={"data": data}),
            esconv,
            evaluation.split,
            evaluation.part,
            evaluation.conversations,
            consecutive=evaluation.consecutive,
        )
    part = evaluation.part
    return personas_by_turn(dict(zip(turns.indices[part], turns.parts[part], strict=True)))


def _begin(evaluation: Evaluation, turns: EsconvTurns, output: Path) -> dict[str, Any]:
    """Write what is evaluated, or make sure that what was begun there is the same. Perplexity may
    be asked for later: it is counted anew each time.
    """
    facts = {
        "evaluation": {k: v for k, v in asdict(evaluation).items() if k != "perplexity"},
        "data": turns.hashes,
        "model": folder_hashes(Path(find_model(evaluation.model))),
        "extractor": folder_hashes(find_extractor(evaluation.extractor)),
        "environment": environment(),
    }
    return begin(output / MANIFEST_FILE, facts, keep_environments=True)


def read_alphas(file: str) -> dict[str, float]:
    """Return the alphas in a file, such as `training.search_alphas` writes."""
    try:
        alphas: dict[str, float] = json.loads(Path(file).read_text(encoding="utf-8"))
        Evaluation("", alphas=alphas).options  # noqa: B018  (checks them)
    except (OSError, ValueError, AttributeError, PalError) as error:
        raise argparse.ArgumentTypeError(
            f"{file} cannot be used: {error} It must hold a number, 0 or more, for each strategy."
        ) from error
    return alphas


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
    parser.add_argument("--strategy", default="predicted", choices=("predicted", "gold"))
    alphas = parser.add_mutually_exclusive_group()
    alphas.add_argument(
        "--alpha",
        type=lambda text: {strategy.value: float(text) for strategy in Strategy},
        dest="alphas",
        help="of all strategies; default: the checkpoint's, which are Table 2's",
    )
    alphas.add_argument(
        "--alphas", type=read_alphas, help="a JSON file: an alpha for each strategy's name"
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
    parser.add_argument("--batch-size", type=positive, default=32, help="conversations at once")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate; print the figures; return the exit status."""
    options = vars(build_parser().parse_args(arguments))
    output, esconv, batch_size = (options.pop(n) for n in ("output", "esconv", "batch_size"))
    try:
        evaluation = Evaluation(**(options | {"seeds": tuple(options["seeds"])}))
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
