"""What seekers of ESConv said of a conversation afterwards, from 1 to 5."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.readers.records import CorpusError, parsed, read_json

_FIELDS = ("empathy", "relevance", "initial_emotion_intensity", "final_emotion_intensity")


@dataclass(frozen=True, slots=True)
class SeekerRating:
    """One seeker's answers.

    Attributes:
        empathy: how well the supporter understood.
        relevance: how much the responses were to the topic.
        decrease: of the emotion's intensity over the conversation, -4 to 4.
    """

    empathy: int
    relevance: int
    decrease: int


def read_ratings(path: Path) -> dict[int, SeekerRating]:
    """Return the ratings of the conversations in ESConv.json that have all four answers, by their
    places in it; 1,150 of 1,300 do.

    Raises:
        CorpusError: the file is missing or of another layout, or an answer is none from 1 to 5.
    """
    records = read_json(path)
    if not isinstance(records, list):
        raise CorpusError(f"{path} holds a JSON {type(records).__name__}; ESConv is a list.")
    rated = enumerate(parsed(path, records, _rating, None))
    return {index: rating for index, rating in rated if rating is not None}


def _rating(record: dict[str, Any]) -> SeekerRating | None:
    answers = record.get("survey_score", {}).get("seeker", {})
    if any(answers.get(field) is None for field in _FIELDS):
        return None
    empathy, relevance, initial, final = (_answer(field, answers[field]) for field in _FIELDS)
    return SeekerRating(empathy, relevance, initial - final)


def _answer(field: str, value: Any) -> int:
    if str(value) not in ("1", "2", "3", "4", "5"):
        raise ValueError(f"survey_score.seeker.{field} is {value!r}; it must be 1, 2, 3, 4 or 5.")
    return int(value)
