"""From the raw text of an utterance to clauses: lists of words, each with one subject."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from pal_model.rules import words as w

LONGEST_UTTERANCE = 20_000
"""Characters read of one utterance: what is longer was pasted, not said."""

QUOTE = "\ue000"
"""Stands for quoted text; a clause that holds one is somebody's words and never a statement."""
_DECIMAL_POINT = "\ue001"

_QUOTED = re.compile(
    r'"[^"\n]*"?'  # an unclosed quotation runs to the end of the line
    r"|(?<!\w)'(?!(?:cause|em|til|n)\b)(?:[^'\n]|(?<=\w)'(?=\w))*'(?!\w)"
)
_PARENTHESIS = re.compile(r"\([^()\n]*\)|\[[^\[\]\n]*\]")
_EMOTICON = re.compile(r"(?<!\S)(?:[:;=]['-]?[()\[\]dDpPoO/\\|]+|<3|:'\()(?!\S)")
_ABBREVIATION = re.compile(r"\b(?:dr|mr|mrs|ms|st|vs|e\.g|i\.e|a\.m|p\.m|u\.s|ph\.d)\.", re.I)
_SENTENCE = re.compile(r"([^.!?;\n]+)([.!?]*)")
_TOKEN = re.compile(
    rf"{QUOTE}|[$£€]?\d+(?:[{_DECIMAL_POINT},:/-]\d+)*%?(?:[a-z]+)?"
    r"|[^\W_]+(?:['&/-][^\W_]+)*|[,:–—]|-{2,}|(?<=\s)-(?=\s)"
)
_WRONG_APOSTROPHE = re.compile(r"(?i)(?<=\bi)[\";](?=(?:m|ve|ll|d)\b)")
_APOSTROPHES = str.maketrans({c: "'" for c in "’‘ʼ`´"} | {c: '"' for c in "“”„«»"})


def clauses(utterance: str) -> Iterator[list[str]]:
    """Yield the clauses of `utterance` that are told, not asked, in the order they stand.

    A clause is a list of words and commas, with contractions of the subject written out.
    """
    for sentence, end in _SENTENCE.findall(_clean(utterance)):
        parts = _split(_tokens(sentence))
        if "?" in end:
            parts = parts[:-1] if parts and _asks(parts[-1]) else []
        yield from (part for part in parts if not _asks(part))


def _clean(text: str) -> str:
    text = unicodedata.normalize("NFKC", text[:LONGEST_UTTERANCE].translate(_APOSTROPHES))
    text = _WRONG_APOSTROPHE.sub("'", text)
    text = "".join(map(_plain_character, text))
    text = " ".join(x for x in text.split(" ") if "@" not in x and "://" not in x and "www." not in x)
    text = _EMOTICON.sub(".", text)
    text = _QUOTED.sub(f" {QUOTE} ", text)
    text = _PARENTHESIS.sub(" ", text)
    text = _ABBREVIATION.sub(lambda match: match[0].replace(".", ""), text)
    text = re.sub(r"(?i)(?<=[a-z]) (?=n't\b)", "", text)
    text = re.sub(r"(?<=\d)\.(?=\d)", _DECIMAL_POINT, text)
    letters = [c for c in text if c.isalpha()]
    shouted = len(letters) > 12 and sum(c.isupper() for c in letters) > 0.8 * len(letters)
    return text.lower() if shouted else text


def _plain_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "So":  # emoji end a sentence as often as a full stop does
        return "."
    return " " if category[0] == "C" and character != "\n" else character


def _tokens(sentence: str) -> list[str]:
    tokens: list[str] = []
    for token in _TOKEN.findall(sentence):
        if not (token[0].isalnum() or token[0] in "$£€" or token == QUOTE):
            tokens.append(",")
        elif token.lower() in w.SEEKER:
            tokens.append("I" if token.lower() == "i" else "we")
        else:
            plain = w.CONTRACTIONS.get(token.lower(), token.replace(_DECIMAL_POINT, "."))
            tokens.extend(plain.split())
    return [token for token in tokens if token.lower() not in w.INNER_FILLERS]


def _split(tokens: Sequence[str]) -> list[list[str]]:
    """Cut where a new subject starts after a comma, a conjunction, or a run-on."""
    low = [token.lower() for token in tokens]
    parts: list[list[str]] = []
    start = position = 0
    while position < len(tokens):
        after = position
        while after < len(tokens) and low[after] in _JOINERS:
            after += 1
        joined = set(low[position:after])
        before = low[start:position]
        if joined and _shares_subject(before, low, after):
            parts.append(list(tokens[start:position]))
            tokens = [*tokens[:after], "I", *tokens[after:]]
            low.insert(after, "i")
            start = after
        elif joined and _may_end(before, joined) and _starts_clause(low, after, joined):
            parts.append(list(tokens[start:position]))
            start = after
        elif not joined and _runs_on(low, start, position):
            parts.append(list(tokens[start:position]))
            start = position
        position = max(after, position + 1)
    parts.append(list(tokens[start:]))
    return parts


