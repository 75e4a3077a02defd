"""People on duty are told over a webhook: a real HTTP server that fails, is slow, or takes over."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import pytest_asyncio

from actions.counters import Counters
from actions.crisis_desk import (
    SOMEBODY_KNOWS,
    SOMEBODY_TAKES_OVER,
    TRANSCRIPT_NOTICE,
)
from actions.handoff import Handoff, HandoffState, Notice, Told
from actions.respond import ActionRespond
from actions.safety import RiskAssessment, RiskKind, RiskLevel
from actions.safety.crisis_reply import is_crisis_reply
from actions.session_start import ActionSessionStart
from actions.supporter import Supporter
from tests.actions.fakes import (
    DANGER,
    FakeGenerator,
    Turn,
    bot,
    responder,
    run,
    settings,
    user,
)

SECRET = "Xerxes is my cat."
TAKES_OVER = b'{"takes_over": true}'


class Desk(ThreadingHTTPServer):
    """A receiver; answers with `answers` in turn, the last for ever: (status, body, seconds)."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes, float]] = [(200, b"", 0.0)]
        self.heard: list[tuple[dict[str, str], dict[str, Any]]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/danger"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [body for _, body in self.heard]


class _Handler(BaseHTTPRequestHandler):
    server: Desk

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.heard.append(({k.lower(): v for k, v in self.headers.items()}, body))
        answers = self.server.answers
        status, payload, seconds = answers.pop(0) if len(answers) > 1 else answers[0]
        time.sleep(seconds)
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)
        except OSError:
            pass  # nobody waits any more

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def desk() -> Iterator[Desk]:
    server = Desk()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


Open = Callable[..., Handoff]


@pytest_asyncio.fixture
async def open_handoff(desk: Desk) -> Any:
    opened: list[Handoff] = []

    def open_one(counters: Counters | None = None, **values: Any) -> Handoff:
        chosen = settings(**{"handoff_url": desk.url, "handoff_wait": 5.0} | values).handoff
        handoff = Handoff(chosen, counters or Counters(), first_pause=0.01)
        opened.append(handoff)
        return handoff

    yield open_one
    for handoff in opened:
        await handoff.stop()


def notice(**values: Any) -> Notice:
    told = Told.new(RiskLevel.HIGH, {"suicide", "abuse"})
    defaults = {"conversation": "seeker-1", "channel": "rest", "locale": "US"}
    return Notice(told.id, level="high", kinds=told.kinds, at=told.at, **defaults | values)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


