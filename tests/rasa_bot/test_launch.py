"""The launcher as a program: starting, talking, failing clearly, stopping cleanly."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml_files
from conftest import CHECKOUT, LAUNCH, Running, fetch, free_port

from rasa_bot.launcher.conversation import own_conversation

GREETING = yaml_files.response("utter_greet")


def run(command: str, text: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs the launcher to its end with `text` on standard input."""
    return subprocess.run(
        [sys.executable, str(LAUNCH), command],
        input=text,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, **settings},
    )


def alive(pid: int) -> bool:
    """Whether a process exists and is not waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def listening_addresses(pid: int) -> set[str]:
    """The IPv4 addresses at which a process waits for connections."""
    files = {os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir() if fd.is_symlink()}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in files]
    return {socket.inet_ntoa(bytes.fromhex(a.split(":")[0])[::-1]) for a in listening}


def child_of(running: Running) -> int:
    """The action server's process id."""
    pid = running.process.pid
    children = Path(f"/proc/{pid}/task").glob("*/children")
    (child,) = [int(word) for file in children for word in file.read_text().split()]
    return child


@pytest.fixture(scope="module")
def serving(launch: Callable[..., Running]) -> Running:
    """One `serve` process, started when a test first asks for it."""
    running = launch()
    running.wait_for("Ready:")
    return running


def test_a_piped_conversation_is_answered_and_ends(model: Path, tmp_path: Path) -> None:
    result = run("chat", "hello\n\nmy dog died\n/stop\nunread\n", PAL_TRACKER_DB=f"{tmp_path}/t.db")
    assert result.returncode == 0, result.stderr
    assert result.stdout.split("\n\n") == [
        *GREETING,
        "I hear you (5 characters). Known: []",
        "I hear you (11 characters). Known: ['my dog died']",
        "",
    ]
    progress = result.stderr.splitlines()
    assert progress == [
        "Starting PAL ...",
        "fake actions: ready",
        "One message a line; /stop leaves.",
    ]


def test_who_comes_back_is_the_same_person_in_another_session(model: Path, tmp_path: Path) -> None:
    """The fake action server hands what is known on; the real one asks first."""
    database = {"PAL_TRACKER_DB": f"{tmp_path}/t.db"}
    run("chat", "my dog died\n", **database)
    again = run("chat", "hello\n", **database).stdout.split("\n\n")
    assert again[: len(GREETING)] == GREETING
    assert "Known: ['my dog died']" in again[-2]
    assert "dog" in run("chat", "/show_persona\n", **database).stdout


def test_two_terminals_at_once_are_two_conversations(tmp_path: Path) -> None:
    first = own_conversation(tmp_path)
    code = (
        "from pathlib import Path; from rasa_bot.launcher.conversation import own_conversation;"
        f"print(own_conversation(Path({str(tmp_path)!r})).id)"
    )
    command = [sys.executable, "-c", code]
    elsewhere = {"cwd": CHECKOUT, "capture_output": True, "text": True, "check": True}
    other = subprocess.run(command, **elsewhere).stdout.strip()
    assert other not in ("", first.id)
    assert subprocess.run(command, **elsewhere).stdout.strip() == other  # the second one's own
    assert (tmp_path / "terminal.id").read_text() == first.id
    assert stat.S_IMODE((tmp_path / "terminal.id").stat().st_mode) == 0o600


def test_the_end_of_the_input_ends_the_conversation(model: Path, tmp_path: Path) -> None:
    """Rasa's own shell raises EOFError there and hangs."""
    result = run("chat", "hello", PAL_TRACKER_DB=str(tmp_path / "tracker.db"))
    assert result.returncode == 0
    assert "I hear you (5 characters)" in result.stdout


def test_an_action_server_that_fails_to_start_gives_its_reason(tmp_path: Path) -> None:
    command = f"{sys.executable} -c \"import sys; sys.exit('PAL_MODEL: no such model')\""
    result = run("chat", "hello\n", PAL_ACTIONS_COMMAND=command, PAL_HOME=os.environ["PAL_HOME"])
    assert result.returncode == 1
    assert "PAL_MODEL: no such model" in result.stderr
    assert "ended with status 1 before it was ready" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_action_server_that_cannot_load_its_model_gives_its_reason() -> None:
    """It stays alive and never gets ready: the launcher waited for ever."""
    result = run("chat", "hello\n", FAKE_LOAD_ERROR="the file is damaged")
    assert result.returncode == 1
    assert "error: the action server cannot load its model: the file is damaged" in result.stderr


def test_an_action_server_that_does_not_exist_is_named() -> None:
    result = run("chat", PAL_ACTIONS_COMMAND="/nowhere/python -m actions.server")
    assert result.returncode == 1
    assert "No such file or directory: /nowhere/python" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("setting", ["RASA_PORT", "ACTIONS_PORT"])
