"""The types that a screen speaks in."""

from __future__ import annotations

import dataclasses

import pytest

from actions.safety import DETECTOR_FAILED, NO_RISK, RiskKind, RiskLevel


def test_levels_are_ordered() -> None:
    assert RiskLevel.NONE < RiskLevel.CONCERN < RiskLevel.HIGH < RiskLevel.IMMINENT


@pytest.mark.parametrize("level", RiskLevel)
def test_a_level_is_read_back_from_its_label(level: RiskLevel) -> None:
    assert RiskLevel.parse(level.label) is level
    assert RiskLevel.parse(f" {level.label.upper()} ") is level


def test_an_unknown_label_is_named() -> None:
    with pytest.raises(ValueError, match=r"'severe'.*none, concern, high, imminent"):
        RiskLevel.parse("severe")


def test_kinds_are_seven() -> None:
    assert [kind.value for kind in RiskKind] == [
        "suicide",
        "self-harm",
        "harm-to-others",
        "abuse",
        "eating-disorder",
        "medical-emergency",
        "minors",
    ]


def test_an_assessment_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        NO_RISK.level = RiskLevel.HIGH  # type: ignore[misc]


def test_what_is_flagged() -> None:
    assert not NO_RISK.is_flagged
    assert DETECTOR_FAILED.is_flagged
