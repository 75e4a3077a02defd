"""Starts PAL: the action server and Rasa, together, from one command.

    python rasa_bot/launch.py chat     talk in this terminal
    python rasa_bot/launch.py serve    REST on RASA_PORT until Ctrl-C
    python rasa_bot/launch.py train    prepare Rasa's model and stop

Run it with the Python of rasa_bot's own environment. Settings come from the environment;
`--help` lists them.
"""

from __future__ import annotations

import argparse
import gc
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

CHECKOUT = Path(__file__).resolve().parents[1]
# As a script, Python would look for modules in rasa_bot/ and take rasa_bot/data for one.
sys.path[0] = str(CHECKOUT)

from rasa_bot.launcher import say  # noqa: E402
from rasa_bot.launcher.action_server import ActionServer  # noqa: E402
from rasa_bot.launcher.conversation import Conversation, own_conversation  # noqa: E402
from rasa_bot.launcher.environment import SETTINGS_HELP, Settings, prepare  # noqa: E402
from rasa_bot.launcher.errors import LaunchError  # noqa: E402
from rasa_bot.launcher.interrupts import heard_in_any_case  # noqa: E402
from rasa_bot.launcher.ports import free_port, require_free  # noqa: E402
from rasa_bot.launcher.quiet import configure_logging  # noqa: E402

# Importing Rasa makes millions of objects and frees few: collecting between them costs a quarter of
# the start, and walking them at the end most of the stop. They are set aside once it is loaded.
gc.disable()

# Rasa takes seconds to import. Each step imports what it needs of it when its turn comes, so that
# a mistake is reported at once and the action server starts meanwhile.


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns the exit status."""
    options = _parse(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _stop)
    try:
        settings = prepare(CHECKOUT)
        configure_logging(settings.log_level)
        return {"chat": _chat, "serve": _serve, "train": _train}[options.command](settings, options)
    except LaunchError as error:
        say.problem(str(error))
        return 1
    except OSError as error:
        say.problem(str(error))
        return 1
    except KeyboardInterrupt:
        return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="launch.py",
        description="Starts PAL for Rasa.",
        epilog=SETTINGS_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    chat = commands.add_parser("chat", help="talk in this terminal; /stop leaves")
    chat.add_argument(
        "--conversation-id",
        help="continue this conversation (default: your own, in a new session)",
    )
    commands.add_parser("serve", help="serve REST on RASA_PORT until Ctrl-C")
    commands.add_parser("train", help="prepare Rasa's model and stop")
    return parser.parse_args(arguments)


def _stop(_signal: int, _frame: Any) -> NoReturn:
    raise KeyboardInterrupt


def _set_loaded_objects_aside() -> None:
    gc.freeze()
    gc.enable()


def _train(settings: Settings, _options: argparse.Namespace) -> int:
    from rasa_bot.launcher.bot_model import trained_model

    say.progress(f"Rasa's model is ready: {trained_model(settings)}")
    return 0


def _chat(settings: Settings, options: argparse.Namespace) -> int:
    if sys.stdin is None:  # closed by whoever started this
        raise LaunchError("there is no standard input to read messages from")
    settings = settings.with_ports(actions_port=free_port(settings.actions_host))
    with ActionServer(settings, log=settings.home / "actions.log") as actions:
        with heard_in_any_case():
            from rasa_bot.launcher.bot_model import trained_model
            from rasa_bot.launcher.script import talk_through_script
            from rasa_bot.launcher.shell import Shell

            if options.conversation_id:
                conversation = Conversation(options.conversation_id, begins=False)
            else:
                conversation = own_conversation(settings.home)
            talk = (trained_model(settings), settings.endpoints, conversation)
            _set_loaded_objects_aside()
            actions.wait_until_ready()
        if sys.stdin.isatty():
            Shell(*talk).run()
        else:
            talk_through_script(*talk)
    return 0


def _serve(settings: Settings, _options: argparse.Namespace) -> int:
    require_free(settings.rasa_host, settings.rasa_port, "RASA_PORT")
    require_free(settings.actions_host, settings.actions_port, "ACTIONS_PORT")
    with ActionServer(settings) as actions:
        with heard_in_any_case():
            from rasa_bot.launcher.bot_model import trained_model
            from rasa_bot.launcher.rest_server import serve

            model = trained_model(settings)
            _set_loaded_objects_aside()
            actions.wait_until_ready()
        serve(settings, model)
    say.progress("Stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
