"""Which of the sentences that a model wrote may enter a persona."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
_SUBJECTS = _word_set("i i'm i've i'd i'll me we we're we've us")
_POSSESSIVES = _word_set("my our")
_OTHERS = _word_set("he he's she she's they they're you you're who his her their your")
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
    - says the contrary of the only clauses that have all of its content words;
    - says of the seeker what was only said of others: of "They fired her", "I fired her".
    """
    clauses = [
        _Clause(tuple(words), _content_stems(words), _is_negated(words))
        for utterance in utterances
        for words in map(_words, _CLAUSE_END.split(utterance))
    ]
    tidied = (" ".join(sentence.split()) for sentence in sentences)
    return [sentence for sentence in tidied if _is_plausible(sentence, clauses)]


def new_sentences(sentences: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return those of `sentences` that add something to `known` and to each other: of the content
    words of the shorter of any two, fewer than half are in both.
    """
    stems = [found for found in map(_stems_of, known) if found]
    result = []
    for sentence in sentences:
        own = _stems_of(sentence)
        if own and all(2 * len(own & other) < min(len(own), len(other)) for other in stems):
            result.append(sentence)
            stems.append(own)
    return result


@dataclass(frozen=True, slots=True)
class _Clause:
    words: tuple[str, ...]
    stems: frozenset[str]
    is_negated: bool


def _is_plausible(sentence: str, clauses: Sequence[_Clause]) -> bool:
    words = _words(sentence)
    if not FEWEST_WORDS <= len(words) <= MOST_WORDS or _FAVOURITES.search(sentence):
        return False
    stems = _content_stems(words)
    if not _FIRST_PERSON.intersection(words) or not any(stems & c.stems for c in clauses):
        return False
    polarities = {clause.is_negated for clause in clauses if stems <= clause.stems}
    if polarities and _is_negated(words) not in polarities:
        return False
    return words[0] not in _SUBJECTS or not _is_of_others(words, clauses)


def _is_of_others(words: Sequence[str], clauses: Iterable[_Clause]) -> bool:
    """Return whether the first content word of a sentence that begins with "I" was said, and of
    others each time.
    """
    head = next((stem for word in words for stem in _content_stems([word])), None)
    owners = [
        _is_of_seeker(clause.words[:place])
        for clause in clauses
        if head in clause.stems
        for place, word in enumerate(clause.words)
        if head in _content_stems([word])
    ]
    return bool(owners) and not any(owners)


def _is_of_seeker(before: Sequence[str]) -> bool:
    """Return whether what follows the words `before` is said of the seeker: the nearest subject is
    the seeker, or there is none.
    """
    if before and before[-1] in _POSSESSIVES:
        return True
    for word in reversed(before):
        if word in _SUBJECTS:
            return True
        if word in _OTHERS or word in _POSSESSIVES:
            return False
    return not _content_stems(before)


def _stems_of(text: str) -> frozenset[str]:
    return _content_stems(_words(text))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.translate(_APOSTROPHES).casefold())


def _content_stems(words: Iterable[str]) -> frozenset[str]:
    content = [w for w in words if w not in _FUNCTION_WORDS and not w.endswith("n't")]
    return frozenset(_STEMMER.stemWords(content))


def _is_negated(words: Iterable[str]) -> bool:
    return any(word in _NEGATIONS or word.endswith("n't") for word in words)
