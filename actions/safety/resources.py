"""Who to turn to, by locale; read from `resources.toml` beside this module."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from actions.safety.risk import RiskKind

DEFAULT_COUNTRY = "US"
"""The country where a locale names none."""

FALLBACK = (
    "In any country you can call your local emergency number, or find a free helpline near you at "
    "findahelpline.com."
)
"""The general sentence, for where the data file cannot be read."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service that listens; `checked` says when and how the entry was last verified.

    With `kinds` it is there for these dangers alone; without, for anybody in distress.
    """

    name: str
    how: str
    source: str
    checked: str
    kinds: frozenset[RiskKind] = frozenset()


@dataclass(frozen=True, slots=True)
class Country:
    """A country's emergency number and services."""

    emergency: str
    services: tuple[Service, ...]

    def services_for(self, kinds: Set[RiskKind]) -> tuple[Service, ...]:
        """Return the services for these dangers, those for nothing else first."""
        special = tuple(service for service in self.services if service.kinds & kinds)
        return special + tuple(service for service in self.services if not service.kinds)


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything in the data file."""

    general: Service
    countries: Mapping[str, Country]

    def country(self, locale: str | None) -> Country | None:
        """Return the entry for a locale such as "en-GB", "en_GB" or "GB".

        A locale without a country ("en", None) counts as the default country; a country that the
        file does not list has no entry, and the general sentence stands alone.
        """
        return self.countries.get(country_code(locale))


def country_code(locale: str | None) -> str:
    """Return the two-letter country of a locale, or the default country where it names none."""
    parts = [part for part in re.split(r"[-_.@]", (locale or "").strip()) if part]
    codes = [part.upper() for part in parts[1:] if re.fullmatch(r"[A-Za-z]{2}", part)]
    if codes:
        return codes[0]
    if len(parts) == 1 and re.fullmatch(r"[A-Z]{2}", parts[0]):
        return parts[0]
    return DEFAULT_COUNTRY


@cache
def load_resources() -> Resources:
    """Read the data file once.

    Raises:
        OSError: the file is missing or unreadable.
        ValueError: it is no TOML.
        KeyError: an entry lacks a field.
        TypeError: an entry has a field too many.
    """
    data = tomllib.loads(files(__package__).joinpath("resources.toml").read_text("utf-8"))
    countries = {
        code: Country(entry["emergency"], tuple(map(_service, entry["services"])))
        for code, entry in data["countries"].items()
    }
    general = Service(name="", **data["general"])
    return Resources(general, MappingProxyType(countries))


def _service(fields: Mapping[str, Any]) -> Service:
    kinds = frozenset(RiskKind(name) for name in fields.get("kinds", ()))
    return Service(**{**fields, "kinds": kinds})


def resource_line(locale: str | None, kinds: Set[RiskKind] = frozenset()) -> str:
    """Return the sentences that say who to turn to; never raises, never empty.

    `kinds` of danger put those first who are there for them, such as a helpline for children; for a
    medical emergency alone no helpline is.
    """
    try:
        resources = load_resources()
        country = resources.country(locale)
    except Exception:  # Without its file, a crisis reply still points somewhere.
        return FALLBACK
    if country is None or kinds == {RiskKind.MEDICAL_EMERGENCY}:
        return resources.general.how
    named = " or ".join(f"{service.name}: {service.how}" for service in country.services_for(kinds))
    return f"{named}. {resources.general.how}"


def emergency_number(locale: str | None) -> str:
    """Return how to name the emergency number: "911", or in words where it is not known."""
    try:
        country = load_resources().country(locale)
    except Exception:  # As in `resource_line`.
        country = None
    return (
        f"your local emergency number ({country.emergency})"
        if country
        else ("your local emergency number")
    )
