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
        "Hello.",
        Strategy.OTHERS,
        "I'm glad you are here. What would you like to talk about?",
    ),
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
        Strategy.QUESTION: ("What", "How", "When did", "Have you", "Is there"),
        Strategy.RESTATEMENT_OR_PARAPHRASING: ("So you", "It sounds like you"),
        Strategy.REFLECTION_OF_FEELINGS: ("That sounds", "It must be", "You must feel"),
        Strategy.SELF_DISCLOSURE: ("If I were in your place, I would feel", "I can imagine how"),
        Strategy.AFFIRMATION_AND_REASSURANCE: (
            "It takes",
            "You are doing",
            "You have every right to",
        ),
        Strategy.PROVIDING_SUGGESTIONS: ("You could", "Maybe you could", "It might help to"),
        Strategy.INFORMATION: ("Many people", "It is common"),
        Strategy.OTHERS: ("I'm glad you", "I'm here", "Thank you for telling me"),
    }
)
"""How a reply of each strategy may begin. A model that was not fine-tuned follows a strategy far
better when the first words are given; which of them is the model's own choice."""

NEUTRAL_MESSAGE = Utterance(Speaker.SEEKER, "I want to talk about something.")
"""A message that says nothing: a response that is as likely after it as after the conversation
would fit anybody."""


def _said(text: str) -> Utterance:
    return Utterance(Speaker.SEEKER, text)


def _answered(strategy: Strategy, text: str) -> Utterance:
    return Utterance(Speaker.SUPPORTER, text, strategy)


ORDINARY_CONVERSATIONS: tuple[tuple[Utterance, ...], ...] = (
    (
        _said("Hello."),
        _answered(Strategy.OTHERS, "Hi, I'm glad you're here. What is on your mind?"),
        _said("I don't really know where to begin."),
    ),
    (
        _said("I want to talk about my life."),
        _answered(Strategy.QUESTION, "What is going on?"),
        _said("Things have been hard since the summer, and I don't see it getting better."),
    ),
    (
        _said("It's my sister. We are not talking any more."),
        _answered(Strategy.REFLECTION_OF_FEELINGS, "That must hurt."),
        _said("It does. We used to be close."),
        _answered(Strategy.QUESTION, "What happened between you?"),
        _said("She said things at a family dinner that I can't forget."),
    ),
    (
        _said("Work has been too much lately."),
        _answered(Strategy.QUESTION, "What does a normal day look like for you?"),
        _said("I start at seven and get home at eight."),
        _answered(
            Strategy.RESTATEMENT_OR_PARAPHRASING, "So there is hardly any time left for you."
        ),
        _said("Right, and my manager does not care."),
    ),
    (
        _said("I feel tired of everything."),
        _answered(Strategy.REFLECTION_OF_FEELINGS, "That sounds exhausting."),
        _said("Yes. Nothing is fun now."),
        _answered(Strategy.PROVIDING_SUGGESTIONS, "You could try to take a short walk every day."),
        _said("Maybe, I could give it a try."),
        _answered(
            Strategy.AFFIRMATION_AND_REASSURANCE,
            "You are already doing something by talking about it.",
        ),
        _said("Thanks. I hope it gets better."),
    ),
    (
        _said("Hi"),
        _answered(Strategy.OTHERS, "Hello!"),
        _said("How are you?"),
        _answered(Strategy.OTHERS, "I'm fine, thank you. And you?"),
        _said("Not so good."),
    ),
    (
        _said("My exams start next week and I can't concentrate."),
        _answered(Strategy.INFORMATION, "Many students feel like this before exams."),
        _said("What do you think I should do?"),
    ),
    (
        _said("I broke up with my partner."),
        _answered(Strategy.AFFIRMATION_AND_REASSURANCE, "I'm sorry. You were brave to tell me."),
        _said("I guess so."),
        _answered(Strategy.SELF_DISCLOSURE, "If I were in your place I would be sad too."),
        _said("I keep looking at old photos."),
        _answered(Strategy.QUESTION, "How does that make you feel?"),
        _said("Empty, mostly."),
    ),
)
"""Hand-written moments of all kinds. What a model prefers over all of them is a habit of its
wording, and is taken off its strategy scores (as in contextual calibration, Zhao et al. 2021)."""
