"""What is known of a file that `training.annotate_persona` wrote: the manifest beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pal_model import PalError
from training.manifest import write_json
from training.provenance import file_hash


class AnnotationError(PalError):
    """Nobody can tell how a file was annotated."""


def keep_annotation(file: Path, facts: Mapping[str, Any]) -> None:
    """Write beside an annotated `file` how it was made, and its own hash."""
    write_json(_manifest_of(file), {**facts, "output": file_hash(file)})


def annotation_of(file: Path) -> dict[str, Any]:
    """Return how `file` was annotated: "data" is the hash of the ESConv.json that it was made from.
    Nothing of a file that has no manifest, or was changed since.

    Raises:
        AnnotationError: the manifest cannot be used.
    """
    manifest = _manifest_of(file)
    if not manifest.exists():
        return {}
    try:
        made = dict(json.loads(manifest.read_text(encoding="utf-8")))
        output, data = str(made["output"]), str(made["data"])
    except KeyError as error:
        raise _unusable(manifest, f"it has no {error}") from error
    except (OSError, ValueError, TypeError) as error:
        raise _unusable(manifest, str(error)) from error
    return made if data and output == file_hash(file) else {}


def _unusable(manifest: Path, problem: str) -> AnnotationError:
    return AnnotationError(
        f"{manifest} cannot be used: {problem}. What was annotated, and by what, cannot be told: "
        "restore it, or run training.annotate_persona again."
    )


def _manifest_of(file: Path) -> Path:
    return file.with_name(f"{file.stem}.manifest.json")
