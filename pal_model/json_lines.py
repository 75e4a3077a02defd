"""JSON lines in, JSON lines out: one conversation a line, one result or one error each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pal_model.conversation import Conversation, conversation_from_record
from pal_model.errors import InvalidConversationError, PalError
from pal_model.persona import Persona


@dataclass(frozen=True, slots=True)
class InputRecord:
    """One line of input; `persona` is None where the line gives none."""

    line_number: int
    conversation: Conversation
    persona: Persona | None


@dataclass(frozen=True, slots=True)
class LineError:
    """A line that could not be used, and why."""

    line_number: int
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Return the error object that stands in the output in place of a result."""
        return {"error": self.reason, "line": self.line_number}


def read_records(lines: Iterable[bytes]) -> Iterator[InputRecord | LineError]:
    """Read one conversation a line (ESConv's layout); blank lines are passed over."""
    for line_number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _record(line_number, line)
        except PalError as error:
            yield LineError(line_number, str(error))


def process(
    records: Iterable[InputRecord | LineError],
    work: Callable[[Sequence[InputRecord]], Sequence[dict[str, Any]]],
    batch_size: int,
) -> Iterator[dict[str, Any] | LineError]:
    """Yield a result or an error for each record, in their order; `work` gets the good ones."""
    remaining = iter(records)
    while batch := list(islice(remaining, batch_size)):
        good = [record for record in batch if isinstance(record, InputRecord)]
        results = iter(_results(good, work)) if good else iter(())
        for record in batch:
            yield record if isinstance(record, LineError) else next(results)


def _results(
    records: Sequence[InputRecord],
    work: Callable[[Sequence[InputRecord]], Sequence[dict[str, Any]]],
) -> Iterator[dict[str, Any] | LineError]:
    try:
        yield from work(records)
    except PalError as error:
        for record in records:
            yield LineError(record.line_number, str(error))


def _record(line_number: int, line: bytes) -> InputRecord:
    try:
        record = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidConversationError(
            f"The line is not UTF-8 (byte {error.start}); save the file as UTF-8."
        ) from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise InvalidConversationError(f"The line is not JSON: {error}.") from None
    conversation = conversation_from_record(record)
    return InputRecord(line_number, conversation, _persona(record.get("persona")))


def _persona(value: Any) -> Persona | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidConversationError(
            f"'persona' must be a list of sentences or absent, got {type(value).__name__}."
        )
    return Persona.of(value)
