"""The fixed words for a turn that shows danger, and for the first one after it.

No word here is generated. They acknowledge, ask one direct question, say who to turn to, and invite
the person to keep writing. They promise no confidentiality, claim no humanity and give no advice.
A reply asks one question only, so that a bare "yes" or "no" has one meaning (see `answers`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from enum import Enum, auto
from types import MappingProxyType

from actions.safety.answers import asks_about_danger, asks_if_safe
from actions.safety.resources import emergency_number, resource_line
from actions.safety.risk import RiskAssessment, RiskKind, RiskLevel
from pal_model.conversation import Conversation, Speaker


class _Theme(Enum):
    """Kinds of danger that are answered with the same words."""

    SELF = auto()
    OTHERS = auto()
    ABUSE = auto()
    EATING = auto()
    MEDICAL = auto()
    MINORS = auto()


# Each paragraph is followed by the resource line, then by the invitation. The order of the themes
# is the order in which one is chosen where an assessment has several kinds.
_THEME_OF: Mapping[RiskKind, _Theme] = MappingProxyType(
    {
        RiskKind.SUICIDE: _Theme.SELF,
        RiskKind.SELF_HARM: _Theme.SELF,
        RiskKind.MEDICAL_EMERGENCY: _Theme.MEDICAL,
        RiskKind.HARM_TO_OTHERS: _Theme.OTHERS,
        RiskKind.ABUSE: _Theme.ABUSE,
        RiskKind.MINORS: _Theme.MINORS,
        RiskKind.EATING_DISORDER: _Theme.EATING,
    }
)

_CONCERN, _HIGH, _IMMINENT = RiskLevel.CONCERN, RiskLevel.HIGH, RiskLevel.IMMINENT

_PARAGRAPHS: Mapping[tuple[_Theme, RiskLevel], tuple[str, ...]] = MappingProxyType(
    {
        (_Theme.SELF, _CONCERN): (
            "I'm glad that you are telling me this, and I want to be sure I understand you. "
            "Are you having thoughts of ending your life or hurting yourself?",
            "Thank you for telling me more. I would rather ask than guess: "
            "are you thinking about ending your life or hurting yourself?",
            "I hear how hard this is. Let me ask you plainly once more: "
            "are you having any thoughts of suicide or of hurting yourself?",
        ),
        (_Theme.SELF, _HIGH): (
            "I'm really glad you told me. What you are carrying sounds very painful, and you "
            "deserve support with it right now. Are you safe right now?",
            "Thank you for staying here and telling me. The pain you describe is real, and you do "
            "not have to face it alone. Are you safe at this moment?",
            "I hear you, and I take what you say seriously. It would be good to have a person "
            "beside you or on the phone. Are you safe right now?",
        ),
        (_Theme.SELF, _IMMINENT): (
            "I'm very glad you wrote to me. This sounds like an emergency, and your life matters. "
            "I'm a computer program and cannot send help, so please call {emergency} now, or ask "
            "someone near you to call. If you can, put some distance between yourself and "
            "anything dangerous. Are you safe right now?",
            "You are still writing, and I'm glad. Please call {emergency} now, or go to someone "
            "who "
            "is close by; I cannot call for you. Are you safe at this moment?",
            "I'm here. Please call {emergency}, or let someone near you do it; they can come to "
            "you. Are you safe right now?",
        ),
        (_Theme.MEDICAL, _CONCERN): (
            "I cannot tell from here how serious this is. If it is strong, new or getting worse, "
            "please call {emergency}. Are you safe right now?",
            "Your body comes first. If this goes on or gets worse, please call {emergency}. "
            "Are you safe at this moment?",
        ),
        (_Theme.MEDICAL, _HIGH): (
            "That sounds like a medical emergency. Please call {emergency} now, or let someone "
            "near you call; I'm a computer program and cannot do it. Are you safe right now?",
            "If nobody has called {emergency} yet, please do it now; they will tell you what to "
            "do. Are you safe at this moment?",
        ),
        (_Theme.MEDICAL, _IMMINENT): (
            "This could be a medical emergency. I'm a computer program and cannot send help, so "
            "please call {emergency} now, or ask someone near you to call. Are you safe right now?",
            "Please call {emergency} now if you have not yet; they will tell you what to do. "
            "Is someone there with you?",
        ),
        (_Theme.OTHERS, _CONCERN): (
            "It sounds as if a lot has built up in you, and I'm glad you put it into words. "
            "Are you thinking of hurting someone?",
            "Thank you for being open about this. I would rather ask than guess: "
            "are you thinking of hurting someone?",
        ),
        (_Theme.OTHERS, _HIGH): (
            "Thank you for telling me before anything happens. Please get some distance from the "
            "person if you can, and if anyone could get hurt, call {emergency}. "
            "Is everyone safe right now?",
            "I hear how strong this is. You can step away and talk to someone first; if anyone "
            "could "
            "get hurt, call {emergency}. Is everyone safe at this moment?",
        ),
        (_Theme.ABUSE, _CONCERN): (
            "I want to be sure I understand you, and I may be reading too much into it. If "
            "somebody hurts, threatens or controls you, it is not your fault. "
            "Are you safe right now?",
            "Thank you for telling me more. You do not have to go through this alone. "
            "Are you safe at this moment?",
        ),
        (_Theme.ABUSE, _HIGH): (
            "I'm so sorry this is happening to you. Nobody has the right to hurt you, and it is "
            "not "
            "your fault. If you are in danger, please call {emergency}. Are you safe right now?",
            "I believe you. If you are in danger, please call {emergency}, or go to a place where "
            "you are not alone with them. Are you safe at this moment?",
        ),
        (_Theme.MINORS, _CONCERN): (
            "Thank you for telling me. I may be reading too much into it, but I would rather ask. "
            "If somebody hurts a child, it is never the child's fault, and somebody you trust can "
            "help, and so can the people below. Are you safe right now?",
            "I'm glad that you speak about this. There are people whose work it is to help with "
            "it, and they will listen. Are you safe at this moment?",
        ),
        (_Theme.MINORS, _HIGH): (
            "I'm so sorry. What you describe must not happen to any child, and it is not your "
            "fault. If somebody is in danger now, please call {emergency}. "
            "Are you safe right now?",
            "I believe you. If a child is in danger, please call {emergency}, or go to a grown-up "
            "you trust. Are you safe at this moment?",
        ),
        (_Theme.EATING, _CONCERN): (
            "Thank you for telling me. I may be reading too much into it. If eating, or not "
            "eating, has become painful to live with, you deserve support with it. "
            "Are you safe right now?",
            "I hear how much of your day this takes. People who know about eating can help, "
            "without "
            "judging you. Are you safe at this moment?",
        ),
    }
)

_OTHER_PERSON = "If someone else is in danger, you can call these numbers for them too."

_INVITATIONS = (
    "I'm here to keep writing with you.",
    "Please keep writing to me, in whatever words come.",
    "Take your time; I'm still here to read what you write.",
)

_CONTACT = (
    "I'm still here with you. May I ask again: {question}",
    "Thank you for still writing. I would like to know: {question}",
    "I'm reading every word. I would still like to know: {question}",
)

_CONTACT_AFTER_ANSWER = (
    "Thank you for answering. Something in what you wrote leaves me unsure, so I ask again: "
    "{question}"
)
_ARE_YOU_SAFE = "are you safe right now?"
_IS_IT_SO: Mapping[_Theme, str] = MappingProxyType(
    {
        _Theme.SELF: "are you having thoughts of ending your life or hurting yourself?",
        _Theme.OTHERS: "are you thinking of hurting someone?",
    }
)
"""The question on a mere concern, to which "no" is the good answer."""

_CONTACT_IN_EMERGENCY = (
    "I'm still with you. Please call {emergency} now, if nobody has called yet. "
    "Are you safe right now?"
)

_ONCE_MORE_OF_HARM = (
    "I'm glad to read that. If you have taken or done anything that could harm you, please call "
    "{emergency}, even if you feel all right. I ask once more because it matters: are you safe "
    "right now?"
)
_ONCE_MORE_OF_OTHERS = (
    "I'm glad to read that. I ask once more because it matters: is everyone safe right now?"
)
_ONCE_MORE = "I'm glad to read that. I ask once more because it matters: are you safe right now?"
_OTHER_CONTACT = (_CONTACT_AFTER_ANSWER, _CONTACT_IN_EMERGENCY, _ONCE_MORE)
_ONCE_MORE_OF: Mapping[_Theme, str] = MappingProxyType(
    {
        _Theme.SELF: _ONCE_MORE_OF_HARM,
        _Theme.MEDICAL: _ONCE_MORE_OF_HARM,
        _Theme.OTHERS: _ONCE_MORE_OF_OTHERS,
    }
)

# What comes first when danger is no longer raised: that the answer was heard.
_MISREAD = (
    "All right. I'd rather ask and be wrong than not ask.",
    "I hear you, and thank you for answering. I only wanted to be sure.",
)
_GLAD = "I'm glad, and thank you for telling me. If that changes, please tell me."
_GLAD_AFTER_DANGER = (
    "I'm glad to hear that, and thank you for telling me. If that changes, please tell me, or turn "
    "to people who are there for this."
)
_GO_ON = ("What is on your mind right now?", "What would you like to talk about?")
_GO_ON_TELLING = "Would you like to go on with what you were telling me?"
_TELL_MORE = "Would you like to tell me more about what you just wrote?"

# By its first words a fixed reply is known again in a conversation.
_OPENINGS = tuple(
    re.split(r"[.{]", variant)[0]
    for variants in (*_PARAGRAPHS.values(), _CONTACT, _OTHER_CONTACT)
    for variant in variants
)


def crisis_reply(
    assessment: RiskAssessment, locale: str | None = None, *, earlier_replies: int = 0
) -> str:
    """Return the fixed words for a flagged turn.

    `locale` ("en-GB", "GB") picks the services; without a country they are those of the default
    country, and the general sentence always follows. `earlier_replies` is how many fixed replies
    the supporter has given (`count_crisis_replies`): another wording comes each time.
    """
    variants = _variants(assessment)
    paragraph = _pick(variants, earlier_replies).format(emergency=emergency_number(locale))
    invitation = _pick(_INVITATIONS, earlier_replies)
    other = [_OTHER_PERSON] if earlier_replies == 0 else []
    return "\n\n".join(
        [paragraph, " ".join([resource_line(locale, assessment.kinds), *other]), invitation]
    )


def contact_reply(
    locale: str | None = None,
    *,
    level: RiskLevel = _CONCERN,
    kinds: Set[RiskKind] = frozenset(),
    question: str | None = None,
    has_answered: bool = False,
    earlier_replies: int = 0,
) -> str:
    """Return the short fixed words for an unflagged turn while risk is still raised.

    Args:
        locale: as `crisis_reply` takes it.
        level: that is raised.
        kinds: of the danger, whose services come first.
        question: the supporter's last text. What was asked about a mere concern is asked again, for
            "no" has the opposite meaning after "are you safe?".
        has_answered: the seeker said something on whether they are safe, which left doubt.
        earlier_replies: as `crisis_reply` takes it.
    """
    if level is _IMMINENT:
        words = _CONTACT_IN_EMERGENCY.format(emergency=emergency_number(locale))
    else:
        words = _CONTACT_AFTER_ANSWER if has_answered else _pick(_CONTACT, earlier_replies)
        asked = _ARE_YOU_SAFE
        if level is _CONCERN and question is not None and asks_about_danger(question):
            asked = _IS_IT_SO.get(_themes(kinds)[0], _ARE_YOU_SAFE)
        words = words.format(question=asked)
    return f"{words} {resource_line(locale, kinds)}"


def once_more_reply(locale: str | None = None, kinds: Set[RiskKind] = frozenset()) -> str:
    """Return the fixed words for a seeker who was in outright danger, and says for the first time
    that they are safe: it was heard, and is asked about once more.

    Args:
        locale: as `crisis_reply` takes it.
        kinds: of the danger; none counts as danger to themselves.
    """
    asked = _ONCE_MORE_OF.get(_themes(kinds)[0], _ONCE_MORE)
    words = asked.format(emergency=emergency_number(locale))
    return f"{words} {resource_line(locale, kinds)}"


def relieved_reply(
    worst_level: RiskLevel,
    question: str | None,
    locale: str | None = None,
    *,
    kinds: Set[RiskKind] = frozenset(),
    earlier_replies: int = 0,
) -> str:
    """Return what comes first in the answer to a seeker who says that they are not in danger: that
    this was heard; after outright danger whom to turn to, should it come back.

    Args:
        worst_level: that held since danger was raised; above none.
        question: the supporter's last text. Who was asked whether they think of suicide, without
            need, hears why; who was asked whether they are safe had reason to be.
        locale: as `crisis_reply` takes it.
        kinds: of the danger, whose services come first.
        earlier_replies: as `crisis_reply` takes it.
    """
    if worst_level > _CONCERN:
        return f"{_GLAD_AFTER_DANGER} {resource_line(locale, kinds)}"
    if question is not None and asks_about_danger(question):
        return _pick(_MISREAD, earlier_replies)
    return _GLAD


def go_on_question(question: str | None, *, has_said_more: bool, earlier_replies: int = 0) -> str:
    """Return the open question that ends fixed words.

    Args:
        question: the supporter's last text. Who was asked whether they are safe had told something,
            which they may want to go on with.
        has_said_more: the seeker did say more than that they are safe.
        earlier_replies: as `crisis_reply` takes it.
    """
    if has_said_more:
        return _TELL_MORE
    if question is not None and asks_if_safe(question):
        return _GO_ON_TELLING
    return _pick(_GO_ON, earlier_replies)


def is_crisis_reply(text: str) -> bool:
    """Whether a supporter's text is one of the fixed replies."""
    return text.startswith(_OPENINGS)


