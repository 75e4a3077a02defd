"""From decoded text to a response: trimming it, and telling a bad one from a good one.

A small model invents: it takes over the seeker's "my boss", mentions a wedding that nobody spoke
of, asks the seeker for advice. The checks here know the ways in which it does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from pal_model.conversation import Conversation, Speaker
from pal_model.persona import Persona, normal_form
from pal_model.strategy import Strategy

_SENTENCE_BREAK = re.compile(r"(?<=[.!?])[\"')]*(?:\s+|(?=[A-Z]))")
_WORD = re.compile(r"[a-z']+")
_MY_THING = re.compile(r"\b(?:my|our)\s+([a-z]+)")

_SUPPORTERS_OWN = frozenset(
    """
    heart thoughts mind best opinion help support time part place advice question apologies bad
    condolences sympathy understanding
    """.split()  # noqa: SIM905
)
"""What a supporter may call "my"; "my boss" is the seeker's boss, taken over by mistake."""

_ROLE_SLIPS = re.compile(
    r"""
    \b(?:
        the\ seeker | this\ person | in\ brackets | strategy | supporter\ who | as\ an\ ai
      | language\ model | my\ name\ is | \w+_name
      | i(?:'m|\ am)\ (?:just\ )?an?\ (?!little\ (?:worried|sad|concerned)|computer|program)
      | i(?:'m|\ am)\ (?:still\ |also\ )?(?:in|at|from|going\ (?:to|through)|working|studying)
      | i(?:'ve|\ have)\ (?:been|had|a|an|got|seen|done|known|always)
      | i\ (?:had|was|used\ to|went|work|live|did|got|remember|met|knew|lost|grew|struggle)
      | i(?:'m|\ am|\ feel|\ hate|\ love)\ (?!sorry|glad)(?:\w+\ ){0,3}(?:too|as\ well)(?=[.!?,]|$)
      | when\ i | to\ me\ too | same\ here | our\ (?:lives|team|company|family)
    )\b
    | [\[\]] | <\|
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""A history of its own, or words of the prompt."""

_UNHELPFUL = re.compile(
    r"""
    \b(?:
        i(?:'m|\ am)\ not\ sure | i\ don'?t\ (?:know|understand|want) | i\ can'?t\ help
      | i(?:'m|\ am)\ afraid | not\ here\ to\ help | i(?:'m|\ am)\ not\ (?:a|here|going)
      | (?:sorry|condolences)\ for\ your\ loss | what\ is\ your\ name | what's\ your\ name
      | advice\ for\ someone | (?:have|is\ there)\ any\ (?:advice|suggestions|tips)
      | any\ (?:advice|suggestions|tips)\ (?:on|for) | how\ can\ you\ help
      | i\ (?:will|'ll)\ (?:always|do\ whatever) | whatever\ it\ takes | no\ matter\ what
      | i(?:'m|\ am)\ sure\ (?:you|they|he|she|it|that|there)
      | you(?:'re|\ are)\ (?:all\ right|alright|okay?|fine|happy|here\ for\ me)
      | is\ (?:it|that)\ a\ (?:good|nice|great)\ (?:feeling|thing)
      | you(?:'re|\ are)\ doing\ (?:all\ right|alright|okay?|fine|well|great|good)
      | (?:glad|happy)\ (?:to\ hear|that\ you're\ (?:here\ for|doing))
      | (?:great|wonderful|fantastic|amazing|lovely|good)\ (?:day|time|one|week|news)
      | (?:there|here|found)\ (?:for\ )?me | still\ (?:here|around|alive)
      | you\ deserve\ (?:it|this|that) | how\ about\ this | think\ of\ me | you\ are\ a\ (?:wo)?man
      | referring\ to | any\ confusion | let\ me\ know | (?:more|other|any)\ questions
      | sorry\ (?:for|about)\ (?:your|their|his|her)\ \w+ | happy\ to\ (?:help|share|talk|assist)
      | offer\ (?:some|you) | (?:some|share)\ insights | your\ lucky
      | meet\ (?:up|you) | talk\ to\ (?:my|me\ about\ my) | you(?:'re|\ are)\ (?:so\ )?lucky
      | (?:should|would|could|can|do|did|am|have|will)\ i\b | (?:think|suggest)\ i\b
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Doubts about itself, advice sought from the seeker, promises, cheer and comfort for what nobody
said."""

_PARTICULARS = frozenset(
    """
    boyfriend girlfriend husband wife spouse ex partner fiance marriage married wedding divorce
    breakup baby babies pregnant pregnancy child children kid kids son daughter mother mom mum
    father dad parent parents brother sister sibling siblings grandmother grandma grandfather
    grandpa uncle aunt cousin dog cat pet boss manager coworker coworkers colleague colleagues
    teacher professor class school college university exam exams degree job career promotion layoff
    company business salary pandemic covid lockdown quarantine vaccine cancer illness disease death
    died funeral grief loss suicide abuse assault addiction alcohol drugs surgery hospital diabetes
    church god christian military war car house rent debt lawyer police court internet blog website
    gift party team
    """.split()  # noqa: SIM905
)
_PARTICULAR_STEMS = frozenset(word.rstrip("s") for word in _PARTICULARS)
"""Words for people and events in a life: a response may take them up, never bring them up."""

_ONE_SENTENCE = frozenset(
    {
        Strategy.RESTATEMENT_OR_PARAPHRASING,
        Strategy.REFLECTION_OF_FEELINGS,
        Strategy.SELF_DISCLOSURE,
    }
)
"""Strategies of one move: what a small model adds to it is nearly always filler."""

_CONTENT_WORD_LENGTH = 4
_REPEATED_RUN = 6  # words: "it sounds like you're having a" once is enough in a while
_SAME_RESPONSE = 0.75  # share of content words
_SAME_AS_THE_SEEKERS = 0.85


class Flaw(StrEnum):
    """Why a response should not be said."""

    EMPTY = "empty"
    FOREIGN_SCRIPT = "leaves the language"
    ROLE_SLIP = "speaks as somebody else"
    UNHELPFUL = "doubts itself, or asks the seeker for help"
    UNFOUNDED = "mentions what nobody spoke of"
    NOT_A_QUESTION = "should ask, and does not"
    REPEATS_ITSELF = "repeats itself"
    REPEATS_SUPPORTER = "repeats what the supporter said before"
    ECHOES_SEEKER = "hands the seeker's words back"


def sentences_of(text: str) -> list[str]:
    """Split `text` into sentences; the last one may be unfinished."""
    return [s.strip() for s in _SENTENCE_BREAK.split(text) if s.strip()]


def is_finished(sentence: str) -> bool:
    """Say whether `sentence` ends like one."""
    return sentence.rstrip("\"')]").endswith((".", "!", "?"))


def is_complete(text: str, strategy: Strategy, max_sentences: int) -> bool:
    """Say whether a response of `strategy` may end after `text`; 0 sentences are any number."""
    if not max_sentences or not is_finished(text):
        return False
    if strategy is Strategy.QUESTION and text.endswith("?"):
        return True
    return len(sentences_of(text)) >= _sentence_limit(strategy, max_sentences)


def _sentence_limit(strategy: Strategy, max_sentences: int) -> int:
    return min(max_sentences, 1) if strategy in _ONE_SENTENCE else max_sentences


def trimmed(text: str, strategy: Strategy, max_sentences: int = 0) -> str:
    """Return `text` as one line of whole, different sentences, `max_sentences` at most (0: all).

    An unfinished last sentence is dropped unless it is the only one; that one gets a full stop.
    So are later sentences that would spoil the first: a question ends with its question mark.
    """
    sentences = sentences_of(" ".join(text.split()).strip("\"' "))
    if len(sentences) > 1 and not is_finished(sentences[-1]):
        sentences.pop()
    if strategy is Strategy.QUESTION:
        asked = next((i for i, s in enumerate(sentences) if s.endswith("?")), len(sentences))
        sentences = sentences[: asked + 1]
    kept = _without_repeats(sentences)
    kept = kept[:1] + [s for s in kept[1:] if not _spoils(s)]
    limit = _sentence_limit(strategy, max_sentences)
    response = " ".join(s[:1].upper() + s[1:] for s in kept[: limit or None])
    if response and not is_finished(response):
        response = response.rstrip(" ,;:-") + "."
    return response


def find_flaw(
    response: str,
    conversation: Conversation,
    persona: Persona | None = None,
    strategy: Strategy | None = None,
) -> Flaw | None:
    """Return the first reason why `response` should not follow `conversation`, if there is one."""
    words = _words(response)
    heard = [u.text for u in conversation.utterances] + list(persona or ())
    earlier = [u.text for u in conversation.utterances if u.speaker is Speaker.SUPPORTER]
    latest = conversation.seeker_utterances[-1:]
    checks = {
        Flaw.EMPTY: len(words) < (2 if response.endswith("?") else 3),
        Flaw.FOREIGN_SCRIPT: any(ord(c) > 0x24F and c.isalpha() for c in response),
        Flaw.ROLE_SLIP: _speaks_as_another(response, strategy),
        Flaw.UNHELPFUL: bool(_UNHELPFUL.search(response)),
        Flaw.UNFOUNDED: bool(_particulars(words) - _particulars(_words(" ".join(heard)))),
        Flaw.NOT_A_QUESTION: strategy is Strategy.QUESTION and not response.endswith("?"),
        Flaw.REPEATS_ITSELF: _repeats_itself(words),
        Flaw.REPEATS_SUPPORTER: any(_says_again(words, _words(text)) for text in earlier[-8:]),
        Flaw.ECHOES_SEEKER: any(
            _overlap(words, _words(text)) > _SAME_AS_THE_SEEKERS for text in latest
        ),
    }
    return next((flaw for flaw, holds in checks.items() if holds), None)


def _without_repeats(sentences: Sequence[str]) -> list[str]:
    by_form = {normal_form(s): s for s in reversed(sentences) if normal_form(s)}
    return [s for s in sentences if by_form.get(normal_form(s)) is s]


def _spoils(sentence: str) -> bool:
    return (
        bool(_ROLE_SLIPS.search(sentence) or _UNHELPFUL.search(sentence))
        or sentence.count('"') == 1
    )


def _speaks_as_another(response: str, strategy: Strategy | None) -> bool:
    things = _MY_THING.findall(response.lower())
    if any(thing not in _SUPPORTERS_OWN for thing in things):
        return True
    if strategy is Strategy.SELF_DISCLOSURE:
        response = re.sub(r"\bif i (?:was|were)\b", "", response, flags=re.IGNORECASE)
    return bool(_ROLE_SLIPS.search(response))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("’", "'"))


def _particulars(words: Sequence[str]) -> set[str]:
    """Return the particulars among `words`, singular and plural made one."""
    return {word.rstrip("s") for word in words} & _PARTICULAR_STEMS


def _repeats_itself(words: Sequence[str]) -> bool:
    trigrams = list(zip(words, words[1:], words[2:], strict=False))
    return len(trigrams) > len(set(trigrams)) + len(trigrams) // 6


def _says_again(words: Sequence[str], others: Sequence[str]) -> bool:
    return bool(_runs(words) & _runs(others)) or _overlap(words, others) > _SAME_RESPONSE


def _runs(words: Sequence[str]) -> set[tuple[str, ...]]:
    """Return all runs of `_REPEATED_RUN` words."""
    return set(zip(*(words[start:] for start in range(_REPEATED_RUN)), strict=False))


def _overlap(words: Sequence[str], others: Sequence[str]) -> float:
    """Share of the content words in `words` that `others` has too."""
    content = {w for w in words if len(w) >= _CONTENT_WORD_LENGTH}
    if len(content) < 2:
        return float(list(words) == list(others))
    return len(content & set(others)) / len(content)
