"""The plainest cries in other languages, which are too short to tell their language by."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files

_WITHOUT_WORD_EDGES = frozenset({"zh", "ja", "ko"})
_NO_DECOMPOSITION = str.maketrans("đłıøæ’", "dlioa'")


def names_suicide_in_another_language(text: str) -> bool:
    """Whether `text` names a wish to die, or suicide, in a language of `other_languages.toml`.

    Raises:
        OSError: that file is missing or unreadable.
        ValueError: it is no TOML.
    """
    return _phrases().search(_folded(text)) is not None


@cache
def _phrases() -> re.Pattern[str]:
    source = files(__package__).joinpath("other_languages.toml").read_text("utf-8")
    return re.compile(
        "|".join(
            phrase if language in _WITHOUT_WORD_EDGES else rf"(?<!\w){phrase}(?!\w)"
            for language, phrases in tomllib.loads(source).items()
            for phrase in (r"\s+".join(map(re.escape, _folded(p).split())) for p in phrases)
        )
    )


def _folded(text: str) -> str:
    """Return `text` in lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(
        _NO_DECOMPOSITION
    )
