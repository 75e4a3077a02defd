"""Figures of Table 3 that others published on ESConv. Protocols differ: they are no ranking."""

from __future__ import annotations

PAPER = "Cheng et al. 2023, Table 3"

PUBLISHED: dict[str, dict[str, float]] = {
    f"PAL ({PAPER})": {
        "ACC": 34.51,
        "PPL a token": 15.92,
        "B-2": 8.75,
        "B-4": 2.66,
        "D-1": 5.00,
        "D-2": 30.27,
        "E-1": 6.73,
        "E-2": 41.82,
        "R-L": 18.06,
        "Cos-Sim": 0.244,
    },
    "MultiESC (Cheng et al. 2022)": {"ACC": 42.0, "B-2": 9.18, "R-L": 20.4},
    "SAGE (2026)": {
        "ACC": 46.8,
        "PPL a token": 14.3,
        "B-2": 11.9,
        "B-4": 3.9,
        "D-2": 39.9,
        "R-L": 20.5,
    },
    "Causal-ESC (2026)": {"ACC": 53.5, "D-2": 40.9, "R-L": 22.2},
    "CADSS": {"B-2": 15.1, "B-4": 5.6},
}
"""By the system's name, with the columns of `training.report`."""