_JOINERS = frozenset((",", "and", "but", "so", "then", "plus", "or", "yet"))
_NEW_CONDITION = frozenset("if unless maybe perhaps when although even because since after before hopefully".split())


def _may_end(before: Sequence[str], joined: set[str]) -> bool:
    """Tell whether the clause so far is whole, so that the next is told in its own right."""
    if "or" in joined or not has_verb(before) or before[-1] in w.NOT_BEFORE_BUT:
        return False
    if before[0] in w.SUBORDINATOR:
        return "but" in joined
    return "but" in joined or not _holds_clause(before)


def _holds_clause(before: Sequence[str]) -> bool:
    """Tell whether a clause inside `before` may go on after "and": "she says I lie and I ..."."""
    if w.HYPOTHETICAL & set(before):
        return True
    if before[0] not in w.SEEKER and w.SPEECH & set(before):
        return True
    subjects = w.SEEKER | w.POSSESSIVE | w.OTHERS | _DETERMINERS
    holders = w.MENTAL | w.EMBEDDER
    return any(
        word in subjects and previous in holders
        for previous, word in zip(before, before[1:], strict=False)
    )


def _starts_clause(low: Sequence[str], at: int, joined: set[str]) -> bool:
    if at >= len(low):
        return False
    if "but" in joined:
        return True
    first, second = low[at], low[at + 1] if at + 1 < len(low) else ""
    if first in w.SEEKER | w.OTHERS:
        return "'" in first or is_verb(second) or second in w.CHAT_VERBS or second.endswith("ly") or second in _ADVERBS
    if first in w.QUESTION_WORD or first in w.AUXILIARY:
        return second in w.AUXILIARY | w.SEEKER | w.OTHERS
    if joined - {","} and first in _NEW_CONDITION:
        return True
    return first in w.POSSESSIVE | _DETERMINERS and _verb_after_noun(low[at : at + 6])


_ADVERBS = frozenset("just never always still also really even already often then now".split())
_DETERMINERS = frozenset(("the", "his", "her", "their", "a", "some", "your", "all", "most"))


def _verb_after_noun(low: Sequence[str]) -> bool:
    return any(
        word in w.AUXILIARY or word in w.IRREGULAR or (is_verb(word) and word[-1] in "sd")
        for word in low[2:]
    )


def _shares_subject(before: Sequence[str], low: Sequence[str], after: int) -> bool:
    """Tell whether "I" is also who does what stands after "and": "I lost my job and have ..."."""
    return (
        after < len(low)
        and low[after] in w.SHARED_SUBJECT_VERB
        and before[:1] == ["i"]
        and len(before) > 2
        and before[1] not in w.MODALS
        and not {"to", "or", "not", ",", "who", "that", "which"} & set(before)
        and not w.NEGATED_AUXILIARY & set(before)
        and not (w.SUBORDINATOR & set(before))
        and not _holds_clause(before)
        and low[after - 1] != "or"
    )


def _runs_on(low: Sequence[str], start: int, at: int) -> bool:
    """Tell whether a new subject starts at `at` though nothing joins it to the clause before."""
    before = low[start:at]
    if len(before) < 3 or not has_verb(before) or not _starts_clause(low, at, {","}):
        return False
    if before[0] in w.SUBORDINATOR or before[-1] in w.NEEDS_MORE | w.EMBEDDER | w.AUXILIARY:
        return False
    if (w.MENTAL | w.SUBORDINATOR | w.HYPOTHETICAL) & set(before):
        return False
    if before[-1] in w.RUN_ON_END:
        return True
    if {before[-2], before[-3]} & (_DETERMINERS | w.POSSESSIVE):  # "the jobs I am applying for"
        return False
    return low[at] in w.SEEKER | w.OTHERS - {"this"} and (
        "'" in low[at] or low[at + 1] in w.BE | w.NEGATED_AUXILIARY | _ADVERBS
    )


def _asks(part: Sequence[str]) -> bool:
    """Tell whether the words are put as a question, with or without its mark."""
    low = [token.lower() for token in part if token != ","]
    if len(low) < 2:
        return False
    first = low[1] if low[0] in w.QUESTION_WORD else low[0]
    subject = low[2:3] if low[0] in w.QUESTION_WORD else low[1:2]
    return first in w.AUXILIARY and bool(subject) and (
        low[0] in w.QUESTION_WORD
        or subject[0] in w.SEEKER | w.OTHERS | w.POSSESSIVE | _DETERMINERS | {"there"}
    )


def is_verb(word: str) -> bool:
    """Return whether `word` can be the verb of a clause."""
    return word in w.VERBS or (len(word) > 4 and word.endswith("ed"))


def has_verb(low: Sequence[str]) -> bool:
    """Return whether any of the lower-case words after the first can be a verb.

    "Like" is left out: in chat it is seldom one.
    """
    return any(is_verb(word) and word != "like" for word in low[1:])
