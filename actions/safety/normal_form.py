"""Text in one normal form, so that one pattern meets many spellings of it.

The normal form is lower case, has no apostrophes, filler words or doubled letters, and writes
known misspellings, slang and leet in one way. Every token remembers where it stood in the original
text, so that a match can be reported as a span of what was really written.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

_BOUNDARY = "."

_DOUBLED = re.compile(r"(?<!\\)([^\W\d_])\1+")

# Invisible characters that split a word for a machine and not for a reader.
_INVISIBLE = frozenset("\u00ad\u034f\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufe0e\ufe0f\ufeff")
_LOOK_ALIKES: Mapping[str, str] = dict(
    zip(
        "аеорсухіїјѕкмтнвԁһӏαεικνορτυχıł’‘ʼʹ´`′＇",
        "aeopcyxiijskmthbdhlaeikvoptuxil" + "'" * 8,
        strict=True,
    )
)

_SPELLED_OUT = r"(?<![^\W_])[^\W\d_](?:[ ._*-][^\W\d_](?![^\W_'])){2,}"
_WORD = r"[$@]?[^\W_]+(?:['@$|](?=[^\W_])[^\W_]+|\*+[^\W_]+|(?<![^\W_]{3})![^\W_]+)*"
# Two or more full stops are a pause and no end: "I want to ... die".
_END = r"(?<!\.)\.(?!\.)|[?!;]+"
_PAUSE = r"[,:()\u2014]|\.{2,}| - "
# By name: "<i want to die>" is none.
_TAG = (
    r"</?(?:a|b|i|u|s|p|br|em|strong|span|div|font|code|pre|li|ul|h[1-6])"
    r"(?: [a-z-]{1,20}=[^<>]{0,60})?/?>"
)
_TOKEN = re.compile(
    rf"(?P<tag>{_TAG})|(?P<spelled>{_SPELLED_OUT})|(?P<word>{_WORD})|(?P<end>{_END})|(?P<pause>{_PAUSE})"
)

_LEET = str.maketrans("013457@$!|", "oieastasii")
_LEET_WORD = re.compile(r"(?=.*[a-z])(?=.*[0-9@$!|])[a-z@$0][a-z0-9@$!|]*\Z")

_FILLER_WORDS = """
    just really realy literally honestly actually seriously basically simply legit lowkey highkey
    totally truly deeply even fucking fuckin fkin fking freaking frickin bloody damn damned
    goddamn please pls plz ever always constantly desperately badly genuinely umm uhh still
"""

# Matched as written: a shorter spelling of these is another word ("odd" is no "od").
_SLANG: Mapping[str, str] = {
    "od": "overdose",
    "od'd": "overdosed",
    "oded": "overdosed",
    "oding": "overdosing",
    "2nite": "tonight",
    "2night": "tonight",
    "2day": "today",
    "u": "you",
    "ur": "your",
    "r": "are",
    "rn": "right now",
    "bc": "because",
}


def _variants(spellings: Mapping[str, str]) -> dict[str, str]:
    return {variant: word for word, variants in spellings.items() for variant in variants.split()}


_SPELLINGS: Mapping[str, str] = _variants(
    {
        "kill": "kil kll klil kikl kilk unalive unaliv",
        "killing": "kiling klling killin kilin unaliving unalivin",
        "killed": "kiled unalived",
        "kill myself": "kms kmself killmyself",
        "i kill myself": "ikillmyself",
        "kill me": "killme",
        "suicide": (
            "suicde sucide suiside suicied suecide suacide soocide suicice suicid siucide "
            "sucicide suiced suidice scuicide suicude sewerslide sewercide"
        ),
        "suicidal": (
            "sucidal suicdal suicidle suicidel suisidal suacidal siucidal sucicidal suididal "
            "scuicidal suicidial suicideal"
        ),
        "myself": (
            "myslef mysef mself mysel myslf meself myselfs myselve miself mysefl myelf myseld"
        ),
        "die": "dei",
        "dying": "dieing diying dyin",
        "thinking": "thinkin",
        "about": "abt abot bout",
        "hurting": "hurtin",
        "cutting": "cuttin",
        "living": "livin",
        "ending": "endin",
        "dont": "dnt doont dunt",
        "kill yourself": "kys",
        "overdose": "ovedose overdoes overdoese overdoze ovrdose",
        "overdosed": "overdosd",
        "self": "slef",
        "self harm": "selfharm",
        "self harming": "selfharming",
        "self harmed": "selfharmed",
        "breathe": "breath breth brethe",
        "bulimia": "bulemia",
        "bulimic": "bulemic",
        "want to": "wanna wana wnna",
        "want": "wanting wnt wnat",
        "going to": "gonna gunna gona finna",
        "im going to": "imma",
        "trying to": "tryna",
        "have to": "gotta",
        "tonight": "tonite tnite",
        "cant": "cannot",
        "because": "cuz coz cos becuase",
        "any more": "anymore",
        "a lot": "alot",
        "no one": "noone",
        "what is": "whats wats",
        "there is": "theres",
        "every day": "everyday",
        # written without spaces
        "i want to die": "iwanttodie iwanatodie iwannadie",
        "want to die": "wanttodie wannadie",
        "i dont want to live": "idontwanttolive",
        "end my life": "endmylife",
        "end it all": "enditall",
        "hurt myself": "hurtmyself",
        "cut myself": "cutmyself",
        "hang myself": "hangmyself",
        "im suicidal": "imsuicidal",
    }
)
_BEFORE_TO = ("want", "going", "need", "ready", "like", "have", "try", "trying", "how", "way")
_CENSORED_WORDS = (
    "kill killed killing suicide suicidal die died dying dead death rape raped rapes raping "
    "cut cutting hang hanging overdose overdosed murder myself"
)


@dataclass(frozen=True, slots=True)
class NormalText:
    """An utterance in normal form, with the way back to the original text.

    `text` is words and full stops with one space between, and a full stop at both ends:
    ". i want to die . help .".
    """

    text: str
    _offsets: tuple[int, ...]
    _spans: tuple[tuple[int, int], ...]
    _stops: tuple[int, ...]
    _pauses: tuple[int, ...]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Return where the normal text from `start` to `end` stood in the original."""
        first = bisect_right(self._offsets, start) - 1
        last = bisect_right(self._offsets, max(start, end - 1)) - 1
        return self._spans[first][0], self._spans[last][1]

    def sentence_span(self, position: int) -> tuple[int, int]:
        """Return from where to where the sentence that holds `position` goes, stops left out."""
        following = bisect_right(self._stops, position)
        return self._stops[following - 1] + 2, self._stops[following] - 1

    def clause_start(self, position: int) -> int:
        """Return where the last pause before `position` ends, or 0."""
        before = bisect_right(self._pauses, position)
        return self._pauses[before - 1] if before else 0


