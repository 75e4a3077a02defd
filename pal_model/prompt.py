"""What the model is told before the conversation starts: the task, and one example a strategy.

All of it is the same in every turn, so its states are computed once (see `row_states`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pal_model.conversation import Speaker, Utterance
from pal_model.strategy import Strategy

INSTRUCTION = (
    "You are a kind supporter who listens to a person in distress. "
    "You reply in one or two short sentences, about this person's own situation. "
    "Each reply starts with a strategy in brackets."
)

PERSONA_LEAD = "What is known about this person, in their own words:"


def _exchange(seeker: str, strategy: Strategy, response: str) -> tuple[Utterance, Utterance]:
    return Utterance(Speaker.SEEKER, seeker), Utterance(Speaker.SUPPORTER, response, strategy)


EXAMPLES: tuple[Utterance, ...] = (
    *_exchange(
        "I've been so stressed since I moved to a new city.",
        Strategy.QUESTION,
        "What has been the hardest part of the move for you?",
    ),
    *_exchange(
        "I don't know anyone here and I eat dinner alone every night.",
        Strategy.REFLECTION_OF_FEELINGS,
        "That sounds really lonely, and I can hear how much you miss having company.",
    ),
    *_exchange(
        "My boss keeps giving me more work and I can't say no to her.",
        Strategy.RESTATEMENT_OR_PARAPHRASING,
        "So the work keeps piling up, and you feel that refusing your boss is not an option.",
    ),
    *_exchange(
        "I have an exam on Monday and I'm sure I'm going to fail.",
        Strategy.AFFIRMATION_AND_REASSURANCE,
        "You have been working hard for this, and it takes courage to keep going when you are "
        "afraid.",
    ),
    *_exchange(
        "I can't fall asleep because I keep worrying about money.",
        Strategy.PROVIDING_SUGGESTIONS,
        "You could try writing your worries down an hour before bed, so that they are not all in "
        "your head at night.",
    ),
    *_exchange(
        "Is it normal to still cry about my dad after a year?",
        Strategy.INFORMATION,
        "Yes, grief has no timetable, and many people still have days of tears long after the "
        "first year.",
    ),
    *_exchange(
        "I feel silly for being this upset over a breakup.",
        Strategy.SELF_DISCLOSURE,
        "If I were in your place I think I would be upset too; losing someone you love hurts.",
    ),
    *_exchange(
        "Thanks, I feel a bit better now.",
        Strategy.OTHERS,
        "I'm glad you told me about it. I'm here whenever you want to talk.",
    ),
)

OPENERS: Mapping[Strategy, tuple[str, ...]] = MappingProxyType(
    {
        Strategy.QUESTION: ("What", "How", "Have you", "Do you", "When"),
        Strategy.RESTATEMENT_OR_PARAPHRASING: ("So you", "It sounds like you"),
        Strategy.REFLECTION_OF_FEELINGS: ("That sounds", "It must be", "I can hear how"),
        Strategy.SELF_DISCLOSURE: ("If I were in your place", "I would feel"),
        Strategy.AFFIRMATION_AND_REASSURANCE: ("You have", "It takes", "I believe you"),
        Strategy.PROVIDING_SUGGESTIONS: ("You could", "Maybe you could", "It might help to"),
        Strategy.INFORMATION: ("Many people", "It is common"),
        Strategy.OTHERS: ("I'm glad", "Thank you for", "I'm here"),
    }
)
"""How a reply of each strategy may begin. A model that was not fine-tuned follows a strategy far
better when the first words are given; which of them is the model's own choice."""

NEUTRAL_MESSAGES: tuple[str, ...] = ("Hello.", "I want to talk.", "It is about my life.")
"""Seeker messages that call for no strategy in particular: what the model prefers after them is a
habit of its wording, and is taken off its strategy scores (contextual calibration,
Zhao et al. 2021)."""
