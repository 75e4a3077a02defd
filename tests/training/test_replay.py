"""Replaying against a small HTTP server that answers as the bot's REST channel does."""

from __future__ import annotations

import json
import stat
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pal_model import conversation_from_record
from training.readers import records
from training.readers.records import CorpusError
from training.replay import candidates_of, choose_conversations, main
from training.replay_checks import (
    Transcript,
    Turn,
    check_lines,
    empty_replies,
    percentile,
    repeated_replies,
    run_checks,
    shared_personas,
    shrunk_personas,
    summary,
    turn_from_messages,
    unanswered,
)

GREETING = {"text": "Hello. I am a program."}
APOLOGY = {"text": "Something failed."}


def note(**values: Any) -> dict[str, Any]:
    made = {"strategy": "Question", "alpha": 0.0, "persona": [], "generated": True}
    return {"metadata": {"pal": made | values}}


# --- The bot --------------------------------------------------------------------------------------


class Bot(ThreadingHTTPServer):
    """Notes what each sender says; a persona sentence is a message that begins with "My"."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.said: dict[str, list[str]] = defaultdict(list)
        self.failing: Callable[[str], bool] = lambda text: False
        self.seconds = 0.0
        self.open = self.most_open = 0
        self.lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, sender: str, text: str) -> list[dict[str, Any]]:
        first = not self.said[sender]
        self.said[sender].append(text)
        persona = [said for said in self.said[sender] if said.startswith("My")]
        reply = {"text": f"What about turn {len(self.said[sender])}?", **note(persona=persona)}
        return [GREETING, reply] if first else [reply]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Bot

    def do_GET(self) -> None:
        self.send(200 if self.path == "/webhooks/rest/" else 404, {"status": "ok"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.open += 1
            self.server.most_open = max(self.server.most_open, self.server.open)
        time.sleep(self.server.seconds)
        failing = self.path != "/webhooks/rest/webhook" or self.server.failing(body["message"])
        with self.server.lock:
            self.server.open -= 1
            answer = None if failing else self.server.answer(body["sender"], body["message"])
        self.send(500 if failing else 200, answer)

    def send(self, status: int, body: Any) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def bot() -> Iterator[Bot]:
    server = Bot()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def record(*seeker_says: str) -> dict[str, Any]:
    dialog = []
    for text in seeker_says:
        dialog.append({"speaker": "seeker", "content": text})
        dialog.append({"speaker": "supporter", "content": "I see."})
    return {"dialog": dialog}


RECORDS = [
    record("My canary is ill", "It sits still", "My sister says wait"),
    {
        "dialog": [
            {"speaker": "seeker", "content": "Hi"},
            {"speaker": "seeker", "content": "My exam went badly"},
            {"speaker": "seeker", "content": "  "},
            {"speaker": "supporter", "content": "Oh no."},
        ]
    },
    record("Nobody calls", "My phone is silent"),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "corpus" / "ESConv.json"
    path.parent.mkdir()
    path.write_text(json.dumps(RECORDS), encoding="utf-8")
    return path


# --- The command ----------------------------------------------------------------------------------


class TestCommand:
    def test_writes_one_transcript_a_line_and_passes(
        self, bot: Bot, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        output = tmp_path / "new folder" / "transcripts.jsonl"
        assert main(["--data", str(data), "--url", bot.address, "--output", str(output)]) == 0
        lines = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
        by_index = {line["conversation"]: line for line in lines}
        assert sorted(by_index) == [0, 1, 2]
        first, _, third = by_index[0]["turns"]
        assert first["seeker"] == "My canary is ill"
        assert first["replies"] == [GREETING["text"], "What about turn 1?"]
        assert (first["strategy"], first["alpha"], first["generated"]) == ("Question", 0.0, True)
        assert third["persona_used"] == ["My canary is ill", "My sister says wait"]
        assert third["persona_known"] == third["persona_used"]
        assert third["seconds"] > 0
        # Two utterances in a row are two messages; a blank one is none.
        assert [turn["seeker"] for turn in by_index[1]["turns"]] == ["Hi", "My exam went badly"]
        assert {line["sender"] for line in lines} == set(bot.said)
        assert stat.S_IMODE(output.stat().st_mode) == 0o600
        shown = capsys.readouterr()
        assert shown.out == ""
        assert "3 conversations, 7 turns" in shown.err
        assert "strategies: Question 7" in shown.err
        assert "FAILED" not in shown.err

    def test_shows_neither_words_nor_senders(
        self, bot: Bot, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        bot.failing = lambda text: "canary" in text
        main(["--data", str(data), "--url", bot.address, "--output", str(tmp_path / "t")])
        shown = capsys.readouterr().err
        assert "canary" not in shown
        assert "What about" not in shown
        assert len(bot.said) == 3
        assert not any(sender in shown for sender in bot.said)

    def test_a_failed_turn_fails_the_run_and_the_others_go_on(
        self, bot: Bot, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        bot.failing = lambda text: text == "It sits still"
        output = tmp_path / "t"
        assert main(["--data", str(data), "--url", bot.address, "--output", str(output)]) == 1
        lines = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
        (turns,) = (line["turns"] for line in lines if line["conversation"] == 0)
        assert [turn["error"] for turn in turns] == [None, "status 500", None]
        assert turns[1]["persona_known"] == ["My canary is ill"]
        assert "FAILED  every turn answered (1)" in (shown := capsys.readouterr().err)
        assert "conversation 0, turn 2: status 500" in shown

    @pytest.mark.parametrize("together", [1, 3])
    def test_holds_as_many_conversations_at_once_as_asked(
        self, bot: Bot, data: Path, tmp_path: Path, together: int
    ) -> None:
        bot.seconds = 0.1
        options = ["--url", bot.address, "--output", str(tmp_path / "t")]
        assert main(["--data", str(data), "--interleave", str(together), *options]) == 0
        assert bot.most_open == together

    def test_options_bound_conversations_and_turns(
        self, bot: Bot, data: Path, tmp_path: Path
    ) -> None:
        options = ["--conversations", "2", "--turns", "1", "--output", str(tmp_path / "t")]
        assert main(["--data", str(data), "--url", bot.address, *options]) == 0
        assert [len(said) for said in bot.said.values()] == [1, 1]

    def test_takes_the_webhooks_whole_address_too(
        self, bot: Bot, data: Path, tmp_path: Path
    ) -> None:
        url = f"{bot.address}/webhooks/rest/webhook"
        assert main(["--data", str(data), "--url", url, "--output", str(tmp_path / "t")]) == 0

    def test_says_when_no_bot_answers(
        self, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        url = "http://127.0.0.1:9"  # the discard port: nobody listens
        assert main(["--data", str(data), "--url", url, "--output", str(tmp_path / "t")]) == 2
        assert "No bot answers at http://127.0.0.1:9" in (shown := capsys.readouterr().err)
        assert "make serve" in shown

    def test_says_where_to_get_a_missing_corpus(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.delenv("PAL_DATA_DIR", raising=False)
        monkeypatch.setattr(records, "_CHECKOUT", tmp_path / "checkout")
        assert main(["--output", str(tmp_path / "t")]) == 2
        assert "thu-coai/Emotional-Support-Conversation" in capsys.readouterr().err

    @pytest.mark.parametrize("option", ["--interleave", "--conversations", "--turns"])
    @pytest.mark.parametrize("value", ["0", "-1", "many"])
    def test_a_number_below_one_is_refused(self, option: str, value: str) -> None:
        with pytest.raises(SystemExit) as caught:
            main([option, value])
        assert caught.value.code == 2

    def test_the_default_address_is_the_servers_port(
        self, bot: Bot, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RASA_PORT", bot.address.rpartition(":")[2])
        monkeypatch.setenv("PAL_HOME", str(tmp_path / "home"))
        assert main(["--data", str(data)]) == 0
        assert list((tmp_path / "home" / "replay").glob("*.jsonl"))


class TestChoice:
    CONVERSATIONS = [conversation_from_record(record(f"My number is {n}")) for n in range(30)]  # noqa: RUF012

    def choose(self, seed: int, count: int = 5) -> list[tuple[int, list[str]]]:
        return choose_conversations(
            self.CONVERSATIONS, list(range(10, 30)), count=count, seed=seed, max_turns=None
        )

    def test_a_seed_names_the_choice(self) -> None:
        assert self.choose(1) == self.choose(1) != self.choose(2)

    def test_draws_candidates_alone_and_each_once(self) -> None:
        drawn = [index for index, _ in self.choose(1, count=99)]
        assert sorted(drawn) == list(range(10, 30))
        assert all(texts == [f"My number is {index}"] for index, texts in self.choose(1))

    def test_without_splits_the_whole_file_may_be_drawn(self, data: Path) -> None:
        assert candidates_of(None, None, data, 3) == [0, 1, 2]

    def test_splits_beside_the_data_are_used(self, data: Path) -> None:
        splits = data.with_name("splits_seed13.json")
        splits.write_text('{"pal": {"valid": [2, 0]}, "other": {"test": [1]}}', encoding="utf-8")
        assert candidates_of(None, None, data, 3) == [2, 0]
        assert candidates_of(None, "other/test", data, 3) == [1]
        assert candidates_of(None, "all", data, 3) == [0, 1, 2]

    def test_a_split_that_is_not_there_is_refused(self, data: Path) -> None:
        with pytest.raises(CorpusError, match="Cannot read"):
            candidates_of(None, "pal/valid", data, 3)

    def test_a_split_of_another_file_is_refused(self, data: Path, tmp_path: Path) -> None:
        splits = tmp_path / "s.json"
        splits.write_text('{"pal": {"valid": [3]}}', encoding="utf-8")
        with pytest.raises(CorpusError, match="does not have"):
            candidates_of(splits, None, data, 3)


# --- The checks -----------------------------------------------------------------------------------


def held(*turns: Turn, conversation: int = 0) -> Transcript:
    return Transcript(conversation, "secret", "2024-01-01T00:00:00+00:00", turns)


def said(
    seeker: str,
    *replies: str,
    persona: tuple[str, ...] = (),
    known: tuple[str, ...] = (),
    **more: Any,
) -> Turn:
    values = {"answered": True, "generated": True, "strategy": "Question"} | more
    return Turn(
        seeker, replies, 1.0, persona_used=persona, persona_known=known or persona, **values
    )


class TestTurnFromMessages:
    def test_a_greeting_alone_is_no_answer(self) -> None:
        assert not turn_from_messages("Hi", [GREETING], 1.0).answered

    def test_an_apology_of_the_service_is_no_answer(self) -> None:
        noted = {"text": "Too slow.", "metadata": {"pal": {"service": True}}}
        assert not turn_from_messages("Hi", [noted], 1.0).answered
        assert not turn_from_messages("Hi", [APOLOGY], 1.0).answered

    @pytest.mark.parametrize("metadata", [None, [], "x", {}, {"pal": None}, {"pal": []}])
    def test_metadata_of_another_shape_is_no_answer(self, metadata: Any) -> None:
        message = {"text": "Hi", "metadata": metadata}
        assert not turn_from_messages("Hi", [message], 1.0).answered

    def test_fixed_words_keep_what_was_known(self) -> None:
        message = {"text": "Please call.", "metadata": {"pal": {"risk": "high"}}}
        turn = turn_from_messages("Hi", [message], 1.0, ["I am ill."])
        assert turn.answered
        assert turn.is_crisis
        assert (turn.persona_used, turn.persona_known) == ((), ("I am ill.",))

    def test_risk_none_is_no_crisis(self) -> None:
        message = {"text": "In English, please.", "metadata": {"pal": {"risk": "none"}}}
        assert not turn_from_messages("Hola", [message], 1.0).is_crisis


class TestChecks:
    def test_all_pass_on_a_good_conversation(self) -> None:
        good = held(said("My dog died", "Oh.", persona=("My dog died.",)))
        assert not any(run_checks([good]).values())

    def test_a_replay_of_nothing_fails(self) -> None:
        assert all(run_checks([]).values())
        assert all(run_checks([held()]).values())

    def test_an_unanswered_turn_is_found(self) -> None:
        assert list(unanswered([held(said("a", "b"), said("a", "b", answered=False))])) == [
            "conversation 0, turn 2: only a greeting or an apology came back "
            "(no note in metadata.pal)"
        ]

    def test_a_blank_reply_is_found(self) -> None:
        assert list(empty_replies([held(said("a", "b", " \n"))])) == ["conversation 0, turn 1"]

    def test_a_reply_may_be_said_twice_not_three_times(self) -> None:
        twice = [said("a", "I'm sorry!"), said("b", "i am sorry")]
        assert not list(repeated_replies([held(*twice)]))
        assert not list(repeated_replies([held(*twice), held(*twice)]))
        assert list(repeated_replies([held(*twice, said("c", "I am sorry."))]))

    def test_crisis_words_may_be_said_again_and_again(self) -> None:
        crisis = [said(f"{n}", "Please call.", risk="imminent") for n in range(5)]
        assert not list(repeated_replies([held(*crisis)]))
        other = [said(f"{n}", "In English, please.", risk="none") for n in range(5)]
        assert list(repeated_replies([held(*other)]))

    def test_a_lost_persona_sentence_is_found(self) -> None:
        turns = [
            said("a", "b", persona=("I am ill.",)),
            said("a", "b", persona=("I'm ill", "I work."), known=("I am ill.", "I work.")),
            said("a", "b", persona=("I work.",), known=("I am ill.", "I work.")),
        ]
        assert list(shrunk_personas([held(*turns)])) == ["conversation 0, turn 3: 1 sentences gone"]

    def test_fixed_words_shrink_no_persona(self) -> None:
        fixed = said("a", "b", generated=None, risk="high", known=("I am ill.",))
        assert not list(shrunk_personas([held(said("a", "b", persona=("I am ill.",)), fixed)]))

    def test_a_sentence_from_another_conversation_is_found(self) -> None:
        owner = held(said("i dont have a dog", "b", persona=("I don't have a dog.",)))
        thief = held(said("I have a cat", "b", persona=("I don't have a dog.",)), conversation=7)
        (finding,) = shared_personas([owner, thief])
        assert "the seeker of 7 never used" in finding

    def test_a_sentence_that_both_said_may_be_shared(self) -> None:
        one = held(said("I've lost my job", "b", persona=("I have lost my job.",)))
        other = held(
            said("Well", "b"),
            said("I have lost that job of mine", "b", persona=("I have lost my job.",)),
            conversation=1,
        )
        assert not list(shared_personas([one, other]))

    def test_many_findings_are_counted_and_few_are_shown(self) -> None:
        lines = list(check_lines({"a rule": [str(n) for n in range(9)], "another": []}))
        assert lines[0] == "FAILED  a rule (9)"
        assert lines[-2:] == ["        and 4 more", "passed  another"]


class TestSummary:
    def test_counts_what_was_fixed_and_what_was_written(self) -> None:
        turns = [
            said("a", "b", strategy="Question"),
            said("a", "b", strategy="Others", generated=False),
            said("a", "b", strategy=None, generated=None, risk="high"),
            said("a", "b", strategy=None, generated=None, risk="none", known=("I am ill.",)),
        ]
        text = "\n".join(summary([held(*turns), held(said("a", "b"), conversation=1)]))
        assert "2 conversations, 5 turns" in text
        assert "replies of a strategy: 3, of which the model wrote 66.7%" in text
        assert "strategies: Question 2, Others 1" in text
        assert "fixed words: 1 crisis, 1 other" in text
        assert "0.5 a conversation, 1 of 2" in text

    def test_nothing_is_summed_up_too(self) -> None:
        assert list(summary([])) == ["0 conversations, 0 turns"]

    @pytest.mark.parametrize(("share", "value"), [(0.5, 5.0), (0.95, 10.0), (1.0, 10.0), (0, 1.0)])
    def test_percentiles_are_values_that_occurred(self, share: float, value: float) -> None:
        assert percentile([float(n) for n in range(10, 0, -1)], share) == value
