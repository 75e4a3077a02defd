"""Tables in Markdown: what would be a mark in it is escaped."""

from __future__ import annotations

import re

from training.tables import Table, in_markdown


def test_cells_show_what_they_hold() -> None:
    marks = "*x* _y_ `z` [l](u) ~~d~~"
    rows = (("a|b", "<persona> &lt; # 1 $x$"), (marks, "back\\slash"), ("two\nlines", ""))
    table = Table("name", "caption", ("model", "n = 1"), rows)
    header, rule, *lines = table.markdown().splitlines()
    assert header == "| model | n = 1 |"
    assert rule == "|---|---|"
    shown = []
    for line in lines:
        cells = re.split(r"(?<!\\)\|", line)[1:-1]
        assert len(cells) == 2
        assert not re.search(r"(?<!\\)[<>*_`\[\]~#&$]", line)
        shown.append(tuple(re.sub(r"\\(.)", r"\1", cell.strip()) for cell in cells))
    assert shown == [*rows[:2], ("two lines", "")]


def test_plain_words_stay_as_they_are() -> None:
    assert in_markdown("B-2 of 31.8 ± 0.2 [29.4, 33.9]") == r"B-2 of 31.8 ± 0.2 \[29.4, 33.9\]"
    assert in_markdown("It's (said), and so on...") == "It's (said), and so on..."