def squeeze(text: str) -> str:
    """Write every run of one letter once; patterns are squeezed too ("killl" and "kill" agree)."""
    return _DOUBLED.sub(r"\1", text)


def normal_text(text: str) -> NormalText:
    """Return `text` in normal form; takes time linear in its length."""
    pieces: list[str] = [_BOUNDARY]
    offsets: list[int] = []
    spans: list[tuple[int, int]] = []
    stops: list[int] = [0]
    pauses: list[int] = []
    position = 2
    for word in _normal_words(text):
        if word.text == _BOUNDARY:
            if pieces[-1] == _BOUNDARY:
                continue
            stops.append(position)
        else:
            offsets.append(position)
            spans.append((word.start, word.end))
            if word.after_pause:
                pauses.append(position)
        pieces.append(word.text)
        position += len(word.text) + 1
    if pieces[-1] != _BOUNDARY:
        stops.append(position)
        pieces.append(_BOUNDARY)
    return NormalText(" ".join(pieces), tuple(offsets), tuple(spans), tuple(stops), tuple(pauses))


class _Word(NamedTuple):
    text: str
    start: int
    end: int
    after_pause: bool = False


def _normal_words(text: str) -> Iterator[_Word]:
    folded, origins = _fold(text)
    known: dict[str, str] = {}  # for this call alone: nobody's words outlive it
    previous, paused = "", False
    for match in _TOKEN.finditer(folded):
        group, written = match.lastgroup, match.group()
        if group == "tag":
            continue
        if group == "pause":
            paused = True
            continue
        # "I don't just want to ..." is no negation, so that "just" stays; "want 2 die".
        if written == "just" and (previous == "not" or previous.endswith("nt")):
            normal = written
        elif written == "2" and previous.endswith(_BEFORE_TO):
            normal = "to"
        elif (cached := known.get(written)) is not None:
            normal = cached
        else:
            normal = known[written] = _NORMALISERS[group](written)
        if normal:
            start, end = match.span()
            if origins is not None:
                start, end = origins[start], origins[end - 1] + 1
            yield _Word(normal, start, end, paused)
            previous, paused = normal, False


def _fold(text: str) -> tuple[str, list[int] | None]:
    """Return lower-case text without accents, and each character's origin (None: unmoved)."""
    if text.isascii():
        return text.lower(), None
    characters: list[str] = []
    origins: list[int] = []
    for index, character in enumerate(text):
        if character in _INVISIBLE:
            continue
        for part in character if character.isascii() else unicodedata.normalize("NFKD", character):
            if unicodedata.combining(part):
                continue
            for lower in part.lower():
                characters.append(_LOOK_ALIKES.get(lower, lower))
                origins.append(index)
    return "".join(characters), origins


def _join_letters(letters: str) -> str:
    """Join "k i l l". A leading "i" is the word "I": "i w a n t t o d i e"."""
    joined = squeeze(re.sub(r"[ ._*-]", "", letters))
    if joined.startswith("i") and len(joined) > 2:
        return f"i {_spell(joined[1:])}"
    return _spell(joined)


def _normal_word(word: str) -> str:
    if word in _SLANG:
        return _SLANG[word]
    word = word.replace("'", "")
    if "*" in word:
        word = _uncensor(word)
    if _LEET_WORD.match(word):
        word = word.replace("11", "ll").translate(_LEET)
    word = squeeze(word)
    return "" if word in _FILLERS_SQUEEZED else _spell(word)


def _spell(word: str) -> str:
    return _SPELLINGS_SQUEEZED.get(word, word)


def _uncensor(word: str) -> str:
    """Return what a word with asterisks for letters stands for, where it is one that matters."""
    for candidate in _CENSORED_WORDS.split():
        if len(candidate) == len(word) and all(
            shown in ("*", real) for shown, real in zip(word, candidate, strict=True)
        ):
            return candidate
    return word.replace("*", "")


_FILLERS_SQUEEZED = frozenset(map(squeeze, _FILLER_WORDS.split()))
_SPELLINGS_SQUEEZED = {squeeze(key): squeeze(value) for key, value in _SPELLINGS.items()}

_NORMALISERS: Mapping[str | None, Callable[[str], str]] = {
    "spelled": _join_letters,
    "word": _normal_word,
    "end": lambda _: _BOUNDARY,
}
