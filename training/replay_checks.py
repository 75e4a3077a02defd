"""What a replayed conversation must look like, and how a replay is summed up.

Nothing here quotes what was said: findings name conversations and turns, the words stay in the
transcripts.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pal_model.persona import Persona, normal_form

MOST_REPEATS = 2
"""How often a reply may be said in one conversation."""

_SHOWN_FINDINGS = 5
_NO_RISK = (None, "none")

_SMALL_WORDS = """
a about am an and any are as at be because been being but by can cannot cant could did didnt do
does doesnt dont for from get going got had has have havent how i id if ill im in is isnt it its
ive just kind like me my no not of on or our really so than that the their them then there these
they this those to too up us very want was wasnt we were what when which who will with wont would
"""
_FUNCTION_WORDS = frozenset(_SMALL_WORDS.split())
"""What a rewritten persona sentence may bring along: pronouns, auxiliaries, what contractions stand
for. Every other word has to be the seeker's own."""

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Turn:
    """A seeker's message and what came back.

    Attributes:
        seeker: what was sent.
        replies: the texts that came back.
        seconds: from sending the message to having the whole answer.
        answered: whether PAL itself replied; a greeting or an apology for a failure is no answer.
        strategy, alpha, generated: how the reply was made; None where the words were fixed.
        risk: the level that fixed words were given for; None on a generated reply.
        persona_used: what the model saw of the seeker in this turn.
        persona_known: every sentence that was used in this turn or an earlier one.
        error: why there is no usable answer, if there is none.
    """

    seeker: str
    replies: tuple[str, ...]
    seconds: float
    answered: bool = False
    strategy: str | None = None
    alpha: float | None = None
    generated: bool | None = None
    risk: str | None = None
    persona_used: tuple[str, ...] = ()
    persona_known: tuple[str, ...] = ()
    error: str | None = None

    @property
    def is_crisis(self) -> bool:
        """Whether fixed crisis words were said: PAL's note on them names a risk (`pal.risk`)."""
        return self.risk not in _NO_RISK


@dataclass(frozen=True, slots=True)
class Transcript:
    """One replayed conversation; `conversation` is its index in the corpus file."""

    conversation: int
    sender: str
    started_at: str
    turns: tuple[Turn, ...]

    @property
    def persona(self) -> tuple[str, ...]:
        """What was known about the seeker at the end."""
        return self.turns[-1].persona_known if self.turns else ()


def turn_from_messages(
    seeker: str,
    messages: Sequence[Mapping[str, Any]],
    seconds: float,
    known: Sequence[str] = (),
) -> Turn:
    """Return the turn that a REST answer makes, after turns that told `known`."""
    notes = [note for note in map(_note, messages) if note and not note.get("service")]
    latest: Mapping[str, Any] = notes[-1] if notes else {}
    used = tuple(latest.get("persona") or ())
    return Turn(
        seeker=seeker,
        replies=tuple(str(message.get("text", "")) for message in messages),
        seconds=seconds,
        answered=bool(notes),
        strategy=latest.get("strategy"),
        alpha=latest.get("alpha"),
        generated=latest.get("generated"),
        risk=latest.get("risk"),
        persona_used=used,
        persona_known=Persona.of(known).merge(used).sentences,
    )


