"""A first screen for danger: explicit wordings, found by patterns in normalised text.

What it is for: no generated text answers somebody who says outright that they want to die. What it
is not: it does not understand language. It misses most indirect, figurative or novel ways of saying
the same, all but the plainest cries in languages other than English, and danger that shows only
over many turns. A turn that is not flagged is no evidence that the person is safe. This is no
medical device and replaces nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from actions.safety.all_clear import is_plain_all_clear
from actions.safety.answers import Answer, assess_answer, read_answer, said_and_asked
from actions.safety.context import Frame, level_in_context, names_means_at_hand
from actions.safety.normal_form import NormalText, normal_text
from actions.safety.other_languages import names_suicide_in_another_language
from actions.safety.risk import DETECTOR_FAILED, NO_RISK, RiskAssessment, RiskKind, RiskLevel
from actions.safety.rules import RULES
from pal_model.conversation import Conversation, Speaker

_BEFORE, _AFTER = 120, 60
"""How many characters around a match its context is read from: bounds the time of a search."""

_CONFIDENCE: Mapping[RiskLevel, float] = MappingProxyType(
    {
        RiskLevel.NONE: 0.0,
        RiskLevel.CONCERN: 0.6,
        RiskLevel.HIGH: 0.9,
        RiskLevel.IMMINENT: 0.95,
    }
)
_LOWERED_CONFIDENCE = 0.5
_RECENT_TURNS = 3
_BY_OWN_HAND = frozenset({RiskKind.SUICIDE, RiskKind.SELF_HARM})


def assess_risk(conversation: Conversation) -> RiskAssessment:
    """Assess the latest seeker utterance: a screen of explicit wordings, see the module.

    A short answer is read together with what the supporter asked: "yes" to a question about suicide
    is a disclosure. `evidence` is a span in the latest seeker utterance. Never raises: where the
    screen itself breaks, the turn counts as a concern and gets fixed words.
    """
    try:
        return _assess_conversation(conversation)
    except Exception:  # A defect here must not let a generated reply out; nothing is logged.
        return DETECTOR_FAILED


def _assess_conversation(conversation: Conversation) -> RiskAssessment:
    turns = conversation.utterances
    last = _last_index(conversation, Speaker.SEEKER, len(turns))
    if last is None:
        return NO_RISK
    said, asked = said_and_asked(conversation)
    is_all_clear = is_plain_all_clear(said, asked)
    found = NO_RISK
    if not is_all_clear:
        found = _worse(assess_text(said), _means_after_danger(conversation, last))
    answer = read_answer(said) if asked is not None else None
    if asked is None or answer is None or (is_all_clear and answer is Answer.NO):
        return found
    earlier = _last_index(conversation, Speaker.SEEKER, last)
    before = assess_text(turns[earlier].text) if earlier is not None else NO_RISK
    return _worse(found, assess_answer(answer, said, asked, before))


def _means_after_danger(conversation: Conversation, last: int) -> RiskAssessment:
    """Assess a means at hand ("I have the pills here") by what the seeker said just before."""
    said = conversation.utterances[last].text
    if len(said) > _BEFORE or not names_means_at_hand(normal_text(said).text):
        return NO_RISK
    earlier = [u.text for u in conversation.utterances[:last] if u.speaker is Speaker.SEEKER]
    for text in earlier[-_RECENT_TURNS:]:
        before = assess_text(text)
        kinds = before.kinds & _BY_OWN_HAND
        if kinds:
            level = RiskLevel.IMMINENT if before.level > RiskLevel.CONCERN else RiskLevel.HIGH
            return RiskAssessment(level, kinds, (0, len(said)), _CONFIDENCE[level])
    return NO_RISK


def _last_index(conversation: Conversation, speaker: Speaker, end: int) -> int | None:
    for index in range(end - 1, -1, -1):
        if conversation.utterances[index].speaker is speaker:
            return index
    return None


def _worse(first: RiskAssessment, second: RiskAssessment) -> RiskAssessment:
    worse = second if second.level > first.level else first
    return replace(worse, kinds=first.kinds | second.kinds)


def assess_text(text: str) -> RiskAssessment:
    """Assess one utterance by its words alone."""
    worst, kinds = NO_RISK, set[RiskKind]()
    if names_suicide_in_another_language(text):
        kinds.add(RiskKind.SUICIDE)
        confidence = _CONFIDENCE[RiskLevel.HIGH]
        worst = RiskAssessment(RiskLevel.HIGH, frozenset(kinds), (0, len(text)), confidence)
    for finding in _findings(normal_text(text)):
        kinds.add(finding.kind)
        if finding.level > worst.level:
            worst = finding.as_assessment()
    return replace(worst, kinds=frozenset(kinds))


@dataclass(frozen=True, slots=True)
class _Finding:
    kind: RiskKind
    level: RiskLevel
    span: tuple[int, int]
    lowered: bool

    def as_assessment(self) -> RiskAssessment:
        confidence = _LOWERED_CONFIDENCE if self.lowered else _CONFIDENCE[self.level]
        return RiskAssessment(self.level, frozenset({self.kind}), self.span, confidence)


def _findings(normal: NormalText) -> Iterator[_Finding]:
    frames: dict[int, Frame] = {}
    judged: dict[tuple[int, str, str, str, Frame], RiskLevel] = {}
    at_hand: bool | None = None  # Read only where there is something to judge.
    for number, rule in enumerate(RULES):
        for match in rule.pattern.finditer(normal.text):
            start, end = normal.sentence_span(match.start() + 1)
            if start not in frames:
                if at_hand is None:
                    at_hand = names_means_at_hand(normal.text)
                frames[start] = Frame.of(normal.text[start:end], at_hand)
            frame = frames[start]
            before, words, after = _surroundings(normal, match, start, end)
            key = (number, before, words, after, frame)
            if key not in judged:  # The same words over and over cost no more than once.
                judged[key] = level_in_context(rule, before, words, after, frame)
            level = judged[key]
            if level > RiskLevel.NONE:
                span = normal.original_span(match.start() + 1, match.end())
                yield _Finding(rule.kind, level, span, level < rule.level)
            if level is RiskLevel.IMMINENT:
                break  # Nothing that follows can be worse.


def _surroundings(
    normal: NormalText, match: re.Match[str], start: int, end: int
) -> tuple[str, str, str]:
    """Return the words before a match in its clause, the match, and the words behind it."""
    clause = max(start, normal.clause_start(match.start() + 1), match.start() - _BEFORE)
    before = normal.text[clause : match.start()].strip()
    after = normal.text[match.end() : min(end, match.end() + _AFTER)].strip()
    return before, match.group().strip(), after
