"""DailyDialog (Li et al. 2017): everyday talk, with nobody in distress."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pal_model import Conversation, Speaker
from training.readers.records import Malformed
from training.readers.utterance_lists import read_utterance_lists

_SPEAKERS = {"user": Speaker.SEEKER, "system": Speaker.SUPPORTER}


def read_daily_dialog(
    path: Path, *, part: str | None = None, malformed: list[Malformed] | None = None
) -> Iterator[Conversation]:
    """Yield the dialogues; who begins is the seeker (see `read_utterance_lists`)."""
    return read_utterance_lists(path, _SPEAKERS, part=part, malformed=malformed)
