"""Checks of a generated reply (being written)."""

from __future__ import annotations

from enum import StrEnum


class ReplyProblem(StrEnum):
    """Why a generated reply must not be sent."""

    SELF_HARM = "self-harm"
    DIAGNOSIS = "diagnosis"
    MEDICATION = "medication"
    CLAIMS_HUMAN = "claims-human"
    CONFIDENTIALITY = "confidentiality"
    CONTACT_DETAILS = "contact-details"
    PROFANITY = "profanity"
    PROMPT_LEAK = "prompt-leak"


def check_reply(text: str) -> list[ReplyProblem]:
    """Return every problem found."""
    return []
