"""Fine-tune PAL's response generator: `python -m training.finetune_pal RECIPE --output FOLDER`.

One YAML file a run (`training/recipes`). On several GPUs: `torchrun -m training.finetune_pal ...`.
A run that was stopped goes on with `--resume`. What comes out is a LoRA beside its base, with all
that is needed to serve it: `PAL_MODEL=FOLDER make chat`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pal_model.persona_extractor import find_extractor
from training.annotation import annotation_of
from training.dialogue_turns import find_dialogues, read_dialogue_turns
from training.esconv_turns import read_turns
from training.examples import SupporterTurn
from training.fitting import fit_form, run_command
from training.forms import load_form
from training.lora import loading
from training.provenance import file_hash, folder_hashes
from training.readers.esconv import find_esconv
from training.run_config import DataSettings, RunConfig


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a run learns from: its turns, conversation by conversation, and where they are from."""

    parts: dict[str, list[list[SupporterTurn]]]
    hashes: dict[str, str]


def read_corpus(config: RunConfig) -> Corpus:
    """Read a training and a validation part; never a test part."""
    data = config.data
    limits = {"train": data.train_conversations, "valid": data.valid_conversations}
    if data.corpus != "esconv":
        path = data.dialogues or find_dialogues(data.corpus)
        parts = read_dialogue_turns(data.corpus, path, limits, config.seed)
        return Corpus(parts, {path.name: file_hash(path)})
    turns = read_turns(
        data.esconv,
        data.split,
        tuple(limits),
        data.persona,
        data.extractor,
        seed=config.seed,
        limits=limits,
    )
    return Corpus(turns.parts, turns.hashes)


def fit(config: RunConfig, output: Path, resume: bool) -> dict[str, Any]:
    """Train and write a generator; return what is known of the run (see `fit_form`)."""
    annotation = _annotation(config.data)
    with loading(config.base_model, config.start_from):
        form = load_form(config)
    corpus = read_corpus(config)
    dropouts = {"train": config.data.persona_dropout, "valid": 0.0}
    rows = {part: form.rows(corpus.parts[part], share) for part, share in dropouts.items()}
    facts: dict[str, Any] = {
        "data": corpus.hashes,
        "conversations": {part: len(turns) for part, turns in corpus.parts.items()},
    }
    if annotation is not None:
        facts["annotation"] = annotation
    if config.data.persona == "inferred":
        facts["extractor"] = folder_hashes(find_extractor(config.data.extractor))
    return fit_form(form, config, rows, output, facts, resume=resume)


def _annotation(data: DataSettings) -> dict[str, Any] | None:
    """Return how annotated personas were made; None where others are asked for."""
    if data.persona != "annotated":
        return None
    file = data.esconv or find_esconv()
    annotation = annotation_of(file)
    if not annotation:
        print(
            f"{file} has no manifest of training.annotate_persona beside it, or was changed since: "
            "what learns from it can be measured on the conversations of this file alone.",
            file=sys.stderr,
        )
    return annotation


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return the exit status."""
    return run_command("training.finetune_pal", __doc__, RunConfig, fit, arguments)


if __name__ == "__main__":
    sys.exit(main())
