"""What is known of a file that `training.annotate_persona` wrote: the manifest beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pal_model import PalError
from training.manifest import OtherRunError, read_manifest, write_json
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
        made = read_manifest(manifest)
        return made if made["output"] == file_hash(file) and made["data"] else {}
    except (OtherRunError, KeyError) as error:
        raise AnnotationError(
            f"{manifest} cannot be used: {error!r}. From which file {file.name} was made cannot be "
            "told: restore it, or run training.annotate_persona again."
        ) from error


def _manifest_of(file: Path) -> Path:
    return file.with_name(f"{file.stem}.manifest.json")
