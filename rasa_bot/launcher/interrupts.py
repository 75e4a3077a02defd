"""Ctrl-C while Rasa is imported."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import Any, NoReturn

_AGAIN_SECONDS = 0.2
_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def heard_in_any_case() -> Iterator[None]:
    """Lets no interrupt get lost in here.

    Python ignores what is raised in a destructor or a weak reference's callback, and the thousands
    of imports of Rasa run many of these: a Ctrl-C that hit one had no effect. So it is raised again
    until it gets out of here.
    """

    def interrupt(_signal: int, _frame: Any) -> NoReturn:
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
        raise KeyboardInterrupt

    heard = [number for number in _NUMBERS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in (*heard, signal.SIGALRM)}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
