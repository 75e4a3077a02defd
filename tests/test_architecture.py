"""The rules of who may know whom, and the names that others build on."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pal_model

ROOT = Path(__file__).parents[1]


def imported_modules(folder: str) -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        if ".venv" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name.partition(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield path, node.module.partition(".")[0]


@pytest.mark.parametrize(
    ("folder", "may_not_import"),
    [
        ("pal_model", {"actions", "training", "rasa", "rasa_sdk", "rasa_bot", "sanic"}),
        ("actions", {"training", "rasa", "rasa_bot"}),
        ("training", {"actions", "rasa", "rasa_sdk", "rasa_bot"}),
        ("rasa_bot", {"actions", "pal_model", "training", "torch", "transformers"}),
    ],
)
def test_packages_know_only_whom_the_design_lets_them(
    folder: str, may_not_import: set[str]
) -> None:
    modules = list(imported_modules(folder))
    assert modules, f"nothing found in {folder}: this test would check nothing"
    assert [(p, m) for p, m in modules if m in may_not_import] == []


def test_reading_conversations_does_not_load_torch() -> None:
    """The Rasa-facing start-up and the extract command would pay seconds for it."""
    code = "import sys, pal_model; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_public_names_of_pal_model_are_these() -> None:
    assert sorted(pal_model.__all__) == [
        "Conversation",
        "DEFAULT_ALPHAS",
        "GenerationError",
        "GenerationOptions",
        "GenerationTimeoutError",
        "InvalidConversationError",
        "ModelInputError",
        "ModelLoadError",
        "PalError",
        "PalGenerator",
        "Persona",
        "PersonaExtractor",
        "Reply",
        "ReplyRequest",
        "Speaker",
        "Strategy",
        "UnknownStrategyError",
        "Utterance",
        "conversation_from_record",
        "infer_persona",
    ]
    assert all(hasattr(pal_model, name) for name in pal_model.__all__)
