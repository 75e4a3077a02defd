"""`action_respond`: the supporter's next utterance, or fixed words where those are safer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.message_screen import reply_without_model
from actions.safety import (
    DETECTOR_FAILED,
    RiskLevel,
    carried_risk,
    check_reply,
    contact_reply,
    count_crisis_replies,
    crisis_reply,
)
from actions.safety.screening import screened
from actions.supporter import Supporter
from actions.tracker_conversation import (
    PAL_METADATA,
    conversation_from_events,
    persona_from_slot,
)
from pal_model import Conversation, PalError, Reply, ReplyRequest, Speaker
from pal_model.fallback_responses import fallback_response

log = structlog.get_logger(__name__)

TOOK_TOO_LONG = (
    "I'm sorry, I took too long to find words just now. That is my fault, not yours. "
    "Please say it again, or tell me more."
)
CANNOT_ANSWER = (
    "I'm sorry, something on my side is not working and I can't answer properly right now. "
    "Please try again in a moment. If you are in danger, please call your local emergency number; "
    "in the US you can call or text 988."
)


class ActionRespond(Action):  # type: ignore[misc]
    """Says one thing and sets `strategy`, `risk`, `persona_used` and `answered`."""

    def __init__(self, supporter: Supporter, locale: str) -> None:
        """Write with `supporter`; give the emergency numbers of `locale`."""
        self._supporter = supporter
        self._locale = locale

    def name(self) -> str:
        """Return the action's name in Rasa's domain."""
        return "action_respond"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Answer the seeker's latest message."""
        conversation = conversation_from_events(tracker.events)
        said = conversation.seeker_utterances[-1] if conversation.seeker_utterances else ""
        risk, words = await self._assess(conversation, tracker.get_slot("risk"))
        if words:
            dispatcher.utter_message(text=words, **{PAL_METADATA: {"risk": risk.label}})
            return self._events(risk)
        words = reply_without_model(said)
        if words:
            dispatcher.utter_message(text=words, **{PAL_METADATA: {"service": True}})
            return self._events(risk)
        persona = persona_from_slot(tracker.get_slot("persona"))
        try:
            reply = await self._supporter.reply(ReplyRequest(conversation, persona))
        except TimeoutError:
            log.warning("turn_timed_out")
            dispatcher.utter_message(text=TOOK_TOO_LONG, **{PAL_METADATA: {"service": True}})
            return self._events(risk)
        except PalError as error:
            log.error("turn_failed", error=type(error).__name__)
            dispatcher.utter_message(text=CANNOT_ANSWER, **{PAL_METADATA: {"service": True}})
            return self._events(risk)
        text = _safe_text(reply, conversation)
        dispatcher.utter_message(text=text, **{PAL_METADATA: _metadata(reply, text)})
        return self._events(risk, reply)

    async def _assess(
        self, conversation: Conversation, previous: Any
    ) -> tuple[RiskLevel, str | None]:
        """Return the level that now holds, and the fixed words it calls for, if any."""
        assessment = await screened(conversation)
        earlier = count_crisis_replies(conversation)
        said = conversation.seeker_utterances[-1] if conversation.seeker_utterances else ""
        level = carried_risk(
            _risk_from_slot(previous), assessment, said, question=_question_before(conversation)
        )
        if assessment.is_flagged:
            return level, crisis_reply(assessment, locale=self._locale, earlier_replies=earlier)
        if level > RiskLevel.NONE:
            return level, contact_reply(self._locale, earlier_replies=earlier)
        return level, None

    def _events(self, risk: RiskLevel, reply: Reply | None = None) -> list[dict[str, Any]]:
        return [
            SlotSet("answered", True),
            SlotSet("risk", risk.label),
            SlotSet("strategy", reply.strategy.value if reply else None),
            SlotSet("persona_used", list(reply.persona) if reply else []),
        ]


def _risk_from_slot(value: Any) -> RiskLevel:
    """Return the slot's level; one that cannot be read is a concern, as a broken screen is."""
    if not value:
        return RiskLevel.NONE
    try:
        return RiskLevel.parse(str(value))
    except ValueError:
        return DETECTOR_FAILED.level


def _question_before(conversation: Conversation) -> str | None:
    """Return what the supporter said last, where the seeker's latest utterance answers it."""
    match conversation.utterances:
        case (*_, previous, _) if previous.speaker is Speaker.SUPPORTER:
            return previous.text
    return None


def _safe_text(reply: Reply, conversation: Conversation) -> str:
    """Return the best candidate that may be said; a fixed sentence where none may."""
    for text in (reply.text, *reply.alternatives):
        problems = check_reply(text)
        if not problems:
            return text
        log.info("candidate_refused", problems=[str(problem) for problem in problems])
    return fallback_response(reply.strategy, conversation)


def _metadata(reply: Reply, said: str) -> Mapping[str, Any]:
    return {
        "strategy": reply.strategy.value,
        "alpha": reply.alpha,
        "persona": list(reply.persona),
        "strategy_probabilities": {
            s.value: round(p, 4) for s, p in reply.strategy_probabilities.items()
        },
        "generated": reply.generated and said in (reply.text, *reply.alternatives),
    }
