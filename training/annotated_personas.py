"""What some utterances of ESConv say about their seekers, annotated for this project by one reader,
a large language model; nobody has checked it a second time.

`annotations/esconv_personas.jsonl` has a JSON object for each utterance that was read: its
`conversation`, counted as in ESConv.json, its place there (`utterance`), and the `sentences` that
it bears out by itself, often none. Written down was what may still matter in a later turn: who the
seeker is and lives with, health, work, what they like, what troubles them; not what they thought of
the conversation, and nothing that has to be guessed. Utterances were drawn at random from those of
seekers that have 5 to 60 words and are not the first. Under CC BY-NC 4.0, as ESConv is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pal_model import Speaker
from training.persona_examples import SpeakerTurns
from training.readers.esconv import SPLIT_FILE, read_esconv, read_split
from training.readers.records import parsed, read_lines

ANNOTATIONS = Path(__file__).parent / "annotations" / "esconv_personas.jsonl"


def read_annotated(
    esconv: Path, split: str, part: str, annotations: Path = ANNOTATIONS
) -> list[SpeakerTurns]:
    """Return the annotated utterances of a part of ESConv, each as a speaker who said only that.

    Args:
        esconv: ESConv.json, the splits beside it.
        split: such as "pal".
        part: such as "train".
        annotations: the file described above.

    Raises:
        CorpusError: a file is missing or malformed, or an annotation is of no seeker's utterance.
    """
    chosen = set(read_split(esconv.with_name(SPLIT_FILE), split, part))
    parse = _parser(esconv)
    records = parsed(annotations, read_lines(annotations), parse, None)
    return [turns for index, turns in filter(None, records) if index in chosen]


def _parser(esconv: Path) -> Callable[[str], tuple[int, SpeakerTurns]]:
    conversations = list(read_esconv(esconv))

    def parse(line: str) -> tuple[int, SpeakerTurns]:
        record: dict[str, Any] = json.loads(line)
        index, place = record["conversation"], record["utterance"]
        try:
            utterance = conversations[index].utterances[place]
        except IndexError:
            raise ValueError(f"No utterance {place} of conversation {index} in {esconv}.") from None
        if utterance.speaker is not Speaker.SEEKER:
            raise ValueError(f"Utterance {place} of conversation {index} is the supporter's.")
        sentences = tuple(record["sentences"])
        return index, SpeakerTurns((utterance.text,), (sentences,), sentences)

    return parse
