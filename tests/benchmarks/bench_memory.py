"""What the bot remembers, and how long it takes: `python -m tests.benchmarks.bench_memory`.

Plays the scripts of `training/memory_cases.yaml` to the actions, over real sessions, with the
memory's rules and without; and times a turn's facts among 1,000 seekers of 100 facts each.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from tqdm import tqdm

from actions.memory.cipher import FieldCipher, new_key
from actions.memory.embedder import Embedder
from actions.memory.facts import Change
from actions.memory.known import SeekerMemory
from actions.memory.lifecycle import changes
from actions.memory.relevance import relevant
from actions.memory.store import PersonaStore
from actions.supporter import Supporter
from pal_model import PersonaExtractor
from pal_model.embedded import default_home
from pal_model.persona_extractor import load_persona_extractor
from tests.actions.fakes import FakeGenerator, settings
from tests.actions.memory.seeker import Seeker
from tests.benchmarks.report import Spread, described, environment, save, table, verdict
from training.evaluate_memory import examine_extractor, failures
from training.memory_cases import Case, Outcome, examine, read_cases
from training.memory_cases import table as table_of

LIFETIME = timedelta(days=90)
SEEKERS, FACTS = (10, 100, 1_000), 100
TURNS = 40
_TOPICS = (
    "sister",
    "garden",
    "boss",
    "piano",
    "knee",
    "flat",
    "neighbour",
    "school",
    "car",
    "sleep",
)
_SAYINGS = (
    "My {0} keeps me busy on day {1}.",
    "I worry about my {0} since week {1}.",
    "I talked about my {0} with {1} people.",
)


class Acted:
    """The memory of a seeker who talks to the actions, and agreed to be remembered; what answers
    is no model.
    """

    speaks = False

    def __init__(self, seeker: Seeker) -> None:
        self._seeker = seeker

    async def begin_session(self) -> None:
        await self._seeker.session()

    async def say(self, text: str) -> Sequence[str]:
        intent = self._intent(text)
        if intent == "chat":
            return [await self._seeker.say(text)]
        return [await self._seeker.ask(intent, text)]

    async def known(self) -> Sequence[str]:
        return await self._seeker.known()

    def _intent(self, text: str) -> str:
        """As the router of the bot has it: these are all that the scripts use."""
        plain = text.lower().strip(" .!")
        if plain in ("/forget_me", "please forget everything about me"):
            return "forget_me"
        return (
            "change_fact" if plain.startswith(("please forget that i", "forget what i")) else "chat"
        )


async def acted(
    cases: Sequence[Case], extractor: PersonaExtractor, store: PersonaStore
) -> list[Outcome]:
    """Play all cases to the actions, each to a seeker of its own."""
    memory = SeekerMemory(store, Embedder(), LIFETIME)
    supporter = Supporter(settings(), lambda _: FakeGenerator(), extractor)  # type: ignore[arg-type,return-value]
    supporter.start()
    outcomes = []
    for number, case in enumerate(tqdm(cases, desc="cases", file=sys.stderr)):
        seeker = Seeker(f"seeker-{number}", memory, supporter)
        await seeker.session()
        await seeker.ask("remember_me")
        outcomes.append(await examine(case, Acted(seeker)))
    await supporter.stop()
    return outcomes


async def fill(store: PersonaStore, seekers: int) -> list[str]:
    """Keep `FACTS` facts of each seeker; return who they are."""
    names = [store.seeker_id("rest", f"seeker-{number}") for number in range(seekers)]
    sentences = [_SAYINGS[n % 3].format(_TOPICS[n % len(_TOPICS)], n // 3) for n in range(FACTS)]
    for name in tqdm(names, desc=f"{seekers} seekers", file=sys.stderr):
        await store.consent(name)
        await store.learn(name, "1", lambda _: [Change(sentence) for sentence in sentences])
    return names


async def times(store: PersonaStore, names: Sequence[str]) -> dict[str, Spread]:
    """Time, in milliseconds, what a turn does with a seeker's facts; of `TURNS` seekers."""
    embedder = Embedder()
    step = max(1, len(names) // TURNS)
    found: dict[str, list[float]] = {"read": [], "learn": [], "choose": []}
    for number, name in enumerate((names * TURNS)[: TURNS * step : step]):
        began = time.perf_counter()
        facts = await store.facts(name)
        found["read"].append(time.perf_counter() - began)
        embedder.snapshot([fact.sentence for fact in facts])  # once in a session
        said = f"My knee hurts again, {number} times a day."
        began = time.perf_counter()
        await store.learn(
            name, "2", lambda known, s=said: changes(known, [s], embedder.similarities)
        )  # type: ignore[misc]
        found["learn"].append(time.perf_counter() - began)
        began = time.perf_counter()
        relevant(await store.facts(name), said, embedder.similarities)
        found["choose"].append(time.perf_counter() - began)
    return {what: Spread.of([1000 * one for one in values]) for what, values in found.items()}


async def with_store(url: str, use: Callable[[PersonaStore], Any]) -> Any:
    store = PersonaStore(url, FieldCipher([new_key()]))
    await store.open()
    try:
        return await use(store)
    finally:
        await store.close()


async def measure(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Return the results, and the lines that show them."""
    cases = read_cases()
    results: dict[str, Any] = {}
    lines: list[str] = []
    for name in ("rules", "embedded"):
        extractor = load_persona_extractor(name, home=default_home())
        url = f"sqlite+aiosqlite:///{folder / name}.db"
        ways = {
            "sentences that accumulate (PAL, Table 1)": await examine_extractor(cases, extractor),
            "the bot's memory": await with_store(url, lambda s, e=extractor: acted(cases, e, s)),  # type: ignore[misc]
        }
        for way, outcomes in ways.items():
            lines += ["", f"extractor {name}, {way}", "", *table_of(outcomes), *failures(outcomes)]
            results[f"{name}, {way}"] = sum(one.passed for one in outcomes) / len(outcomes)
    rows = []
    timed: dict[int, dict[str, Spread]] = {}
    for seekers in SEEKERS:
        url = f"sqlite+aiosqlite:///{folder / str(seekers)}.db"

        async def run(store: PersonaStore, count: int = seekers) -> dict[str, Spread]:
            return await times(store, await fill(store, count))

        timed[seekers] = await with_store(url, run)
        rows.append([str(seekers), *(str(spread) for spread in timed[seekers].values())])
    header = ["seekers", "read, ms", "learn a sentence, ms", "read and choose, ms"]
    lines += ["", *table(header, rows)]
    few, many = (timed[SEEKERS[place]]["choose"].median for place in (0, -1))
    lines.append(verdict(many < 1.5 * few, f"flat: {many / few:.2f} times as long among 1,000"))
    results["milliseconds"] = {
        seekers: {what: spread.median for what, spread in of.items()}
        for seekers, of in timed.items()
    }
    return results, lines


def main() -> int:
    """Measure, print, save."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    facts = environment()
    with tempfile.TemporaryDirectory() as folder:
        results, lines = asyncio.run(measure(Path(folder)))
    print("\n".join([*described(facts), *lines]))
    print(save("memory", {"environment": facts, **results}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
