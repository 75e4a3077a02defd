"""Where a result is from: which code, which data, which machine."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch


def git_revision() -> str:
    """Return the commit of this code, marked where there are changes; "unknown" outside of git."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        done = subprocess.run(  # noqa: S603
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_hashes(folder: Path | None) -> dict[str, str]:
    """Return the hashes of what makes a checkpoint: weights, settings, recipes; nothing for a name
    of the hub, or for what needs no files.
    """
    if folder is None or not folder.is_dir():
        return {}
    files = (f for f in folder.iterdir() if f.suffix in {".safetensors", ".json", ".yaml"})
    return {file.name: file_hash(file) for file in sorted(files)}


def environment() -> dict[str, Any]:
    """Return machine, versions and commit. The load says whether the machine had anything else to
    do.
    """
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu_model(),
        "cores": _cores(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "load_before": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        "torch": importlib.metadata.version("torch"),
        "threads": torch.get_num_threads(),
        **{name: importlib.metadata.version(name) for name in ("transformers", "onnxruntime")},
        "commit": git_revision(),
    }


def _cores() -> int | None:
    """Return how many this process may use; not every system can tell."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
