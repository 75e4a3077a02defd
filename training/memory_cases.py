"""Cases of what should be remembered of a seeker, and whether it is.

A case is a script of messages, of sessions that begin, and of checks of what is known by then;
`memory_cases.yaml` describes the layout and holds the project's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import yaml
from scipy import stats

from pal_model import PalError

CASES_FILE = Path(__file__).with_suffix(".yaml")

Kind = Literal["extraction", "update", "contradiction", "forgetting", "abstention"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Rule = Literal["known", "once", "unknown", "unsaid", "nothing"]
_WITH_PATTERN = ("known", "once", "unknown", "unsaid")


class MemoryCaseError(PalError):
    """A file of cases that cannot be used."""


class Memory(Protocol):
    """Whose memory is examined: one seeker's, of one bot.

    Attributes:
        speaks: its answers are a bot's own, so that "unsaid" can be checked.
    """

    speaks: bool

    async def begin_session(self) -> None:
        """Begin another session of the same seeker."""

    async def say(self, text: str) -> Sequence[str]:
        """Say something as the seeker; return what the bot answers."""

    async def known(self) -> Sequence[str]:
        """Return the sentences that are known of the seeker now."""


@dataclass(frozen=True, slots=True)
class Say:
    """The seeker says something."""

    text: str


@dataclass(frozen=True, slots=True)
class BeginSession:
    """The seeker comes back another time."""


@dataclass(frozen=True, slots=True)
class Check:
    """What must be so by then.

    Attributes:
        rule: "known": a sentence matches; "once": exactly one does; "unknown": none does;
            "nothing": there are no sentences; "unsaid": no answer of this session matches.
        pattern: a regular expression, for all but "nothing".
    """

    rule: Rule
    pattern: str

    def holds(self, known: Sequence[str], answers: Sequence[str]) -> bool:
        """Return whether it is so.

        Args:
            known: sentences about the seeker.
            answers: of the bot in this session.
        """
        among = answers if self.rule == "unsaid" else known
        matching = sum(bool(re.search(self.pattern, one, re.IGNORECASE)) for one in among)
        if self.rule == "known":
            return matching > 0
        return matching == 1 if self.rule == "once" else matching == 0


Step = Say | BeginSession | Check


@dataclass(frozen=True, slots=True)
class Case:
    """One seeker's script."""

    name: str
    kind: Kind
    script: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case.

    Attributes:
        case: the case.
        checks: each check of it, and whether it held.
        known: the sentences at its end.
    """

    case: Case
    checks: tuple[tuple[Check, bool], ...]
    known: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every check held; of none there is nothing to say (see `table`)."""
        return all(held for _, held in self.checks)


def read_cases(path: Path = CASES_FILE) -> list[Case]:
    """Return the cases of a file.

    Raises:
        MemoryCaseError: it is missing, no YAML, or a case is malformed; the message says which.
    """
    try:
        records = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MemoryCaseError(f"Cannot read {path}: {error}.") from error
    if not isinstance(records, list):
        raise MemoryCaseError(f"{path} holds a {type(records).__name__}; cases are a list.")
    cases = []
    for number, record in enumerate(records, start=1):
        try:
            cases.append(_case(record))
        except (KeyError, TypeError, ValueError, re.error) as error:
            missing = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
            raise MemoryCaseError(f"{path}, case {number}: {missing}.") from error
    return cases


def _case(record: Any) -> Case:
    if not isinstance(record, dict):
        raise ValueError(f"it is {record!r}; a case has name, kind and script")
    if record["kind"] not in KINDS:
        raise ValueError(f"kind is {record['kind']!r}; it must be one of {', '.join(KINDS)}")
    script = tuple(map(_step, record["script"]))
    if not any(isinstance(step, Check) for step in script):
        raise ValueError("nothing is checked")
    return Case(str(record["name"]), record["kind"], script)


def _step(step: Any) -> Step:
    if isinstance(step, str):
        return Say(step)
    if isinstance(step, dict) and len(step) == 1:
        [(rule, value)] = step.items()
        if (rule, value) == ("session", "new"):
            return BeginSession()
        if (rule, value) == ("nothing", True):
            return Check("nothing", "")
        if rule in _WITH_PATTERN and isinstance(value, str):
            re.compile(value)
            return Check(rule, value)
    raise ValueError(
        f"a step is {step!r}; it must be a message, 'session: new', 'nothing: true', or one of "
        f"{', '.join(_WITH_PATTERN)} with a pattern in text"
    )


async def examine(case: Case, memory: Memory) -> Outcome:
    """Play a script to a memory that knows nothing yet; of one that does not speak, "unsaid" is no
    check.
    """
    answers: list[str] = []
    checks: list[tuple[Check, bool]] = []
    for step in case.script:
        if isinstance(step, Say):
            answers += await memory.say(step.text)
        elif isinstance(step, BeginSession):
            await memory.begin_session()
            answers = []
        elif step.rule != "unsaid" or memory.speaks:
            checks.append((step, step.holds(await memory.known(), answers)))
    return Outcome(case, tuple(checks), tuple(await memory.known()))


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield, in Markdown, how many cases passed, and how many checks held, of each kind. Cases
    without a check that could fail are left out.
    """
    yield "| kind | cases passed | share, 95 % interval | checks held |"
    yield "|---|---|---|---|"
    for kind in (*KINDS, None):
        of_kind = [one for one in outcomes if one.checks and kind in (one.case.kind, None)]
        if not of_kind:
            continue
        passed = sum(one.passed for one in of_kind)
        held = [held for one in of_kind for _, held in one.checks]
        low, high = stats.binomtest(passed, len(of_kind)).proportion_ci(method="wilson")
        yield (
            f"| {kind or 'all'} | {passed} of {len(of_kind)} | {passed / len(of_kind):.2f} "
            f"[{low:.2f}, {high:.2f}] | {sum(held)} of {len(held)} |"
        )
