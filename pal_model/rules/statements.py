"""From a clause to a plain statement about the seeker, or to nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pal_model.rules import words as w
from pal_model.rules.clauses import has_verb, is_verb, lower

SHORTEST = 3
"""Words; "I am sad" is the shortest statement that says something."""
LONGEST = 25
"""Words; PAL's published filter of persona sentences drops longer ones."""

_LONGEST_PHRASE = 5
_READABLE_WORD = re.compile(r"(?:[$£€]?[0-9A-Za-z\u00c0-\u024f][\w%'&/.,:-]*|,)", re.ASCII)
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
    low = lower(tokens)
    if len(tokens) < SHORTEST or not all(check(low) for check in _CHECKS):
        return None
    return _written(tokens)


# --- Rewriting -------------------------------------------------------------------------------


def _without_openers(tokens: list[str]) -> list[str]:
    """Drop "well, I think" and the like, and give back an "I" that was left out."""
    while tokens and (length := _opener(tokens)):
        tokens = tokens[length:]
    low = lower(tokens)
    if not tokens or (w.SEEKER | w.OTHERS | w.BE - {"am", "been"} | {"his", "her"}) & set(low):
        return tokens
    if low[0] in w.DROPPED_SUBJECT_VERB or tuple(low[:2]) in w.DROPPED_SUBJECT_DENIAL:
        return ["I", low[0], *tokens[1:]]
    return ["I", "am", low[0], *tokens[1:]] if low[0] == "feeling" else tokens


def _opener(tokens: Sequence[str]) -> int:
    low = lower(tokens[: 2 * _LONGEST_PHRASE])
    first = low[:_LONGEST_PHRASE]
    if length := _phrase(first, w.QUANTIFIERS):
        return length if low[length : length + 1] in (["my"], ["our"]) else 0
    hedge = _phrase(first, w.HEDGES)
    if hedge and _known_at_first_hand(low[hedge:]):
        return hedge
    return 1 if low[0] == "," else _phrase(first, w.OPENERS)


def _phrase(low: Sequence[str], phrases: frozenset[tuple[str, ...]], *, end: bool = False) -> int:
    """Return how many of the first (or last) words are the longest of `phrases` found there."""
    lengths = range(len(low), 0, -1)
    return next((n for n in lengths if tuple(low[-n:] if end else low[:n]) in phrases), 0)


def _known_at_first_hand(low: Sequence[str]) -> bool:
    """Tell whether a hedge may go: one knows what one feels or wants, not what one has."""
    plain = [word for word in low if word not in w.ADVERBS | {"really", "don't", "am", "not"}]
    return plain[:1] == ["i"] and len(plain) > 1 and plain[1] in w.FIRST_HAND


def _subject_first(tokens: list[str]) -> list[str]:
    """Put what stands before the subject behind it: persona sentences start with "I" or "My"."""
    low = lower(tokens)
    if not tokens or low[0] in w.SEEKER | w.POSSESSIVE:
        return tokens
    if low[:3] == ["me", "and", "my"]:
        return _myself_last(tokens)
    if low[0] == "the" and set(low[1:2]) & w.CLINICIANS and set(low[2:3]) & w.SPEECH:
        of_whom = next((word for word in low[3:] if word not in {"me", "that"}), "")
        return ["My", *tokens[1:]] if of_whom == "i" else tokens
    if whom := _named_before(tokens):
        return whom
    if low[0] in w.SUBORDINATOR and (
        low[0] not in w.PREPOSITION_START or set(low[1:2]) & w.SUBJECTS
    ):
        return _main_clause_first(tokens)
    subject = next((i for i, word in enumerate(low[:9]) if word in w.SEEKER), 0)
    if not subject and "," in low[:9]:
        subject = low.index(",") + 1
    front, rest = [word for word in tokens[:subject] if word != ","], tokens[subject:]
    if not front or not rest:
        return tokens
    if low[0] in w.MIDDLE_ADVERBS and len(front) == 1:
        place = 2 if lower(rest[1:2]) and rest[1].lower() in w.AUXILIARY - w.NEGATIONS else 1
        return [*rest[:place], low[0], *rest[place:]]
    return _adverbial_last(front, rest)


