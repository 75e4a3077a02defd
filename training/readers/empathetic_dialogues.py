"""EmpatheticDialogues (Rashkin et al. 2019): somebody tells of a feeling, somebody listens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pal_model import Conversation, Speaker
from training.readers.records import Malformed
from training.readers.utterance_lists import read_utterance_lists

_SPEAKERS = {"speaker": Speaker.SEEKER, "listener": Speaker.SUPPORTER}


def read_empathetic_dialogues(
    path: Path, *, part: str | None = None, malformed: list[Malformed] | None = None
) -> Iterator[Conversation]:
    """Yield the dialogues; who tells is the seeker (see `read_utterance_lists`)."""
    return read_utterance_lists(path, _SPEAKERS, part=part, malformed=malformed)
