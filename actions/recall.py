"""Questions on what the seeker has told before: answered from what is noted, never by the model.

Asked for the dog's name, a small model makes one up, or asks whether there is a dog. Being
forgotten hurts, and being remembered wrongly hurts more: what is noted is quoted in the seeker's
own words, and where nothing is, that is said. Only messages count that ask for nothing else; "what
is my problem?" asks for no memory.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from actions.memory.claims import claims, stems

_LONGEST = 200
"""Characters; who writes more has something else to say, too."""
_MOST = 3
"""Facts that are quoted."""
_SHORTEST_NEWS = 5
"""Words before a question that are something to answer; fewer are a greeting, or a sigh."""

ALL_THAT_IS_NOTED = "/show_persona shows all that I have noted."
NOTHING = (
    "I have nothing noted about that, so I can't say. I may have missed it, or it was in a "
    f"conversation that I no longer have. Would you tell me now? {ALL_THAT_IS_NOTED}"
)
NO_NAME = (
    "I don't know your name. I try not to note it, so that what I keep doesn't point to you, but "
    f"you can tell me what you would like to be called. {ALL_THAT_IS_NOTED}"
)
NOTHING_YET = (
    "I have nothing noted about you yet. While we talk I remember what you tell me about yourself; "
    "of an earlier conversation I know only what you had asked me to keep by writing /remember_me."
)

_OPENING = (
    r"(?:(?:so|ok|okay|well|hey|hi|hello|and|but|come on|wait|um|hm|please|then|btw|tell me|now"
    r"|sorry|also)\W+){0,3}"
)
_EVER = r"(?:(?:still|even|actually|really|also|just|already|ever|not) )*"
_THING = r"(?:[\w']+ ){0,2}?"
_COUNTED = (
    r"(?:(?:little|older|younger|big) )?(?:kids|children|sons|daughters|boys|girls|siblings"
    r"|brothers|sisters|cats|dogs|pets)"
)
_PATTERNS = tuple(
    re.compile(rf"{_OPENING}(?:{pattern})")
    for pattern in (
        rf"(?:do|can|don't|didn't|did) (?:you|u) {_EVER}(?:remember|recall) (?P<asked>"
        r"(?:(?:anything|something|everything) )?(?:about )?"
        r"(?:my|our|me|us|who|what|where|when|how old|i told)\b.*)",
        r"what did i (?:just )?(?:(?:tell|say to) (?:you|u)|say (?=about|earlier|before|yesterday))"
        r"(?P<asked>.*)",
        rf"(?:did|have|haven't|didn't) i {_EVER}(?:tell|told|mention|mentioned)(?: to)?(?: you| u)?"
        r" ?(?P<asked>about .+)",  # "did I tell you that I ..." is news
        rf"what(?:'s|s| is| was) my (?P<asked>{_THING}(?:name|job|age|occupation|profession))",
        rf"what(?:'s|s| is| was) my (?P<asked>{_THING}\w+) called",
        rf"(?:do (?:you|u) {_EVER}know )?(?:what|who|where|when)(?:'s|s| is| was)? (?:my )?"
        rf"(?P<asked>my {_THING}(?:name|job|age|birthday)) is",
        rf"do (?:you|u) {_EVER}know my (?P<asked>{_THING}(?:name|job|age|birthday))",
        rf"do (?:you|u) {_EVER}know (?P<asked>(?:where i (?:live|work)|what i do for (?:a )?\w+"
        r"|who i am|how old i am|anything about me))",
        r"(?P<asked>how old am i)",
        r"(?P<asked>where do i (?:live|work))",
        r"(?P<asked>what do i do for (?:a )?(?:living|work))",
        rf"how many (?P<asked>{_COUNTED}) (?:do i have|i have)",
    )
)
_OF_THE_SEEKER = re.compile(r"\b(?:i|i'm|i've|im|ive|i'd|my|me|mine|we|our|us)\b")
_OF_THE_BOT = re.compile(r"\b(?:you|your|u|ur)\b|^(?:telling|saying|asking|promising|giving) ")
_NAME = re.compile(r"\b(?:name|called)\b", re.IGNORECASE)
_NAMED = re.compile(r"\b(?:name|called|named)\b|\b(?:[Mm]y|[Oo]ur|an?) \w+ (?!I\b)[A-Z]\w")
_NEWS = re.compile(
    r",|\b(?:because|today|tonight|now|this (?:morning|afternoon|evening|week)|last night)\b"
    r"|\b(?:he|she|they|it|i|we)\b"
)
"""In the words for what is asked: somebody tells something while they ask."""
_OWN_WORDS = re.compile(
    r"^(?:(?:anything|something|everything|what|where|when|who|how old) )?(?:i|we)\b"
    r"(?: (?:said|say|live|work|do|am|was|have|told|like))?"
    r"|\bhow old am i\b|\b(?:where|what) do i\b"
)
"""How they may speak of themselves when they only ask."""
_MOST_WORDS = 9
_OWN_NAME = re.compile(r"I am [A-Z]\w+\.|(?:My name is|I am called) .+")
_TAIL = re.compile(r"(?:,? (?:again|right|though|please|then|anymore|by the way|btw))+$")
_MAY_BE_NEWS = re.compile(r"\b(?:did|have|haven't|didn't) i\b", re.IGNORECASE)
"""Who asks whether they told of something, and did not, is about to."""
_REMEMBERING = re.compile(r"\b(?:remember|recall)\b")
_TOLD_YOU = re.compile(r"\b(?:told|tell|said to|say to|wrote|mentioned to) (?:you|u)\b")

_EMPTY = stems(
    "what who when where which how why about name called call thing things anything everything "
    "something told tell said say mention mentioned remember know talked spoke wrote have had old "
    "yesterday earlier before last time times today week month session conversation minute ago if "
    "whether that us me you from with for many much by his her their our one other day way come"
    " came goes go live work job living age occupation profession"
)
_RELATIONS = stems(
    "mum mom mother mam mama dad father papa brother sister sibling wife husband spouse partner ex"
    " boyfriend girlfriend fiance fiancee friend son daughter kid child children baby"
    " boss manager colleague neighbour neighbor teacher therapist doctor uncle aunt cousin niece"
    " nephew grandma grandmother grandpa grandfather law step dog cat pet"
)
_TOPICS = {
    "occupation": r"\b(?:job|occupation|profession|living|do for|where i work|do i work)\b",
    "home": r"\b(?:live|home town|hometown)\b",
    "age": r"\b(?:how old (?:am i|i am)|my age|^age)\b",
}
"""Of `claims`, by the questions on them."""
_SAME = (
    "mum mom mother mam mama mummy mommy",
    "dad father daddy papa",
    "kid child children",
    "husband spouse partner",
    "wife spouse partner",
    "dog puppy",
    "cat kitten",
)
"""Words for one and the same."""
_KINDS = {
    "kids children": "son daughter boy girl baby",
    "sibling siblings": "brother sister",
    "pet": "dog puppy cat kitten rabbit hamster horse bird fish",
    "parents": "mum mom mother dad father",
}
"""Who asks about their pet may have told of a dog; who asks about a brother told of no sister."""


def recalled(text: str, facts: Sequence[str]) -> str | None:
    """Return the answer to a question on what the seeker has told; None where `text` is none.

    Args:
        text: the seeker's message.
        facts: what is known, as sentences, oldest first.
    """
    asked = asked_about(text)
    if asked is None:
        return None
    topic = stems(asked) - _EMPTY
    topics = {name for name, pattern in _TOPICS.items() if re.search(pattern, asked)}
    if not topic and not topics:
        if _NAME.search(asked):
            names = [fact for fact in facts if _OWN_NAME.fullmatch(fact)]
            return _quoted(names[-_MOST:]) if names else NO_NAME
        return _quoted(facts[-_MOST:]) if facts else NOTHING_YET
    telling = [fact for fact in facts if _NAMED.search(fact)] if _NAME.search(text) else facts
    found = _about(topic, topics, telling)
    if found:
        return _quoted(found)
    return None if _MAY_BE_NEWS.search(text) else NOTHING


def asked_about(text: str) -> str | None:
    """Return the words for what a question on what was told before asks for; None where it is no
    such question.
    """
    plain = " ".join(text.replace("\u2019", "'").lower().split()).strip(" .!?")
    if len(plain) > _LONGEST:
        return None
    *before, last = re.split(r"[.!?]+ ", plain)
    if len(" ".join(before).split()) >= _SHORTEST_NEWS:
        return None
    question = _TAIL.sub("", last)
    match = next(filter(None, (pattern.fullmatch(question) for pattern in _PATTERNS)), None)
    if match is None:
        return None
    asked = " ".join(_TOLD_YOU.sub("", match["asked"]).split())
    if len(asked.split()) > _MOST_WORDS or _NEWS.search(_OWN_WORDS.sub("", asked)):
        return None
    is_of_anything = _REMEMBERING.search(question) and not _OF_THE_SEEKER.search(match["asked"])
    return None if is_of_anything or _OF_THE_BOT.search(asked) else asked


def _about(topic: frozenset[str], topics: set[str], facts: Sequence[str]) -> list[str]:
    """Return the facts that share most with what is asked for, in the order of `facts`."""
    whose = [_same(word) for word in topic & _RELATIONS]
    if whose:  # "my mother's job" is not one's own, nor her name one's sister's
        topics = set()
        of_them = [fact for fact in facts if all(words & stems(fact) for words in whose)]
        facts = of_them or [fact for fact in facts if _kinds(topic) & stems(fact)]
        topic = topic | _kinds(topic)
    same = topic.union(*map(_same, topic))
    shared = {
        fact: len(same & stems(fact)) + 2 * len(topics & set(claims(fact).holds)) for fact in facts
    }
    most = max(shared.values(), default=0)
    return [fact for fact in facts if most and shared[fact] == most][-_MOST:]


def _same(word: str) -> frozenset[str]:
    """Return the stems of words for the same."""
    return frozenset({word}).union(*(stems(line) for line in _SAME if word in stems(line)))


def _kinds(topic: frozenset[str]) -> frozenset[str]:
    """Return the stems of words for kinds of what is asked for."""
    return frozenset[str]().union(
        *(stems(kinds) for kind, kinds in _KINDS.items() if topic & stems(kind))
    )


def _quoted(facts: Sequence[str]) -> str:
    sentences = " ".join(f'"{fact}"' for fact in facts)
    return f"This is what you have told me: {sentences} Is that what you mean?"
