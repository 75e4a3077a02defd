"""PAL: persona-augmented emotional support. Conversations in, personas and replies out.

The names below are the package's public interface. The generator, which needs torch, is loaded when
it is first used, so that reading a conversation costs no second of imports.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from pal_model.conversation import Conversation, Speaker, Utterance, conversation_from_record
from pal_model.errors import (
    GenerationError,
    GenerationTimeoutError,
    InvalidConversationError,
    ModelInputError,
    ModelLoadError,
    PalError,
    UnknownStrategyError,
)
from pal_model.generation_options import GenerationOptions
from pal_model.loading import LOADING
from pal_model.persona import Persona
from pal_model.persona_extractor import PersonaExtractor, infer_persona
from pal_model.reply import Reply, ReplyRequest
from pal_model.strategy import DEFAULT_ALPHAS, Strategy

if TYPE_CHECKING:
    from pal_model.generator import PalGenerator

# Read by GNU OpenMP when torch loads it. Its threads spin while they wait for each other, and by
# default so long that a turn took ten times longer on a machine with anything else to do. This many
# rounds, some microseconds, are as fast on an idle machine and give way on a busy one.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

__all__ = [
    "DEFAULT_ALPHAS",
    "Conversation",
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


def __getattr__(name: str) -> Any:
    if name == "PalGenerator":
        with LOADING:
            return importlib.import_module("pal_model.generator").PalGenerator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
