"""What somebody said, and the sentences about them that it supports: what an extractor learns."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pal_model import Conversation, Speaker
from pal_model.persona_extractor import load_persona_extractor
from training.readers.persona_alignment import ALIGNMENT_FILE, read_persona_alignment
from training.readers.persona_chat import read_persona_chat
from training.readers.records import find_corpus

PUBLISHED_AT = "https://parl.ai/projects/personachat/"

Targets = Literal["all", "supported"]

_SPACE_BEFORE_MARK = re.compile(r"\s+([.,!?;:])")
_SENTENCE_START = re.compile(r"(^|[.!?]\s+)([a-z])")
_LONE_I = re.compile(r"\bi\b")


@dataclass(frozen=True, slots=True)
class SpeakerTurns:
    """One speaker of a conversation.

    Attributes:
        utterances: all that they said, in order.
        supported: of each utterance, the sentences that it supports.
        persona: all sentences about them, some of which no utterance may support.
    """

    utterances: tuple[str, ...]
    supported: tuple[tuple[str, ...], ...]
    persona: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonaExample:
    """Some utterances, and the sentences to be written to them."""

    utterances: tuple[str, ...]
    sentences: tuple[str, ...]


def find_persona_chat(file: Path) -> Path:
    """Return `file`, or where the file of that name is among the corpora (see `find_corpus`).

    Raises:
        CorpusError: it is nowhere; the message says where PERSONA-CHAT is published.
    """
    if file.is_file():
        return file
    return find_corpus(Path("personachat", file.name), "PERSONA-CHAT", PUBLISHED_AT)


def read_speakers(path: Path, targets: Targets) -> list[SpeakerTurns]:
    """Return both speakers of every dialogue of a file of PERSONA-CHAT, in its order.

    Args:
        path: named after its split, such as `valid_both_original_no_cands.txt`.
        targets: "supported" reads what each utterance supports from the alignment beside the file;
            for "all" that stays unknown.

    Raises:
        CorpusError: a file is missing or malformed.
    """
    dialogues = list(read_persona_chat(path))
    alignment: list[list[tuple[str, ...]]]
    if targets == "supported":
        split = path.name.partition("_")[0]
        alignment = read_persona_alignment(path.with_name(ALIGNMENT_FILE), split, dialogues)
    else:
        alignment = [[()] * len(dialogue.conversation.utterances) for dialogue in dialogues]
    speakers = []
    for dialogue, aligned in zip(dialogues, alignment, strict=True):
        texts = [utterance.text for utterance in dialogue.conversation.utterances]
        for first, persona in enumerate((dialogue.seeker_persona, dialogue.supporter_persona)):
            speakers.append(
                SpeakerTurns(
                    tuple(map(without_stray_spaces, texts[first::2])),
                    tuple(tuple(map(as_sentence, of_one)) for of_one in aligned[first::2]),
                    tuple(map(as_sentence, persona)),
                )
            )
    return speakers


def seeker_by_rules(conversation: Conversation) -> SpeakerTurns:
    """Return the seeker of a conversation that nobody annotated, with what the rules find."""
    rules = load_persona_extractor()
    said = tuple(u.text for u in conversation.utterances if u.speaker is Speaker.SEEKER)
    supported = tuple(tuple(rules.extract([text])) for text in said)
    return SpeakerTurns(said, supported, _each_once(s for of_one in supported for s in of_one))


def examples(
    speakers: Iterable[SpeakerTurns],
    targets: Targets,
    window: int | None,
    capitals: float,
    seed: int,
) -> Iterator[PersonaExample]:
    """Yield what is to be learnt of each speaker.

    Args:
        speakers: whose utterances are cut up.
        targets: "all": the whole persona belongs to the utterances of an example, as the published
            script has it; "supported": only what these support, which may be nothing.
        window: utterances of an example at most, drawn from 1 on: a served extractor reads what
            is new. None for all utterances of a speaker in one example.
        capitals: share of the examples whose utterances get capital letters: PERSONA-CHAT has none,
            and people write both ways.
        seed: of what is drawn.
    """
    draw = random.Random(seed)  # noqa: S311  (repeatable, no secret)
    for speaker in speakers:
        start = 0
        while start < len(speaker.utterances):
            length = draw.randint(1, window) if window else len(speaker.utterances)
            part = slice(start, start + length)
            said = speaker.utterances[part]
            if draw.random() < capitals:
                said = tuple(map(with_capitals, said))
            supported = _each_once(s for of_one in speaker.supported[part] for s in of_one)
            yield PersonaExample(said, speaker.persona if targets == "all" else supported)
            start += length


def without_stray_spaces(text: str) -> str:
    """Return tokenized text as people write it: no blank stands before a mark."""
    return _SPACE_BEFORE_MARK.sub(r"\1", " ".join(text.split()))


def with_capitals(text: str) -> str:
    """Return `text` with a capital at each sentence's beginning, and "I"."""
    text = _SENTENCE_START.sub(lambda found: found[1] + found[2].upper(), text)
    return _LONE_I.sub("I", text)


def as_sentence(text: str) -> str:
    """Return a persona sentence in the form in which this project writes them."""
    return with_capitals(without_stray_spaces(text)).rstrip(".") + "."


def _each_once(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentences))
