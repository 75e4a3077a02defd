"""`action_respond`: the supporter's next utterance, or fixed words where those are safer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.counters import Counters
from actions.crisis_desk import CrisisDesk, Standing
from actions.direct_questions import asked_again, direct_answer, direct_question
from actions.message_screen import reply_without_model
from actions.recall import recalled
from actions.safety import RiskLevel, check_reply
from actions.safety.answers import said_and_asked
from actions.safety.resources import resource_line
from actions.settings import Settings
from actions.supporter import Supporter
from actions.tracker_conversation import (
    DISCLOSURE,
    PAL_METADATA,
    conversation_from_events,
    persona_from_slot,
    turns_since_disclosure,
)
from pal_model import Conversation, PalError, Persona, Reply, ReplyRequest
from pal_model.fallback_responses import fallback_response

log = structlog.get_logger(__name__)

TOOK_TOO_LONG = (
    "I'm sorry, I took too long to find words just now. That is my fault, not yours. "
    "Please say it again, or tell me more."
)
CANNOT_ANSWER = (
    "I'm sorry, something on my side is not working and I can't answer properly right now. "
    "Please try again in a moment. If you might hurt yourself or are not safe, please reach a "
    "person right away. {resources}"
)


REMINDER = (
    "(A reminder, since we have been writing for a while: I'm a computer program, not a person and "
    "not a therapist, and I can get things wrong. /help shows whom you can call if you need a "
    "person.)"
)


class ActionRespond(Action):  # type: ignore[misc]
    """Says one thing, and now and then that it is a program; sets `strategy`, `risk`,
    `persona_used`, `handoff` and `answered`.
    """

    def __init__(
        self, supporter: Supporter, desk: CrisisDesk, counters: Counters, settings: Settings
    ) -> None:
        """Write with `supporter`, leave danger to `desk`, count in `counters`."""
        self._supporter = supporter
        self._desk = desk
        self._counters = counters
        self._locale = settings.locale
        self._disclose_every = settings.disclose_every

    def name(self) -> str:
        """Return the action's name in Rasa's domain."""
        return "action_respond"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Answer the seeker's latest message."""
        conversation = conversation_from_events(tracker.events)
        assessment = await self._desk.assess(conversation)
        standing = self._desk.standing(tracker, conversation, assessment)
        risk = standing.now
        if risk > RiskLevel.NONE:
            words, events = await self._desk.answer(tracker, conversation, assessment, standing)
            dispatcher.utter_message(text=words, **{PAL_METADATA: standing.noted})
            return [*_events(risk), *events]
        news, over = self._desk.closing(tracker)
        if news:  # somebody has taken over while danger passed
            dispatcher.utter_message(text=" ".join(news), **{PAL_METADATA: standing.noted})
            return [*_events(risk), *over]
        relief = self._desk.relief(conversation, standing)
        persona = persona_from_slot(tracker.get_slot("persona"))
        fixed = self._fixed_words(tracker, conversation, standing, persona)
        if fixed is not None:
            words, noted = fixed
            dispatcher.utter_message(text=_joined(relief, words), **{PAL_METADATA: noted})
            return [*_events(risk), *over]
        reply = await self._reply(dispatcher, conversation, persona, relief)
        if reply is not None and self._is_disclosure_due(tracker):
            dispatcher.utter_message(
                text=REMINDER, **{PAL_METADATA: {"service": True, DISCLOSURE: True}}
            )
        return [*_events(risk, reply), *over]

    def _fixed_words(
        self, tracker: Tracker, conversation: Conversation, standing: Standing, persona: Persona
    ) -> tuple[str, dict[str, Any]] | None:
        """Return what is said to a message that the model must not, or cannot, answer, and what is
        noted on it. An answer to a question is part of the conversation: the model must see that it
        was refused.
        """
        said, asked = said_and_asked(conversation)
        words = reply_without_model(said)
        if words:
            self._counters.count_turn("screen")
            return words, {"service": True}
        after = self._desk.aftermath(tracker, conversation) if not standing.is_over else None
        if after is not None:
            self._counters.count_turn("direct")
            return after, {"direct": "aftermath"}
        question = direct_question(said) or asked_again(said, asked or "", self._locale)
        if question is not None:
            self._counters.count_turn("direct")
            return direct_answer(question, self._locale), {"direct": question.value}
        told = recalled(said, list(persona))
        if told is not None:
            self._counters.count_turn("direct")
            return told, {"direct": "recall"}
        go_on = self._desk.question_after_relief(conversation, standing)
        if go_on is None:
            return None
        self._counters.count_turn("relief")
        return go_on, standing.noted

    async def _reply(
        self,
        dispatcher: CollectingDispatcher,
        conversation: Conversation,
        persona: Persona,
        first: str,
    ) -> Reply | None:
        """Say what the model writes, after the words that come `first`, and return it; None where
        that was an apology.
        """
        try:
            reply = await self._supporter.reply(ReplyRequest(conversation, persona))
        except TimeoutError:
            log.warning("turn_timed_out")
            apology = TOOK_TOO_LONG
        except PalError as error:
            log.error("turn_failed", error=type(error).__name__)
            apology = CANNOT_ANSWER.format(resources=resource_line(self._locale))
        else:
            text = self._safe_text(reply, conversation)
            noted = _metadata(reply, text)
            dispatcher.utter_message(text=_joined(first, text), **{PAL_METADATA: noted})
            self._counters.count_turn("model")
            return reply
        noted = {"service": True} | ({"risk": RiskLevel.NONE.label} if first else {})
        dispatcher.utter_message(text=_joined(first, apology), **{PAL_METADATA: noted})
        self._counters.count_turn("apology")
        return None

    def _safe_text(self, reply: Reply, conversation: Conversation) -> str:
        """Return the best candidate that may be said; a fixed sentence where none may."""
        for text in (reply.text, *reply.alternatives):
            problems = [str(problem) for problem in check_reply(text)]
            if not problems:
                return text
            self._counters.count_refused(problems)
            log.info("candidate_refused", problems=problems)
        return fallback_response(reply.strategy, conversation)

    def _is_disclosure_due(self, tracker: Tracker) -> bool:
        turns = turns_since_disclosure(tracker.events)
        return 0 < self._disclose_every <= turns


def _events(risk: RiskLevel, reply: Reply | None = None) -> list[dict[str, Any]]:
    return [
        SlotSet("answered", True),
        SlotSet("risk", risk.label),
        SlotSet("strategy", reply.strategy.value if reply else None),
        SlotSet("persona_used", list(reply.persona) if reply else []),
    ]


def _joined(*parts: str) -> str:
    return " ".join(filter(None, parts))


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
