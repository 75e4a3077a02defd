"""The whole turn over REST, alone and in company: `python -m tests.benchmarks.bench_turn`.

Starts the bot as `make serve` does, on free ports and with a data folder of its own, and talks to
it as a client does: through Rasa, the action server and the model.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any

import httpx
from tqdm import tqdm

from pal_model.embedded import default_home, prepare_embedded_model
from tests.benchmarks.report import CHECKOUT, described, environment, save, table, verdict
from tests.benchmarks.samples import read_samples
from training.replay import replay
from training.replay_checks import Transcript, Turn, percentile
from training.webhook import Webhook

PYTHON = CHECKOUT / "rasa_bot" / ".venv" / "bin" / "python"
LAUNCH = CHECKOUT / "rasa_bot" / "launch.py"
TARGET_P95 = 3.0
ALONE = "alone"

_START_SECONDS = 300.0
_STOP_SECONDS = 60.0
_TURN_SECONDS = 330.0

LEGEND = """\
A turn: from posting a message until all of its reply is there, the embedded model behind it.
"alone": one seeker, conversation after conversation; the first turn of each starts a session and
greets. "together": the seekers write at the same time, each the next message when the last one is
answered. An apology for a turn that took too long counts as unanswered; its time counts. "the
model's": the turns that it wrote to, also where a fixed sentence of the strategy stood in; the
others got fixed words, for instance where the screen heard danger, which takes no time.
"""


class Server:
    """The bot as a process of its own, with an empty memory and the given converted models."""

    def __init__(self, folder: Path, models: Path) -> None:
        """Start it; `wait_until_ready` waits."""
        home = folder / "home"
        home.mkdir()
        (home / "models").symlink_to(models)
        rasa_port, actions_port = _free_ports(2)
        self.address = f"http://127.0.0.1:{rasa_port}"
        self._output = folder / "output"
        self._started = time.perf_counter()
        settings = {
            "PAL_HOME": str(home),
            "PAL_TRACKER_DB": str(home / "tracker.db"),
            "RASA_HOST": "127.0.0.1",
            "RASA_PORT": str(rasa_port),
            "ACTIONS_HOST": "127.0.0.1",
            "ACTIONS_PORT": str(actions_port),
        }
        with self._output.open("wb") as sink:
            self._process = subprocess.Popen(
                [PYTHON, LAUNCH, "serve"],
                env=os.environ | settings,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                # A session of its own: Ctrl-C is for this process, which then stops that one.
                start_new_session=True,
            )

    def wait_until_ready(self) -> float:
        """Return the seconds that the start took."""
        while "Ready:" not in self.printed():
            seconds = time.perf_counter() - self._started
            if self._process.poll() is not None or seconds > _START_SECONDS:
                raise SystemExit(f"The bot did not start. It printed:\n{self.printed()}")
            time.sleep(0.1)
        return time.perf_counter() - self._started

    def printed(self) -> str:
        """Everything on standard output and error so far."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> int:
        """Ask it to stop; return its exit status."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    """A bot, stopped in any case at the end."""
    models = prepare_embedded_model(default_home()).parent
    with tempfile.TemporaryDirectory(prefix="pal-bench-") as folder:
        server = Server(Path(folder), models)
        try:
            yield server
        finally:
            status = server.stop()
            complaints = len(_complaints(server.printed()))
            print(f"stopped with exit status {status}; warnings and errors logged: {complaints}")


def _free_ports(count: int) -> list[int]:
    """Ports that nobody uses; all are held until all are known, so that they differ."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def _complaints(printed: str) -> list[str]:
    marks = (" WARNING ", " ERROR ", "level=warning", "level=error", "Traceback")
    return [line for line in printed.splitlines() if any(mark in line for mark in marks)]


# --- What is said ---------------------------------------------------------------------------------


def scripts_alone(turns: int) -> list[list[str]]:
    """Whole conversations, as many as it takes to have `turns` seeker turns or more."""
    samples = cycle(read_samples())
    chosen: list[list[str]] = []
    while sum(map(len, chosen)) < turns:
        chosen.append(list(next(samples).conversation.seeker_utterances))
    return chosen


