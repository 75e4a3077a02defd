"""The action server's settings: environment variables, checked once at start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from actions.safety.resources import country_code, load_resources
from actions.safety.risk import RiskLevel
from pal_model.embedded import EMBEDDED_MODEL, default_home
from pal_model.persona_extractor import EMBEDDED_EXTRACTOR

_MIN_TOKEN_LENGTH = 16
_THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")
_REMEDY = "make one with 'openssl rand -hex 32' and give the same to Rasa"


class SettingsError(Exception):
    """A setting cannot be used; the message names it, the rule and the remedy."""


def _long_enough(token: SecretStr) -> SecretStr:
    if len(token.get_secret_value()) < _MIN_TOKEN_LENGTH:
        raise ValueError(f"it must have {_MIN_TOKEN_LENGTH} characters or more; {_REMEDY}")
    return token


def _absolute(path: Path) -> Path:
    return path.expanduser().resolve()


def _private(url: AnyHttpUrl | None) -> AnyHttpUrl | None:
    if url is not None and url.scheme == "http" and url.host not in _THIS_MACHINE:
        raise ValueError("it must begin with https:// unless it is on this machine")
    return url


def _fit_for_a_header(token: SecretStr | None) -> SecretStr | None:
    if token is None:
        return None
    value = token.get_secret_value().strip()
    if not value.isascii() or not value.isprintable():
        raise ValueError("it must be printable ASCII, for it is sent in a header")
    return SecretStr(value)


def _names_a_country(locale: str) -> str:
    if country_code(locale) is None:
        raise ValueError(
            "it must name a country by its two letters, alone or in a locale such as en-GB; there "
            f"are numbers for {', '.join(sorted(load_resources().countries))}, and a general line "
            "for the others"
        )
    return locale


@dataclass(frozen=True, slots=True)
class HandoffSettings:
    """How people on duty are told; with no `url` they are not."""

    url: AnyHttpUrl | None = None
    token: SecretStr | None = None
    least_level: RiskLevel = RiskLevel.HIGH
    wait: float = 3.0
    transcript: bool = False


class Settings(BaseSettings):
    """Where the server listens, what it loads, and how long a turn may take.

    Each field is read from the environment variable of its name in capitals, with the prefix
    `PAL_`; host and port are `ACTIONS_HOST` and `ACTIONS_PORT`.
    """

    model_config = SettingsConfigDict(
        env_prefix="PAL_",
        env_ignore_empty=True,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    home: Annotated[Path, AfterValidator(_absolute)] = Field(default_factory=default_home)
    host: str = Field("127.0.0.1", validation_alias="ACTIONS_HOST")
    port: int = Field(5055, ge=1, le=65535, validation_alias="ACTIONS_PORT")
    actions_token: Annotated[SecretStr, AfterValidator(_long_enough)]
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    model: str = EMBEDDED_MODEL
    persona_extractor: str = EMBEDDED_EXTRACTOR
    device: str | None = None
    dtype: Literal["auto", "int8", "float32", "bfloat16", "float16"] = "auto"
    threads: int | None = Field(None, ge=1)
    candidates: int = Field(3, ge=1, le=8)
    history_cache_mb: int = Field(
        1024, ge=0, description="of what the model has read, kept for the conversations' next turns"
    )
    seed: int | None = Field(None, ge=0, lt=2**63)

    turn_timeout: float = Field(20.0, gt=0, le=200, description="seconds; Rasa gives up at 300")
    max_batch: int = Field(8, ge=1, le=64, description="seekers answered in one forward pass")
    batch_wait: float = Field(0.01, ge=0, le=1, description="seconds a first request waits")
    drain_timeout: float = Field(
        25.0, ge=0, le=300, description="seconds for open turns at shutdown"
    )

    memory_db: str = Field(
        "", description="an SQLAlchemy URL, 'off' for no memory; default: memory.db in the home"
    )
    memory_key: SecretStr | None = Field(
        None, description="newest first, by commas; default: the file memory.key in the home"
    )
    memory_days: int = Field(90, ge=1, le=3650, description="that a fact lives unmentioned")

    locale: Annotated[str, AfterValidator(_names_a_country)] = Field(
        "US", description="whose emergency numbers are given"
    )
    disclose_every: int = Field(
        20, ge=0, description="turns after which it says again that it is a program; 0: never"
    )

    handoff_url: Annotated[AnyHttpUrl | None, AfterValidator(_private)] = Field(
        None, description="a webhook that tells people on duty of somebody in danger"
    )
    handoff_token: Annotated[SecretStr | None, AfterValidator(_fit_for_a_header)] = Field(
        None, description="sent to it as a bearer token"
    )
    handoff_level: Literal["concern", "high", "imminent"] = Field(
        "high", description="from which people are told"
    )
    handoff_wait: float = Field(
        3.0, ge=0, le=30, description="seconds that a turn waits for the webhook"
    )
    handoff_transcript: bool = Field(
        False, description="send what was said, too, and tell every seeker so at the start"
    )

    @property
    def handoff(self) -> HandoffSettings:
        """How people on duty are told."""
        return HandoffSettings(
            url=self.handoff_url,
            token=self.handoff_token,
            least_level=RiskLevel.parse(self.handoff_level),
            wait=self.handoff_wait,
            transcript=self.handoff_transcript,
        )


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        SettingsError: a value is missing or cannot be used.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None


def _explain(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_context=False):
        field = str(problem["loc"][0])
        name = field if field.isupper() else f"PAL_{field.upper()}"
        # What was received is left out: it may be the secret.
        shown = "" if "TOKEN" in name or "URL" in name else f" (it is {problem.get('input')!r})"
        if problem["type"] == "missing":
            lines.append(f"{name} is not set; {_REMEDY}.")
        else:
            rule = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{name}: {rule}{shown}.")
    return "\n".join(lines)