def _note(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what PAL noted on a message; empty where it is not PAL's own."""
    metadata = message.get("metadata")
    note = metadata.get("pal") if isinstance(metadata, Mapping) else None
    return note if isinstance(note, Mapping) else {}


# --- Checks: each yields what it finds wrong ------------------------------------------------------


def unanswered(transcripts: Sequence[Transcript]) -> Iterator[str]:
    """Find turns without a reply of PAL's own."""
    for transcript, number, turn in _numbered(transcripts):
        if not turn.answered:
            reason = (
                turn.error or "only a greeting or an apology came back (no note in metadata.pal)"
            )
            yield f"{_place(transcript, number)}: {reason}"


def empty_replies(transcripts: Sequence[Transcript]) -> Iterator[str]:
    """Find replies without a word."""
    for transcript, number, turn in _numbered(transcripts):
        if any(not reply.strip() for reply in turn.replies):
            yield _place(transcript, number)


def repeated_replies(transcripts: Sequence[Transcript]) -> Iterator[str]:
    """Find replies said more than `MOST_REPEATS` times; crisis words are meant to be the same."""
    for transcript in transcripts:
        said = Counter(
            normal_form(reply)
            for turn in transcript.turns
            if not turn.is_crisis
            for reply in turn.replies
        )
        for times in said.values():
            if times > MOST_REPEATS:
                yield f"conversation {transcript.conversation}: a reply said {times} times"


def shrunk_personas(transcripts: Sequence[Transcript]) -> Iterator[str]:
    """Find turns whose persona lacks a sentence that an earlier turn of the conversation had."""
    for transcript, number, turn in _numbered(transcripts):
        # Fixed words are given without looking at the persona; their note names none.
        if turn.generated is None:
            continue
        missing = _forms(turn.persona_known) - _forms(turn.persona_used)
        if missing:
            yield f"{_place(transcript, number)}: {len(missing)} sentences gone"


def shared_personas(transcripts: Sequence[Transcript]) -> Iterator[str]:
    """Find persona sentences that two conversations share without both seekers having said so."""
    for first, second in combinations(transcripts, 2):
        for form in _forms(first.persona) & _forms(second.persona):
            for transcript in (first, second):
                if not _content_words(form) <= _words_of_seeker(transcript):
                    yield (
                        f"conversations {first.conversation} and {second.conversation} share a "
                        f"sentence whose words the seeker of {transcript.conversation} never used"
                    )


CHECKS: Mapping[str, Callable[[Sequence[Transcript]], Iterator[str]]] = {
    "every turn answered": unanswered,
    "no empty reply": empty_replies,
    f"no reply said more than {MOST_REPEATS} times (crisis words excepted)": repeated_replies,
    "no persona shrinks": shrunk_personas,
    "no persona sentence from another conversation": shared_personas,
}


def run_checks(transcripts: Sequence[Transcript]) -> dict[str, list[str]]:
    """Return what each check found, by the check's name; a replay without turns fails them all."""
    if not any(transcript.turns for transcript in transcripts):
        return {name: ["nothing was replayed"] for name in CHECKS}
    return {name: list(check(transcripts)) for name, check in CHECKS.items()}


def _numbered(transcripts: Sequence[Transcript]) -> Iterator[tuple[Transcript, int, Turn]]:
    for transcript in transcripts:
        for number, turn in enumerate(transcript.turns, start=1):
            yield transcript, number, turn


def _place(transcript: Transcript, number: int) -> str:
    return f"conversation {transcript.conversation}, turn {number}"


def _forms(persona: Sequence[str]) -> set[str]:
    return {normal_form(sentence) for sentence in persona}


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold().replace("'", "").replace("’", "")))


def _content_words(text: str) -> set[str]:
    return _words(text) - _FUNCTION_WORDS


def _words_of_seeker(transcript: Transcript) -> set[str]:
    return {word for turn in transcript.turns for word in _words(turn.seeker)}


# --- Summary --------------------------------------------------------------------------------------


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of `values` that at least `share` of them do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def summary(transcripts: Sequence[Transcript]) -> Iterator[str]:
    """Yield the lines that describe a replay: amounts, times, strategies, personas."""
    turns = [turn for transcript in transcripts for turn in transcript.turns]
    yield f"{len(transcripts)} conversations, {len(turns)} turns"
    if not turns:
        return
    seconds = [turn.seconds for turn in turns]
    yield (
        f"seconds a turn: p50 {percentile(seconds, 0.5):.2f}, p95 {percentile(seconds, 0.95):.2f}, "
        f"max {max(seconds):.2f}"
    )
    written = [turn.generated for turn in turns if turn.generated is not None]
    share = f"{sum(written) / len(written):.1%}" if written else "none"
    yield f"replies of a strategy: {len(written)}, of which the model wrote {share}"
    counts = Counter(turn.strategy for turn in turns if turn.strategy)
    yield "strategies: " + (", ".join(f"{s} {n}" for s, n in counts.most_common()) or "none")
    crises = sum(turn.is_crisis for turn in turns)
    others = sum(turn.answered and turn.generated is None and not turn.is_crisis for turn in turns)
    yield f"fixed words: {crises} crisis, {others} other"
    sizes = [len(transcript.persona) for transcript in transcripts]
    yield (
        f"persona sentences at the end: {sum(sizes) / len(sizes):.1f} a conversation, "
        f"{sum(size > 0 for size in sizes)} of {len(sizes)} conversations have one or more"
    )


def check_lines(findings: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield a line for each check, and below a failed one the first of its findings."""
    for name, found in findings.items():
        yield f"{'FAILED' if found else 'passed'}  {name}" + (f" ({len(found)})" if found else "")
        yield from (f"        {finding}" for finding in found[:_SHOWN_FINDINGS])
        if len(found) > _SHOWN_FINDINGS:
            yield f"        and {len(found) - _SHOWN_FINDINGS} more"
