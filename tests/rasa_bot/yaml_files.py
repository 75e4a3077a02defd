"""Reads the bot's YAML files for the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rasa.shared.utils.io import read_yaml_file

BOT = Path(__file__).resolve().parents[2] / "rasa_bot"


def config() -> dict[str, Any]:
    """config.yml"""
    return read_yaml_file(BOT / "config.yml")


def nlu_examples() -> dict[str, str]:
    """Every example of nlu.yml and its intent."""
    return {
        line.removeprefix("- ").strip(): group["intent"]
        for group in read_yaml_file(BOT / "data" / "nlu.yml")["nlu"]
        for line in group["examples"].splitlines()
        if line.strip()
    }


def response(name: str) -> list[str]:
    """A response's text as Rasa sends it: a message for each paragraph."""
    responses = read_yaml_file(BOT / "domain" / "responses.yml")["responses"]
    return responses[name][0]["text"].strip().split("\n\n")
