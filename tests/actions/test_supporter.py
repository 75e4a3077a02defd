"""The one model: loaded in the background, used off the event loop, shared by all seekers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from actions.settings import Settings
from actions.supporter import Supporter
from pal_model import (
    Conversation,
    ModelLoadError,
    Persona,
    Reply,
    ReplyRequest,
    Speaker,
    Utterance,
)
from pal_model.embedded import default_home
from pal_model.persona_extractor import EMBEDDED_EXTRACTOR
from tests.actions.fakes import TOKEN, FakeGenerator, reply_to, settings, until

pytestmark = pytest.mark.integration

HOME = default_home()  # no test sees what is set outside

Start = Callable[..., Supporter]


def request(text: str = "I had a bad day.") -> ReplyRequest:
    return ReplyRequest(Conversation((Utterance(Speaker.SEEKER, text),)))


def echo(request: ReplyRequest) -> Reply:
    return reply_to(request, f"You said: {request.conversation.seeker_utterances[-1]}")


async def test_it_is_ready_once_the_model_is_loaded_and_warm(
    start: Start, generator: FakeGenerator
) -> None:
    loading = threading.Event()

    def load(_: Any) -> FakeGenerator:
        loading.wait(10)
        return generator

    generator.gate.clear()
    supporter = start(load)
    assert (supporter.is_ready, supporter.load_error) == (False, None)
    loading.set()
    await asyncio.sleep(0.02)
    assert not supporter.is_ready  # the warm-up still runs
    generator.gate.set()
    await until(lambda: supporter.is_ready)
    assert supporter.load_error is None


def test_it_is_not_ready_before_it_is_started() -> None:
    supporter = Supporter(settings(), lambda _: FakeGenerator())
    assert (supporter.is_ready, supporter.load_error) == (False, None)


async def test_it_must_be_started_before_it_replies() -> None:
    with pytest.raises(RuntimeError, match="start"):
        await Supporter(settings(), lambda _: FakeGenerator()).reply(request())


@pytest.mark.parametrize("error", [ModelLoadError("no such folder"), RuntimeError("no device")])
async def test_a_load_that_fails_is_told_to_whoever_asks(start: Start, error: Exception) -> None:
    def load(_: Any) -> FakeGenerator:
        raise error

    supporter = start(load)
    await until(lambda: supporter.load_error is not None)
    assert supporter.load_error is error
    assert not supporter.is_ready
    for _ in range(2):
        with pytest.raises(type(error), match=str(error)):
            await supporter.reply(request())


async def test_a_model_that_cannot_write_is_not_ready(
    start: Start, generator: FakeGenerator
) -> None:
    def broken(_: ReplyRequest) -> Reply:
        raise RuntimeError("out of memory")

    generator.write = broken
    supporter = start()
    await until(lambda: supporter.load_error is not None)
    assert not supporter.is_ready


async def test_a_request_made_while_the_model_loads_is_answered_after_it(
    start: Start, generator: FakeGenerator
) -> None:
    loading = threading.Event()

    def load(_: Any) -> FakeGenerator:
        loading.wait(10)
        return generator

    supporter = start(load)
    early = asyncio.create_task(supporter.reply(request()))
    await asyncio.sleep(0.01)
    assert not early.done()
    loading.set()
    assert (await early).text


async def test_a_request_made_while_the_model_loads_times_out_like_any_other(
    start: Start, generator: FakeGenerator
) -> None:
    loading = threading.Event()

    def load(_: Any) -> FakeGenerator:
        loading.wait(10)
        return generator

    supporter = start(load, turn_timeout=0.03)
    with pytest.raises(TimeoutError):
        await supporter.reply(request())
    loading.set()
    await until(lambda: supporter.is_ready)  # the time-out did not cancel the load


async def test_the_event_loop_runs_on_while_the_model_works(
    supporter: Supporter, generator: FakeGenerator
) -> None:
    await until(lambda: supporter.is_ready)
    generator.gate.clear()
    reply = asyncio.create_task(supporter.reply(request()))
    await until(generator.called.is_set)
    for _ in range(20):  # the model's thread is blocked all the while
        await asyncio.sleep(0.001)
    assert not reply.done()
    generator.gate.set()
    assert (await reply).text


async def test_eight_seekers_at_once_share_one_batch(
    start: Start, generator: FakeGenerator
) -> None:
    generator.write = echo
    supporter = start(max_batch=8, batch_wait=1.0)
    replies = await asyncio.gather(*(supporter.reply(request(f"day {n}")) for n in range(8)))
    assert [reply.text for reply in replies] == [f"You said: day {n}" for n in range(8)]
    assert [len(batch) for batch in generator.batches] == [8]


async def test_the_settings_shape_what_the_generator_is_asked(
    start: Start, generator: FakeGenerator
) -> None:
    await start(candidates=2, seed=5).reply(request())
    (options,) = generator.options
    assert options is not None
    assert (options.candidates, options.seed) == (2, 5)


async def test_a_turn_that_takes_too_long_is_a_timeout_and_the_next_one_works(
    start: Start, generator: FakeGenerator
) -> None:
    generator.write = echo
    supporter = start(turn_timeout=0.3)
    await until(lambda: supporter.is_ready)
    generator.gate.clear()
    with pytest.raises(TimeoutError):
        await supporter.reply(request("first"))
    generator.gate.set()
    assert (await supporter.reply(request("second"))).text == "You said: second"


async def test_one_request_that_the_generator_cannot_take_spoils_no_other(
    start: Start, generator: FakeGenerator
) -> None:
    def picky(one: ReplyRequest) -> Reply:
        if "bad" in one.conversation.seeker_utterances:
            raise ValueError("cannot encode")
        return echo(one)

    generator.write = picky
    supporter = start(batch_wait=1.0, max_batch=3)
    good, bad, other = await asyncio.gather(
        *(supporter.reply(request(text)) for text in ("good", "bad", "other")),
        return_exceptions=True,
    )
    assert isinstance(good, Reply)
    assert isinstance(other, Reply)
    assert (good.text, other.text) == ("You said: good", "You said: other")
    assert isinstance(bad, ValueError)


async def test_stop_ends_the_turns_that_wait(start: Start, generator: FakeGenerator) -> None:
    supporter = start()
    await until(lambda: supporter.is_ready)
    generator.gate.clear()
    waiting = asyncio.create_task(supporter.reply(request()))
    await until(generator.called.is_set)
    await supporter.stop()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(waiting, 5)


async def test_what_was_not_read_yet_is_read_with_the_extractor() -> None:
    class Extractor:
        def extract(self, seeker_utterances: Any) -> Persona:
            return Persona(tuple(f"I said {text}." for text in seeker_utterances))

    supporter = Supporter(settings(), lambda _: FakeGenerator(), Extractor())
    conversation = Conversation(
        tuple(Utterance(Speaker.SEEKER, text) for text in ("one", "two", "three"))
    )
    persona = await supporter.infer_persona(conversation, 0)
    assert list(persona) == ["I said one.", "I said two.", "I said three."]
    assert list(await supporter.infer_persona(conversation, 2)) == ["I said three."]
    assert list(await supporter.infer_persona(conversation, 3)) == []


async def test_the_default_reads_with_rules_and_with_the_model_that_ships() -> None:
    assert Settings(actions_token=TOKEN).persona_extractor == EMBEDDED_EXTRACTOR
    chosen = settings(persona_extractor=EMBEDDED_EXTRACTOR, home=HOME)
    supporter = Supporter(chosen, lambda _: FakeGenerator())
    supporter.start()
    try:
        await supporter._loaded_extractor()  # on a busy machine that takes longer than a turn may
        said = ["Hello", "Hi!", "i dont know why i am so scared of these things"]
        speakers = [Speaker.SEEKER, Speaker.SUPPORTER, Speaker.SEEKER]
        conversation = Conversation(tuple(map(Utterance, speakers, said)))
        persona = await supporter.infer_persona(conversation, 1)
    finally:
        await supporter.stop()
    assert persona.sentences == ("I am scared of these things.",)