class TestDelivery:
    async def test_a_notice_says_where_and_how_serious_and_nothing_that_was_said(
        self, desk: Desk, open_handoff: Open
    ) -> None:
        assert await open_handoff(handoff_token="secret").tell(notice()) is HandoffState.TOLD
        [(headers, body)] = desk.heard
        assert headers["authorization"] == "Bearer secret"
        assert headers["idempotency-key"] == body["id"]
        assert body["level"] == "high"
        assert body["kinds"] == ["abuse", "suicide"]
        assert (body["conversation"], body["channel"], body["locale"]) == ("seeker-1", "rest", "US")
        assert set(body) == {
            *("id", "conversation", "channel", "level", "kinds", "locale", "at"),
        }

    @pytest.mark.parametrize("status", [500, 503, 429, 408])
    async def test_a_receiver_that_fails_is_tried_again_with_the_same_notice(
        self, desk: Desk, open_handoff: Open, status: int
    ) -> None:
        desk.answers = [(status, b"", 0), (status, b"", 0), (204, b"", 0)]
        assert await open_handoff().tell(notice()) is HandoffState.TOLD
        assert len(desk.bodies) == 3
        assert len({body["id"] for body in desk.bodies}) == 1

    async def test_a_receiver_that_is_away_is_tried_until_it_is_there(
        self, desk: Desk, open_handoff: Open
    ) -> None:
        desk.shutdown()
        port = desk.server_address[1]
        desk.server_close()
        counters = Counters()
        handoff = open_handoff(counters, handoff_wait=0.05)
        first = notice()
        assert await handoff.tell(first) is HandoffState.PENDING
        assert handoff.state(first.id) is HandoffState.PENDING
        later = ThreadingHTTPServer.__new__(Desk)
        later.answers, later.heard = [(200, b"", 0.0)], []
        ThreadingHTTPServer.__init__(later, ("127.0.0.1", port), _Handler)
        threading.Thread(target=later.serve_forever, args=(0.01,), daemon=True).start()
        try:
            await until(lambda: handoff.state(first.id) is HandoffState.TOLD)
        finally:
            later.shutdown()
            later.server_close()
        assert b'pal_handoffs_total{outcome="delivered"} 1.0' in counters.page()

    async def test_a_slow_receiver_keeps_no_turn_waiting(
        self, desk: Desk, open_handoff: Open
    ) -> None:
        desk.answers = [(200, b"", 0.5)]
        handoff = open_handoff(handoff_wait=0.05)
        sent = notice()
        assert await handoff.tell(sent) is HandoffState.PENDING
        await until(lambda: handoff.state(sent.id) is HandoffState.TOLD)

    @pytest.mark.parametrize("status", [400, 401, 404, 302])
    async def test_a_refusal_is_not_repeated(
        self, desk: Desk, open_handoff: Open, status: int
    ) -> None:
        desk.answers = [(status, b"", 0)]
        counters = Counters()
        assert await open_handoff(counters).tell(notice()) is HandoffState.FAILED
        assert len(desk.bodies) == 1
        assert b'pal_handoffs_total{outcome="failed"} 1.0' in counters.page()

    @pytest.mark.parametrize(
        ("answer", "state"),
        [
            (b'{"takes_over": true}', HandoffState.TAKEN),
            (b'{"takes_over": "true"}', HandoffState.TOLD),
            (b'{"takes_over": false}', HandoffState.TOLD),
            (b"[true]", HandoffState.TOLD),
            (b"takes_over", HandoffState.TOLD),
            (b"\xff", HandoffState.TOLD),
        ],
    )
    async def test_only_a_plain_yes_takes_over(
        self, desk: Desk, open_handoff: Open, answer: bytes, state: HandoffState
    ) -> None:
        desk.answers = [(200, answer, 0)]
        assert await open_handoff().tell(notice()) is state

    async def test_nothing_is_sent_where_nobody_is_on_duty(self) -> None:
        handoff = Handoff(settings().handoff, Counters())
        assert not handoff.is_due(RiskLevel.IMMINENT, RiskLevel.NONE)
        assert not handoff.sends_transcripts

    async def test_what_is_open_at_the_end_is_given_up(
        self, desk: Desk, open_handoff: Open, capfd: pytest.CaptureFixture[str]
    ) -> None:
        desk.answers = [(500, b"", 0)]
        handoff = open_handoff(handoff_wait=0.02)
        sent = notice()
        assert await handoff.tell(sent) is HandoffState.PENDING
        await handoff.stop()
        assert handoff.state(sent.id) is HandoffState.FAILED
        assert "handoffs_given_up" in "".join(capfd.readouterr())

    async def test_before_the_end_there_is_one_more_attempt(
        self, desk: Desk, open_handoff: Open
    ) -> None:
        desk.answers = [(503, b"", 0), (200, b"", 0)]
        slow = Handoff(settings(handoff_url=desk.url).handoff, Counters(), first_pause=50.0)
        sent = notice()
        telling = asyncio.create_task(slow.tell(sent))
        await until(lambda: len(desk.bodies) == 1)
        await asyncio.sleep(0.05)
        await slow.stop()
        assert slow.state(sent.id) is HandoffState.TOLD
        await telling


@pytest.mark.parametrize(
    "value",
    [None, "told", 3, [], {}, {"level": "high"}, {"level": "x", "id": "1", "state": "told"}],
)
def test_a_slot_that_makes_no_sense_counts_as_nobody_told(value: Any) -> None:
    assert Told.from_slot(value) is None


def test_the_slot_is_read_back() -> None:
    told = Told.new(RiskLevel.HIGH, {"suicide", "abuse"})
    assert Told.from_slot(json.loads(json.dumps(told.as_slot()))) == told


class Talk:
    """A seeker, the action that answers, and what Rasa would keep between turns."""

    def __init__(self, action: ActionRespond) -> None:
        self.action = action
        self.events: list[dict[str, Any]] = []
        self.slots: dict[str, Any] = {}

    async def say(self, text: str) -> Turn:
        self.events.append(user(text))
        turn = await run(self.action, self.events, **self.slots)
        self.slots |= turn.slots
        self.events += [bot(m["text"], pal=m["pal"]) for m in turn.messages]
        return turn


def kinds(turn: Turn) -> list[str]:
    return [event["event"] for event in turn.events]