def _named_before(tokens: list[str]) -> list[str] | None:
    """Turn "Miso, my cat, died" into "my cat Miso died"; None for what is not so built."""
    low = lower(tokens)
    if low[1:2] != [","] or not set(low[2:3]) & w.POSSESSIVE or "," not in low[4:7]:
        return None
    end = low.index(",", 4)
    no_names = w.FUNCTION_WORDS | w.ADVERBS | w.END_ADVERBS | w.TIME_WORDS | w.CALLED_OUT
    is_name = low[0] not in no_names
    if not is_name or low[end - 1] not in w.NAMED or not set(low[end + 1 : end + 3]) & w.VERBS:
        return None
    return [*tokens[2:end], tokens[0], *tokens[end + 1 :]]


def _adverbial_last(front: list[str], rest: list[str]) -> list[str]:
    """Turn "For two years I have been ill" into "I have been ill for two years"."""
    low = lower(front)
    starts = low[0] in w.ADVERBIAL_START
    timed = low[0] in w.END_ADVERBS or (starts and bool(w.TIME_WORDS & set(low)))
    placed = low[0] in w.PREPOSITION_START and not has_verb(["", *low])
    if not timed and not placed:
        return [*front, *rest]
    if len(rest) + len(front) <= 14 and "," not in rest and not w.EMBEDDER & set(lower(rest)):
        return [*rest, low[0], *front[1:]]
    return rest if timed and low[0] not in w.FREQUENCY_START else [*front, *rest]


def _myself_last(tokens: list[str]) -> list[str]:
    """Turn "Me and my wife argue" into "my wife and I argue"."""
    verb = next((i for i, word in enumerate(lower(tokens)) if i > 3 and is_verb(word)), 0)
    return [*tokens[2:verb], "and", "I", *tokens[verb:]] if verb else tokens


def _main_clause_first(tokens: list[str]) -> list[str]:
    """Turn "When I am alone, I cry" into "I cry when I am alone"."""
    low = lower(tokens)
    if low[0] == "because" and "," not in low:
        return tokens[1:]
    if low.count(",") == 1:
        cut = low.index(",")
    elif low.count("i") == 2 and low[1] == "i" and not (w.MENTAL | w.EMBEDDER) & set(low[1:]):
        cut = low.index("i", 2)
    else:
        return tokens
    main = [word for word in tokens[cut:] if word != ","]
    return [*main, low[0], *tokens[1:cut]] if has_verb(low[:cut]) else tokens


def _without_tail(tokens: list[str]) -> list[str]:
    """Cut what follows the statement: another subject, a reason that points back or is too long.

    The reason of something denied stays: "I am not sad because ..." says more than "I am not sad".
    """
    low = lower(tokens)
    too_long = sum(word != "," for word in low) > LONGEST
    denied = bool(w.NEGATIONS & set(low))
    for i in range(3, len(low) - 1):
        word, after = low[i], low[i + 1]
        if word == "," and (after == "which" or w.BE & set(low[i + 1 : i + 5]) - w.SUBORDINATOR):
            return tokens[:i]
        if word in {",", "and", "so", "then"} and after in w.OTHERS | w.UNRESOLVED:
            return tokens[:i]
        if word in w.REASON and not denied and (too_long or after in w.UNRESOLVED):
            return tokens[:i]
    return tokens


def _without_tags(tokens: list[str]) -> list[str]:
    while tokens:
        low = lower(tokens[-_LONGEST_PHRASE:])
        length = 1 if low[-1] == "," else _phrase(low, w.TAGS, end=True)
        if not length:
            tag = _phrase(low, w.COMMA_TAGS, end=True)
            length = tag + 1 if tag and tokens[-tag - 1 : -tag] == [","] else 0
        if not length:
            break
        tokens = tokens[:-length]
    return tokens


def _written(tokens: Sequence[str]) -> str:
    """Return the words as a sentence: "just feeling" plain, capitals of a lost start lowered."""
    low = lower(tokens)
    plain = [
        small if word != "I" and word.istitle() and _is_common(small) else word
        for before, word, small, after in zip(["", *low], tokens, low, [*low[1:], ""], strict=False)
        if not (small == "just" and before in {"i", "am"} and after in w.FIRST_HAND)
    ]
    text = re.sub(r"(?: ,)+", ",", " ".join(plain))
    return text[0].upper() + text[1:] + "."


