"""From a clause to a plain statement about the seeker, or to nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pal_model.rules import words as w
from pal_model.rules.clauses import QUOTE, has_verb, is_verb

SHORTEST = 3
"""Words; "I am sad" is the shortest statement that says something."""
LONGEST = 25
"""Words; PAL's published filter of persona sentences drops longer ones."""

_LONGEST_PHRASE = 5
_READABLE_WORD = re.compile(r"[$£€]?[^\W_][\w%'&/.,:-]*")
_LONG_NUMBER = re.compile(r"\d{6,}")


def statements(clauses: Iterable[list[str]]) -> list[str]:
    """Return the statements of an utterance's clauses, without those that another one contains."""
    found = [plain for clause in clauses if (plain := statement(clause))]
    cores = [sentence.rstrip(".").lower() for sentence in found]
    return [
        sentence
        for sentence, core in zip(found, cores, strict=True)
        if not any(core != other and f" {core} " in f" {other} " for other in cores)
    ]


def statement(clause: Sequence[str]) -> str | None:
    """Return `clause` as a plain sentence about the seeker, or None if it is not one for sure."""
    tokens = _without_tags(_without_tail(_subject_first(_without_openers(list(clause)))))
    low = _low(tokens)
    if len(tokens) < SHORTEST or not all(check(low) for check in _CHECKS):
        return None
    return _written(tokens)


# --- Rewriting -------------------------------------------------------------------------------


def _without_openers(tokens: list[str]) -> list[str]:
    """Drop "well, I think" and the like, and give back an "I" that was left out."""
    while tokens and (length := _opener(tokens)):
        tokens = tokens[length:]
    low = _low(tokens)
    if not tokens or (w.SEEKER | w.OTHERS | w.BE - {"am", "been"} | {"his", "her"}) & set(low):
        return tokens
    if low[0] in w.DROPPED_SUBJECT_VERB:
        return ["I", *tokens]
    return ["I", "am", *low[:1], *tokens[1:]] if low[0] == "feeling" else tokens


def _opener(tokens: Sequence[str]) -> int:
    if tokens[0] == ",":
        return 1
    if length := _phrase(_low(tokens[:_LONGEST_PHRASE]), w.OPENERS):
        return length
    if quantifier := _phrase(_low(tokens[:2]), w.QUANTIFIERS):
        return quantifier if tokens[quantifier : quantifier + 1] in (["my"], ["our"]) else 0
    hedge = _phrase(_low(tokens[:_LONGEST_PHRASE]), w.HEDGES)
    return hedge if _known_at_first_hand(_low(tokens[hedge : hedge + 5])) else 0


def _phrase(low: Sequence[str], phrases: frozenset[tuple[str, ...]], *, end: bool = False) -> int:
    """Return how many of the first (or last) words are the longest of `phrases` found there."""
    lengths = range(len(low), 0, -1)
    return next((n for n in lengths if tuple(low[-n:] if end else low[:n]) in phrases), 0)


def _known_at_first_hand(low: Sequence[str]) -> bool:
    """Tell whether a hedge may go: one knows what one feels or wants, not what one has."""
    low = [word for word in low if word not in w.ADVERBS | {"don't", "am", "not"}]
    return low[:1] == ["i"] and len(low) > 1 and low[1] in w.FIRST_HAND


def _subject_first(tokens: list[str]) -> list[str]:
    """Put what stands before the subject behind it: persona sentences start with "I" or "My"."""
    low = _low(tokens)
    if not tokens or low[0] in w.SEEKER | w.POSSESSIVE:
        return tokens
    if low[0] in w.SUBORDINATOR:
        return _main_clause_first(tokens)
    subject = next((i for i, word in enumerate(low[:9]) if word in w.SEEKER), 0)
    if not subject and "," in low[:9]:
        subject = low.index(",") + 1
    front, rest = [token for token in tokens[:subject] if token != ","], tokens[subject:]
    if not front or not rest:
        return tokens
    if low[0] in w.MIDDLE_ADVERBS and len(front) == 1:
        second = rest[1].lower() if len(rest) > 1 else ""
        place = 2 if second in w.AUXILIARY - w.NEGATED_AUXILIARY else 1
        return [*rest[:place], low[0], *rest[place:]]
    return _adverbial_last(front, rest)


def _adverbial_last(front: list[str], rest: list[str]) -> list[str]:
    low = _low(front)
    starts = low[0] in w.ADVERBIAL_START
    timed = low[0] in w.END_ADVERBS or (starts and bool(w.TIME_WORDS & set(low)))
    placed = low[0] in w.PREPOSITION_START and not has_verb(["", *low])
    if not timed and not placed:
        return [*front, *rest]
    if len(rest) + len(front) <= 14 and "," not in rest and not w.EMBEDDER & set(_low(rest)):
        return [*rest, low[0], *front[1:]]
    return rest if timed and low[0] not in w.FREQUENCY_START else [*front, *rest]


