"""What a run that may be stopped is of: written when it begins, compared when it goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pal_model import PalError


class OtherRunError(PalError):
    """What was begun in a folder is not what is to go on there."""


def begin(file: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write what a run is of, or make sure that what was begun is the same.

    Args:
        file: of the manifest; its folder is made where there is none.
        facts: by name; where the run was begun ("environment") may differ.

    Returns:
        The manifest as it was begun, as JSON has it.

    Raises:
        OtherRunError: what was begun differs in something else.
    """
    manifest: dict[str, Any] = json.loads(json.dumps(facts))
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        return manifest
    begun: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    for name, value in manifest.items():
        if name != "environment" and begun.get(name) != value:
            raise OtherRunError(
                f"{file} was begun with {name} {begun.get(name)!r}, and this run has {value!r}. "
                "Name another folder, or go on with what was begun."
            )
    return begun
