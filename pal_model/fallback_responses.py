"""Fixed sentences by strategy, for a turn in which nothing fit to be said was generated."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pal_model.conversation import Conversation, Speaker
from pal_model.persona import normal_form
from pal_model.strategy import Strategy

FALLBACK_RESPONSES: Mapping[Strategy, tuple[str, ...]] = MappingProxyType(
    {
        Strategy.QUESTION: (
            "Could you tell me a little more about that?",
            "What has been the hardest part of this for you?",
            "How has this been affecting your days?",
        ),
        Strategy.RESTATEMENT_OR_PARAPHRASING: (
            "It sounds like there is a lot going on, and I want to be sure I understand it. "
            "What matters most in it for you?",
            "So this has been on your mind for a while. Is that right?",
        ),
        Strategy.REFLECTION_OF_FEELINGS: (
            "That sounds really hard, and it makes sense that it weighs on you.",
            "I can hear how much this is affecting you.",
            "This sounds exhausting. I'm sorry that you have to carry it.",
        ),
        Strategy.SELF_DISCLOSURE: (
            "If I were in your place, I think this would weigh on me too.",
            "I would find this hard as well.",
        ),
        Strategy.AFFIRMATION_AND_REASSURANCE: (
            "Putting this into words takes courage, and you are doing it.",
            "What you feel makes sense, and you don't have to have it all worked out today.",
            "You keep going although this is hard. That counts.",
        ),
        Strategy.PROVIDING_SUGGESTIONS: (
            "You could choose one small thing that usually does you some good, and give it ten "
            "minutes today.",
            "Maybe there is someone you trust whom you could tell what you just told me.",
            "It might help to write down what worries you most, and look at one point at a time.",
        ),
        Strategy.INFORMATION: (
            "Many people go through something like this, and talking about it often makes it "
            "lighter.",
            "It is common to feel worn out when something goes on for so long.",
        ),
        Strategy.OTHERS: (
            "I'm here, and I'm listening.",
            "Thank you for telling me. Take all the time you need.",
            "I'm glad you are here. What would you like to talk about next?",
        ),
    }
)


def fallback_response(strategy: Strategy, conversation: Conversation) -> str:
    """Return a fixed sentence of `strategy`, the one said longest ago, or not at all."""
    said = [normal_form(u.text) for u in conversation.utterances if u.speaker is Speaker.SUPPORTER]

    def last_said(sentence: str) -> int:
        form = normal_form(sentence)
        return max((index for index, text in enumerate(said) if form in text), default=-1)

    return min(FALLBACK_RESPONSES[strategy], key=last_said)
