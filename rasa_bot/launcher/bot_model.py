"""Rasa's trained model: found where it fits the bot's files, made where it does not."""

from __future__ import annotations

import contextlib
import hashlib
import io
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from rasa_bot.launcher import say
from rasa_bot.launcher.environment import Settings
from rasa_bot.launcher.errors import LaunchError


def trained_model(settings: Settings) -> Path:
    """The model of the bot as it is now, trained if there is none yet."""
    model = settings.models / f"{fingerprint(settings.bot)}.tar.gz"
    if not model.exists():
        say.progress("Training Rasa's rules (some seconds, once) ...")
        _train(settings.bot, model)
        for outdated in settings.models.glob("*.tar.gz"):
            if outdated != model:
                outdated.unlink(missing_ok=True)
    return model


def fingerprint(bot: Path) -> str:
    """Names a model by the content it is made from; file times say nothing after a checkout."""
    digest = hashlib.sha256(version("rasa").encode())
    for file in _sources(bot):
        digest.update(b"\0" + file.relative_to(bot).as_posix().encode() + b"\0")
        digest.update(file.read_bytes())
    return digest.hexdigest()[:20]


def _sources(bot: Path) -> Iterator[Path]:
    yield bot / "config.yml"
    for folder, pattern in (("domain", "*.yml"), ("data", "*.yml"), ("components", "*.py")):
        yield from sorted((bot / folder).rglob(pattern))


def _train(bot: Path, model: Path) -> None:
    """Trains beside `model` and moves the result into place, so that nobody reads half a file."""
    import rasa.model_training

    with tempfile.TemporaryDirectory(dir=model.parent) as folder:
        chatter = io.StringIO()
        with contextlib.redirect_stdout(chatter):
            result = rasa.model_training.train(
                domain=str(bot / "domain"),
                config=str(bot / "config.yml"),
                training_files=[str(bot / "data")],
                output=folder,
                fixed_model_name="bot",
            )
        if result.code or not result.model:
            raise LaunchError(f"Rasa could not be trained:\n{chatter.getvalue().strip()}")
        Path(result.model).replace(model)