def _main_clause_first(tokens: list[str]) -> list[str]:
    """Turn "When I am alone, I cry" into "I cry when I am alone"."""
    if tokens.count(",") != 1:
        return tokens
    comma = tokens.index(",")
    return [*tokens[comma + 1 :], tokens[0].lower(), *tokens[1:comma]]


def _without_tail(tokens: list[str]) -> list[str]:
    """Cut ", which ...", a reason that points back, and the reason of too long a statement.

    The reason of something denied stays: "I am not sad because ..." says more than "I am not sad".
    """
    low = _low(tokens)
    length = sum(word != "," for word in low)
    denied = bool((w.NEGATED_AUXILIARY | {"not"}) & set(low))
    for i, word in enumerate(low):
        after = low[i + 1] if i + 1 < len(low) else ""
        if word == "," and after == "which":
            return tokens[:i]
        if i > 2 and word in {",", "and", "so", "then"} and after in w.OTHERS | w.UNRESOLVED:
            return tokens[:i]
        if i > 2 and word == "," and w.BE & set(low[i + 1 : i + 5]) and after not in w.SUBORDINATOR:
            return tokens[:i]
        if i > 2 and word in w.REASON and not denied and (
            length > LONGEST or after in w.UNRESOLVED
        ):
            return tokens[:i]
    return tokens


def _without_tags(tokens: list[str]) -> list[str]:
    while tokens:
        low = _low(tokens[-_LONGEST_PHRASE:])
        length = 1 if low[-1] == "," else _phrase(low, w.TAGS, end=True)
        if not length:
            tag = _phrase(low, w.COMMA_TAGS, end=True)
            length = tag + 1 if tag and tokens[-tag - 1 : -tag] == [","] else 0
        if not length:
            break
        tokens = tokens[:-length]
    return tokens


def _written(tokens: Sequence[str]) -> str:
    plain = [t.lower() if t.istitle() and t != "I" and is_verb(t.lower()) else t for t in tokens]
    text = re.sub(r"(?: ,)+", ",", " ".join(plain))
    return text[0].upper() + text[1:] + "."


# --- Checks: every one must hold -------------------------------------------------------------


def _right_length(low: Sequence[str]) -> bool:
    return SHORTEST <= sum(word != "," for word in low) <= LONGEST


def _readable(low: Sequence[str]) -> bool:
    """Refuse quotations, other alphabets, and numbers long enough to be somebody's telephone."""
    return all(
        word == "," or (_READABLE_WORD.fullmatch(word) and not _LONG_NUMBER.search(word))
        for word in low
    ) and all(character < "\u0250" for word in low for character in word.replace("€", ""))


def _about_the_seeker(low: Sequence[str]) -> bool:
    """Refuse what is about others, about the chat, or said to the supporter."""
    if low[0] not in w.SEEKER | w.POSSESSIVE or (w.ADDRESSED | w.CHAT_WORDS) & set(low):
        return False
    return low[:2] not in (["we", "all"], ["we", "can"], ["we", "should"])


def _told_as_fact(low: Sequence[str]) -> bool:
    """Refuse conditions and hypotheses; a wish is kept, in full."""
    if low[:2] == ["i", "wish"]:
        return len(low) > 4
    allowed = {"hope"} if low[:3] == ["i", "hope", "to"] else set()
    allowed |= {"would"} if _wants(low) else set()
    if "as if" in " ".join(low) and low.count("if") == 1:
        allowed.add("if")
    return not (w.HYPOTHETICAL & set(low)) - allowed


def _wants(low: Sequence[str]) -> bool:
    wanting = {"like", "love", "rather", "prefer"}
    return low[:2] == ["i", "would"] and low[2] in wanting and len(low) > 4 and low[4] != ","


def _complete(low: Sequence[str]) -> bool:
    return (
        low[-1] not in w.DANGLING and "," not in low[1:3] and not w.SPEECH & set(low[-2:])
    )


def _resolved(low: Sequence[str]) -> bool:
    """Refuse "I did that": a pronoun needs something in the statement to stand for."""
    content = 0
    for i, word in enumerate(low):
        if word in w.UNRESOLVED and content < 2 and not _points_forward(low[i:]):
            return False
        content += word not in w.FUNCTION_WORDS | w.CHAT_VERBS and word != ","
    if low[-1] in w.UNRESOLVED and content < 4:
        return False
    if {"he", "she", "him", "her", "they", "there"} & set(low) and content < 2:
        return bool(w.FEELINGS_FOR_PEOPLE & set(low)) and "there" not in low
    return content >= (2 if low[-1] in w.VAGUE else 1)


