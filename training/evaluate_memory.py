"""What is remembered of a seeker, and what not: `python -m training.evaluate_memory`.

Plays hand-written scripts of one or more sessions, each to a seeker of its own, and checks what is
known by then: facts that were told, that changed, that were wrong, that should be forgotten, and
those that nobody told. With `--url` the memory is that of a running bot (`make serve`), which is
asked to remember and read by /show_persona; a session of Rasa ends by silence alone, so there the
sessions of a script follow each other in one. Without it, the memory is that of an extractor whose
sentences accumulate (PAL, Table 1) and are forgotten by /forget_me. Prints a table in Markdown, and
what failed. `python -m tests.benchmarks.bench_memory` plays the scripts to the actions themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import secrets
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import httpx
from tqdm import tqdm

from pal_model import PalError, Persona, PersonaExtractor
from pal_model.persona_extractor import EMBEDDED_EXTRACTOR, load_persona_extractor
from training.memory_cases import CASES_FILE, Case, Outcome, examine, read_cases, table
from training.webhook import Webhook, WebhookError

_TURN_SECONDS = 120.0
_FORGET = "/forget_me"
_REMEMBER = "/remember_me"
_LISTED = re.compile(r"(?:\d+\.|-) (.+)")
"""A fact in a bot's answer to /show_persona has a line of its own, with a number or a dash."""


class ExtractedMemory:
    """Sentences of an extractor, accumulated."""

    speaks = False

    def __init__(self, extractor: PersonaExtractor) -> None:
        """Know nothing yet."""
        self._extractor = extractor
        self._persona = Persona()

    async def begin_session(self) -> None:
        """Do nothing: what is known stays."""

    async def say(self, text: str) -> Sequence[str]:
        """Add what the message tells; answer nothing."""
        if text == _FORGET:
            self._persona = Persona()
        else:
            self._persona = self._persona.merge(self._extractor.extract([text]))
        return ()

    async def known(self) -> Sequence[str]:
        """Return the sentences so far."""
        return tuple(self._persona)


class ServedMemory:
    """A running bot's."""

    speaks = True

    def __init__(self, webhook: Webhook) -> None:
        """Be somebody whom the bot has never met."""
        self._webhook = webhook
        self._sender = f"memory-{secrets.token_hex(16)}"

    async def begin_session(self) -> None:
        """Do nothing: only silence begins one."""

    async def say(self, text: str) -> Sequence[str]:
        """Send a message.

        Raises:
            WebhookError: it was not answered.
        """
        answer = await self._webhook.say(self._sender, text)
        if answer.error is not None:
            raise WebhookError(f"The bot did not answer ({answer.error}). Is it still running?")
        return tuple(str(message.get("text", "")) for message in answer.messages)

    async def known(self) -> Sequence[str]:
        """Ask for all that is remembered."""
        lines = [line for text in await self.say("/show_persona") for line in text.splitlines()]
        return tuple(match[1] for match in map(_LISTED.fullmatch, lines) if match)

    async def leave(self) -> None:
        """Have everything deleted."""
        await self.say(_FORGET)


async def examine_extractor(cases: Sequence[Case], extractor: PersonaExtractor) -> list[Outcome]:
    """Play all cases to an extractor."""
    return [await examine(c, ExtractedMemory(extractor)) for c in tqdm(cases, file=sys.stderr)]


async def examine_bot(cases: Sequence[Case], url: str) -> list[Outcome]:
    """Play all cases to the bot at `url`, such as http://127.0.0.1:5005.

    Raises:
        WebhookError: no bot is there, or it stops answering.
    """
    outcomes = []
    async with httpx.AsyncClient(timeout=_TURN_SECONDS, trust_env=False) as client:
        webhook = Webhook(client, url)
        await webhook.check()
        for case in tqdm(cases, file=sys.stderr):
            memory = ServedMemory(webhook)
            try:
                await memory.say(_REMEMBER)
                outcomes.append(await examine(case, memory))
            finally:
                await memory.leave()
    return outcomes


def failures(outcomes: Sequence[Outcome]) -> list[str]:
    """Return a line for each check that did not hold."""
    return [
        f"{one.case.kind}, {one.case.name}: {check.rule} {check.pattern}; known: {list(one.known)}"
        for one in outcomes
        for check, held in one.checks
        if not held
    ]


def as_line(outcome: Outcome) -> str:
    """Return a JSON object on a line."""
    checks = [asdict(check) | {"held": held} for check, held in outcome.checks]
    record = {
        "name": outcome.case.name,
        "kind": outcome.case.kind,
        "passed": outcome.passed,
        "checks": checks,
        "known": outcome.known,
    }
    return json.dumps(record, ensure_ascii=False) + "\n"


def build_parser() -> argparse.ArgumentParser:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate_memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    examined = parser.add_mutually_exclusive_group()
    examined.add_argument("--url", help="of a running bot, such as http://127.0.0.1:5005")
    examined.add_argument(
        "--extractor", default=EMBEDDED_EXTRACTOR, help="'embedded', 'rules', a folder, a hub name"
    )
    parser.add_argument("--cases", type=Path, default=CASES_FILE, help="default: the project's")
    parser.add_argument("--output", type=Path, help="JSON lines of what became of each case")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Examine; print the table; return the exit status."""
    options = build_parser().parse_args(arguments)
    try:
        cases = read_cases(options.cases)
        if options.url is None:
            extractor = load_persona_extractor(options.extractor)
            outcomes = asyncio.run(examine_extractor(cases, extractor))
        else:
            outcomes = asyncio.run(examine_bot(cases, options.url))
        if options.output is not None:
            options.output.write_text("".join(map(as_line, outcomes)), encoding="utf-8")
    except (PalError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("\n".join(table(outcomes)))
    for line in failures(outcomes):
        print(f"- {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
