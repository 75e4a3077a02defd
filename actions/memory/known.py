"""What is known of the seeker of a conversation, whether it is kept or of this session alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions.memory.claims import claims
from actions.memory.embedder import Embedder
from actions.memory.errors import MemoryStoreError
from actions.memory.facts import Change, Fact
from actions.memory.lifecycle import Similarities, apply, changes
from actions.memory.relevance import relevant
from actions.memory.session_facts import facts_from_slot, facts_to_slot
from actions.memory.store import PersonaStore
from actions.tracker_conversation import input_channel, persona_from_slot

log = structlog.get_logger(__name__)

FACTS, PERSONA, TOLD, AGREED = "facts", "persona", "told_of_outage", "agreed"
"""Slots: the facts of a session that is not kept; those that the model sees; whether the seeker was
told that the memory does not work; whether they had agreed to be remembered when it last did."""


_PAUSE = 10.0
"""Seconds after a failure in which the store is not tried: seekers would wait for it in a row."""

_OPENING_SECONDS = 5.0
"""How long a turn waits for the store to open, which may take longer: its tables may change."""

_CLEANING_SECONDS = 3_600.0
_ALIKE = 0.6
"""Cosine from which a fact may be what somebody means by other words for it."""

Slots = list[dict[str, Any]]
"""Events that set slots."""

Decide = Callable[[Sequence[Fact], Sequence[str], Similarities], Iterable[Change]]
"""Takes what is known, sentences of the session that are not in it yet, and what tells which are
alike; returns changes."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known.

    Attributes:
        facts: that hold, oldest first.
        is_kept: whether the seeker agreed that they are kept beyond the session.
        is_out: whether the memory does not work; the facts are then those of the session.
    """

    facts: tuple[Fact, ...]
    is_kept: bool = False
    is_out: bool = False


class SeekerMemory:
    """Remembers seekers: in the store where they agreed to it, in their session otherwise.

    A store that fails never fails a turn: the session's facts go on, and are kept once it works.
    """

    def __init__(
        self,
        store: PersonaStore | None,
        embedder: Embedder,
        lifetime: timedelta,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        """Use a store, or none; `start` opens it. `now` tells the time, with a zone."""
        self._now = now or (lambda: datetime.now(UTC))
        self._store = store
        self._embedder = embedder
        self.lifetime = lifetime
        self._opening: asyncio.Task[None] | None = None
        self._try_again_at = 0.0
        self._cleaning: asyncio.Task[None] | None = None

    @property
    def can_keep(self) -> bool:
        """Whether there is a store at all."""
        return self._store is not None

    def start(self) -> None:
        """Open the store, and delete what is too old, now and every hour; without success, later
        calls try again.
        """
        self._cleaning = asyncio.get_running_loop().create_task(self._clean())

    async def stop(self) -> None:
        """Close the store."""
        for task in filter(None, (self._cleaning, self._opening)):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self._store is not None:
            await self._store.close()

    async def _clean(self) -> None:
        while True:
            await self.expire()
            await asyncio.sleep(_CLEANING_SECONDS)

    async def expire(self) -> None:
        """Delete what nobody said for the facts' lifetime."""
        try:
            store = await self._opened()
            if store is not None:
                log.info("memory_cleaned", expired=await store.expire(self.lifetime))
        except MemoryStoreError as error:
            self._failed(error)

    async def recall(self, tracker: Tracker) -> Known:
        """Return what is known of the tracker's seeker."""
        session = _of_session(tracker)
        try:
            found = await self._find(tracker)
            if found is None or await found[0].consented_at(found[1]) is None:
                return Known(tuple(session))
            store, seeker = found
            kept = await store.facts(seeker)
            # What was told while the store did not work is not in it yet.
            pending = [fact.sentence for fact in facts_from_slot(tracker.get_slot(FACTS))]
            facts = await asyncio.to_thread(
                self._applied, kept, lambda known, _, alike: changes(known, pending, alike), ""
            )
            return Known(tuple(facts), is_kept=True)
        except MemoryStoreError as error:
            self._failed(error)
            return Known(tuple(session), is_out=True)

    async def past(self, tracker: Tracker) -> tuple[Fact, ...]:
        """Return what is kept of the seeker though it no longer holds, each sentence once.

        Raises:
            MemoryStoreError: the memory cannot be read.
        """
        found = await self._find(tracker)
        facts = [] if found is None else await found[0].facts(found[1], superseded=True)
        return tuple({fact.sentence: fact for fact in facts if not fact.is_current}.values())

    async def learn(
        self, tracker: Tracker, sentences: Sequence[str], source: str
    ) -> tuple[Known, Slots]:
        """Add what a seeker said; return what is then known, and the slots that hold it."""
        return await self._change(
            tracker,
            source,
            sentences,
            lambda known, pending, alike: changes(known, [*pending, *sentences], alike),
        )

    async def correct(
        self, tracker: Tracker, wrong: str, right: str | None, source: str
    ) -> tuple[Known, Slots]:
        """Put `right`, or nothing, in the place of what is `wrong`; both are sentences."""

        def decide(
            known: Sequence[Fact], pending: Sequence[str], alike: Similarities
        ) -> Iterator[Change]:
            yield from changes(known, [said for said in pending if said != wrong], alike)
            ended = tuple(fact.id for fact in known if fact.sentence == wrong)
            yield Change(right, None, ended)

        return await self._change(tracker, source, (), decide)

    async def chosen(self, known: Known, said: str) -> tuple[str, ...]:
        """Return the sentences that a turn needs."""
        facts = await asyncio.to_thread(relevant, known.facts, said, self._embedder.similarities)
        return tuple(fact.sentence for fact in facts)

    async def described(self, facts: Sequence[Fact], words: str) -> tuple[list[Fact], bool]:
        """Return the facts that somebody may mean by `words`, and whether the words are their own:
        then the first of them says just that.
        """
        wanted = claims(words)
        if not wanted.content:
            return [], False
        of_facts = [(fact, claims(fact.sentence)) for fact in facts]
        for fact, said in of_facts:
            if (said.content, said.negated) == (wanted.content, wanted.negated):
                return [fact], True
        having = [fact for fact, said in of_facts if wanted.content <= said.content]
        if having or not facts:
            return having, False
        sentences = [fact.sentence for fact in facts]
        cosines = await asyncio.to_thread(self._embedder.similarities, words, sentences)
        return [f for f, cosine in zip(facts, cosines, strict=True) if cosine >= _ALIKE], False

    async def keep(self, tracker: Tracker, source: str) -> Slots:
        """Keep the seeker's facts beyond the session from now on, on their word.

        Raises:
            MemoryStoreError: they cannot be kept.
        """
        found = await self._find(tracker)
        if found is None:
            raise MemoryStoreError(
                "Nothing can be kept: PAL_MEMORY_DB is 'off', or the channel has no name."
            )
        store, seeker = found
        await store.consent(seeker)
        known, slots = await self.learn(tracker, (), source)
        if known.is_out:
            raise MemoryStoreError("What is known could not be kept.")
        return slots

    async def drop(self, tracker: Tracker) -> int:
        """Erase all that is kept of the seeker, and their word; return how many facts.

        Raises:
            MemoryStoreError: it is still there.
        """
        found = await self._find(tracker)
        erased = 0 if found is None else await found[0].erase(found[1])
        self._embedder.forget()
        return erased

    async def forget(self, tracker: Tracker, sentences: Collection[str]) -> Slots:
        """Delete facts for good, wherever they are; return the slots that hold the others.

        Raises:
            MemoryStoreError: they are still there.
        """
        known, slots = await self.learn(tracker, (), "")  # all in one place
        if known.is_out:
            raise MemoryStoreError("The memory cannot be reached, so nothing was deleted.")
        if known.is_kept:
            found = await self._find(tracker)
            if found is not None:
                store, seeker = found
                facts = await store.facts(seeker, superseded=True)
                await store.forget(seeker, [f.id for f in facts if f.sentence in sentences])
        else:
            left = [fact for fact in known.facts if fact.sentence not in sentences]
            slots += [SlotSet(FACTS, facts_to_slot(left))]
        self._embedder.forget()
        seen = [s for s in persona_from_slot(tracker.get_slot(PERSONA)) if s not in sentences]
        return [*slots, SlotSet(PERSONA, seen), SlotSet("persona_used", [])]

    async def export(self, tracker: Tracker) -> dict[str, Any]:
        """Return all that is kept, what no longer holds as well, to be given to the seeker.

        Raises:
            MemoryStoreError: the memory cannot be read.
        """
        session = facts_from_slot(tracker.get_slot(FACTS))
        found = await self._find(tracker)
        if found is None:
            return {"kept_since": None, "facts": facts_to_slot(session)}
        kept = await exported(*found)
        return kept | {"facts": [*kept["facts"], *facts_to_slot(session)]}

    async def _change(
        self, tracker: Tracker, source: str, said: Sequence[str], decide: Decide
    ) -> tuple[Known, Slots]:
        """Change what is known where it is kept, or else in the session."""
        session = facts_from_slot(tracker.get_slot(FACTS))
        pending = [fact.sentence for fact in session]
        is_out = False
        agreed: Slots = []
        try:
            found = await self._find(tracker)
            is_kept = found is not None and await found[0].consented_at(found[1]) is not None
            agreed = _set(tracker, AGREED, is_kept)
            if found is not None and is_kept:
                store, seeker = found
                # Beforehand, for the store holds a lock while it decides.
                before = [fact.sentence for fact in await store.facts(seeker)]
                alike = await asyncio.to_thread(self._embedder.snapshot, [*before, *pending, *said])
                facts = await store.learn(
                    seeker, source, lambda known: _as_told(decide(known, pending, alike), session)
                )
                return Known(tuple(facts), is_kept=True), [*agreed, *_set(tracker, FACTS, None)]
        except MemoryStoreError as error:
            self._failed(error)
            is_out = True
        facts = await asyncio.to_thread(self._applied, _of_session(tracker), decide, source)
        slots = [SlotSet(FACTS, facts_to_slot(facts))] if facts != session else []
        return Known(tuple(facts), is_out=is_out), [*agreed, *slots]

    def _applied(self, known: Sequence[Fact], decide: Decide, source: str) -> list[Fact]:
        now = self._now()
        found = decide(known, (), self._embedder.similarities)
        return apply(known, found, Fact(0, "", source, now, now))

    def _failed(self, error: MemoryStoreError) -> None:
        log.error("memory_unusable", reason=str(error))
        self._try_again_at = time.monotonic() + _PAUSE

    async def _find(self, tracker: Tracker) -> tuple[PersonaStore, str] | None:
        """Return the store, and the pseudonym of the tracker's seeker in it."""
        channel = input_channel(tracker)
        store = await self._opened()
        if store is None or not channel:
            return None
        return store, store.seeker_id(channel, str(tracker.sender_id))

    async def _opened(self) -> PersonaStore | None:
        """Return the store; at once an error where it failed a moment ago: many may be waiting."""
        if self._store is not None and time.monotonic() < self._try_again_at:
            raise MemoryStoreError("The memory did not work a moment ago.")
        if self._store is None:
            return None
        if self._opening is None or _has_failed(self._opening):
            self._opening = asyncio.get_running_loop().create_task(self._store.open())
        try:
            async with asyncio.timeout(_OPENING_SECONDS):
                await asyncio.shield(self._opening)
        except TimeoutError:
            raise MemoryStoreError("The memory is still being opened.") from None
        return self._store