def count_crisis_replies(conversation: Conversation) -> int:
    """Count the supporter's fixed replies so far, for `earlier_replies`."""
    return sum(
        utterance.speaker is Speaker.SUPPORTER and is_crisis_reply(utterance.text)
        for utterance in conversation.utterances
    )


def _variants(assessment: RiskAssessment) -> tuple[str, ...]:
    """Return the wordings for the first theme of the assessment that has its level, or a lower."""
    themes = _themes(assessment.kinds)
    if assessment.level is _IMMINENT and _Theme.MEDICAL in themes and _Theme.SELF not in themes:
        return _PARAGRAPHS[_Theme.MEDICAL, _IMMINENT]
    level = max(assessment.level, _CONCERN)
    for theme in themes:
        for candidate in range(level, RiskLevel.NONE, -1):
            variants = _PARAGRAPHS.get((theme, RiskLevel(candidate)))
            if variants:
                return variants
    return _PARAGRAPHS[_Theme.SELF, level]


def _themes(kinds: Set[RiskKind]) -> list[_Theme]:
    """Return the themes of `kinds`, the one to be answered first; danger to oneself for none."""
    return [theme for kind, theme in _THEME_OF.items() if kind in kinds] or [_Theme.SELF]


def _pick(variants: tuple[str, ...], turn: int) -> str:
    return variants[max(turn, 0) % len(variants)]
