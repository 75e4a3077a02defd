"""Charts as SVG, the same file from the same figures, on machines without a screen."""

from __future__ import annotations

import html
import io
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure


def new_chart(panels: int = 1, *, width: float = 6, height: float = 4) -> tuple[Figure, list[Any]]:
    """Return a figure, its size in inches, and the axes of its panels, which stand side by side."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(1, panels, squeeze=False)[0])


def as_svg(figure: Figure) -> str:
    """Return the picture."""
    drawn = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "pal"}):  # else each run would name its parts anew
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()


def named_picture(svg: str, alt: str) -> str:
    """Return a picture named by `alt`, for who cannot see it, without what stands before it in a
    file of its own.
    """
    tag = "<svg"
    picture = svg[svg.index(tag) + len(tag) :]
    return f'{tag} role="img" aria-label="{html.escape(alt)}"{picture}'
