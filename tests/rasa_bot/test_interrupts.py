from __future__ import annotations

import os
import signal
import time

import pytest

from rasa_bot.launcher.interrupts import heard_in_any_case


class Interrupted:
    """Gets a signal while it is destroyed, where Python ignores what is raised."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __del__(self) -> None:
        os.kill(os.getpid(), self._number)
        time.sleep(0.05)


def wait_after_an_ignored(number: int) -> None:
    thing = Interrupted(number)
    del thing
    time.sleep(5)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_that_python_ignores_is_raised_again(number: int) -> None:
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    with pytest.raises(KeyboardInterrupt), heard_in_any_case():
        wait_after_an_ignored(number)
    assert {n: signal.getsignal(n) for n in before} == before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_without_an_interrupt_nothing_happens_and_nothing_stays() -> None:
    before = signal.getsignal(signal.SIGINT)
    with heard_in_any_case():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_that_was_to_be_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with heard_in_any_case():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
