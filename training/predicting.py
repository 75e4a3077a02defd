"""Runs a generator over the turns of a split."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence

import torch

from pal_model import GenerationOptions, PalGenerator, Persona, Reply, ReplyRequest
from training.examples import SupporterTurn
from training.predictions import Prediction, Turn

Conversations = Mapping[int, Sequence[SupporterTurn]]
"""By their places in ESConv.json."""

CACHE_BYTES_A_CONVERSATION = 64_000_000
"""So that none of a batch is dropped before its next turn: the embedded model needs 26 MB."""

_BYTES_A_ROW = 310_000_000
"""Of a GPU's memory, for a response of the embedded model with both branches of Eq. 6: 390 took 120
GB at most on an H200 (`training.evaluate embedded --seeds 1 2 3 --batch-size 130`, once), with the
copies on the way and what is remembered. A larger model needs a smaller batch, which `--batch-size`
of `training.evaluate` gives."""

_SHARE_OF_FREE_MEMORY = 0.85

_CONVERSATIONS, _CONVERSATIONS_ON_GPU = 32, 65


def conversations_at_once(candidates: int = 1) -> int:
    """Return how many conversations, with so many responses to each, are read together where nobody
    says otherwise: on a GPU as many as it has room for, up to half of ESConv's test part.
    """
    if not torch.cuda.is_available():
        return _CONVERSATIONS
    return max(1, min(_CONVERSATIONS_ON_GPU, _rows_at_once() // candidates))


def seeds_at_once(rows: int) -> int:
    """Return of how many seeds, of `rows` rows each, a machine writes together: a GPU takes about
    as long for many rows as for a few.
    """
    return max(1, _rows_at_once() // rows) if torch.cuda.is_available() else 1


def _rows_at_once() -> int:
    free, _ = torch.cuda.mem_get_info()
    return int(_SHARE_OF_FREE_MEMORY * free) // _BYTES_A_ROW


def predict(
    generator: PalGenerator,
    conversations: Conversations,
    seeker_personas: Mapping[Turn, Persona],
    options: GenerationOptions,
    *,
    seeds: Sequence[int],
    use_gold_strategy: bool = False,
    batch_size: int = 16,
    seeds_at_once: int = 1,
    done: Mapping[int, Collection[Turn]] | None = None,
) -> Iterator[tuple[int, list[Prediction]]]:
    """Yield a seed, and with it the predictions of a batch of turns, at a time.

    The n-th turns of several conversations are read together, then the turns after them, so that a
    turn costs what is new in it, and a further seed, unless it is written together with the first,
    the writing alone. What is said in one does not depend on the others.

    Args:
        generator: what responds.
        conversations: whose turns are responded to; each after what the humans said.
        seeker_personas: who the seeker of each turn is, whatever the model is shown.
        options: how responses are drawn.
        seeds: of all that is drawn, each once for every turn.
        use_gold_strategy: write with the human supporter's strategy, not with the model's.
        batch_size: conversations that are read together.
        seeds_at_once: runs that are written together: as many times the memory.
        done: of a seed, turns that are left out.
    """
    done = done or {}
    for together in _batches(conversations, batch_size):
        for place in range(max(map(len, together.values()))):
            at_place = {i: t[place] for i, t in together.items() if place < len(t)}
            for start in range(0, len(seeds), seeds_at_once):
                places = [
                    (seed, index)
                    for seed in seeds[start : start + seeds_at_once]
                    for index, turn in at_place.items()
                    if (index, _utterance(turn)) not in done.get(seed, ())
                ]
                requests = [
                    _request(at_place[index], index, seed, use_gold_strategy=use_gold_strategy)
                    for seed, index in places
                ]
                replies = generator.reply(requests, options)
                of_seeds: dict[int, list[Prediction]] = {}
                for (seed, index), reply in zip(places, replies, strict=True):
                    turn = at_place[index]
                    persona = seeker_personas[index, _utterance(turn)]
                    of_seeds.setdefault(seed, []).append(_prediction(index, turn, persona, reply))
                yield from of_seeds.items()


def _request(
    turn: SupporterTurn, conversation: int, seed: int, *, use_gold_strategy: bool
) -> ReplyRequest:
    return ReplyRequest(
        turn.history,
        turn.persona,
        turn.strategy if use_gold_strategy else None,
        turn_seed(seed, conversation, _utterance(turn)),
    )


def _batches(conversations: Conversations, size: int) -> Iterator[Conversations]:
    """Yield conversations of like length together, so that a batch does not dwindle."""
    indices = sorted(conversations, key=lambda index: (len(conversations[index]), index))
    for start in range(0, len(indices), size):
        yield {index: conversations[index] for index in indices[start : start + size]}


def turn_seed(seed: int, conversation: int, utterance: int) -> int:
    """Return the seed of a turn's own random numbers: no two turns, or runs, have the same."""
    digest = hashlib.sha256(f"{seed} {conversation} {utterance}".encode()).digest()
    return int.from_bytes(digest[:6], "big")


def personas_by_turn(conversations: Conversations) -> dict[Turn, Persona]:
    """Return the persona of each turn."""
    return {
        (index, _utterance(turn)): turn.persona
        for index, turns in conversations.items()
        for turn in turns
    }


def _prediction(
    index: int, turn: SupporterTurn, seeker_persona: Persona, reply: Reply
) -> Prediction:
    return Prediction(
        conversation=index,
        utterance=_utterance(turn),
        persona=turn.persona.sentences,
        seeker_persona=seeker_persona.sentences,
        gold_strategy=turn.strategy,
        reference=turn.response,
        ranked=tuple(reply.strategy_probabilities),
        strategy=reply.strategy,
        alpha=reply.alpha,
        response=reply.text,
        generated=reply.generated,
    )


def _utterance(turn: SupporterTurn) -> int:
    return len(turn.history.utterances)