class TestTurns:
    async def test_the_seeker_hears_that_somebody_knows_once(
        self, desk: Desk, open_handoff: Open, supporter: Supporter
    ) -> None:
        talk = Talk(responder(supporter, open_handoff()))
        first = await talk.say(DANGER)
        assert is_crisis_reply(first.text)
        assert "988" in first.text
        assert first.text.endswith(SOMEBODY_KNOWS)
        assert "pause" not in kinds(first)
        again = await talk.say(DANGER)
        contact = await talk.say("I don't know.")
        assert SOMEBODY_KNOWS not in again.text + contact.text
        assert len(desk.bodies) == 1

    async def test_what_gets_worse_is_told_again(
        self, desk: Desk, open_handoff: Open, supporter: Supporter
    ) -> None:
        talk = Talk(responder(supporter, open_handoff()))
        await talk.say(DANGER)
        await talk.say("I have the pills in my hand and I am going to kill myself tonight.")
        assert [body["level"] for body in desk.bodies] == ["high", "imminent"]

    async def test_a_concern_is_nobody_elses_business_unless_set_so(
        self, desk: Desk, open_handoff: Open, supporter: Supporter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "actions.safety.screening.assess_risk",
            lambda _: RiskAssessment(RiskLevel.CONCERN, frozenset({RiskKind.SUICIDE})),
        )
        await Talk(responder(supporter, open_handoff())).say("It is all too much.")
        assert desk.bodies == []
        await Talk(responder(supporter, open_handoff(handoff_level="concern"))).say("Too much.")
        assert [body["level"] for body in desk.bodies] == ["concern"]

    async def test_who_is_safe_and_in_danger_again_is_told_of_again(
        self, desk: Desk, open_handoff: Open, supporter: Supporter
    ) -> None:
        talk = Talk(responder(supporter, open_handoff()))
        await talk.say(DANGER)
        assert talk.slots["handoff"]["state"] == "told"
        await talk.say("I am safe now.")
        assert talk.slots["risk"] == "none"
        assert talk.slots["handoff"] is None
        await talk.say(DANGER)
        assert len(desk.bodies) == 2

    async def test_a_person_who_takes_over_makes_the_bot_quiet(
        self, desk: Desk, open_handoff: Open, supporter: Supporter, generator: FakeGenerator
    ) -> None:
        desk.answers = [(200, TAKES_OVER, 0)]
        turn = await Talk(responder(supporter, open_handoff())).say(DANGER)
        assert turn.text.endswith(SOMEBODY_TAKES_OVER)
        assert "988" in turn.text
        assert kinds(turn)[-1] == "pause"
        assert generator.batches == []

    async def test_a_notice_that_arrives_late_is_told_of_in_a_later_turn(
        self, desk: Desk, open_handoff: Open, supporter: Supporter
    ) -> None:
        desk.answers = [(503, b"", 0), (200, b"", 0.3)]
        handoff = open_handoff(handoff_wait=0.02)
        talk = Talk(responder(supporter, handoff))
        first = await talk.say(DANGER)
        assert SOMEBODY_KNOWS not in first.text
        assert talk.slots["handoff"]["state"] == "pending"
        await until(lambda: handoff.state(talk.slots["handoff"]["id"]) is HandoffState.TOLD)
        assert (await talk.say("are you there")).text.endswith(SOMEBODY_KNOWS)
        assert SOMEBODY_KNOWS not in (await talk.say("hm")).text

    async def test_a_notice_of_a_process_that_died_is_sent_again(
        self, desk: Desk, open_handoff: Open, supporter: Supporter
    ) -> None:
        desk.answers = [(503, b"", 0)]
        before = open_handoff(handoff_wait=0.02)
        talk = Talk(responder(supporter, before))
        await talk.say(DANGER)
        await before.stop()
        desk.answers = [(200, b"", 0)]
        talk.action = responder(supporter, open_handoff())
        assert (await talk.say("hello?")).text.endswith(SOMEBODY_KNOWS)
        assert len({body["id"] for body in desk.bodies}) == 1  # the receiver knows it again
        assert desk.bodies[-1]["kinds"] == ["suicide"]
        assert len({body["at"] for body in desk.bodies}) == 1

    @pytest.mark.parametrize("text", ["I am safe now.", "what now", DANGER])
    async def test_who_takes_over_late_does_so_whatever_is_said_next(
        self, desk: Desk, open_handoff: Open, supporter: Supporter, text: str
    ) -> None:
        """Else the person and the bot would both have written."""
        desk.answers = [(503, b"", 0), (200, TAKES_OVER, 0)]
        handoff = open_handoff(handoff_wait=0.0)
        talk = Talk(responder(supporter, handoff))
        await talk.say(DANGER)
        await until(lambda: handoff.state(talk.slots["handoff"]["id"]) is HandoffState.TAKEN)
        turn = await talk.say(text)
        assert turn.text.endswith(SOMEBODY_TAKES_OVER)
        assert kinds(turn)[-1] == "pause"
        assert len(desk.bodies) == 2

    async def test_a_conversation_with_a_person_stays_theirs_when_a_new_session_begins(
        self, desk: Desk, open_handoff: Open, supporter: Supporter, memory: Any
    ) -> None:
        desk.answers = [(200, TAKES_OVER, 0)]
        handoff = open_handoff()
        talk = Talk(responder(supporter, handoff))
        await talk.say(DANGER)
        start = await run(ActionSessionStart(memory, handoff), talk.events, **talk.slots)
        assert start.messages == []
        assert kinds(start)[0] == "session_started"
        assert kinds(start)[-1] == "pause"
        assert start.slots["risk"] == "high"
        assert start.slots["handoff"]["state"] == "taken"

    async def test_a_refused_notice_costs_the_seeker_nothing_and_is_tried_next_time(
        self, desk: Desk, open_handoff: Open, supporter: Supporter
    ) -> None:
        desk.answers = [(404, b"", 0), (200, b"", 0)]
        talk = Talk(responder(supporter, open_handoff()))
        first = await talk.say(DANGER)
        assert is_crisis_reply(first.text)
        assert SOMEBODY_KNOWS not in first.text
        assert (await talk.say(DANGER)).text.endswith(SOMEBODY_KNOWS)


