"""What a turn in danger calls for: the screen, the fixed words, and people on duty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ConversationPaused, SlotSet

from actions.counters import Counters
from actions.handoff import Handoff, HandoffState, Notice, Told, transcript_of
from actions.message_screen import NOT_ENGLISH, ONLY_ENGLISH, reply_without_model
from actions.safety import (
    DETECTOR_FAILED,
    RiskAssessment,
    RiskKind,
    RiskLevel,
    carried_risk,
    contact_reply,
    count_crisis_replies,
    crisis_reply,
    go_on_question,
    once_more_reply,
    relieved_reply,
    says_more,
    speaks_of_safety,
)
from actions.safety.aftermath import aftermath_reply
from actions.safety.answers import said_and_asked
from actions.safety.screening import screened
from actions.tracker_conversation import input_channel, pal_metadata
from pal_model import Conversation

HANDOFF = "handoff"
"""The slot that holds what became of the notice to people on duty."""

_REMINDERS = 3
"""In a session, that a body must be seen to; who does not want to hear it has heard it by then."""

TOLD_OF_TRANSCRIPT = "told_of_transcript"
"""The slot that says that the seeker was told who may read along."""

TRANSCRIPT_NOTICE = (
    "(One more thing you should know: if it sounds as if you or somebody else may be in danger, "
    "what "
    "we write here is sent to a person on duty, so that they can help.)"
)
SOMEBODY_KNOWS = (
    "I have also sent word to the people on duty that somebody here may need help. I can't tell "
    "when they will read it, so please don't wait for them: the numbers above are there now."
)
SOMEBODY_TAKES_OVER = (
    "A person on duty is taking over and will write to you. I'll be quiet from now on, so that you "
    "can talk with them. If nobody answers you, please call the numbers above; /restart brings me "
    "back."
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How danger stands after a seeker's utterance.

    Attributes:
        before: the level that held until then.
        now: the level that holds from then on.
        worst: the highest that held since danger was raised, this turn included.
        kinds: of the danger since then.
    """

    before: RiskLevel
    now: RiskLevel
    worst: RiskLevel
    kinds: frozenset[RiskKind]

    @property
    def is_over(self) -> bool:
        """Whether danger was raised, and is no longer."""
        return self.now is RiskLevel.NONE < self.before

    @property
    def noted(self) -> dict[str, Any]:
        """What is noted on the words that answer it."""
        return {"risk": self.now.label, "kinds": sorted(kind.value for kind in self.kinds)}


