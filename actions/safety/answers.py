"""Short answers to a supporter's question about safety: "yes" means what was asked."""

from __future__ import annotations

import re
from enum import Enum, auto

from actions.safety.risk import NO_RISK, RiskAssessment, RiskKind, RiskLevel
from pal_model.conversation import Conversation, Speaker, Utterance


class Answer(Enum):
    """What a short answer says."""

    YES = auto()
    UNSURE = auto()
    NO = auto()


_LEAD = (
    r"\A\W*(?:(?:um+|uh+|hm+|well|honestly|to be honest|tbh|actually|i mean|so|ok(?:ay)?|i guess)"
    r"\W+){0,3}"
)
_PATTERNS = (
    (
        Answer.NO,
        r"(?:no(?!\s+(?:idea|clue|one|point|reason|hope|future|longer|more)\b)|nope|nah"
        r"|not (?:really|at all|now|right now)|never(?! ?mind)|i(?:m| am) not(?! sure)"
        r"|i dont(?! know)|i do not(?! know)|i wouldnt|i would never|of course not)",
    ),
    (
        Answer.UNSURE,
        r"(?:maybe|perhaps|possibly|kind of|kinda|sort of|a (?:little|bit)|im not sure|not sure|idk"
        r"|dunno|i dont know|i do not know|no idea|i guess(?: so)?|probably|hard to say|i suppose)",
    ),
    (
        Answer.YES,
        r"(?:y+|ya+|ye+|yh|yea+h*|yes+|yep|yup|uh ?huh|mhm+"
        r"|(?:i am|i do|i have|i did|i was)(?= *(?:[.,;!]|$)| (?:thinking|having|considering"
        r"|planning|suicidal|thought|had|been|sometimes|often))"
        r"|ive (?:been"
        r"|thought|had)|sometimes|often|every ?(?:day|night)|all the time|always|a lot|i think so"
        r"|i think i am|at times|lately"
        r"|of course(?! (?:not|im not|i am not|i dont|i do not|i wouldnt))"
        r"|definitely(?! not)|absolutely(?! not)|true|correct|right|sure)",
    ),
)
_ANSWERS = tuple((answer, re.compile(rf"{_LEAD}{words}\b")) for answer, words in _PATTERNS)

_SAYS_NO = re.compile(
    r"\A\W*(?:no+|nope|na+h*|not (?:really|at all|now|right now)|never|i(?:m| am) not"
    r"|i (?:dont|do not)(?: feel| think)?(?: so| safe)?)\W*(?:[.,;!?]|\Z)"
    r"|\A\W*no (?:not|he|hes|she|shes|they|theyre|im not|i am not|i dont)\b"
    r"|\b(?:not|dont feel|do not feel|isnt|arent|never)(?: \w+){0,2} safe\b|\bunsafe\b"
)

_SUICIDE_TOPIC = (
    r"(?:suicid\w*|kill(?:ing)? your ?self|end(?:ing)? (?:your (?:own )?life|it all)"
    r"|tak(?:e|ing) your (?:own )?life|(?:want(?:ed|ing)? to|about|of) (?:die|dying|be dead|death"
    r"|being dead)|not want(?:ed|ing)? to (?:live|be alive|be here)|wish(?:ing)? you (?:were"
    r"|was) dead)"
)
_SELF_HARM_TOPIC = r"(?:(?:hurt|harm|cutt?)(?:ing)? your ?self|self.?harm\w*)"
_DANGER_TOPIC = (
    r"(?:are you in (?:\w+ )?danger|(?:is|has|does|did) (?:he|she|they|anyone|anybody|someone"
    r"|somebody|your \w+)(?: \w+){0,3} (?:hit|hurt|hitting|hurting|threaten\w*) you)\b"
)
_HARM_TOPIC = r"(?:hurt|harm|kill)(?:ing)? (?:someone|somebody|anyone|anybody|others|other people)"
_ABOUT_YOU = r"\b(?:you|youre|youve|your own)\b"

_ASKS_SUICIDE = re.compile(rf"{_ABOUT_YOU}[^?.!]{{0,120}}{_SUICIDE_TOPIC}[^?.!]{{0,120}}\?")
_ASKS_SELF_HARM = re.compile(rf"{_ABOUT_YOU}[^?.!]{{0,120}}{_SELF_HARM_TOPIC}[^?.!]{{0,120}}\?")
_ASKS_DANGER = re.compile(rf"{_DANGER_TOPIC}[^?.!]{{0,80}}\?")
_ASKS_HARM = re.compile(rf"{_ABOUT_YOU}[^?.!]{{0,120}}{_HARM_TOPIC}[^?.!]{{0,80}}\?")
_ASKS_SAFE = re.compile(
    r"\b(?:(?:are|do) you (?:\w+ )?(?:feel(?:ing)? )?safe|you(?:re)? (?:in a )?safe\b[^?]{0,40}\?"
    r"|is everyone safe|are you somewhere safe|(?:can|will) you (?:\w+ ){0,2}(?:keep yourself"
    r"|stay) safe)"
)
_ASKS_MEANS = re.compile(
    r"\b(?:have a plan|have (?:\w+ ){0,4}(?:with you|near you|to hand|means)"
    r"|how (?:you )?would you do"
    r"|you (?:already )?(?:taken|done|swallowed) (?:anything|something)|a plan for how"
    r"|when you would|hurt yourself already)\b"
)
_ASKS_AGAIN = re.compile(
    r"\b(?:(?:do|did) you (?:really )?mean (?:it|that)|are you serious|is that (?:true|really"
    r"|how you feel)|(?:do you )?still feel (?:that|this) way|really)\b[^?]{0,60}\?"
)


