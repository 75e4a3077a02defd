"""What a run that may be stopped is of: written when it begins, compared when it goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pal_model import PalError

SEARCH_MANIFEST = "search_run.json"
"""Of `training.search_alphas`, beside the alphas that it found."""


class OtherRunError(PalError):
    """What was begun in a folder is not what is to go on there."""


def begin(
    file: Path,
    facts: Mapping[str, Any],
    *,
    notes: Mapping[str, Any] | None = None,
    keep_environments: bool = False,
    any_device: bool = False,
) -> dict[str, Any]:
    """Write what a run is of, or make sure that what was begun is the same.

    Args:
        file: of the manifest; its folder is made where there is none.
        facts: by name; where the run goes on ("environment") may differ, but not in the kind of
            device.
        notes: written beside the facts when the run begins, and never compared.
        keep_environments: add that of a run that goes on to what was begun, under "resumed".
        any_device: the kind of device may differ, too: what is left depends on none.

    Returns:
        The manifest as it was begun, with what was added, as JSON has it.

    Raises:
        OtherRunError: what was begun differs in something else.
    """
    if not file.exists():
        manifest: dict[str, Any] = json.loads(json.dumps({**facts, **(notes or {})}))
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, manifest)
        return manifest
    begun = require_same(file, facts, any_device=any_device)
    if keep_environments:
        begun.setdefault("resumed", []).append(json.loads(json.dumps(facts["environment"])))
        write_json(file, begun)
    return begun


def require_same(
    file: Path, facts: Mapping[str, Any], *, any_device: bool = False
) -> dict[str, Any]:
    """Return the manifest of what was begun.

    Args:
        file: of the manifest.
        facts: as `begin` takes them.
        any_device: as `begin` takes it.

    Raises:
        OtherRunError: what was begun differs, or cannot be read.
    """
    manifest: dict[str, Any] = json.loads(json.dumps(facts))
    begun = read_manifest(file)
    for name, value in manifest.items():
        if name != "environment" and begun.get(name) != value:
            before, now = _differing(begun.get(name), value)
            raise OtherRunError(
                f"{file} was begun with {name} {before!r}, and this run has {now!r}. Name another "
                "folder, or go on with what was begun."
            )
    if not any_device:
        _require_same_device(file, begun.get("environment", {}), manifest.get("environment", {}))
    return begun


def read_manifest(file: Path) -> dict[str, Any]:
    """Return what was written when a run began.

    Raises:
        OtherRunError: the file cannot be read.
    """
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise OtherRunError(
            f"{file} cannot be read: {error}. What was begun there cannot be told: restore the "
            "file, or name another folder."
        ) from error


def _differing(before: Any, now: Any) -> tuple[Any, Any]:
    """Return of two dictionaries what differs, of anything else both."""
    if not (isinstance(before, dict) and isinstance(now, dict)):
        return before, now
    names = [n for n in {**before, **now} if before.get(n) != now.get(n)]
    return {n: before.get(n) for n in names}, {n: now.get(n) for n in names}


def _require_same_device(file: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """An environment that does not say its device passes."""
    if "gpu" not in before or "gpu" not in now or (before["gpu"] is None) == (now["gpu"] is None):
        return
    begun_on, going_on = (f"a GPU ({e['gpu']})" if e["gpu"] else "a CPU" for e in (before, now))
    raise OtherRunError(
        f"{file} was begun on {begun_on}, and this run is on {going_on}. The two round "
        "differently, so that other words come out, and take other times: name another folder, or "
        "go on where it was begun."
    )


def write_json(file: Path, record: Mapping[str, Any]) -> None:
    """Write all of it or nothing."""
    partial = file.with_name(file.name + ".partial")
    partial.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    partial.replace(file)
