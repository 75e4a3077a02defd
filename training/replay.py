"""Command line: `python -m training.replay`. Real seekers' words through a running bot.

Sends what the seekers of ESConv conversations said to the REST webhook, writes what came back as
JSON lines (one conversation a line), and checks it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import httpx
from tqdm import tqdm

from pal_model import Conversation, PalError
from pal_model.embedded import default_home
from training.readers.esconv import SPLIT_FILE, find_esconv, read_esconv, read_split
from training.readers.records import CorpusError
from training.replay_checks import (
    Transcript,
    Turn,
    check_lines,
    run_checks,
    summary,
    turn_from_messages,
)
from training.webhook import Answer, Webhook

DEFAULT_SPLIT = "pal/valid"
WHOLE_FILE = "all"

_TURN_SECONDS = 120.0  # far more than the server takes to apologise for a slow reply

_EPILOG = """\
Needs a running bot (`make serve`). The exit status is 0 when every check passed, 1 when one failed,
2 when nothing could be replayed. Transcripts hold real people's words and the secret names of the
conversations: they are readable by their owner alone.
"""


async def replay(
    webhook: Webhook,
    conversations: Sequence[tuple[int, Sequence[str]]],
    *,
    interleave: int,
    on_turn: Callable[[], object] = lambda: None,
    on_transcript: Callable[[Transcript], object] = lambda _: None,
) -> list[Transcript]:
    """Hold the conversations, `interleave` of them at once; return them in the given order.

    Args:
        webhook: whom to talk to.
        conversations: index in the corpus, and the seeker's messages.
        interleave: how many conversations go on at the same time.
        on_turn: called after each turn.
        on_transcript: called with each conversation when it ends.
    """
    free = asyncio.Semaphore(interleave)

    async def hold(index: int, texts: Sequence[str]) -> Transcript:
        async with free:
            transcript = await _hold(webhook, index, texts, on_turn)
        on_transcript(transcript)
        return transcript

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(hold(index, texts)) for index, texts in conversations]
    return [task.result() for task in tasks]


async def _hold(
    webhook: Webhook, index: int, texts: Sequence[str], on_turn: Callable[[], object]
) -> Transcript:
    sender = secrets.token_urlsafe(24)  # whoever knows it can read on in the conversation
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    turns: list[Turn] = []
    for text in texts:
        answer = await webhook.say(sender, text)
        turns.append(_turn(text, answer, turns[-1].persona_known if turns else ()))
        on_turn()
    return Transcript(index, sender, started_at, tuple(turns))


def _turn(text: str, answer: Answer, known: Sequence[str]) -> Turn:
    if answer.error:
        return Turn(text, (), answer.seconds, persona_known=tuple(known), error=answer.error)
    return turn_from_messages(text, answer.messages, answer.seconds, known)


# --- What is replayed -----------------------------------------------------------------------------


def choose_conversations(
    conversations: Sequence[Conversation],
    candidates: Sequence[int],
    *,
    count: int,
    seed: int,
    max_turns: int | None,
) -> list[tuple[int, list[str]]]:
    """Draw `count` of the `candidates` and return what their seekers say, by index.

    What a seeker says in several utterances is sent in as many messages; blank ones cannot be sent.
    """
    drawn = random.Random(seed).sample(candidates, min(count, len(candidates)))  # noqa: S311
    return [
        (index, [text for text in conversations[index].seeker_utterances if text][:max_turns])
        for index in drawn
    ]


def candidates_of(split_file: Path | None, split: str | None, data: Path, size: int) -> list[int]:
    """Return the indices of the conversations that may be drawn.

    Args:
        split_file: the splits; default: `splits_seed13.json` beside `data`.
        split: "scheme/part", or "all"; default: `pal/valid` where there is a file of splits.
        data: the corpus file.
        size: how many conversations it has.

    Raises:
        CorpusError: there is no such split, or it names conversations that `data` does not have.
    """
    path = split_file or data.with_name(SPLIT_FILE)
    if split == WHOLE_FILE or (split is None and split_file is None and not path.is_file()):
        return list(range(size))
    scheme, _, part = (split or DEFAULT_SPLIT).partition("/")
    indices = read_split(path, scheme, part)
    if any(not 0 <= index < size for index in indices):
        raise CorpusError(
            f"{path} names conversations that {data} does not have (it has {size}). "
            "Use the splits of this file."
        )
    return indices


# --- Command line ---------------------------------------------------------------------------------


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.replay",
        description="Send the seekers' side of ESConv conversations to a running bot.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    corpus = parser.add_argument_group("what is sent")
    corpus.add_argument("--data", type=Path, help="ESConv.json (default: found by PAL_DATA_DIR)")
    corpus.add_argument("--split-file", type=Path, help=f"default: {SPLIT_FILE} beside the data")
    corpus.add_argument(
        "--split",
        help=f"scheme/part, or {WHOLE_FILE!r} (default: {DEFAULT_SPLIT} where there are splits)",
    )
    corpus.add_argument(
        "--conversations", type=_positive, default=20, metavar="N", help="default: %(default)s"
    )
    corpus.add_argument("--seed", type=int, default=13, help="of the choice (default: %(default)s)")
    corpus.add_argument("--turns", type=_positive, metavar="N", help="of a conversation at most")
    parser.add_argument(
        "--interleave",
        type=_positive,
        default=2,
        metavar="K",
        help="conversations that go on at once (default: %(default)s)",
    )
    parser.add_argument("--url", default=_default_url(), help="the bot (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="default: a new file in PAL_HOME/replay")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _default_url() -> str:
    return f"http://127.0.0.1:{os.environ.get('RASA_PORT') or '5005'}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay and check; return the exit status."""
    options = build_parser().parse_args(arguments)
    try:
        conversations = _conversations(options)
        path = options.output or _default_output()
        with _private_file(path) as output:
            transcripts = asyncio.run(_run(options, conversations, output))
    except (PalError, OSError) as error:
        _say(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        _say("Stopped.")
        return 130
    findings = run_checks(transcripts)
    for line in (*summary(transcripts), *check_lines(findings), f"transcripts: {path}"):
        _say(line)
    return int(any(findings.values()))


def _conversations(options: argparse.Namespace) -> list[tuple[int, list[str]]]:
    data = options.data or find_esconv()
    corpus = list(read_esconv(data))
    candidates = candidates_of(options.split_file, options.split, data, len(corpus))
    return choose_conversations(
        corpus,
        candidates,
        count=options.conversations,
        seed=options.seed,
        max_turns=options.turns,
    )


async def _run(
    options: argparse.Namespace, conversations: Sequence[tuple[int, list[str]]], output: TextIO
) -> list[Transcript]:
    def write(transcript: Transcript) -> None:
        print(json.dumps(asdict(transcript), ensure_ascii=False), file=output, flush=True)

    total = sum(len(texts) for _, texts in conversations)
    # No proxy of the environment: what is sent is personal, and the bot is usually on this machine.
    async with httpx.AsyncClient(timeout=_TURN_SECONDS, trust_env=False) as client:
        webhook = Webhook(client, options.url)
        await webhook.check()
        with tqdm(total=total, unit="turn", file=sys.stderr) as progress:
            return await replay(
                webhook,
                conversations,
                interleave=options.interleave,
                on_turn=progress.update,
                on_transcript=write,
            )


def _default_output() -> Path:
    return default_home() / "replay" / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.jsonl"


def _private_file(path: Path) -> TextIO:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)  # also where the file was there before
    return os.fdopen(descriptor, "w", encoding="utf-8")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
