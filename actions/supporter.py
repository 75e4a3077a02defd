"""The models behind the actions: loaded in the background, used off the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog

from actions.micro_batcher import MicroBatcher
from actions.settings import Settings
from pal_model import (
    Conversation,
    GenerationOptions,
    Persona,
    PersonaExtractor,
    Reply,
    ReplyRequest,
    Speaker,
    Utterance,
)
from pal_model.embedded import parse_dtype
from pal_model.loading import LOADING
from pal_model.persona_extractor import (
    RULES,
    extract_each,
    load_persona_extractor,
    unread_utterances,
)

if TYPE_CHECKING:
    from pal_model import PalGenerator

log = structlog.get_logger(__name__)

_RESPONSES_A_BATCH = 16
"""More than these are not drawn at once. On two cores eight seekers at three candidates each came
near the turn's timeout; at one each, nearly half of the replies were fixed sentences
(`python -m tests.benchmarks.bench_turn` shows both)."""

_WARM_UP = ReplyRequest(
    Conversation((Utterance(Speaker.SEEKER, "I had a long day at work."),)),
    Persona(("I work long days.",)),
)


_READING_SHARE = 0.25
"""Of the time for a reply: what is not read in this turn is read in the next, a reply that is late
is an apology."""


class Supporter:
    """Infers personas and writes replies; holds the process's one model."""

    def __init__(
        self,
        settings: Settings,
        load_generator: Callable[[Settings], PalGenerator] | None = None,
        extractor: PersonaExtractor | None = None,
    ) -> None:
        """Set up; `start` loads the model. The two last arguments replace what is used."""
        self._settings = settings
        self._load_generator = load_generator or load_generator_from_settings
        is_model = extractor is None and settings.persona_extractor != RULES
        self._rules = None if is_model else extractor or load_persona_extractor()
        self._extractor: PersonaExtractor | None = None
        # One thread: the model is one, and its batches are the way to use more than one core.
        self._model_thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._batcher: MicroBatcher[ReplyRequest, Reply] = MicroBatcher(
            self._reply_to_batch, max_batch=settings.max_batch, max_wait=settings.batch_wait
        )
        self._reader: MicroBatcher[Sequence[str], Persona] = MicroBatcher(
            self._read_batch, max_batch=settings.max_batch, max_wait=settings.batch_wait
        )
        self._generator: asyncio.Future[PalGenerator] | None = None

    def start(self) -> None:
        """Begin to load the model, in the running event loop."""
        loop = asyncio.get_running_loop()
        self._generator = loop.run_in_executor(self._model_thread, self._load)
        self._batcher.start()
        self._reader.start()

    async def stop(self) -> None:
        """Stop; turns without a reply are cancelled. What the model works on, it ends unheard."""
        await self._batcher.stop()
        await self._reader.stop()
        self._model_thread.shutdown(wait=False, cancel_futures=True)

    @property
    def is_ready(self) -> bool:
        """Whether the model is loaded."""
        return self._is_loaded() and self.load_error is None

    @property
    def load_error(self) -> BaseException | None:
        """Why the model could not be loaded; None while it loads and where it did load."""
        return self._generator.exception() if self._generator and self._is_loaded() else None

    async def infer_persona(
        self, conversation: Conversation, already_read: int, *, from_first: bool = False
    ) -> Persona:
        """Return what `conversation` tells of the seeker behind their first `already_read`
        utterances; before its third utterance nothing (PAL, section 3.2), unless `from_first`.

        Raises:
            TimeoutError: a model did not read them within a quarter of the turn's time.
            PalError: the model cannot be used.
        """
        unread = (
            conversation.seeker_utterances[already_read:]
            if from_first
            else unread_utterances(conversation, already_read)
        )
        if not unread:
            return Persona()
        if self._rules is not None:  # they wait for nothing
            return await asyncio.get_running_loop().run_in_executor(
                None, self._rules.extract, unread
            )
        seconds = _READING_SHARE * self._settings.turn_timeout
        deadline = time.monotonic() + seconds
        async with asyncio.timeout(seconds):
            await self._loaded_extractor()
        return await self._reader.submit(unread, deadline)

    async def reply(self, request: ReplyRequest) -> Reply:
        """Return the supporter's next utterance.

        Raises:
            TimeoutError: it was not written within the turn's time.
            PalError: the model cannot be used.
        """
        deadline = time.monotonic() + self._settings.turn_timeout
        async with asyncio.timeout(self._settings.turn_timeout):
            await self._loaded_generator()
        return await self._batcher.submit(request, deadline)

    def forget(self) -> None:
        """Drop what the model holds in memory of all conversations, once its present work is done.

        The others lose nothing but the time of one reading.
        """
        if self.is_ready and self._generator is not None:
            self._model_thread.submit(self._generator.result().forget)

    def _candidates(self, seekers: int) -> int:
        """Return how many responses to draw for each: fewer where many wait for theirs.

        With a seed the number stays, for a repeated run must not depend on who wrote at once.
        """
        if self._settings.seed is not None:
            return self._settings.candidates
        return max(1, min(self._settings.candidates, _RESPONSES_A_BATCH // seekers))

    async def _loaded_generator(self) -> PalGenerator:
        if self._generator is None:
            raise RuntimeError("The supporter is not started; call start() first.")
        return await asyncio.shield(self._generator)

    async def _loaded_extractor(self) -> PersonaExtractor:
        await self._loaded_generator()  # the extractor is loaded before it
        if self._extractor is None:
            raise RuntimeError("There is no persona extractor although the models are loaded.")
        return self._extractor

    def _is_loaded(self) -> bool:
        return self._generator is not None and self._generator.done()

    def _load(self) -> PalGenerator:
        started = time.monotonic()
        settings = self._settings
        try:
            with LOADING:
                if self._rules is None:
                    self._extractor = load_extractor_from_settings(settings)
                generator = self._load_generator(settings)
            generator.reply([_WARM_UP])
        except Exception as error:
            log.error("model_not_loaded", model=settings.model, reason=str(error))
            raise
        log.info(
            "model_ready",
            model=settings.model,
            seconds=round(time.monotonic() - started, 1),
        )
        return generator

    async def _read_batch(
        self, unread: Sequence[Sequence[str]], deadline: float
    ) -> Sequence[Persona]:
        del deadline  # reading is short, and what was read late is used in the next turn
        extractor = await self._loaded_extractor()
        return await asyncio.get_running_loop().run_in_executor(
            self._model_thread, extract_each, extractor, unread
        )

    async def _reply_to_batch(
        self, requests: Sequence[ReplyRequest], deadline: float
    ) -> Sequence[Reply]:
        generator = await self._loaded_generator()
        options = GenerationOptions(
            candidates=self._candidates(len(requests)), seed=self._settings.seed
        )
        started = time.monotonic()
        replies = await asyncio.get_running_loop().run_in_executor(
            self._model_thread,
            lambda: generator.reply(requests, options, deadline=deadline),
        )
        log.info(
            "batch_done",
            size=len(requests),
            milliseconds=round(1000 * (time.monotonic() - started)),
        )
        return replies


def load_extractor_from_settings(settings: Settings) -> PersonaExtractor:
    """Load the persona extractor that `settings` name.

    Raises:
        ModelLoadError: it is a model that cannot be loaded.
    """
    return load_persona_extractor(
        settings.persona_extractor, device=settings.device, home=settings.home
    )


def load_generator_from_settings(settings: Settings) -> PalGenerator:
    """Load the model that `settings` name.

    Raises:
        ModelLoadError: it cannot be loaded.
    """
    # Here, so that the server listens, and a wrong setting shows, seconds before torch is imported.
    import torch

    from pal_model import PalGenerator

    if settings.threads:
        torch.set_num_threads(settings.threads)
    return PalGenerator.load(
        settings.model,
        device=settings.device,
        dtype=parse_dtype(settings.dtype),
        home=settings.home,
        cache_bytes=settings.history_cache_mb * 1_000_000,
    )
