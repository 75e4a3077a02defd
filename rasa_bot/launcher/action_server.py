"""The action server as a child process: started, awaited, watched, stopped."""

from __future__ import annotations

import collections
import contextlib
import ctypes
import http.client
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

from rasa_bot.launcher import say
from rasa_bot.launcher.environment import Settings
from rasa_bot.launcher.errors import LaunchError

if TYPE_CHECKING:
    from typing_extensions import Self

logger = logging.getLogger(__name__)

_POLL_SECONDS = 0.1
_REMIND_SECONDS = 15.0
_STOP_SECONDS = 30.0  # longer than the action server takes to end its open turns
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # between restarts; doubles while it keeps dying
_STABLE_SECONDS = 60.0  # a life this long makes the next pause short again
_LAST_OUTPUT_CHUNKS = 8

try:  # Linux: the kernel stops the child should this process be killed outright
    _prctl = ctypes.CDLL(None).prctl
except (OSError, AttributeError):
    _prctl = None
_PR_SET_PDEATHSIG = 1


class ActionServer:
    """Runs the action server while a `with` block lasts, and starts it again when it dies.

    The child has a session of its own, so Ctrl-C reaches this process only, which stops Rasa
    first and the child last. A thread starts and watches it: the kernel's promise to end the
    child with its parent is bound to the thread that started it.
    """

    def __init__(self, settings: Settings, log: Path | None = None) -> None:
        """Prepares; once the child is ready its output goes to `log` (None: standard error)."""
        self._settings = settings
        self._log = log
        self._sink: IO[bytes] = sys.stderr.buffer
        self._output: collections.deque[bytes] = collections.deque(maxlen=_LAST_OUTPUT_CHUNKS)
        self._process: subprocess.Popen | None = None
        self._was_ready = False
        self._stopping = threading.Event()
        self._failure: str | None = None
        self._watcher = threading.Thread(target=self._watch, name="action-server", daemon=True)

    def __enter__(self) -> Self:
        """Starts the child and returns at once."""
        say.progress("Starting PAL ...")
        self._watcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops the child: gently, and by force where that takes too long or is asked for."""
        self._stopping.set()
        with contextlib.suppress(KeyboardInterrupt):
            self._watcher.join(_STOP_SECONDS)
        self._signal(signal.SIGKILL)
        self._watcher.join(_STOP_SECONDS)

    def wait_until_ready(self) -> None:
        """Returns when the action server can reply; raises `LaunchError` when it never will."""
        started = reminded = time.monotonic()
        while not self._is_ready():
            if self._failure:
                raise LaunchError(self._failure)
            if time.monotonic() - reminded > _REMIND_SECONDS:
                reminded = time.monotonic()
                self._end_line()
                say.progress(f"Still loading the language model ({reminded - started:.0f} s) ...")
            time.sleep(_POLL_SECONDS)
        self._was_ready = True
        if self._log:
            self._sink = self._log.open("wb", buffering=0)

    def _end_line(self) -> None:
        """Where the child is drawing a progress bar, our words go below it."""
        if self._output and not self._output[-1].endswith(b"\n"):
            say.progress("")

    def _is_ready(self) -> bool:
        """Asks /ready; raises `LaunchError` where the server lives but could not load."""
        settings = self._settings
        connection = http.client.HTTPConnection(
            settings.actions_host, settings.actions_port, timeout=5
        )
        try:
            connection.request("GET", "/ready")
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        if response.status != 200:
            _raise_if_failed(body)
        return response.status == 200

    def _watch(self) -> None:
        """Keeps one child running until told to stop. The watcher thread's whole life."""
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            status = self._run_once()
            if self._stopping.is_set():
                return
            if not self._was_ready:
                self._failure = self._why_it_failed(status)
                return
            pause = _FIRST_PAUSE if time.monotonic() - began > _STABLE_SECONDS else pause
            logger.warning(
                "The action server stopped (status %s); starting it again in %.0f s.", status, pause
            )
            self._stopping.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _run_once(self) -> int | None:
        """Starts the child and waits for its end; None where it could not be started."""
        try:
            self._process = process = subprocess.Popen(
                self._settings.actions_command,
                cwd=self._settings.checkout,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        except OSError as error:
            self._output.append(f"{error.strerror}: {error.filename}".encode())
            return None
        reader = threading.Thread(target=self._relay, args=(process.stdout,), daemon=True)
        reader.start()
        asked_at: float | None = None
        while process.poll() is None:
            if self._stopping.is_set() and asked_at is None:
                asked_at = time.monotonic()
                self._signal(signal.SIGTERM)
            time.sleep(_POLL_SECONDS)
        reader.join(1.0)
        return process.returncode

    def _relay(self, output: IO[bytes]) -> None:
        """Shows the child's output as it comes, and remembers its end."""
        while True:
            chunk = os.read(output.fileno(), 4096)
            if not chunk:
                return
            self._output.append(chunk)
            with contextlib.suppress(OSError):  # the child must go on where nobody can read
                self._sink.write(chunk)
                self._sink.flush()

    def _signal(self, number: int) -> None:
        """Signals the child and whatever it started."""
        process = self._process
        if process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)

    def _why_it_failed(self, status: int | None) -> str:
        command = self._settings.actions_command
        if status is None:
            reason = b"".join(self._output).decode("utf-8", "replace")
            return (
                f"the action server could not be started: {reason}. Its environment is made by "
                "`make` (see README.md), or PAL_ACTIONS_COMMAND names another command."
            )
        said = "its last words are above" if self._output else "it said nothing"
        return (
            f"the action server ended with status {status} before it was ready; {said}. "
            f"The command was: {' '.join(command)}"
        )


def _raise_if_failed(body: bytes) -> None:
    """For a server that says {"status": "failed", "reason": ...} instead of "loading"."""
    with contextlib.suppress(ValueError, AttributeError):
        answer = json.loads(body)
        if answer.get("status") == "failed":
            raise LaunchError(f"the action server cannot load its model: {answer.get('reason')}")


def _end_with_parent() -> None:
    """In the child, before it becomes the action server."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
