"""Settings of the launcher, and the environment that Rasa and the action server start in."""

from __future__ import annotations

import os
import secrets
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from rasa_bot.launcher.errors import LaunchError

SETTINGS_HELP = """\
settings (environment):
  PAL_HOME             where data and prepared models are kept (default: .pal in the checkout)
  RASA_HOST, RASA_PORT        where `serve` listens (default: 127.0.0.1, 5005)
  ACTIONS_HOST, ACTIONS_PORT  where the action server listens (default: 127.0.0.1, 5055;
                       `chat` picks a free port)
  PAL_TRACKER_DB       conversations: a file or an SQLAlchemy URL (default: PAL_HOME/tracker.db)
  PAL_CONVERSATION_DAYS       days after which the conversation of somebody who does not come back
                       is deleted at start (default: 7)
  PAL_MEMORY_DB        what is remembered of who agreed to it: an SQLAlchemy URL of SQLite or
                       PostgreSQL, or off (default: PAL_HOME/memory/memory.db)
  PAL_MEMORY_KEY       what it is encrypted with (default: the file PAL_HOME/memory.key, made once)
  PAL_MEMORY_DAYS      days after which what nobody mentioned is deleted (default: 90)
  PAL_HANDOFF_URL, PAL_HANDOFF_TOKEN   a webhook that tells people on duty of somebody in danger,
                       and its bearer token, which also gives a conversation back (default: none)
  PAL_ACTIONS_TOKEN    secret between Rasa and the action server (default: random for each run)
  PAL_ACTIONS_COMMAND  command that starts the action server (default: .venv/bin/python -m
                       actions.server)
  PAL_LOG_LEVEL        DEBUG, INFO, WARNING (default) or ERROR. DEBUG logs what people write.
"""

# Rasa and the libraries below it, kept to themselves.
_QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
}
# Rasa waits at most 300 s for an action; a message queued behind it must not lose its place.
_LOCK_SECONDS = "330"
_CONVERSATION_DAYS = "7"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True)
class Settings:
    """Everything the launcher was told, checked."""

    checkout: Path
    home: Path
    rasa_host: str
    rasa_port: int
    actions_host: str
    actions_port: int
    actions_command: list[str]
    log_level: str

    @property
    def bot(self) -> Path:
        """The folder of the bot's YAML files."""
        return self.checkout / "rasa_bot"

    @property
    def endpoints(self) -> Path:
        """Rasa's endpoints file."""
        return self.checkout / "endpoints.yml"

    @property
    def models(self) -> Path:
        """Where trained Rasa models are kept."""
        return self.home / "rasa"

    def with_ports(self, actions_port: int) -> Settings:
        """These settings with the action server elsewhere; Rasa is told, too."""
        settings = replace(self, actions_port=actions_port)
        _publish(settings)
        return settings


def prepare(checkout: Path) -> Settings:
    """Reads the settings, makes PAL_HOME, and sets the environment for Rasa and the actions."""
    os.umask(0o077)  # what people write, and what is learnt about them, is theirs alone
    home = Path(os.environ.get("PAL_HOME") or checkout / ".pal").expanduser().resolve()
    settings = Settings(
        checkout=checkout,
        home=home,
        rasa_host=os.environ.get("RASA_HOST") or "127.0.0.1",
        rasa_port=_port("RASA_PORT", 5005),
        actions_host=os.environ.get("ACTIONS_HOST") or "127.0.0.1",
        actions_port=_port("ACTIONS_PORT", 5055),
        actions_command=_actions_command(checkout),
        log_level=_log_level(),
    )
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings.models.mkdir(exist_ok=True)
    except OSError as error:
        raise LaunchError(f"cannot use PAL_HOME={home}: {error.strerror}") from error
    _publish(settings)
    return settings


def _publish(settings: Settings) -> None:
    """Sets what endpoints.yml, Rasa and the action server read."""
    os.environ.update(_QUIET)
    os.environ.setdefault("TICKET_LOCK_LIFETIME", _LOCK_SECONDS)
    os.environ["LOG_LEVEL"] = os.environ["PAL_LOG_LEVEL"] = settings.log_level
    os.environ["PAL_HOME"] = str(settings.home)
    os.environ["RASA_CACHE_DIRECTORY"] = str(settings.models / "cache")
    if not os.environ.get("PAL_TRACKER_DB"):
        os.environ["PAL_TRACKER_DB"] = str(settings.home / "tracker.db")
    if not os.environ.get("PAL_CONVERSATION_DAYS"):
        os.environ["PAL_CONVERSATION_DAYS"] = _CONVERSATION_DAYS
    if not os.environ.get("PAL_ACTIONS_TOKEN"):
        os.environ["PAL_ACTIONS_TOKEN"] = secrets.token_urlsafe(32)
    os.environ["ACTIONS_HOST"] = settings.actions_host
    os.environ["ACTIONS_PORT"] = str(settings.actions_port)
    os.environ["PAL_ACTIONS_URL"] = (
        f"http://{settings.actions_host}:{settings.actions_port}/webhook"
    )


def _port(name: str, default: int) -> int:
    value = os.environ.get(name) or str(default)
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise LaunchError(f"{name} must be a port number between 1 and 65535, not {value!r}")
    return int(value)


def _log_level() -> str:
    level = (os.environ.get("PAL_LOG_LEVEL") or "WARNING").upper()
    if level not in _LEVELS:
        raise LaunchError(f"PAL_LOG_LEVEL must be one of {', '.join(_LEVELS)}, not {level!r}")
    return level


def _actions_command(checkout: Path) -> list[str]:
    command = os.environ.get("PAL_ACTIONS_COMMAND")
    if command:
        return shlex.split(command)
    return [str(checkout / ".venv" / "bin" / "python"), "-m", "actions.server"]