_NOT_NOW = re.compile(
    r"\b(?:in the past|used to|years? ago|not (?:any ?more|now|recently|lately)|long ago|no longer"
    r"|recently\W+no)\b"
)
_TOPICS = (
    (_ASKS_SUICIDE, RiskKind.SUICIDE),
    (_ASKS_SELF_HARM, RiskKind.SELF_HARM),
    (_ASKS_HARM, RiskKind.HARM_TO_OTHERS),
    (_ASKS_DANGER, RiskKind.ABUSE),
)


def said_and_asked(conversation: Conversation) -> tuple[str, str | None]:
    """Return the latest seeker utterance, empty where there is none, and the supporter's text right
    before it, which it answers.
    """
    before: Utterance | None = None
    said, asked = "", None
    for utterance in conversation.utterances:
        if utterance.speaker is Speaker.SEEKER:
            said = utterance.text
            is_answer = before is not None and before.speaker is Speaker.SUPPORTER
            asked = before.text if before and is_answer else None
        before = utterance
    return said, asked


def read_answer(text: str) -> Answer | None:
    """Return what `text` answers where it starts as an answer, or None."""
    plain = _plain(text[:200])
    return next((answer for answer, pattern in _ANSWERS if pattern.search(plain)), None)


def asks_if_safe(question: str) -> bool:
    """Whether a supporter's text asks "are you safe?", to which "yes" is the good answer."""
    return _ASKS_SAFE.search(_plain(question)) is not None


def asks_if_everyone_is_safe(question: str) -> bool:
    """Whether a supporter's text asks after others' safety, too."""
    return "is everyone safe" in _plain(question)


def asks_about_danger(question: str) -> bool:
    """Whether a supporter's text asks about suicide, self-harm or danger ("no" is good)."""
    plain = _plain(question)
    return any(p.search(plain) for p, _ in _TOPICS)


def assess_answer(
    answer: Answer, text: str, question: str, earlier: RiskAssessment
) -> RiskAssessment:
    """Assess an answer by what it answers; `earlier` is the seeker turn before the question. There
    are no kinds where neither names one.
    """
    plain = _plain(question)
    kind = _asked_kind(plain)
    if answer is Answer.YES and kind and _NOT_NOW.search(_plain(text[:200])):
        answer = Answer.UNSURE  # "Yes, years ago" is worth one question.
    level = (
        _level_of_no(_plain(text[:200]), plain, kind)
        if answer is Answer.NO
        else _level_of_yes(answer, plain, kind, earlier)
    )
    if level is RiskLevel.NONE:
        return NO_RISK
    kinds = frozenset({kind}) if kind else earlier.kinds
    return RiskAssessment(level, kinds, (0, len(text)), 0.8 if level > RiskLevel.CONCERN else 0.5)


def _level_of_no(text: str, question: str, kind: RiskKind | None) -> RiskLevel:
    """Return what "no" means: danger only where the question was "are you safe?", and not in "no
    worries, I'm safe".
    """
    if not _ASKS_SAFE.search(question) or not _SAYS_NO.search(text):
        return RiskLevel.NONE
    # Asked in the same breath about danger, it may be the answer to that.
    return RiskLevel.CONCERN if kind else RiskLevel.HIGH


def _level_of_yes(
    answer: Answer, question: str, kind: RiskKind | None, earlier: RiskAssessment
) -> RiskLevel:
    certain = answer is Answer.YES
    safe = _ASKS_SAFE.search(question) is not None
    if certain and _ASKS_MEANS.search(question) and (kind or earlier.is_flagged):
        return RiskLevel.IMMINENT
    if kind:
        return RiskLevel.HIGH if certain and not safe else RiskLevel.CONCERN
    if safe:
        return RiskLevel.NONE if certain else RiskLevel.CONCERN
    return earlier.level if _ASKS_AGAIN.search(question) else RiskLevel.NONE


def _asked_kind(question: str) -> RiskKind | None:
    return next((kind for pattern, kind in _TOPICS if pattern.search(question)), None)


def straight(text: str) -> str:
    """Return `text` with one kind of apostrophe: phones write five."""
    return re.sub("[\u2018\u2019`\u00b4\u02bc]", "'", text)


def _plain(text: str) -> str:
    return straight(text[:2000]).lower().replace("'", "")