def _is_common(word: str) -> bool:
    return word in w.POSSESSIVE or (is_verb(word) and word not in w.TIME_WORDS | {"will"})


# --- Checks: every one must hold -------------------------------------------------------------


def _right_length(low: Sequence[str]) -> bool:
    return SHORTEST <= sum(word != "," for word in low) <= LONGEST


def _readable(low: Sequence[str]) -> bool:
    """Refuse quotations, other alphabets, and numbers long enough to be somebody's telephone."""
    return all(_READABLE_WORD.fullmatch(x) and not _LONG_NUMBER.search(x) for x in low)


def _complete(low: Sequence[str]) -> bool:
    """Refuse what was cut off: at its end, after "I told her", or as "I did not, because ..."."""
    start = low[: low.index(",")] if "," in low else low
    return (
        low[-1] not in w.DANGLING
        and low[-1] not in w.SPEECH
        and low[-2] not in w.SPEECH - w.NAMING
        and not set(start[1:]) <= w.AUXILIARY | {"not"}
        and len(start) > 1
    )


def _about_the_seeker(low: Sequence[str]) -> bool:
    """Refuse what is about others, about everybody, about the chat, or said to the supporter."""
    if low[0] not in w.SEEKER | w.POSSESSIVE or (w.ADDRESSED | w.CHAT_WORDS) & set(low):
        return False
    return not (low[0] == "we" and {"all", "can", "should"} & set(low[:3]))


def _told_as_fact(low: Sequence[str]) -> bool:
    """Refuse conditions and hypotheses; a wish is kept, in full."""
    if low[:2] == ["i", "wish"]:
        return len(low) > 4
    allowed = {"hope"} if low[:3] == ["i", "hope", "to"] else set()
    allowed |= {"would"} if _wants(low) else set()
    allowed |= {"if"} if "as if" in " ".join(low) and low.count("if") == 1 else set()
    return not (w.HYPOTHETICAL & set(low)) - allowed


def _wants(low: Sequence[str]) -> bool:
    wanting = {"like", "love", "rather", "prefer"}
    return (
        low[:2] == ["i", "would"]
        and low[2] in wanting
        and set(low[4:5]) - w.SUBJECTS - {","} != set()
    )


def _resolved(low: Sequence[str]) -> bool:
    """Refuse "I did that": a pronoun needs something in the statement to stand for."""
    content = 0
    for i, word in enumerate(low):
        if word in w.UNRESOLVED and content < 2 and not _points_forward(low[i : i + 2]):
            return False
        news = word not in w.FUNCTION_WORDS | w.CHAT_VERBS and word != ","
        content += 2 if word in w.NOBODY else news
    if low[-1] in w.UNRESOLVED and content < 4:
        return False
    if w.PEOPLE & set(low) and content < 2:
        return bool(w.FEELINGS_FOR_PEOPLE & set(low)) and "there" not in low
    return content >= (2 if low[-1] in w.VAGUE else 1)


def _points_forward(low: Sequence[str]) -> bool:
    """Tell "this year" and the conjunction "that" from words that point back."""
    after = low[-1] if len(low) > 1 else ""
    if low[0] == "that":
        return after in w.SUBJECTS | {"the"} or is_verb(after)
    return after in w.TIME_WORDS


def _worth_knowing(low: Sequence[str]) -> bool:
    """Refuse figures of speech and chat management, by the verb the statement is built on."""
    if low[0] in w.POSSESSIVE:
        return _possession(low)
    if _chat_infinitive(low):
        return False
    if low[:2] == ["i", "wish"] or _wants(low):
        return True
    rest = [word for word in low[1:] if word not in w.ADVERBS | {"really"} and not _is_adverb(word)]
    if not rest or rest[0] in w.NOT_AFTER_I - ({"are", "aren't"} if low[0] == "we" else set()):
        return False
    return _predicate([x for x in rest if x != "not"], bool(w.NEGATIONS & set(low[:4])))


