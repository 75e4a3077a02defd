"""What a sentence about a seeker claims, as far as a later sentence can end it.

A sentence such as "I live in Leeds." says something of a topic ("home") of which one thing holds at
a time; "I am a teacher." says something that "I lost my job." ends. Whatever is of no such kind
claims nothing but its own words, which their negation ends. Rules, and no model: what a rule ended,
a reader can see and say why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import snowballstemmer

from actions.memory.claim_words import (
    ALIVE,
    BY_A_CLINICIAN,
    CHILDREN,
    DIED,
    DO,
    EMPTY,
    FURTHER_CLAUSE,
    HABITS,
    I_AM,
    LIKING,
    NEGATIONS,
    NEW_WORK,
    NO_HABIT,
    NO_LONGER_PREGNANT,
    NO_STUDIES,
    NO_WORK,
    NOT_QUITE,
    NOW,
    NOWHERE,
    NUMBER,
    NUMBERS,
    OCCUPATIONS,
    PARTED,
    PAST,
    PET,
    PRAISED,
    PREGNANT,
    QUIT,
    SINGLE,
    STUDIES,
    TOGETHER,
    WHEN_PUT_DOWN,
)

_STEMMER = snowballstemmer.stemmer("english")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a sentence claims.

    Attributes:
        holds: a topic, and what of it holds.
        ends: topics that it ends, whatever held of them; with a value, that alone.
        subject: who or what it is about, "i" or such as "my boss".
        content: stems of the words that carry meaning, of its first clause.
        negated: whether it is a negation.
        numbers: that are in it.
        is_death: whether the subject died.
        is_alive: whether it tells of the subject what is true of the living alone.
    """

    holds: dict[str, str] = field(default_factory=dict)
    ends: frozenset[tuple[str, str | None]] = frozenset()
    subject: str = ""
    content: frozenset[str] = frozenset()
    negated: bool = False
    numbers: tuple[str, ...] = ()
    is_death: bool = False
    is_alive: bool = False

    def end(self, earlier: Claims) -> bool:
        """Return whether an earlier sentence no longer holds once this one is said."""
        for topic, value in earlier.holds.items():
            if topic in self.holds and self.holds[topic] != value:
                return True
            if (topic, None) in self.ends or (topic, value) in self.ends:
                return True
        if self.is_death and earlier.is_alive and self.subject == earlier.subject:
            return True
        return self._denies(earlier)

    def _denies(self, earlier: Claims) -> bool:
        """Return whether one is the other's negation: it says all that the other says, and a word
        more at most, with a "not".
        """
        if self.negated == earlier.negated or self.subject != earlier.subject:
            return False
        positive, negative = (earlier, self) if self.negated else (self, earlier)
        if negative.numbers not in ((), positive.numbers) or not positive.content:
            return False
        return positive.content <= negative.content and len(negative.content) <= 1 + len(
            positive.content
        )


def claims(sentence: str) -> Claims:
    """Return what a sentence in the first person claims."""
    text = BY_A_CLINICIAN.sub("", _plain(sentence))
    if PAST.search(text):
        return Claims(subject=_subject(text), numbers=_numbers(text))
    negated = bool(NEGATIONS.search(text))
    return Claims(
        {} if negated else dict(_holding(text)),
        frozenset(_ending(text, negated)),
        _subject(text),
        *_said(text, negated),
        _numbers(text),
        is_death=bool(DIED.match(text)),
        is_alive=bool(ALIVE.match(text)) and not DIED.match(text),
    )


def stems(text: str) -> frozenset[str]:
    """Return the stems of the words of `text` that carry meaning."""
    return _content(_plain(text))


def _said(text: str, negated: bool) -> tuple[frozenset[str], bool]:
    """Return the content of the first clause, and whether it is negated: hating something counts
    as not loving it.
    """
    clause = FURTHER_CLAUSE.split(text)[0]
    disliking = re.sub(r"\bi (?:hate|dislike|loathe)\b", "i love", clause)
    if disliking != clause and not negated:
        return _content(disliking), True
    return _content(clause), bool(NEGATIONS.search(clause))


def _subject(text: str) -> str:
    match = re.match(r"i\b|(?:my|the|our) \w+|\w+", text)
    return match[0] if match else ""


def _plain(sentence: str) -> str:
    text = sentence.casefold().replace("\u2019", "'").strip()
    return re.sub(r"\s+", " ", re.sub(r"[^\w' ]", " ", text)).strip()