async def exported(store: PersonaStore, seeker: str) -> dict[str, Any]:
    """Return all that `store` keeps of a seeker, as JSON has it."""
    since = await store.consented_at(seeker)
    facts = await store.facts(seeker, superseded=True)
    return {"kept_since": since and since.isoformat(), "facts": facts_to_slot(facts)}


def _has_failed(task: asyncio.Task[None]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def _set(tracker: Tracker, slot: str, value: Any) -> Slots:
    """Set a slot, unless it is empty and stays so or has that value."""
    held = tracker.get_slot(slot)
    return [] if held == value or not (held or value) else [SlotSet(slot, value)]


def _as_told(found: Iterable[Change], session: Sequence[Fact]) -> Iterator[Change]:
    """Let what was told earlier in the session be kept as told then."""
    told = {fact.sentence: fact for fact in session}
    for change in found:
        fact = told.get(change.sentence or "")
        yield change if fact is None else replace(change, told=fact)


def _of_session(tracker: Tracker) -> list[Fact]:
    """Return the session's facts. An empty slot holds none any more; without one there is only what
    the model saw last.
    """
    held = tracker.get_slot(FACTS)
    return _seen_last(tracker) if held is None else facts_from_slot(held)


def _seen_last(tracker: Tracker) -> list[Fact]:
    """Return what the model saw last as facts: all there is where the store cannot be reached, and
    where the slot of facts is empty, such as in a conversation begun with an earlier version.
    """
    now = datetime.now(UTC)
    sentences = persona_from_slot(tracker.get_slot(PERSONA))
    return [Fact(number, s, "", now, now) for number, s in enumerate(sentences, start=1)]
