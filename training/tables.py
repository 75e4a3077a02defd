"""Tables as they are shown, and text as Markdown shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARKS = re.compile(r"([\\`*_\[\]<>|~#&$])")


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as they are shown.

    Attributes:
        name: such as it may stand in an address.
        caption: what the table is of.
        header: of each column.
        rows: each of them begins with what it is of.
    """

    name: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """Return the table in Markdown, without its caption."""
        lines = [self.header, *self.rows]
        header, *rows = (f"| {' | '.join(map(in_markdown, line))} |" for line in lines)
        return "\n".join([header, "|" + "---|" * len(self.header), *rows])


def in_markdown(text: str) -> str:
    """Return `text` on one line, such that Markdown shows it as it is."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
