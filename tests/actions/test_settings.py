"""The settings: what is taken, what is refused, and that a refusal says why and tells no secret."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from actions.settings import Settings, SettingsError, load_settings
from tests.actions.fakes import TOKEN

SHORT_TOKEN = "hunter2-secret"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("PAL_ACTIONS_TOKEN", TOKEN)
    return monkeypatch


def refusal() -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return str(caught.value)


def test_a_token_is_all_that_must_be_set(environment: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 5055)
    assert (settings.model, settings.device, settings.dtype) == ("embedded", None, "auto")
    assert (settings.max_batch, settings.candidates, settings.seed) == (8, 3, None)
    assert settings.turn_timeout == 20
    assert settings.log_level == "INFO"
    assert settings.locale == "US"
    assert settings.home == Path(".pal").resolve()


def test_each_setting_is_read_from_its_variable(environment: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ACTIONS_HOST": "0.0.0.0",
        "ACTIONS_PORT": "6000",
        "PAL_LOG_LEVEL": "WARNING",
        "PAL_MODEL": "/models/mine",
        "PAL_PERSONA_EXTRACTOR": "/models/extractor",
        "PAL_DEVICE": "cpu",
        "PAL_DTYPE": "float32",
        "PAL_THREADS": "2",
        "PAL_CANDIDATES": "1",
        "PAL_HISTORY_CACHE_MB": "64",
        "PAL_SEED": "7",
        "PAL_TURN_TIMEOUT": "2.5",
        "PAL_MAX_BATCH": "4",
        "PAL_BATCH_WAIT": "0",
        "PAL_DRAIN_TIMEOUT": "3",
        "PAL_MEMORY_DB": "postgresql://db/pal",
        "PAL_MEMORY_DAYS": "30",
        "PAL_LOCALE": "en-GB",
        "PAL_DISCLOSE_EVERY": "0",
        "PAL_HANDOFF_URL": "https://duty.example.org/danger",
        "PAL_HANDOFF_LEVEL": "concern",
        "PAL_HANDOFF_WAIT": "1.5",
        "PAL_HANDOFF_TRANSCRIPT": "true",
    }.items():
        environment.setenv(name, value)
    secrets = {"actions_token", "memory_key", "handoff_token"}
    settings = load_settings().model_dump(mode="json", exclude={"home", *secrets})
    assert settings == {
        "host": "0.0.0.0",
        "port": 6000,
        "log_level": "WARNING",
        "model": "/models/mine",
        "persona_extractor": "/models/extractor",
        "device": "cpu",
        "dtype": "float32",
        "threads": 2,
        "candidates": 1,
        "history_cache_mb": 64,
        "seed": 7,
        "turn_timeout": 2.5,
        "max_batch": 4,
        "batch_wait": 0.0,
        "drain_timeout": 3.0,
        "memory_db": "postgresql://db/pal",
        "memory_days": 30,
        "locale": "en-GB",
        "disclose_every": 0,
        "handoff_url": "https://duty.example.org/danger",
        "handoff_level": "concern",
        "handoff_wait": 1.5,
        "handoff_transcript": True,
    }


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("ACTIONS_PORT", "0", "greater than or equal to 1"),
        ("ACTIONS_PORT", "65536", "less than or equal to 65535"),
        ("ACTIONS_PORT", "five", "valid integer"),
        ("PAL_LOG_LEVEL", "loud", "'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("PAL_DTYPE", "int4", "'auto', 'int8', 'float32', 'bfloat16' or 'float16'"),
        ("PAL_THREADS", "0", "greater than or equal to 1"),
        ("PAL_CANDIDATES", "9", "less than or equal to 8"),
        ("PAL_SEED", "x", "valid integer"),
        ("PAL_SEED", "-1", "greater than or equal to 0"),
        ("PAL_SEED", str(2**64), "less than 9223372036854775808"),
        ("PAL_TURN_TIMEOUT", "0", "greater than 0"),
        ("PAL_TURN_TIMEOUT", "300", "less than or equal to 200"),
        ("PAL_TURN_TIMEOUT", "nan", "less than or equal to 200"),
        ("PAL_MAX_BATCH", "65", "less than or equal to 64"),
        ("PAL_BATCH_WAIT", "-0.5", "greater than or equal to 0"),
        ("PAL_LOCALE", "United Kingdom", "name a country by its two letters"),
        ("PAL_LOCALE", "en", "AU, CA, GB, IE, IN, NZ, US"),
        ("PAL_LOCALE", "xx", "name a country"),
        ("PAL_DISCLOSE_EVERY", "-1", "greater than or equal to 0"),
        ("PAL_HANDOFF_LEVEL", "none", "'concern', 'high' or 'imminent'"),
        ("PAL_HANDOFF_WAIT", "31", "less than or equal to 30"),
        ("PAL_DRAIN_TIMEOUT", "inf", "less than or equal to 300"),
    ],
)
def test_a_bad_value_is_refused_with_its_name_the_rule_and_the_value(
    environment: pytest.MonkeyPatch, name: str, value: str, rule: str
) -> None:
    environment.setenv(name, value)
    message = refusal()
    assert message.startswith(f"{name}: ")
    assert rule in message
    assert f"it is {value!r}" in message
    assert "\n" not in message


@pytest.mark.parametrize("locale", ["gb", "UK", "uk", "au", "de", "en-gb", "hi_IN.UTF-8"])
def test_a_country_is_known_in_any_letter_case(
    environment: pytest.MonkeyPatch, locale: str
) -> None:
    environment.setenv("PAL_LOCALE", locale)
    assert load_settings().locale == locale


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("http://duty.example.org/s3cret", "must begin with https:// unless it is on this machine"),
        ("duty.example.org/s3cret", "valid URL"),
        ("ftp://duty.example.org/s3cret", "'http' or 'https'"),
    ],
)
def test_a_webhook_that_cannot_be_used_is_refused_and_not_shown(
    environment: pytest.MonkeyPatch, url: str, rule: str
) -> None:
    """Whoever knows the address of a webhook can often post to it."""
    environment.setenv("PAL_HANDOFF_URL", url)
    message = refusal()
    assert message.startswith("PAL_HANDOFF_URL: ")
    assert rule in message
    assert "s3cret" not in message


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:9"])
def test_a_webhook_on_this_machine_needs_no_encryption(
    environment: pytest.MonkeyPatch, host: str
) -> None:
    environment.setenv("PAL_HANDOFF_URL", f"http://{host}/danger")
    assert load_settings().handoff.url is not None


def test_all_bad_values_are_named_at_once(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ACTIONS_PORT", "none")
    environment.setenv("PAL_THREADS", "many")
    assert [line.partition(":")[0] for line in refusal().splitlines()] == [
        "ACTIONS_PORT",
        "PAL_THREADS",
    ]


@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_a_missing_token_is_named_with_the_remedy(
    environment: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is None:
        environment.delenv("PAL_ACTIONS_TOKEN")
    else:
        environment.setenv("PAL_ACTIONS_TOKEN", value)
    message = refusal()
    assert message.startswith("PAL_ACTIONS_TOKEN is not set")
    assert "openssl rand" in message


def test_a_short_token_is_refused_without_being_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PAL_ACTIONS_TOKEN", SHORT_TOKEN)
    message = refusal()
    assert message.startswith("PAL_ACTIONS_TOKEN: it must have 16 characters or more")
    assert SHORT_TOKEN not in message


def test_no_traceback_of_a_refusal_shows_the_token(environment: pytest.MonkeyPatch) -> None:
    """pydantic quotes what it was given, unless told not to."""
    environment.setenv("PAL_ACTIONS_TOKEN", SHORT_TOKEN)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert SHORT_TOKEN not in str(caught.value) + repr(caught.value)


def test_settings_never_show_the_token(environment: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert settings.actions_token.get_secret_value() == TOKEN
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert TOKEN not in shown


@pytest.mark.parametrize("name", ["PAL_SEED", "PAL_THREADS", "PAL_DEVICE", "ACTIONS_PORT"])
def test_an_empty_variable_counts_as_unset(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.setenv(name, "")
    assert load_settings() == Settings(actions_token=TOKEN)


def test_pal_home_names_the_folder_for_everything_made(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("PAL_HOME", str(tmp_path))
    assert load_settings().home == tmp_path


def test_an_empty_pal_home_is_the_default_and_not_the_working_folder(
    environment: pytest.MonkeyPatch,
) -> None:
    """It was taken for the path "", so the models were put into the working folder itself."""
    environment.setenv("PAL_HOME", "")
    assert load_settings().home == Path(".pal").resolve()


def test_pal_home_may_start_with_a_tilde(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Compose files and service units hand it over unexpanded, and a folder "~" was made."""
    environment.setenv("HOME", str(tmp_path))
    environment.setenv("PAL_HOME", "~/pal")
    assert load_settings().home == tmp_path / "pal"


def test_settings_cannot_be_changed_later(environment: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.port = 1


def test_the_server_ends_with_the_refusal_and_no_traceback(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "actions.server"],
        env={"PATH": "", "PAL_ACTIONS_TOKEN": SHORT_TOKEN, "ACTIONS_PORT": "0"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("The action server cannot start:\n")
    assert "ACTIONS_PORT: " in ended.stderr
    assert "PAL_ACTIONS_TOKEN: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert SHORT_TOKEN not in ended.stderr