class TestTranscript:
    async def test_it_goes_only_where_the_seeker_was_told(
        self, desk: Desk, open_handoff: Open, supporter: Supporter, memory: Any
    ) -> None:
        handoff = open_handoff(handoff_transcript=True)
        told = Talk(responder(supporter, handoff))
        start = await run(ActionSessionStart(memory, handoff), [])
        assert start.messages[-1]["text"] == TRANSCRIPT_NOTICE
        told.slots |= start.slots
        untold = Talk(responder(supporter, handoff))
        for talk in (told, untold):
            await talk.say(SECRET)
            await talk.say(DANGER)
        first, second = desk.bodies
        assert first["transcript"][0]["text"] == SECRET
        assert first["transcript"][-1] == {"speaker": "seeker", "text": DANGER}
        assert "transcript" not in second
        assert SECRET not in json.dumps(second)

    async def test_nobody_is_told_of_it_where_it_is_off(
        self, open_handoff: Open, memory: Any
    ) -> None:
        start = await run(ActionSessionStart(memory, open_handoff()), [], told_of_transcript=True)
        assert TRANSCRIPT_NOTICE not in [message["text"] for message in start.messages]
        assert start.slots["told_of_transcript"] is None

    async def test_no_log_holds_what_was_said(
        self,
        desk: Desk,
        open_handoff: Open,
        supporter: Supporter,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        desk.answers = [(500, SECRET.encode(), 0), (418, SECRET.encode(), 0)]
        talk = Talk(responder(supporter, open_handoff(handoff_transcript=True)))
        talk.slots["told_of_transcript"] = True
        await talk.say(f"{SECRET} {DANGER}")
        printed = "".join(capfd.readouterr())
        assert "handoff_failed" in printed
        assert "Xerxes" not in printed
        assert "kill" not in printed


async def test_a_desk_that_counts_has_no_words_in_its_counters(supporter: Supporter) -> None:
    counters = Counters()
    talk = Talk(responder(supporter, counters=counters))
    for text in (SECRET, DANGER, "ok", "I am safe now.", "So.", "are you human?", "\U0001f622"):
        await talk.say(text)
    page = counters.page().decode()
    for line in (
        'pal_turns_total{answer="model"} 2.0',
        'pal_turns_total{answer="crisis"} 1.0',
        'pal_turns_total{answer="contact"} 1.0',
        'pal_turns_total{answer="relief"} 1.0',
        'pal_turns_total{answer="direct"} 1.0',
        'pal_turns_total{answer="screen"} 1.0',
        'pal_flagged_turns_total{level="high"} 1.0',
        'pal_flagged_turns_total{level="imminent"} 0.0',
        'pal_flagged_kinds_total{kind="suicide"} 1.0',
    ):
        assert line in page, page
    for word in ("Xerxes", "seeker-1", "kill"):
        assert word not in page
