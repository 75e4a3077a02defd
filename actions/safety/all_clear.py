"""How long danger stays raised, and what ends it: words that leave no doubt.

Who is taken for safe by mistake is left with a generator; who is not believed is asked once more.
So nothing is looked for in a message here. Each of its clauses must say, in one of a few ways, that
its writer is safe, that they never were in danger, or something that takes nothing back ("just
tired from work"). "She thinks I am safe", "I'm safe as long as he is away", "no, not yet" and "I'm
safe. I took something to sleep" end nothing. What counts depends on the kinds of danger: who is
threatened at home may be made to say that they were joking, and who threatens others has to say
that those are safe.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from types import MappingProxyType

from actions.safety.answers import asks_about_danger, asks_if_everyone_is_safe, asks_if_safe
from actions.safety.risk import RiskAssessment, RiskKind, RiskLevel
from actions.safety.safety_clauses import (
    LAUGHS,
    NO_FIRST,
    YES_OF_EVERYONE,
    YES_OF_MYSELF,
    Clause,
    Says,
    clauses_of,
    is_plain,
)

_AT_HOME = frozenset({RiskKind.ABUSE, RiskKind.MINORS})
_FOR_ONESELF = frozenset({Says.SAFE, Says.SAFE_WITH_SOMEBODY, Says.NO_HARM_TO_MYSELF})
_FOR_OTHERS = frozenset({Says.EVERYONE_SAFE, Says.NOBODY_HURT, Says.NO_HARM_TO_OTHERS})
_SAFE_AT_HOME = frozenset({Says.SAFE, Says.EVERYONE_SAFE})
_FOR_THE_BODY = frozenset({Says.SAFE, Says.SAFE_WITH_SOMEBODY, Says.EVERYONE_SAFE})
_ENDS: Mapping[RiskKind, frozenset[Says]] = MappingProxyType(
    {
        RiskKind.SUICIDE: _FOR_ONESELF,
        RiskKind.SELF_HARM: _FOR_ONESELF,
        RiskKind.HARM_TO_OTHERS: _FOR_OTHERS,
        RiskKind.ABUSE: _SAFE_AT_HOME,
        RiskKind.MINORS: _SAFE_AT_HOME,
        RiskKind.EATING_DISORDER: _FOR_THE_BODY,
        RiskKind.MEDICAL_EMERGENCY: _FOR_THE_BODY,
    }
)
"""What a seeker must say for each kind of danger to be over."""


def carried_risk(
    previous_level: RiskLevel,
    assessment: RiskAssessment,
    text: str,
    *,
    question: str | None = None,
    worst_level: RiskLevel | None = None,
    kinds: Set[RiskKind] = frozenset(),
) -> RiskLevel:
    """Return the level that holds after this turn.

    Raised risk stays raised until the seeker says that they are safe; "thanks" or a new topic does
    not lower it. A turn with risk of its own never lowers it. After outright danger a bare "yes" to
    "are you safe?" leads to a concern, which is asked about once more; so do plain words with
    something else beside them, and any words where an act was at hand or begun. A mere concern,
    which may have been a misreading, is also lowered by "no" and by "I didn't mean it like that",
    in answer to a question about it, and by a "no" and a sentence about something else.

    Args:
        previous_level: that held before.
        assessment: of the turn.
        text: what the seeker said in it.
        question: the supporter's last text, which it answers.
        worst_level: that held since danger was raised; default `previous_level`.
        kinds: of the danger.
    """
    if assessment.level > RiskLevel.NONE or previous_level is RiskLevel.NONE:
        return max(previous_level, assessment.level)
    worst = max(previous_level, worst_level or RiskLevel.NONE)
    answer = _Answer(text, question or "", kinds, worst)
    if answer.is_clear and previous_level is RiskLevel.HIGH and not answer.laughs:
        return RiskLevel.NONE
    is_over = answer.is_clear or answer.is_bare_yes
    if previous_level > RiskLevel.CONCERN:
        return RiskLevel.CONCERN if is_over or answer.is_likely else previous_level
    if is_over or (worst is RiskLevel.CONCERN and answer.is_denial):
        return RiskLevel.NONE
    return previous_level


def speaks_of_safety(text: str) -> bool:
    """Whether a message answers, rightly or not, whether its writer is in danger."""
    others = (Says.OTHER, Says.COURTESY, Says.LEAVE, Says.FEELING, Says.COMPANY)
    return any(clause.says not in others for clause in clauses_of(text))


def is_plain_all_clear(text: str, question: str | None) -> bool:
    """Whether a message, in answer to a question about danger, says nothing else than that its
    writer is in none, in known words: "I'm not suicidal" has the words of danger, and is none.
    """
    if not question or not (asks_about_danger(question) or asks_if_safe(question)):
        return False
    clauses = clauses_of(text)
    ends = _FOR_ONESELF | _FOR_OTHERS
    if asks_about_danger(question):
        ends = ends | {Says.NEVER_WAS, Says.NO_ACT}
    place = next((n for n, c in enumerate(clauses) if c.says in ends), None)
    if place is None or not is_plain(text) or any(map(_says_yes, clauses)):
        return False
    known = {*ends, Says.COURTESY, Says.FINE}
    before = [c for c in clauses[:place] if c.says is not Says.NO]
    return all(c.says in known and not c.asked for c in (*before, *clauses[place:]))


_YES_FIRST = re.compile(r"(?:y+|y+e+s*|yea+h*|yeh|yh|ye|ya|yah|yup|yep|sure)\b|(?:i do|i am)\Z")


def _says_yes(clause: Clause) -> bool:
    return _YES_FIRST.match(clause.words) is not None and clause.says is not Says.OTHER


def says_more(text: str) -> bool:
    """Whether somebody who says that they are not in danger says something else that can be
    answered: "just tired from work", "I meant my job".
    """
    shortest = 3
    return any(
        clause.says in (Says.FEELING, Says.COMPANY, Says.OTHER, Says.NEVER_WAS)
        and len(clause.words.split()) >= shortest
        and not clause.words.startswith(("i didnt mean", "i did not mean"))
        for clause in clauses_of(text)
    )


class _Answer:
    """What a message says about raised danger of some kinds, after a question."""

    def __init__(self, text: str, question: str, kinds: Set[RiskKind], worst: RiskLevel) -> None:
        self.laughs = LAUGHS.search(text.lower()) is not None
        self._clauses = clauses_of(text)
        self._is_plain = is_plain(text)
        self._at_home = bool(_AT_HOME & kinds)
        self._about_danger = asks_about_danger(question)
        self._if_safe = asks_if_safe(question) and not self._about_danger
        known = {*kinds, RiskKind.HARM_TO_OTHERS} if asks_if_everyone_is_safe(question) else kinds
        self._of_others = RiskKind.HARM_TO_OTHERS in known
        self._ends = [_ENDS[kind] for kind in known] or [_FOR_ONESELF]
        if worst is RiskLevel.CONCERN:  # "I won't do anything" is enough for what may be nothing
            self._ends = [e | {Says.NO_ACT} if e is _FOR_ONESELF else e for e in self._ends]
        self._any_end = frozenset[Says]().union(*self._ends)
        self._beside = {Says.COURTESY, Says.SAFE, Says.FINE}
        if not self._about_danger:  # "Yes. I'm safe." is no good answer to that
            self._beside.add(Says.YES)
        if not self._at_home:
            self._beside.add(Says.COMPANY)
        if worst < RiskLevel.IMMINENT and RiskKind.MEDICAL_EMERGENCY not in kinds:
            self._beside.add(Says.FEELING)
        if worst is RiskLevel.CONCERN:
            self._beside |= {Says.LEAVE, Says.NEVER_WAS}
        self._says_yes = self._about_danger and any(map(_says_yes, self._clauses))

    @property
    def is_clear(self) -> bool:
        """Whether it says of each kind of danger that it is over, and nothing that might take it
        back: a "no" may come before those words, and not after them.
        """
        place = next(
            (n for n, c in enumerate(self._clauses) if self._is_one(c, self._any_end)), None
        )
        if place is None or self._says_yes or not all(map(self._says_one, self._ends)):
            return False
        before = [c for c in self._clauses[:place] if c.says is not Says.NO]
        return self._are_all([*before, *self._clauses[place:]], self._any_end | self._beside)

    @property
    def is_likely(self) -> bool:
        """Whether it says so, or that help is there, and nothing that must take it back."""
        also = {Says.HELP_IS_HERE}
        if _FOR_ONESELF in self._ends:
            also |= {Says.NO_ACT, Says.CHANGED}
        is_over = all(self._says_one(ends | also) for ends in self._ends)
        rest = self._clauses[1:] if self._first_says(Says.NO) else self._clauses
        return (
            is_over
            and self._is_plain
            and not self._says_yes
            and not any(c.is_in_doubt or c.says in (Says.LEAVE, Says.NO) for c in rest)
        )

    @property
    def is_bare_yes(self) -> bool:
        """Whether it is "yes", or "yes, I'm fine", to "are you safe?" and to nothing else."""
        if not self._if_safe:
            return False
        yes = YES_OF_EVERYONE if self._of_others else YES_OF_MYSELF
        beside = {Says.COURTESY} if self._of_others else {Says.COURTESY, Says.FINE}
        says_yes = [c for c in self._clauses if yes.fullmatch(c.words) and not c.asked]
        rest = [c for c in self._clauses if c not in says_yes]
        is_yes_and_fine = not self._of_others and any(
            c.says is Says.FINE and YES_OF_EVERYONE.match(c.words) for c in rest
        )
        return bool(says_yes or is_yes_and_fine) and self._are_all(rest, beside)

    @property
    def is_denial(self) -> bool:
        """Whether it says that there never was a danger, in answer to a question about it. Of what
        happens at home nobody is believed who takes it back.
        """
        if self._at_home or self._says_yes or not (self._about_danger or self._if_safe):
            return False
        ends = {Says.NEVER_WAS, *_FOR_OTHERS}
        if not self._of_others:
            ends |= {Says.FINE, Says.CHANGED, *self._any_end}
        if self._about_danger:
            ends.add(Says.NO)
        first = self._clauses[0].words if self._clauses else ""
        says_no = self._about_danger and NO_FIRST.match(first) is not None
        is_one = says_no or self._says_one(ends)
        rest = self._clauses
        if self._about_danger and self._denies_first:
            rest = [clause for clause in rest if not clause.tells]
        return is_one and self._are_all(rest, ends | self._beside - {Says.YES})

    @property
    def _denies_first(self) -> bool:
        """Whether it begins with a "no", or with words that deny what was asked."""
        return bool(self._clauses) and self._clauses[0].says in (
            Says.NO,
            Says.NO_HARM_TO_MYSELF,
            Says.NO_HARM_TO_OTHERS,
        )

    def _says_one(self, said: Set[Says]) -> bool:
        return any(self._is_one(clause, said) for clause in self._clauses)

    def _first_says(self, said: Says) -> bool:
        return bool(self._clauses) and self._clauses[0].says is said

    def _are_all(self, clauses: Sequence[Clause], said: Set[Says]) -> bool:
        return self._is_plain and all(
            c.says is Says.COURTESY or self._is_one(c, said) for c in clauses
        )

    @staticmethod
    def _is_one(clause: Clause, said: Set[Says]) -> bool:
        return clause.says in said and not clause.asked
