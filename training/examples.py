"""Supporter turns as token ids, in the very format in which they are served."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pal_model import Conversation, Persona, Speaker
from pal_model.encoding import Encoder, TokenIds
from pal_model.seq2seq_encoding import Seq2SeqEncoder
from pal_model.strategy import Strategy
from training.turn_personas import TurnPersonas

UNLABELLED = Strategy.OTHERS


@dataclass(frozen=True, slots=True)
class SupporterTurn:
    """A response of a human supporter, what was said before it, and the seeker's persona then.

    Attributes:
        is_labelled: whether people named the strategy, as in ESConv; elsewhere it is `UNLABELLED`,
            which is given to a model, not to be learnt.
    """

    history: Conversation
    persona: Persona
    strategy: Strategy
    response: str
    is_labelled: bool = True


@dataclass(frozen=True, slots=True)
class TurnExample:
    """Token ids of one turn.

    Attributes:
        persona_ids: read on its own (Eq. 1); empty where there is no persona, or where it is part
            of the history (Hard Prompt).
        history_ids: what is read beside it.
        cue_ids: what the model is given to begin the response.
        target_ids: what it is to write: the strategy's name, the response, its end (Eq. 5).
        strategy_length: number of tokens of `target_ids` that name the strategy; 0 where the name
            is part of the cue.
    """

    persona_ids: TokenIds
    history_ids: TokenIds
    cue_ids: TokenIds
    target_ids: TokenIds
    strategy_length: int

    def __len__(self) -> int:
        read = (self.persona_ids, self.history_ids, self.cue_ids, self.target_ids)
        return sum(map(len, read)) - 1  # the last token is predicted and not read


def supporter_turns(
    conversation: Conversation, personas: TurnPersonas, *, consecutive: bool = False
) -> Iterator[SupporterTurn]:
    """Yield the turns in which a supporter answers the seeker, with a strategy and some text.

    A supporter's utterance right after another one is part of a longer turn; as in the published
    code, nothing is to be learnt from it. It is in the later histories.

    Args:
        conversation: a whole one.
        personas: where a turn is not in it, it has none.
        consecutive: yield those right after another one, too, and those that begin.
    """
    before: Speaker | None = None
    for index, utterance in enumerate(conversation.utterances):
        previous, before = before, utterance.speaker
        if utterance.speaker is not Speaker.SUPPORTER:
            continue
        if previous is not Speaker.SEEKER and not consecutive:
            continue
        if utterance.strategy is None or not utterance.text.strip():
            continue
        yield SupporterTurn(
            Conversation(conversation.utterances[:index]),
            personas.get(index, Persona()),
            utterance.strategy,
            utterance.text,
        )


def unlabelled_turns(conversation: Conversation) -> Iterator[SupporterTurn]:
    """Yield the turns in which somebody answers who told of something, of a corpus that names no
    strategies and of which no personas are known.
    """
    previous: Speaker | None = None
    for index, utterance in enumerate(conversation.utterances):
        is_answer = (previous, utterance.speaker) == (Speaker.SEEKER, Speaker.SUPPORTER)
        previous = utterance.speaker
        if is_answer and utterance.text.strip():
            history = Conversation(conversation.utterances[:index])
            yield SupporterTurn(history, Persona(), UNLABELLED, utterance.text, is_labelled=False)


def encode(turn: SupporterTurn, encoder: Encoder, *, in_prompt: bool) -> TurnExample:
    """Encode a turn; `in_prompt` puts the persona before the history as text (Hard Prompt)."""
    inputs = encoder.encode_inputs(turn.history, turn.persona)
    persona, history = inputs.persona_ids, inputs.history_ids
    if in_prompt:
        persona, history = (), persona + history
    name = encoder.strategy_ids[turn.strategy]
    target = encoder.encode_response(turn.strategy, turn.response)
    given = 0 if turn.is_labelled else len(name)
    return TurnExample(
        persona_ids=persona,
        history_ids=history,
        cue_ids=inputs.cue_ids + target[:given],
        target_ids=target[given:],
        strategy_length=len(name) - given,
    )


def encode_seq2seq(turn: SupporterTurn, encoder: Seq2SeqEncoder, start_id: int) -> TurnExample:
    """Encode a turn for an encoder-decoder whose decoder begins with `start_id`."""
    inputs = encoder.encode_inputs(turn.history, turn.persona)
    target = encoder.encode_response(turn.strategy, turn.response)
    given = 0 if turn.is_labelled else 1
    return TurnExample(
        persona_ids=inputs.persona_ids,
        history_ids=inputs.history_ids,
        cue_ids=(start_id, *target[:given]),
        target_ids=target[given:],
        strategy_length=1 - given,
    )


def without_some_personas(
    turns: Iterable[SupporterTurn], share: float, draw: str
) -> Iterator[SupporterTurn]:
    """Take the persona from a `share` of `turns`, so that the history-only branch of Eq. 6 is a
    trained one. Which turns, depends on `draw` and a turn's place among them alone.
    """
    for index, turn in enumerate(turns):
        digest = hashlib.sha256(f"{draw} {index}".encode()).digest()
        dropped = int.from_bytes(digest[:8], "big") / 2**64 < share
        yield replace(turn, persona=Persona()) if dropped else turn


def without_personas(turns: Iterable[SupporterTurn]) -> list[SupporterTurn]:
    """Return the turns as they are for who knows nothing of the seeker."""
    return [replace(turn, persona=Persona()) for turn in turns]


def with_wrong_personas(
    conversations: Sequence[Sequence[SupporterTurn]],
) -> list[list[SupporterTurn]]:
    """Give each turn that has a persona one that another seeker had come to by then: the control
    that tells a model which uses the persona from one that has learnt its style.

    It is of the next conversation, the first one following the last, in which anything is known by
    then. A turn without a persona stays so, and only what a persona says differs.
    """
    return [
        [_with_wrong_persona(conversations, place, index) for index in range(len(turns))]
        for place, turns in enumerate(conversations)
    ]


def _with_wrong_persona(
    conversations: Sequence[Sequence[SupporterTurn]], place: int, index: int
) -> SupporterTurn:
    turn = conversations[place][index]
    if not turn.persona:
        return turn
    following = (*conversations[place + 1 :], *conversations[:place])
    by_then = (others[min(index, len(others) - 1)].persona for others in following if others)
    return replace(turn, persona=next(filter(None, by_then), Persona()))
