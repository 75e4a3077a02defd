"""Fine-tune a persona extractor: `python -m training.finetune_persona_extractor RECIPE --output
FOLDER`.

One YAML file a run (`training/recipes/persona_extractor`). A run that was stopped goes on with
`--resume`. What comes out is served with `PAL_PERSONA_EXTRACTOR=FOLDER make chat`.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.annotated_personas import ANNOTATIONS, read_annotated
from training.extractor_forms import load_extractor_form
from training.extractor_run import ExtractorRun, PersonaDataSettings
from training.fitting import fit_form, run_command
from training.lora import loading
from training.persona_examples import (
    SpeakerTurns,
    examples,
    find_persona_chat,
    read_speakers,
    seeker_by_rules,
)
from training.provenance import file_hash
from training.readers.esconv import SPLIT_FILE, find_esconv, read_esconv, read_split
from training.readers.persona_alignment import ALIGNMENT_FILE
from training.recipe import RecipeError


def fit(run: ExtractorRun, output: Path, resume: bool) -> dict[str, Any]:
    """Train and write an extractor; return what is known of the run (see `fit_form`)."""
    with loading(run.base_model, run.start_from):
        form = load_extractor_form(run)
    speakers, files = read_parts(run.data, run.seed)
    rows = {
        part: form.rows(
            examples(of_part, run.data.targets, run.data.window, run.data.capitals, run.seed)
        )
        for part, of_part in speakers.items()
    }
    facts = {
        "data": {file.name: file_hash(file) for file in files},
        "speakers": {part: len(of_part) for part, of_part in speakers.items()},
    }
    return fit_form(form, run, rows, output, facts, resume=resume)


def read_parts(
    data: PersonaDataSettings, seed: int
) -> tuple[dict[str, list[SpeakerTurns]], list[Path]]:
    """Return the speakers of the training and of the validation part, and the files they are from.

    Both speakers of a dialogue are in one part.

    Raises:
        CorpusError: a file is missing or malformed.
        RecipeError: nothing says what to validate on.
    """
    files = [find_persona_chat(data.train)]
    dialogues = _dialogues(files[0], data, seed)
    if data.valid is not None:
        files.append(find_persona_chat(data.valid))
        valid = _dialogues(files[1], data, seed)[: data.valid_dialogues]
    elif data.valid_dialogues is None or data.valid_dialogues >= len(dialogues):
        raise RecipeError(
            f"data.valid is null and data.valid_dialogues {data.valid_dialogues}; of the "
            f"{len(dialogues)} dialogues in {files[0]} some must be held back. Set "
            "data.valid_dialogues to a smaller number."
        )
    else:
        valid = dialogues[-data.valid_dialogues :]
        dialogues = dialogues[: -data.valid_dialogues]
    if data.targets == "supported":
        files.append(files[0].with_name(ALIGNMENT_FILE))
    parts = {
        "train": [speaker for both in dialogues[: data.train_dialogues] for speaker in both],
        "valid": [speaker for both in valid for speaker in both],
    }
    if data.esconv_conversations or data.annotated_passes:
        esconv = data.esconv or find_esconv()
        files += [esconv, esconv.with_name(SPLIT_FILE)]
        parts["train"] += _by_rules(esconv, data, seed)
    if data.annotated_passes:
        files.append(ANNOTATIONS)
        parts["train"] += data.annotated_passes * read_annotated(esconv, data.split, "train")
        parts["valid"] += read_annotated(esconv, data.split, "valid")
    return parts, files


def _by_rules(esconv: Path, data: PersonaDataSettings, seed: int) -> list[SpeakerTurns]:
    """Return seekers of ESConv's training part, with what the rules find."""
    chosen = read_split(esconv.with_name(SPLIT_FILE), data.split, "train")
    random.Random(seed).shuffle(chosen)  # noqa: S311  (repeatable, no secret)
    conversations = list(read_esconv(esconv))
    return [seeker_by_rules(conversations[i]) for i in chosen[: data.esconv_conversations]]


def _dialogues(
    path: Path, data: PersonaDataSettings, seed: int
) -> list[tuple[SpeakerTurns, SpeakerTurns]]:
    speakers = read_speakers(path, data.targets)
    dialogues = list(zip(speakers[::2], speakers[1::2], strict=True))
    random.Random(seed).shuffle(dialogues)  # noqa: S311  (repeatable, no secret)
    return dialogues


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return the exit status."""
    program = "training.finetune_persona_extractor"
    return run_command(program, __doc__, ExtractorRun, fit, arguments)


if __name__ == "__main__":
    sys.exit(main())