def test_a_busy_port_is_named_with_its_remedy(setting: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports = {"RASA_PORT": str(free_port()), "ACTIONS_PORT": str(free_port())}
        result = run("serve", **{**ports, setting: str(port)})
    assert result.returncode == 1
    assert result.stderr == (
        f"error: port {port} on 127.0.0.1 is already in use, perhaps by a server that still runs. "
        f"Stop it, or choose another port: {setting}={port + 1}\n"
    )


@pytest.mark.parametrize(
    ("setting", "value"), [("RASA_PORT", "http"), ("ACTIONS_PORT", "70000"), ("PAL_LOG_LEVEL", "x")]
)
def test_a_bad_setting_is_named(setting: str, value: str) -> None:
    result = run("serve", **{setting: value})
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {setting} must be")


def test_training_is_skipped_where_nothing_changed(model: Path) -> None:
    result = run("train")
    assert result.returncode == 0
    assert result.stderr == f"Rasa's model is ready: {model}\n"


def test_everything_it_makes_is_private(model: Path, environment: Path) -> None:
    assert stat.S_IMODE((environment / "rasa").stat().st_mode) == 0o700
    assert stat.S_IMODE(model.stat().st_mode) == 0o600


def test_a_killed_action_server_is_apologised_for_and_started_again(
    serving: Running,
) -> None:
    serving.say("my dog died", "a")
    first = child_of(serving)
    killer = threading.Timer(0.5, os.kill, (first, signal.SIGKILL))
    killer.start()
    assert serving.say("slow", "a") == ["\n\n".join(yaml_files.response("utter_unavailable"))]
    serving.wait_for("The action server stopped (status -9); starting it again")
    deadline = time.monotonic() + 10
    while serving.printed().count("fake actions: ready") < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert serving.say("hello", "a") == ["I hear you (5 characters). Known: ['my dog died']"]
    assert child_of(serving) != first


def test_a_conversation_in_the_terminal_disturbs_no_server(serving: Running) -> None:
    serving.say("hello", "b")
    assert run("chat", "hello\n").returncode == 0
    assert serving.say("hello", "b") == ["I hear you (5 characters). Known: []"]


def test_ctrl_c_stops_both_and_leaves_nothing(serving: Running) -> None:
    """The last test of this process."""
    serving.say("hello", "c")
    child = child_of(serving)
    assert serving.stop(signal.SIGINT) == 0
    assert serving.printed().endswith("Stopped.\n")
    assert "Traceback" not in serving.printed()
    assert not alive(child)
    with pytest.raises(OSError, match="refused"):
        fetch(f"http://127.0.0.1:{serving.rasa_port}/")


def test_ctrl_c_while_starting_stops_both_and_leaves_nothing(
    launch: Callable[..., Running],
) -> None:
    running = launch()
    running.wait_for("fake actions: ready")
    child = child_of(running)
    assert running.stop(signal.SIGINT) == 0
    assert "Traceback" not in running.printed()
    assert not alive(child)


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel to end the child")
def test_a_killed_launcher_leaves_no_action_server(launch: Callable[..., Running]) -> None:
    running = launch()
    running.wait_for("fake actions: ready")
    child = child_of(running)
    running.stop(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.05)


PATIENCE = 60  # seconds for what takes one


class Terminal:
    """`chat` in a pseudo-terminal, from its start to its end."""

    def __init__(self, tracker_db: Path) -> None:
        self._leader, follower = pty.openpty()
        settings = {"PAL_TRACKER_DB": str(tracker_db), "PROMPT_TOOLKIT_NO_CPR": "1"}
        self.process = subprocess.Popen(
            [sys.executable, str(LAUNCH), "chat"],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            start_new_session=True,
            env={**os.environ, **settings, "TERM": "xterm"},
        )
        os.close(follower)

    def read_until(self, text: str) -> str:
        """What is shown from here to `text`, without the codes that place and colour it."""
        shown = ""
        while text not in shown:
            ready, _, _ = select.select([self._leader], [], [], PATIENCE)
            assert ready, f"{text!r} was not shown, but {shown!r}"
            chunk = os.read(self._leader, 4096).decode(errors="replace")
            shown += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", chunk)
            assert "Traceback" not in shown, shown
        return shown

    def write(self, keys: str) -> None:
        """Types at the prompt, once it reads keys; before, the terminal may keep or lose them."""
        deadline = time.monotonic() + PATIENCE
        while termios.tcgetattr(self._leader)[3] & termios.ICANON:
            assert time.monotonic() < deadline, "the prompt does not read keys"
            time.sleep(0.05)
        os.write(self._leader, keys.encode())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._leader)


@pytest.fixture
def terminal(model: Path, tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path / "tracker.db")
    yield terminal
    terminal.close()


def test_a_terminal_shows_rasas_shell_after_the_greeting(terminal: Terminal) -> None:
    opening = terminal.read_until("Your input ->")
    assert opening.index(GREETING[0][:40]) < opening.index("Bot loaded.")
    assert listening_addresses(terminal.process.pid) == {"127.0.0.1"}, "not the whole network"
    terminal.write("hello\r")
    terminal.read_until("I hear you (5 characters)")
    terminal.read_until("Your input ->")
    terminal.write("\r")  # Enter alone sends nothing
    terminal.write("my dog died\r")
    between = terminal.read_until("I hear you (11 characters)")
    assert between.count("I hear you") == 1
    terminal.read_until("Your input ->")
    terminal.write("/stop\r")
    assert terminal.process.wait(20) == 0


def test_ctrl_d_leaves_the_shell(terminal: Terminal) -> None:
    """In Rasa's own, its server stays behind and waits for ever."""
    terminal.read_until("Your input ->")
    terminal.write("\x04")
    assert terminal.process.wait(20) == 0


def test_ctrl_c_leaves_the_shell_while_a_reply_is_awaited(terminal: Terminal) -> None:
    terminal.read_until("Your input ->")
    terminal.write("slow\r")
    time.sleep(1)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.process.wait(20) == 0