def _holding(text: str) -> Iterator[tuple[str, str]]:
    if match := re.search(
        rf"\b{I_AM}{NOW} (\d{{1,3}})(?: years? old| yo)?$|\b{I_AM}{NOW} (\d{{1,3}}) years? old"
        r"|\bi (?:have )?(?:just )?turned (\d{1,3})\b",
        text,
    ):
        yield "age", match[1] or match[2] or match[3]
    if place := _home(text):
        yield "home", place
    match = re.search(rf"\bi have (?:got )?({NUMBER}) (?:(\w+) )?({CHILDREN})\b", text)
    if match and match[1] not in ("a", "an"):  # who has a brother may have another
        kind = _kind(match[3])
        which = f"{match[2]} " if match[2] and kind in ("brother", "sister", "sibling") else ""
        yield f"number of {which}{kind}", NUMBERS.get(match[1], match[1])
    if occupation := _occupation(text):
        yield "occupation", occupation
    if _any(NO_WORK, text):
        yield "work", "no"
    elif _any(NEW_WORK, text):
        yield "work", "yes"
    if _any(PREGNANT, text):
        yield "pregnant", "yes"
    if _any(STUDIES, text):
        yield "studies", "yes"
    if _any(NO_STUDIES, text):
        yield "studies", "no"
    if _any(SINGLE, text):
        yield "partner", "no"
    elif _any(TOGETHER, text):
        yield "partner", "yes"
    if match := re.search(
        rf"\bi have (?:got )?(?:an?|one|1) (?:\w+ )?({PET})\b|\bmy ({PET}) ", text
    ):
        pet = match[1] or match[2]
        if not _lost_pet(text):
            yield f"has {pet}", "yes"
    if (match := DO.search(text)) and not NO_HABIT.search(text):
        yield f"habit {_habit(match[1])}", "yes"
    if habit := _quit(text):
        yield f"habit {habit}", "no"


def _ending(text: str, negated: bool) -> Iterator[tuple[str, str | None]]:
    """Yield topics that a sentence ends without putting another value in their place."""
    if _any(NO_WORK, text):
        yield "occupation", None
        yield "work", "yes"
    # That somebody left or died stays true, whoever comes after them.
    if _any(PARTED, text):
        yield "partner", "yes"
    if pet := _lost_pet(text):
        yield f"has {pet}", "yes"
    if _any(NO_STUDIES, text):
        yield "studies", "yes"
    if _any(NO_LONGER_PREGNANT, text):
        yield "pregnant", "yes"
    if negated:
        positive = re.sub(r"\s+", " ", NEGATIONS.sub(" ", re.sub(r"\bdo(?:n't| not)\b", " ", text)))
        positive = re.sub(r"\b(?:any ?more|any longer)\b", "", positive).strip()
        if "n't" not in positive:
            yield from _holding(positive)
        if habit := _quit(text):
            yield f"habit {habit}", "yes"


def _occupation(text: str) -> str | None:
    match = re.search(
        rf"\b(?:{I_AM}{NOW}|i work(?:ed)?(?: \w+)? as|i start(?:ed)?(?: \w+)? as) an? ([\w ]+)",
        text,
    )
    if match is None:
        return None
    # "a retired nurse" is none, "a nurse in a big hospital" is; of "a bus driver" the last counts.
    words = re.split(r"\b(?:in|at|for|and|with|who|from|on|of|but|by|that|near)\b", match[1])[
        0
    ].split()
    named = [word for word in words if word in OCCUPATIONS]
    if not named or (PRAISED | {"former", "retired", "ex"}) & set(words):
        return None
    return named[-1]


def _lost_pet(text: str) -> str | None:
    match = re.search(
        rf"\b(?:my|our) ({PET})s?(?: {NOT_QUITE}\w+)?(?: {NOT_QUITE}\w+)? (?:has |had to be |was )?"
        r"(?:died|dead|passed(?! (?:his|her|the|its|an?|by|it|all|through|out)\b)|ran away|run away"
        rf"|(?:put down|put to sleep){WHEN_PUT_DOWN})|"
        rf"\b(?:i|we) (?:have )?(?:just )?(?:lost|buried|gave away) (?:my|our) ({PET})|"
        rf"\bput (?:my|our) ({PET})(?: \w+)? (?:down|to sleep){WHEN_PUT_DOWN}|"
        rf"\b(?:my|our) ({PET})(?: \w+)? is (?:dead|gone)$",
        text,
    )
    return match and next(filter(None, match.groups()))


def _quit(text: str) -> str | None:
    match = QUIT.search(text)
    return (match and not NO_HABIT.search(text) and _habit(match[1])) or None


def _habit(verb: str) -> str | None:
    return next((beginning for beginning in HABITS if verb.startswith(beginning)), None)


def _home(text: str) -> str | None:
    match = re.search(
        r"^i(?: have|'ve)?(?: just| recently| now)? "
        r"(?:live|(?:am |'m )?living|moved|relocated|reside)(?: back| away)? (?:in|to) "
        r"(?:the )?([\w' ]+)",
        text,
    )
    place = match and _place(match[1])
    return None if not place or place.split()[0] in NOWHERE else place


def _place(words: str) -> str:
    """Return where, without when."""
    return re.split(
        r"\b(?:last|this|since|for|now|with|and|by|because|when|where|in|an?|my|our|two|three|recently|but|"
        r"yesterday|today|alone|any|anymore)\b",
        words,
    )[0].strip()


def _kind(children: str) -> str:
    if children.startswith(("child", "kid", "bab")):
        return "children"
    return children.rstrip("s")


def _any(patterns: tuple[str, ...], text: str) -> bool:
    return any(re.search(rf"\b{pattern}", text) for pattern in patterns)


def _content(text: str) -> frozenset[str]:
    words = re.findall(r"[^\W_]+", text.replace("n't", " "))
    meant = ["love" if word in LIKING else word for word in words if word not in EMPTY]
    return frozenset(_STEMMER.stemWords(meant))


def _numbers(text: str) -> tuple[str, ...]:
    words = re.findall(r"[^\W_]+", text)
    return tuple(NUMBERS.get(word, word) for word in words if word.isdigit() or word in NUMBERS)
