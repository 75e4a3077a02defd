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
"""The country where there is no locale."""

_COUNTRY_CODES = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ
    EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW
    GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY
    KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV
    MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY
    QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG
    TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM
    ZW
    """.split()  # noqa: SIM905
)
"""ISO 3166-1 alpha-2."""

_OTHER_CODES = MappingProxyType({"UK": "GB"})

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
        """Return the entry for a locale such as "en-GB", "en_GB" or "gb".

        No locale counts as the default country. One whose country the file does not list, or that
        names none, has no entry: the general sentence stands alone, and no other country's numbers.
        """
        return self.countries.get(country_code(locale) or "")


def country_code(locale: str | None) -> str | None:
    """Return the two-letter country of a locale in any letter case, the default country where
    there is no locale, and None where it names no country.
    """
    if not (locale or "").strip():
        return DEFAULT_COUNTRY
    parts = [part.upper() for part in re.split(r"[-_.@]", (locale or "").strip()) if part]
    codes = (_OTHER_CODES.get(part, part) for part in parts[1:] or parts)
    return next((code for code in codes if code in _COUNTRY_CODES), None)


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
