"""Reading PERSONA-CHAT (Zhang et al. 2018) in ParlAI's text layout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from training.esconv import CorpusError

_OWN, _PARTNER = "your persona: ", "partner's persona: "


@dataclass(frozen=True, slots=True)
class PersonaChatTurn:
    """One response, what was said before it, and the persona of who gives it."""

    persona: tuple[str, ...]
    partner_persona: tuple[str, ...]
    history: tuple[str, ...]
    response: str


def read_persona_chat(path: Path) -> Iterator[PersonaChatTurn]:
    """Yield every response of a file, in its order. A line numbered 1 begins a dialogue.

    Raises:
        CorpusError: a line is not in the layout; the message names file and line.
    """
    own: list[str] = []
    partner: list[str] = []
    history: list[str] = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            index, _, text = line.rstrip("\n").partition(" ")
            if not index.isdecimal() or not text:
                raise CorpusError(
                    f"{path}, line {number}: expected a number, a blank and text. Name a file of "
                    "PERSONA-CHAT in ParlAI's layout."
                )
            if index == "1":
                own, partner, history = [], [], []
            if text.startswith(_OWN):
                own.append(text.removeprefix(_OWN))
            elif text.startswith(_PARTNER):
                partner.append(text.removeprefix(_PARTNER))
            else:
                said, tab, response = text.partition("\t")
                response = response.partition("\t")[0]  # then come rewards and candidates
                if not tab or not response:
                    raise CorpusError(
                        f"{path}, line {number}: expected two utterances with a tab in between. "
                        "Name a file of PERSONA-CHAT in ParlAI's layout."
                    )
                history.append(said)
                yield PersonaChatTurn(tuple(own), tuple(partner), tuple(history), response)
                history.append(response)
