"""What a turn in danger calls for: the screen, the fixed words, and people on duty."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ConversationPaused, SlotSet

from actions.counters import Counters
from actions.handoff import Handoff, HandoffState, Notice, Told, transcript_of
from actions.safety import (
    DETECTOR_FAILED,
    RiskAssessment,
    RiskLevel,
    contact_reply,
    count_crisis_replies,
    crisis_reply,
    relieved_reply,
)
from actions.safety.screening import screened
from actions.tracker_conversation import input_channel
from pal_model import Conversation

HANDOFF = "handoff"
"""The slot that holds what became of the notice to people on duty."""

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


class CrisisDesk:
    """Answers seekers in danger with fixed words, and tells people on duty where there are some."""

    def __init__(self, handoff: Handoff, counters: Counters, locale: str) -> None:
        """Tell people by `handoff`, count in `counters`, give the numbers of `locale`."""
        self._handoff = handoff
        self._counters = counters
        self._locale = locale

    async def assess(self, conversation: Conversation) -> RiskAssessment:
        """Return what the screen finds in the latest utterance of the seeker, and count it."""
        assessment = await screened(conversation)
        self._counters.count_risk(assessment)
        return assessment

    async def answer(
        self,
        tracker: Tracker,
        conversation: Conversation,
        assessment: RiskAssessment,
        level: RiskLevel,
    ) -> tuple[str, list[dict[str, Any]]]:
        """Return the words for a turn in which danger is raised, and the events to set.

        Args:
            tracker: of the conversation.
            conversation: what was said, the latest utterance included.
            assessment: of that utterance, which may show no danger of its own.
            level: that holds after it; above none.
        """
        earlier = count_crisis_replies(conversation)
        if assessment.is_flagged:
            self._counters.count_turn("crisis")
            words = crisis_reply(assessment, locale=self._locale, earlier_replies=earlier)
        else:
            self._counters.count_turn("contact")
            words = contact_reply(self._locale, earlier_replies=earlier)
        more, events = await self._tell_people(tracker, conversation, assessment, level)
        return "\n\n".join([words, *more]), events

    def relief(self, tracker: Tracker, conversation: Conversation) -> tuple[str, bool]:
        """Return what comes first in the answer to a seeker who is no longer in danger, and whether
        something is left to answer. The words are empty where no danger was raised.
        """
        previous = risk_from_slot(tracker.get_slot("risk"))
        if previous is RiskLevel.NONE:
            return "", True
        said = conversation.seeker_utterances[-1] if conversation.seeker_utterances else ""
        earlier = count_crisis_replies(conversation)
        return relieved_reply(previous, said, self._locale, earlier_replies=earlier)

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


def risk_from_slot(value: Any) -> RiskLevel:
    """Return the slot's level; one that cannot be read is a concern, as a broken screen is."""
    if not value:
        return RiskLevel.NONE
    try:
        return RiskLevel.parse(str(value))
    except ValueError:
        return DETECTOR_FAILED.level
