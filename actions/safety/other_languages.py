"""The plainest cries in other languages, which are too short to tell their language by."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files

_WITHOUT_SPACES = frozenset({"zh", "ja", "ko"})
_NO_DECOMPOSITION = str.maketrans("đłıøæ", "dlioa")


def names_suicide_in_another_language(text: str) -> bool:
    """Whether `text` names a wish to die, or suicide, in a language of `other_languages.toml`.

    Raises:
        OSError: that file is missing or unreadable.
        ValueError: it is no TOML.
    """
    words = _folded(text)
    return any(phrase in words for phrase in _phrases())


@cache
def _phrases() -> tuple[str, ...]:
    source = files(__package__).joinpath("other_languages.toml").read_text("utf-8")
    return tuple(
        _folded(phrase).strip() if language in _WITHOUT_SPACES else _folded(phrase)
        for language, phrases in tomllib.loads(source).items()
        for phrase in phrases
    )


def _folded(text: str) -> str:
    """Return the words of `text` in lower case without accents, a space around each."""
    decomposed = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    words = re.findall(r"\w+", plain.translate(_NO_DECOMPOSITION))
    return f" {' '.join(words)} "