class CrisisDesk:
    """Answers seekers in danger with fixed words, and tells people on duty where there are some."""

    def __init__(self, handoff: Handoff, counters: Counters, locale: str) -> None:
        """Tell people by `handoff`, count in `counters`, give the numbers of `locale`."""
        self._handoff = handoff
        self._counters = counters
        self._locale = locale

    @property
    def locale(self) -> str:
        """Whose services are named."""
        return self._locale

    async def assess(self, conversation: Conversation) -> RiskAssessment:
        """Return what the screen finds in the latest utterance of the seeker, and count it."""
        assessment = await screened(conversation)
        self._counters.count_risk(assessment)
        return assessment

    def standing(
        self, tracker: Tracker, conversation: Conversation, assessment: RiskAssessment
    ) -> Standing:
        """Return how danger stands after the latest utterance. What cannot be read ends nothing."""
        before = risk_from_slot(tracker.get_slot("risk"))
        worst, kinds = _since_raised(tracker.events)
        if worst is RiskLevel.NONE < before:  # an earlier session's: how bad it was is not known
            worst = RiskLevel.HIGH
        worst, kinds = max(worst, before), kinds | assessment.kinds
        said, asked = said_and_asked(conversation)
        if reply_without_model(said):
            now = max(before, assessment.level)
        else:
            now = carried_risk(
                before, assessment, said, question=asked, worst_level=worst, kinds=kinds
            )
        return Standing(before, now, max(worst, now), kinds)

    async def answer(
        self,
        tracker: Tracker,
        conversation: Conversation,
        assessment: RiskAssessment,
        standing: Standing,
    ) -> tuple[str, list[dict[str, Any]]]:
        """Return the words for a turn in which danger is raised, and the events to set.

        Args:
            tracker: of the conversation.
            conversation: what was said, the latest utterance included.
            assessment: of that utterance, which may show no danger of its own.
            standing: how danger stands after it.
        """
        earlier = count_crisis_replies(conversation)
        if assessment.is_flagged:
            self._counters.count_turn("crisis")
            # Worded as the danger stands: a mere hint amid an emergency is still one.
            kinds = assessment.kinds or standing.kinds
            stands = replace(assessment, level=standing.now, kinds=kinds)
            words = crisis_reply(stands, locale=self._locale, earlier_replies=earlier)
        elif standing.now < standing.before:
            self._counters.count_turn("contact")
            words = once_more_reply(self._locale, standing.kinds)
        else:
            self._counters.count_turn("contact")
            said, asked = said_and_asked(conversation)
            words = contact_reply(
                self._locale,
                level=standing.now,
                kinds=standing.kinds,
                question=asked,
                has_answered=speaks_of_safety(said),
                earlier_replies=earlier,
            )
        more, events = await self._tell_people(tracker, conversation, assessment, standing.now)
        if reply_without_model(said_and_asked(conversation)[0]) == NOT_ENGLISH:
            more = [ONLY_ENGLISH, *more]
        return "\n\n".join([words, *more]), events

    def relief(self, conversation: Conversation, standing: Standing) -> str:
        """Return what comes first in the answer to a seeker who is no longer in danger; nothing to
        one who was not.
        """
        if not standing.is_over:
            return ""
        return relieved_reply(
            standing.worst,
            said_and_asked(conversation)[1],
            self._locale,
            kinds=standing.kinds,
            earlier_replies=count_crisis_replies(conversation),
        )

    def question_after_relief(self, conversation: Conversation, standing: Standing) -> str | None:
        """Return what ends such an answer in place of a generated reply: after outright danger one
        would be out of tune, and after no more than "no, I'm fine" it has nothing to go on. None
        where the model may go on.
        """
        said, asked = said_and_asked(conversation)
        has_said_more = says_more(said)
        may_go_on = has_said_more and standing.worst is RiskLevel.CONCERN
        if not standing.is_over or may_go_on:
            return None
        earlier = count_crisis_replies(conversation)
        return go_on_question(asked, has_said_more=has_said_more, earlier_replies=earlier)

    def aftermath(self, tracker: Tracker, conversation: Conversation) -> str | None:
        """Return what is said to somebody who asks or tells of their body after an act, or a means
        at hand, in this session; None where there was none, or they speak of something else.
        """
        noted = [pal_metadata(event) for event in tracker.events if isinstance(event, Mapping)]
        levels = (risk_from_slot(one.get("risk")) for one in noted)
        said_before = sum(one.get("direct") == "aftermath" for one in noted)
        if max(levels, default=RiskLevel.NONE) < RiskLevel.IMMINENT or said_before >= _REMINDERS:
            return None
        return aftermath_reply(said_and_asked(conversation)[0], self._locale)

    def closing(self, tracker: Tracker) -> tuple[list[str], list[dict[str, Any]]]:
        """Return what is due when danger is over: nobody is to be told any more, but who has taken
        over in the meantime still does.
        """
        before = Told.from_slot(tracker.get_slot(HANDOFF))
        if before is None:
            return [], [SlotSet(HANDOFF, None)] if tracker.get_slot(HANDOFF) else []
        if self._state_now(before) is HandoffState.TAKEN and before.state is HandoffState.PENDING:
            return self._news(replace(before, state=HandoffState.TAKEN))
        return [], [SlotSet(HANDOFF, None)]

    async def _tell_people(
        self,
        tracker: Tracker,
        conversation: Conversation,
        assessment: RiskAssessment,
        level: RiskLevel,
    ) -> tuple[list[str], list[dict[str, Any]]]:
        """Send a notice where one is due, or look what became of the last."""
        before = Told.from_slot(tracker.get_slot(HANDOFF))
        state = None if before is None else self._state_now(before)
        if before is not None and state is HandoffState.TAKEN:  # who has it reads the rest
            is_news = before.state is not state
            return self._news(replace(before, state=state)) if is_news else ([], [])
        is_known = before is not None and state in (HandoffState.PENDING, HandoffState.TOLD)
        if self._handoff.is_due(level, before.level if before and is_known else RiskLevel.NONE):
            kinds = {kind.value for kind in assessment.kinds}
            told = Told.new(level, kinds)
            if before is not None and not is_known and before.level >= level:  # that one, again
                told = replace(before, kinds=tuple(sorted(kinds.union(before.kinds))))
            notice = self._notice(tracker, conversation, told)
            return self._news(replace(told, state=await self._handoff.tell(notice)))
        if before is None or state is None or state is before.state:
            return [], []
        return self._news(replace(before, state=state))

    def _state_now(self, told: Told) -> HandoffState | None:
        """Return what became of a notice; None of one of a process that is no more."""
        if told.state is HandoffState.PENDING:
            return self._handoff.state(told.id)
        return told.state

    def _news(self, told: Told) -> tuple[list[str], list[dict[str, Any]]]:
        """Return what the seeker hears of a notice, and the events."""
        events = [SlotSet(HANDOFF, told.as_slot())]
        match told.state:
            case HandoffState.TOLD:
                return [SOMEBODY_KNOWS], events
            case HandoffState.TAKEN:
                return [SOMEBODY_TAKES_OVER], [*events, ConversationPaused()]
            case _:
                return [], events

    def _notice(self, tracker: Tracker, conversation: Conversation, told: Told) -> Notice:
        may_be_read = self._handoff.sends_transcripts and tracker.get_slot(TOLD_OF_TRANSCRIPT)
        return Notice(
            id=told.id,
            conversation=str(tracker.sender_id),
            channel=input_channel(tracker).encode("utf-8", "replace").decode(),
            level=told.level.label,
            kinds=told.kinds,
            locale=self._locale,
            at=told.at,
            transcript=transcript_of(conversation) if may_be_read else None,
        )


def _since_raised(events: Iterable[Any]) -> tuple[RiskLevel, frozenset[RiskKind]]:
    """Return the highest level, and the kinds, noted on the bot's words since danger was raised."""
    worst, kinds = RiskLevel.NONE, set[RiskKind]()
    known = {kind.value for kind in RiskKind}
    for event in reversed(list(events)):
        noted = pal_metadata(event) if isinstance(event, Mapping) else {}
        level = risk_from_slot(noted.get("risk"))
        if level > RiskLevel.NONE:
            worst = max(worst, level)
            kinds |= {RiskKind(k) for k in _listed(noted.get("kinds")) if k in known}
        elif noted and ("risk" in noted or not noted.get("service")):
            break  # an ordinary reply, or the one that ended an earlier danger
    return worst, frozenset(kinds)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def risk_from_slot(value: Any) -> RiskLevel:
    """Return the slot's level; one that cannot be read is a concern, as a broken screen is."""
    if not value:
        return RiskLevel.NONE
    try:
        return RiskLevel.parse(str(value))
    except ValueError:
        return DETECTOR_FAILED.level