def scripts_together(seekers: int, turns: int) -> list[list[str]]:
    """For each seeker `turns` messages: a conversation, and what it takes of the next ones."""
    said = [sample.conversation.seeker_utterances for sample in read_samples()]
    return [
        list(islice(chain.from_iterable(islice(cycle(said), first, None)), turns))
        for first in range(seekers)
    ]


async def hold(address: str, scripts: Sequence[list[str]], together: int) -> list[Transcript]:
    """Say all that is in the scripts, so many of them at the same time."""
    # `replay` makes senders of its own, so no conversation goes on in another one.
    async with httpx.AsyncClient(timeout=_TURN_SECONDS, trust_env=False) as client:
        with tqdm(total=sum(map(len, scripts)), unit="turn", file=sys.stderr) as progress:
            return await replay(
                Webhook(client, address),
                list(enumerate(scripts)),
                interleave=together,
                on_turn=progress.update,
            )


def summed_up(
    name: str, transcripts: Sequence[Transcript], elapsed: float
) -> Iterator[dict[str, Any]]:
    """The numbers of one way of talking: of all turns, then of those that the model worked on."""
    turns = [turn for transcript in transcripts for turn in transcript.turns]
    of_the_model = [turn for turn in turns if turn.generated is not None]
    for title, some in ((name, turns), (f"{name}, the model's", of_the_model)):
        if some:
            yield _numbers(title, some, elapsed)


def _numbers(name: str, turns: Sequence[Turn], elapsed: float) -> dict[str, Any]:
    seconds = [turn.seconds for turn in turns]
    return {
        "name": name,
        "turns": len(turns),
        "p50": percentile(seconds, 0.5),
        "p95": percentile(seconds, 0.95),
        "max": max(seconds),
        "turns_per_second": len(turns) / elapsed,
        "unanswered": sum(not turn.answered for turn in turns),
        "generated": sum(turn.generated is True for turn in turns),
        "seconds": seconds,
    }


# --- Command line ---------------------------------------------------------------------------------


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_turn")
    parser.add_argument("--turns-alone", type=int, default=40, help="at least so many")
    parser.add_argument("--seekers", type=int, default=8, help="that talk together")
    parser.add_argument("--turns-together", type=int, default=10, help="of each of them")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, save."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # or the bot would outlive this
    options = build_parser().parse_args(arguments)
    facts = environment() | {
        name: os.environ.get(name, "default")
        for name in ("PAL_MODEL", "PAL_DTYPE", "PAL_THREADS", "PAL_CANDIDATES")
    }
    ways = {
        ALONE: (scripts_alone(options.turns_alone), 1),
        f"{options.seekers} together": (
            scripts_together(options.seekers, options.turns_together),
            options.seekers,
        ),
    }
    with running_server() as server:
        facts["start_seconds"] = round(server.wait_until_ready(), 1)
        print("\n".join((*described(facts), "", LEGEND)), flush=True)
        asyncio.run(hold(server.address, [["Hello"]], 1))  # warms up
        results = []
        for name, (scripts, together) in ways.items():
            started = time.perf_counter()
            transcripts = asyncio.run(hold(server.address, scripts, together))
            results += summed_up(name, transcripts, time.perf_counter() - started)
    print("\n".join(_lines(results)))
    print(f"kept in {save('turn', {'environment': facts, 'results': results})}")
    return 0


def _lines(results: Sequence[dict[str, Any]]) -> Iterator[str]:
    counts = ("turns", "unanswered", "generated")
    times = ("p50", "p95", "max", "turns_per_second")
    header = ("seconds a turn", *times[:3], "turns/s", *counts)
    rows = [
        [r["name"], *(f"{r[key]:.2f}" for key in times), *(str(r[key]) for key in counts)]
        for r in results
    ]
    yield from table(header, rows)
    alone = [result for result in results if result["name"].startswith(ALONE)][-1]
    met = verdict(alone["p95"] < TARGET_P95, f"< {TARGET_P95:.0f} s")
    yield f"p95 {alone['name']}: {alone['p95']:.2f} s, {met}"


if __name__ == "__main__":
    sys.exit(main())