def _points_forward(low: Sequence[str]) -> bool:
    """Tell "this year" and the conjunction "that" from words that point back."""
    after = low[1] if len(low) > 1 else ""
    if low[0] == "that":
        return after in w.SEEKER | w.POSSESSIVE | w.OTHERS | {"the"} or is_verb(after)
    return after in w.TIME_WORDS


def _worth_knowing(low: Sequence[str]) -> bool:
    """Refuse figures of speech and chat management, by the verb the statement is built on."""
    if low[0] in w.POSSESSIVE:
        return _possession(low)
    if _chat_infinitive(low):
        return False
    if low[:2] == ["i", "wish"] or _wants(low):
        return True
    rest = [word for word in low[1:] if word not in w.ADVERBS and not _is_adverb(word)]
    if not rest or rest[0] in w.NOT_AFTER_I - ({"are"} if low[0] == "we" else set()):
        return False
    negated = bool((w.NEGATED_AUXILIARY | {"not", "never", "barely", "hardly"}) & set(low[:4]))
    return _predicate([word for word in rest if word != "not"], negated)


def _possession(low: Sequence[str]) -> bool:
    """Judge "My ...": it needs a verb of its own, and no conditional one."""
    at = next((i for i, word in enumerate(low[:9]) if i > 1 and is_verb(word)), 0)
    if not at or low[at] in w.MODALS - {"will", "can", "can't", "cannot", "won't"}:
        return False
    return low[1] != "name" and not ("," in low[:at] and (w.SEEKER | w.OTHERS) & set(low[:at]))


def _predicate(rest: Sequence[str], negated: bool) -> bool:
    head, after = rest[0], rest[1:]
    if not after:
        return False
    if head in w.MODALS:
        return negated and head in w.DENIABLE and _deed([word for word in after if word not in w.SEMI_AUXILIARY])
    if head in w.BE:
        return _state(after, negated)
    if head in w.HELPERS and after[0] in w.BE:
        return len(after) > 1 and _state(after[1:], negated)
    if head in w.HELPERS and (is_verb(after[0]) and after[0] not in w.NOUNS_TOO):
        return not (negated and after[0] == "tried") and _predicate(after, negated)
    if head in {"feel", "felt", "feeling"}:
        return negated or not w.CHAT_FEELINGS & set(after[:4])
    if head in {"think", "thought", "believe"}:
        return _opinion([word for word in after if word != "that"])
    if head == "like" and not negated and after[0] in {"the", "that", "how"}:
        return False
    return (head, after[0]) == ("hope", "to") or _deed(rest)


def _deed(rest: Sequence[str]) -> bool:
    return bool(rest) and is_verb(rest[0]) and rest[0] not in w.CHAT_VERBS and rest[0][-3:] != "ing"


def _opinion(after: Sequence[str]) -> bool:
    """Keep a belief about the seeker's own life that is no decision taken in the chat."""
    own = {"i", "my", "me", "we", "our", "myself"}
    return (
        bool(after)
        and after[0] in {"i", "my", "we", "he", "she", "they", "nobody", "everyone", "people"}
        and bool(own & set(after))
        and "going to" not in " ".join(after)
        and not w.MODALS & set(after) - {"can't", "cannot", "won't", "couldn't"}
        and (after[0] not in w.SEEKER or _worth_knowing(after))
    )


def _state(after: Sequence[str], negated: bool) -> bool:
    """Judge what follows "I am": "I am fine" and "I am here" are said of the chat."""
    first = after[1] if after[0] in {"feeling", "doing", "being"} and len(after) > 1 else after[0]
    if first in (w.CHAT_STATES_EVEN_NEGATED if negated else w.CHAT_STATES):
        return False
    if after[:2] == ["going", "to"]:
        return after[2:3] != [] and (negated or after[2] in w.FATE)
    if not negated and w.CHAT_FEELINGS & set(after[:4]) - {"for", "free"}:
        return False
    return first not in w.CHAT_VERBS


def _chat_infinitive(low: Sequence[str]) -> bool:
    """Refuse "I have to go" and "I want to try": plans about the chat and its advice."""
    for i, word in enumerate(low[:6]):
        if word == "to" and i + 1 < len(low) and low[i + 1] in w.CHAT_INFINITIVES:
            return "my" not in low[i:] or low[i + 1] in {"try", "hear", "see"}
    return False


def _is_adverb(word: str) -> bool:
    return word.endswith("ly") and word not in {"family", "lonely", "ugly", "elderly", "reply"}


def _low(tokens: Sequence[str]) -> list[str]:
    return [token.lower() for token in tokens]


_CHECKS = (
    _right_length,
    _readable,
    _complete,
    _about_the_seeker,
    _told_as_fact,
    _resolved,
    _worth_knowing,
)