def _possession(low: Sequence[str]) -> bool:
    """Judge "My ...": it needs a verb of its own, no conditional one, and no other subject."""
    at = next((i for i, word in enumerate(low[:9]) if i > 1 and is_verb(word)), 0)
    if not at or low[at] in w.MODALS - {"will", "can", "can't", "cannot", "won't"}:
        return False
    before, after = low[1:at], low[at + 1 : at + 2]
    if {"who", "that", "which"} & set(before) and not has_verb(low[at:]):
        return False  # "My aunt who is ill" tells nothing yet
    return (
        low[1] != "name"
        and not ("," in before and (w.SEEKER | w.OTHERS) & set(before))
        and not (low[at] in w.SPEECH and after == [","])
    )


def _predicate(rest: Sequence[str], negated: bool) -> bool:
    """Judge what "I" or "we" is said to do, adverbs and "not" left out."""
    head, after = rest[0], rest[1:]
    if not after:
        return _deed(rest)
    if head in w.MODALS:
        deed = [word for word in after if word not in w.SEMI_AUXILIARY]
        return negated and head in w.DENIABLE and _deed(deed)
    if head in w.BE:
        return _state(after, negated)
    if head in w.HELPERS and after[0] in w.BE:
        return len(after) > 1 and _state(after[1:], negated)
    if head in w.HELPERS and is_verb(after[0]) and after[0] not in w.NOUNS_TOO:
        return not (negated and after[0] == "tried") and _predicate(after, negated)
    if head in {"feel", "felt", "feeling"}:
        return negated or _without_degree(after) not in w.CHAT_FEELINGS
    if head in w.OPINIONS:
        return _opinion([word for word in after if word != "that"])
    if head in {"like", "get"} and not negated and after[0] in {"the", "that", "how"}:
        return False  # "I like the idea", "I get that"
    return (head, after[0]) == ("hope", "to") or _deed(rest)


def _deed(rest: Sequence[str]) -> bool:
    """Judge a plain verb; "trust" is chat management only when it is asserted of the supporter."""
    if not rest or rest[0].endswith("ing"):
        return False
    return is_verb(rest[0]) and (rest[0] not in w.CHAT_VERBS or rest[0] == "trust")


def _opinion(after: Sequence[str]) -> bool:
    """Keep a belief about the seeker's own life that is no decision taken in the chat."""
    holders = w.SEEKER | {"my", "he", "she", "they", "nobody", "everyone", "people"}
    return (
        after[:1] != []
        and after[0] in holders
        and bool({"i", "my", "me", "we", "our", "myself"} & set(after))
        and "going to" not in " ".join(after)
        and not w.MODALS & set(after) - w.DENIABLE & w.NEGATIONS
        and (after[0] not in w.SEEKER or _worth_knowing(after))
    )


def _state(after: Sequence[str], negated: bool) -> bool:
    """Judge what follows "I am": "I am fine" and "I am here" are said of the chat."""
    if list(after[:2]) == ["going", "to"]:
        return len(after) > 2 and (negated or after[2] in w.FATE)
    first = after[1] if after[0] in {"feeling", "doing", "being"} and len(after) > 1 else after[0]
    if negated:
        return first not in w.CHAT_STATES_DENIED | w.CHAT_VERBS
    return (
        first not in w.CHAT_STATES | w.CHAT_VERBS and _without_degree(after) not in w.CHAT_FEELINGS
    )


def _without_degree(words: Sequence[str]) -> str:
    """Return the first word that is not "feeling", "so much", "a little" or the like."""
    degree = {"feeling", "doing", "so", "much", "more", "pretty", "way", "lot", "bit", "little"}
    followed = zip(words, [*words[1:], ""], strict=True)
    plain = (x for x, after in followed if x not in degree and not (x == "a" and after in degree))
    return next(plain, "")


def _chat_infinitive(low: Sequence[str]) -> bool:
    """Refuse "I have to go" and "I want to try": plans about the chat and its advice."""
    for i in range(min(6, len(low) - 1)):
        if low[i] == "to" and low[i + 1] in w.CHAT_INFINITIVES:
            return "my" not in low[i:] or low[i + 1] in {"try", "hear", "see"}
    return False


def _is_adverb(word: str) -> bool:
    return word.endswith("ly") and word not in {"family", "lonely", "ugly", "elderly", "reply"}


_CHECKS = (
    _right_length,
    _readable,
    _complete,
    _about_the_seeker,
    _told_as_fact,
    _resolved,
    _worth_knowing,
)
