"""Which of the sentences that a model wrote may enter a persona."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from snowballstemmer import stemmer

FEWEST_WORDS, MOST_WORDS = 2, 25
"""The bounds of the published annotation script."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_CLAUSE_END = re.compile(r"[.,;:!?\n]+|\b(?:but|and|so|because|although|though)\b", re.IGNORECASE)
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'"})
# PERSONA-CHAT is full of them, and models trained on it write them of anybody.
_FAVOURITES = re.compile(r"\bmy favou?rite (?:colou?r|band)\b", re.IGNORECASE)


def _word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_FIRST_PERSON = _word_set("i i'm i've i'd i'll me my mine myself we we're we've our us")
_NEGATIONS = _word_set("not no never nobody none nothing cannot without neither nor")
_FUNCTION_WORDS = (
    _FIRST_PERSON
    | _NEGATIONS
    | _word_set(
        "a an the this that these those it its it's he she they them his her their you your am is "
        "are was were be been being do does did have has had will would can could should may might "
        "must to of in on at by for with from about as into than then there here and or but if so "
        "because very really just too also more most much many some any all still now get got go "
        "going feel feeling like want"
    )
)
_STEMMER = stemmer("english")


def plausible_sentences(sentences: Iterable[str], utterances: Sequence[str]) -> list[str]:
    """Return those of `sentences` that `utterances` bear out, in their order, tidied.

    Dropped is a sentence that
    - has fewer than 2 or more than 25 words, or is about a favourite colour or band, as in the
      published annotation script;
    - is not in the first person;
    - has no content word that the seeker used: it is made up;
    - says the contrary of the only clauses that have all of its content words.
    """
    clauses = [
        (_content_stems(words), _is_negated(words))
        for utterance in utterances
        for words in map(_words, _CLAUSE_END.split(utterance))
    ]
    tidied = (" ".join(sentence.split()) for sentence in sentences)
    return [sentence for sentence in tidied if _is_plausible(sentence, clauses)]


def _is_plausible(sentence: str, clauses: Sequence[tuple[frozenset[str], bool]]) -> bool:
    words = _words(sentence)
    if not FEWEST_WORDS <= len(words) <= MOST_WORDS or _FAVOURITES.search(sentence):
        return False
    stems = _content_stems(words)
    if not _FIRST_PERSON.intersection(words) or not any(stems & said for said, _ in clauses):
        return False
    polarities = {is_negated for said, is_negated in clauses if stems <= said}
    return not polarities or _is_negated(words) in polarities


def _words(text: str) -> list[str]:
    return _WORD.findall(text.translate(_APOSTROPHES).casefold())


def _content_stems(words: Iterable[str]) -> frozenset[str]:
    content = [w for w in words if w not in _FUNCTION_WORDS and not w.endswith("n't")]
    return frozenset(_STEMMER.stemWords(content))


def _is_negated(words: Iterable[str]) -> bool:
    return any(word in _NEGATIONS or word.endswith("n't") for word in words)
