"""Messages that the model cannot answer, and what is said instead."""

from __future__ import annotations

import functools
import unicodedata

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from actions.safety.other_languages import names_suicide_in_another_language

MAX_MESSAGE_CHARACTERS = 8_000

_MIN_WORDS_FOR_LANGUAGE = 2
_SURE_OF_LANGUAGE = 0.8
"""Below this the identifier is guessing: at 0.6 it took six of ESConv's 19,989 English seeker turns
for another language, at 0.8 none."""

TOO_LONG = (
    "That is a lot to take in at once, and I would not do it justice: I can read about "
    f"{MAX_MESSAGE_CHARACTERS:,} characters at a time. Could you start with the part that weighs "
    "on you most? If you are in danger right now, please call your local emergency number."
)
NO_WORDS = (
    "I can't read that as words, but I noticed it, and I'm here. "
    "Would you like to tell me what is going on?"
)
NOT_ENGLISH = (
    "I'm sorry, I only understand English for now. If you can, please tell me in English. "
    "If you are in danger, please call your local emergency number; findahelpline.com lists help "
    "in many languages."
)
ONLY_ENGLISH = (
    "I'm sorry, I only understand English for now; findahelpline.com lists help in many languages."
)
"""What is added to the fixed words for somebody in danger who writes in another language."""


def reply_without_model(text: str) -> str | None:
    """Return what to say to a message that the model cannot answer; None where it can."""
    if len(text) > MAX_MESSAGE_CHARACTERS:
        return TOO_LONG
    if not any(c.isalnum() for c in text):
        return NO_WORDS
    if not is_english(text):
        return NOT_ENGLISH
    return None


def is_english(text: str) -> bool:
    """Say whether `text` may be English; in doubt it may."""
    letters = [c for c in text if c.isalpha()]
    if letters and sum(_is_latin(c) for c in letters) < len(letters) / 2:
        return False
    if names_suicide_in_another_language(text):
        return False
    if len(text.split()) < _MIN_WORDS_FOR_LANGUAGE:
        return True
    language, confidence = _identifier().classify(text)
    return language == "en" or float(confidence) < _SURE_OF_LANGUAGE


def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith("LATIN")


def warm_up() -> None:
    """Load what tells languages apart, which takes a second, so that no seeker waits for it."""
    _identifier()


@functools.cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
