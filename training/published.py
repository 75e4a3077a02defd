"""Figures of Table 3 that others published on ESConv. Protocols differ: they are no ranking."""

from __future__ import annotations

PAPER = "Cheng et al. 2023, Table 3"

OF_RESPONSES = ("B-2", "B-4", "D-1", "D-2", "E-1", "E-2", "R-L")
"""Columns of Table 3 that are called the same in what is measured here."""

PUBLISHED_COLUMNS = (
    "ACC",
    "PPL a token",
    "PPL with strategy",
    *OF_RESPONSES,
    "Cos-Sim (SimCSE)",
)

PUBLISHED: dict[str, dict[str, str]] = {
    f"PAL ({PAPER})": {
        "ACC": "34.51",
        "PPL with strategy": "15.92",
        "B-2": "8.75",
        "B-4": "2.66",
        "D-1": "5.00",
        "D-2": "30.27",
        "E-1": "6.73",
        "E-2": "41.82",
        "R-L": "18.06",
        "Cos-Sim (SimCSE)": "0.244",
    },
    "PAL's code, run again by others": {
        "ACC": "29.7-33.0",
        "PPL with strategy": "14.6-15.6",
        "B-2": "8.2-8.6",
        "B-4": "2.4-2.6",
        "D-1": "3.6-3.9",
        "D-2": "19.7-20.9",
        "R-L": "17.2-17.7",
        "Cos-Sim (SimCSE)": "0.235",
    },
    "MultiESC (Cheng et al. 2022)": {"ACC": "42.0", "B-2": "9.18", "R-L": "20.4"},
    "SAGE (2026)": {
        "ACC": "46.8",
        "PPL a token": "14.3",
        "B-2": "11.9",
        "B-4": "3.9",
        "D-2": "39.9",
        "R-L": "20.5",
    },
    "Causal-ESC (2026)": {"ACC": "53.5", "D-2": "40.9", "R-L": "22.2"},
    "CADSS": {"B-2": "15.1", "B-4": "5.6"},
}
"""By the system's name, with some of `PUBLISHED_COLUMNS`; a range is of several runs."""
