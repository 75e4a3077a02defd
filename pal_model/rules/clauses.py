"""From the raw text of an utterance to its clauses: lists of words with one subject each."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pal_model.rules import words as w

LONGEST_UTTERANCE = 20_000
"""Characters read of one utterance: what is longer was pasted, not said."""
LONGEST_SENTENCE = 400
"""Words read of one sentence, so that the time taken grows with the length of the text only."""

_QUOTATION = "\ue000"  # stands for quoted text, and is no readable word
_DECIMAL_POINT = "\ue001"

_QUOTED = re.compile(
    r'"[^"\n]*"?'  # an unclosed quotation runs to the end of the line
    r"|(?<!\w)'(?!(?:cause|em|til|n)\b)(?:[^'\n]|(?<=\w)'(?=\w))*'(?!\w)"
)
_PARENTHESIS = re.compile(r"\([^()\n]*\)|\[[^\[\]\n]*\]")
_EMOTICON = re.compile(r"(?<!\S)(?:[:;=]['-]?[()\[\]dDpPoO/\\|]+|<3|:'\()(?!\S)")
_ABBREVIATION = re.compile(r"(?i)\b(?:dr|mr|mrs|ms|st|vs|e\.g|i\.e|a\.m|p\.m|u\.s|ph\.d)\.")
_SENTENCE = re.compile(r"([^.!?;\n]+)([.!?]*)")
_TOKEN = re.compile(
    rf"{_QUOTATION}|[$£€]?\d+(?:[{_DECIMAL_POINT},:/-]\d+)*%?(?:[a-z]+)?"
    r"|[^\W_]+(?:['&/-][^\W_]+)*|[,:–—]|-{2,}|(?<=\s)-(?=\s)"
)
_TYPOS = (
    (re.compile(r"(?i)(?<=\bi)[\";](?=(?:m|ve|ll|d)\b)"), "'"),
    (re.compile(r"(?i)\bi m\b"), "I am"),
    (re.compile(r"(?i)\b(i|we)'d (?=been\b|never been\b|had\b|(?!need)\w+ed\b)"), r"\1 had "),
    (re.compile(r"(?i)(?<=[a-z]) (?=n't\b)"), ""),
    (re.compile(r"(?<=\d) - (?=\d)"), "-"),
)
_QUOTATION_MARKS = str.maketrans(dict.fromkeys("’‘ʼ`´", "'") | dict.fromkeys("“”„«»", '"'))
_JOINERS = frozenset((",", "and", "but", "so", "then", "plus", "or", "yet"))


def clauses(utterance: str) -> Iterator[list[str]]:
    """Yield the clauses of `utterance` that are told, not asked, in the order they stand.

    A clause is a list of words and commas, with contractions of the subject written out.
    """
    for sentence, end in _SENTENCE.findall(_clean(utterance)):
        tokens = _tokens(sentence)
        low = tuple(lower(tokens))
        if low[:2] in w.SARCASM or low[1:3] in w.SARCASM:
            continue
        parts = _split(tokens[:LONGEST_SENTENCE])
        cut_off = len(tokens) > LONGEST_SENTENCE
        if "?" in end and low[-2:] not in w.TAG_QUESTIONS:
            parts = parts[:-1] if _asks(parts[-1]) else []
        yield from (part for part in parts[: -1 if cut_off else None] if not _asks(part))


def lower(tokens: Sequence[str]) -> list[str]:
    """Return the words as the word lists spell them."""
    return [token.lower() for token in tokens]


def is_verb(word: str) -> bool:
    """Return whether `word`, in lower case, can be the verb of a clause."""
    return word in w.VERBS or (len(word) > 4 and word.endswith("ed"))


def has_verb(low: Sequence[str]) -> bool:
    """Return whether a word after the first can be a verb; "like" in chat is seldom one."""
    return any(is_verb(word) and word != "like" for word in low[1:])


def _clean(text: str) -> str:
    text = text[:LONGEST_UTTERANCE].translate(_QUOTATION_MARKS)
    text = unicodedata.normalize("NFKC", text)[:LONGEST_UTTERANCE]
    for typo, meant in _TYPOS:
        text = typo.sub(meant, text)
    text = "".join(map(_plain_character, text))
    text = " ".join(x for x in text.split(" ") if not any(m in x for m in ("@", "://", "www.")))
    text = _QUOTED.sub(f" {_QUOTATION} ", _EMOTICON.sub(".", text))
    text = _ABBREVIATION.sub(lambda match: match[0].replace(".", ""), _PARENTHESIS.sub(" ", text))
    text = re.sub(r"(?<=\d)\.(?=\d)", _DECIMAL_POINT, text)
    letters = [c for c in text if c.isalpha()]
    shouted = len(letters) > 12 and sum(map(str.isupper, letters)) > 0.8 * len(letters)
    return text.lower() if shouted else text


def _plain_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "So":  # an emoji ends a sentence as often as a full stop does
        return "."
    return " " if category[0] == "C" and character != "\n" else character


def _tokens(sentence: str) -> list[str]:
    tokens: list[str] = []
    for token in _TOKEN.findall(sentence):
        low = token.lower()
        if low in w.SEEKER:
            tokens.append("I" if low == "i" else "we")
        elif token[0].isalnum() or token[0] in "$£€" or token == _QUOTATION:
            tokens += w.CONTRACTIONS.get(low, token.replace(_DECIMAL_POINT, ".")).split()
        else:
            tokens.append(",")
    return [token for token in tokens if token.lower() not in w.INNER_FILLERS]


def _split(tokens: list[str]) -> list[list[str]]:
    """Cut where a new subject starts after a comma, a conjunction, or a run-on."""
    low = lower(tokens)
    parts: list[list[str]] = []
    start = position = 0
    while position < len(tokens):
        after = position
        while after < len(low) and (
            low[after] in _JOINERS or (after > position and low[after] == "now")
        ):
            after += 1
        joined, before = set(low[position:after]), low[start:position]
        shared = bool(joined) and _shares_subject(before, low, after)
        if shared:
            tokens, low = [*tokens[:after], "I", *tokens[after:]], [*low[:after], "i", *low[after:]]
        if (
            shared
            or (joined and _may_end(before, joined) and _starts_clause(low, after, joined))
            or (not joined and _runs_on(before, low, position))
        ):
            parts.append(tokens[start:position])
            start = after
        position = max(after, position + 1)
    return [*parts, tokens[start:]]


def _may_end(before: Sequence[str], joined: set[str]) -> bool:
    """Tell whether the clause so far is whole, so that the next is told in its own right."""
    if "or" in joined or not has_verb(before) or before[-1] in w.NOT_BEFORE_BUT:
        return False
    return "but" in joined or not (before[0] in w.SUBORDINATOR or _holds_clause(before))


def _holds_clause(before: Sequence[str]) -> bool:
    """Tell whether a clause inside `before` may go on after "and": "she says I lie and I ..."."""
    present = set(before)
    if w.HYPOTHETICAL & present or (before[0] not in w.SEEKER and w.SPEECH & present):
        return True
    subjects, holders = w.SUBJECTS | w.DETERMINERS, w.MENTAL | w.EMBEDDER
    return any(word in subjects and previous in holders for previous, word in pairwise(before))


def _starts_clause(low: Sequence[str], at: int, joined: set[str]) -> bool:
    if at >= len(low) or "but" in joined:  # "tired but not ill" is one thought
        return at < len(low) and low[at] != "not"
    first, second = low[at], low[at + 1] if at + 1 < len(low) else ""
    if first in w.SEEKER | w.OTHERS:
        adverb = second in w.ADVERBS or second.endswith("ly")
        return "'" in first or is_verb(second) or second in w.CHAT_VERBS or adverb
    if first in w.QUESTION_WORD or first in w.AUXILIARY:
        return second in w.AUXILIARY | w.SEEKER | w.OTHERS
    if joined - {","} and first in w.NEW_CONDITION:
        return True
    return first in w.POSSESSIVE | w.DETERMINERS and any(
        word in w.CLEAR_VERBS or (is_verb(word) and word[-1] in "sd")
        for word in low[at + 2 : at + 6]
    )


def _shares_subject(before: Sequence[str], low: Sequence[str], after: int) -> bool:
    """Tell whether "I" is also who does what stands after "and": "I lost my job and have ..."."""
    unclear = w.NEGATIONS | w.SUBORDINATOR | {"to", "or", ",", "who", "that", "which"}
    return (
        after < len(low)
        and low[after] in w.SHARED_SUBJECT_VERB
        and before[:1] == ["i"]
        and len(before) > 2
        and before[1] not in w.MODALS
        and low[after - 1] != "or"
        and not unclear & set(before)
        and not _holds_clause(before)
    )


def _runs_on(before: Sequence[str], low: Sequence[str], at: int) -> bool:
    """Tell whether a new subject starts at `at` though nothing joins it to the clause before."""
    if low[at] not in w.SUBJECTS or len(before) < 3 or not has_verb(before):
        return False
    if (w.MENTAL | w.PERCEPTION | w.SUBORDINATOR) & set(before) or before[-1] in w.NEEDS_MORE:
        return False
    if before[-1] in w.RUN_ON_END and _starts_clause(low, at, {","}):
        return True
    if {before[-2], before[-3]} & (w.DETERMINERS | w.POSSESSIVE):  # "the jobs I am applying for"
        return False
    if low[at] in w.POSSESSIVE:
        return bool(w.AUXILIARY & set(low[at + 2 : at + 4])) and not is_verb(before[-1])
    following = low[at + 1] if at + 1 < len(low) else ""
    return "'" in low[at] or following in w.BE | w.NEGATIONS | w.ADVERBS


def _asks(part: Sequence[str]) -> bool:
    """Tell whether the words are put as a question, with or without its mark."""
    low = [word for word in lower(part) if word != ","][:3]
    if low[:1] and low[0] in w.QUESTION_WORD:
        return len(low) > 2 and low[1] in w.AUXILIARY
    return len(low) > 1 and low[0] in w.AUXILIARY and low[1] in w.SUBJECTS | w.DETERMINERS
