"""What seekers experience: consent, sessions, corrections, outages; on real databases."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from actions.memory import known
from actions.memory.embedder import Embedder
from actions.memory.errors import MemoryStoreError
from actions.memory.known import SeekerMemory
from actions.memory.store import PersonaStore
from actions.safety.resources import resource_line
from actions.session_start import WELCOME_BACK
from actions.supporter import Supporter
from actions.update_persona import BACK, OUT
from tests.actions.fakes import DANGER, event
from tests.actions.memory.conftest import Clock
from tests.actions.memory.seeker import Seeker
from tests.actions.memory.test_store import everything

LIFETIME = timedelta(days=90)
Meet = Callable[[str], Seeker]


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder()


@pytest.fixture
def memory(store: PersonaStore, embedder: Embedder, clock: Clock) -> SeekerMemory:
    return SeekerMemory(store, embedder, LIFETIME, clock)


@pytest.fixture
def meet(memory: SeekerMemory, supporter: Supporter) -> Meet:
    return lambda name: Seeker(name, memory, supporter)


async def fail(*_: object, **__: object) -> None:
    """Stands in for a method of the store."""
    raise MemoryStoreError("gone")


def works_again(memory: SeekerMemory) -> None:
    """As if the pause after a failure were over."""
    memory._try_again_at = 0.0


class TestConsent:
    async def test_without_it_a_session_knows_and_the_next_does_not(
        self, meet: Meet, store: PersonaStore
    ) -> None:
        ada = meet("ada")
        await ada.session()
        await ada.say("Hello", "I am a nurse.", "I have two dogs.")
        assert await ada.known() == ["I am a nurse.", "I have two dogs."]
        assert ada.persona == ["I am a nurse.", "I have two dogs."]
        assert "in a later conversation I won't" in await ada.ask("show_persona")
        assert await store.count() == (0, 0)
        [greeting] = await ada.session()
        assert greeting["response"] == "utter_greet"
        assert await ada.known() == []
        assert ada.persona == []

    async def test_with_it_what_was_told_before_is_kept_and_greeted_with(
        self, meet: Meet, store: PersonaStore
    ) -> None:
        ada = meet("ada")
        await ada.session()
        await ada.say("Hello", "I am a nurse.", "it rains")
        assert "90 days" in await ada.ask("remember_me")
        await ada.say("I have two dogs.")
        assert ada.slots.get("facts") is None  # in one place alone
        assert await store.count() == (1, 2)
        [greeting] = await ada.session()
        assert greeting["text"] == WELCOME_BACK.format(
            count="2 things you told me", resources=resource_line(None)
        )
        assert "nurse" not in greeting["text"]  # whoever looks at the screen
        assert ada.persona == ["I am a nurse.", "I have two dogs."]
        assert await ada.known() == ["I am a nurse.", "I have two dogs."]
        stranger = meet("bob")
        [greeting] = await stranger.session()
        assert greeting["response"] == "utter_greet"

    async def test_who_comes_back_when_the_conversation_is_deleted_is_known(
        self, meet: Meet
    ) -> None:
        """The session started before the tracker held a message, and knew no channel."""
        ada = meet("ada")
        await ada.say("Hello", "I am a nurse.", "it rains")
        await ada.ask("remember_me")
        for channel, is_known in (("rest", True), ("slack", False)):
            comes = {"name": "session_started_metadata", "value": {"input_channel": channel}}
            ada.events, ada.slots = [event("slot", **comes)], {}
            [greeting] = await ada.session()
            assert ("one thing you told me" in str(greeting["text"])) is is_known

    async def test_what_was_told_in_one_breath_is_kept_too(
        self, meet: Meet, store: PersonaStore
    ) -> None:
        """It was read with the third utterance, and whoever left before that was forgotten."""
        ada = meet("ada")
        await ada.session()
        await ada.say("I am a nurse.")
        assert ada.persona == []  # not before the third utterance (PAL, section 3.2)
        await ada.ask("remember_me")
        assert await store.count() == (1, 1)
        [greeting] = await ada.session()
        assert greeting["text"] == WELCOME_BACK.format(
            count="one thing you told me", resources=resource_line(None)
        )

    async def test_what_was_told_before_is_kept_as_told_then(
        self, meet: Meet, store: PersonaStore, clock: Clock
    ) -> None:
        ada = meet("ada")
        await ada.session()
        await ada.say("Hello", "I am a nurse.", "it rains")
        [told] = ada.slots["facts"]
        clock.pass_by(minutes=20)
        await ada.ask("remember_me")
        [kept] = await store.facts(store.seeker_id("rest", "ada"))
        assert kept.source == told["source"] == "ada-2"
        assert kept.learnt_at.isoformat() == told["learnt_at"]

    async def test_who_asks_after_one_message_sees_what_it_told(self, meet: Meet) -> None:
        ada = meet("ada")
        await ada.session()
        await ada.say("I am a nurse.")
        assert await ada.known() == ["I am a nurse."]
        await ada.say("I have two dogs.")
        assert await ada.known() == ["I am a nurse.", "I have two dogs."]

    async def test_who_agreed_and_told_nothing_is_not_told_to_agree(self, meet: Meet) -> None:
        ada = meet("ada")
        await ada.ask("remember_me")
        [greeting] = await ada.session()
        assert greeting["text"] == WELCOME_BACK.format(
            count="nothing yet", resources=resource_line(None)
        )
        assert ada.persona == []

    async def test_taken_back_all_is_erased_but_for_the_session(
        self, meet: Meet, store: PersonaStore
    ) -> None:
        ada = meet("ada")
        await ada.say("Hello", "I am a nurse.", "it rains")
        await ada.ask("remember_me")
        assert "erased what I had stored" in await ada.ask("stop_remembering")
        assert await store.count() == (0, 0)
        assert await ada.known() == ["I am a nurse."]
        await ada.say("I have two dogs.")
        assert await store.count() == (0, 0)
        await ada.session()
        assert await ada.known() == []

    async def test_where_the_memory_is_off_nothing_is_promised(
        self, supporter: Supporter, embedder: Embedder
    ) -> None:
        ada = Seeker("ada", SeekerMemory(None, embedder, LIFETIME), supporter)
        await ada.say("Hello", "I am a nurse.", "it rains")
        assert "has switched the memory off" in await ada.ask("remember_me")
        assert "/remember_me" not in await ada.ask("show_persona")
        assert await ada.known() == ["I am a nurse."]


async def test_a_life_over_five_sessions_and_a_month(
    meet: Meet, store: PersonaStore, clock: Clock
) -> None:
    ada, bob = meet("ada"), meet("bob")
    await bob.say("Hello", "I am a pilot.", "it rains")
    await bob.ask("remember_me")
    # 1: a teacher in Leeds.
    await ada.session()
    await ada.say("Hello", "I am a teacher.", "I live in Leeds. I have a cat.")
    await ada.ask("remember_me")
    assert await ada.known() == ["I am a teacher.", "I live in Leeds.", "I have a cat."]
    # 2, a week later: out of work.
    clock.pass_by(days=7)
    await ada.session()
    await ada.say("Hi, me again.", "I lost my job.", "it hurts")
    assert await ada.known() == ["I live in Leeds.", "I have a cat.", "I lost my job."]
    # 3: a new place; a slip of the tongue, put right by its number.
    clock.pass_by(days=7)
    await ada.session()
    await ada.say("Hi", "I moved to Bath. I have two brothers.", "so tired")
    known = await ada.known()
    assert known == ["I have a cat.", "I lost my job.", "I moved to Bath.", "I have two brothers."]
    answer = await ada.ask("change_fact", "/correct 4 I have three brothers.")
    assert "I have three brothers." in answer
    assert await ada.known() == [*known[:3], "I have three brothers."]
    # 4: work again, and one thing that is nobody's business any more.
    clock.pass_by(days=8)
    await ada.session()
    await ada.say("Hi", "I found a job.", "finally")
    answer = await ada.ask("change_fact", "please forget that I have a cat")
    assert "I have a cat." in answer
    known = ["I moved to Bath.", "I have three brothers.", "I found a job."]
    assert await ada.known() == known
    assert "cat" not in str(ada.slots)
    # 5: nothing new; the past is in the copy, but for what was to be forgotten.
    clock.pass_by(days=9)
    await ada.session()
    assert ada.persona == known
    [message] = await ada.messages("export_data")
    copy = message["custom"]["export"]
    ended = {f["sentence"]: f.get("superseded_by") for f in copy["facts"] if "superseded_at" in f}
    assert set(ended) == {
        "I am a teacher.",
        "I live in Leeds.",
        "I lost my job.",
        "I have two brothers.",
    }
    numbers = {f["sentence"]: f["id"] for f in copy["facts"]}
    assert ended["I am a teacher."] == numbers["I lost my job."]
    assert ended["I live in Leeds."] == numbers["I moved to Bath."]
    assert "cat" not in json.dumps(copy)
    assert json.loads(message["text"].split("\n", 1)[1]) == copy
    # The month is over; in two more, what nobody mentions goes.
    clock.pass_by(days=65)
    await ada.say("Hello again", "I found a job.", "still there")
    clock.pass_by(days=30)
    await store.expire(LIFETIME)
    assert await ada.known() == ["I found a job."]
    await bob.session()
    assert await bob.known() == []
    await ada.ask("forget_me")
    assert await store.count() == (0, 0)


class TestCorrections:
    @pytest.fixture(params=[False, True], ids=["session", "kept"])
    async def ada(self, request: pytest.FixtureRequest, meet: Meet) -> Seeker:
        ada = meet("ada")
        await ada.say("Hello", "I am a baker.", "My husband left me. I have diabetes.")
        if request.param:
            await ada.ask("remember_me")
        return ada

    async def test_what_is_wrong_is_crossed_out(self, ada: Seeker) -> None:
        assert "\u201cI am a baker.\u201d" in await ada.ask("change_fact", "/wrong 1")
        assert await ada.known() == ["My husband left me.", "I have diabetes."]
        await ada.say("I am a butcher.")
        assert await ada.known() == ["My husband left me.", "I have diabetes.", "I am a butcher."]
        assert ada.persona == await ada.known()

    @pytest.mark.parametrize("agreed", [False, True], ids=["session", "kept"])
    async def test_what_was_wrong_does_not_come_back_where_it_was_all(
        self, meet: Meet, agreed: bool
    ) -> None:
        ben = meet("ben")
        await ben.say("Hello", "Hi there", "I am a baker.")
        if agreed:
            await ben.ask("remember_me")
        assert "\u201cI am a baker.\u201d" in await ben.ask("change_fact", "/wrong 1")
        assert await ben.known() == []
        await ben.say("It rains.")
        assert await ben.known() == ben.persona == []

    @pytest.mark.parametrize(
        "text",
        [
            "/forget 2",
            "Forget that my husband left me.",
            "forget what I said about my husband, please",
        ],
    )
    async def test_what_shall_be_forgotten_is_found_by_number_and_by_words(
        self, ada: Seeker, text: str
    ) -> None:
        assert "My husband left me." in await ada.ask("change_fact", text)
        assert await ada.known() == ["I am a baker.", "I have diabetes."]
        assert "husband" not in str(ada.slots)

    @pytest.mark.parametrize(
        "text",
        [
            "/forget 9",
            "/wrong 0",
            "forget that I play chess",
            "forget that my spouse left me",  # in other words: what is deleted does not come back
            "forget that I am not a baker",
            "forget what I said about it",
            "that is not true about me",
        ],
    )
    async def test_what_is_not_clear_is_asked(self, ada: Seeker, text: str) -> None:
        answer = await ada.ask("change_fact", text)
        assert "changed nothing" in answer
        assert "1. I am a baker." in answer
        assert len(await ada.known()) == 3

    async def test_what_has_just_been_said_is_forgotten_and_not_noted_later(
        self, ada: Seeker
    ) -> None:
        """It had not been read yet, so nothing was found; two messages later it was."""
        await ada.session()
        await ada.say("I have HIV.")
        assert "I have deleted" in await ada.ask("change_fact", "forget that I have HIV")
        await ada.say("it rains", "it pours")
        assert "HIV" not in str((ada.slots, await ada.known()))

    async def test_what_was_said_in_danger_is_not_noted_later_either(self, ada: Seeker) -> None:
        await ada.session()
        await ada.say("I have HIV.", DANGER)  # which keeps all of it from being read
        await ada.ask("change_fact", "forget that I have HIV")
        await ada.say("I am safe now, really.", "it rains", "it pours")
        assert "HIV" not in str((ada.slots, await ada.known()))

    async def test_numbers_stay_those_of_the_list_that_was_shown(self, ada: Seeker) -> None:
        await ada.known()
        assert "I am a baker." in await ada.ask("change_fact", "/forget 1")
        assert "My husband left me." in await ada.ask("change_fact", "/forget 2")
        assert "changed nothing" in await ada.ask("change_fact", "/forget 2")
        assert await ada.known() == ["I have diabetes."]

    async def test_what_was_forgotten_is_in_no_cache(self, ada: Seeker, embedder: Embedder) -> None:
        embedder.similarities("My husband left me.", ["I am a baker."])
        ada.slots["persona_used"] = ["My husband left me."]
        await ada.ask("change_fact", "/forget 2")
        assert "husband" not in str((ada.slots, embedder._vectors))

    async def test_buttons_say_what_may_be_pressed_but_not_in_rasas_shell(self, meet: Meet) -> None:
        ada = meet("ada")
        await ada.say("Hello", "I am a baker.", "My husband left me. I have diabetes.")
        [message] = await ada.messages("show_persona")
        sent = {button["payload"] for button in message["buttons"]}
        assert {"/wrong 1", "/wrong 3", "/export_data", "/forget_me"} < sent
        ada.channel = "cmdline"
        [message] = await ada.messages("show_persona")
        assert not message["buttons"]

    async def test_words_of_danger_are_answered_as_danger(self, ada: Seeker) -> None:
        answer = await ada.ask("change_fact", f"forget that I told you: {DANGER}")
        assert "988" in answer
        assert ada.slots["risk"] in ("high", "imminent")
        assert len(await ada.known()) == 3


@pytest.mark.parametrize(
    "text", ["forget that I am a teacher", "Please forget what I said about teacher."]
)
async def test_what_no_longer_holds_can_be_forgotten_too(
    meet: Meet, store: PersonaStore, text: str
) -> None:
    """It is in nobody's list, but in the store and in the export."""
    ada = meet("ada")
    await ada.ask("remember_me")
    await ada.say("Hello", "I am a teacher.", "it rains", "I lost my job.")
    assert await ada.known() == ["I lost my job."]
    assert "I am a teacher." in await ada.ask("change_fact", text)
    kept = await store.facts(store.seeker_id("rest", "ada"), superseded=True)
    assert [fact.sentence for fact in kept] == ["I lost my job."]


async def test_nothing_to_change_is_said(meet: Meet) -> None:
    assert "nothing to change" in await meet("ada").ask("change_fact", "/wrong 1")


class TestOutage:
    async def test_the_chat_goes_on_says_so_once_and_nothing_is_lost(
        self, meet: Meet, memory: SeekerMemory, store: PersonaStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada = meet("ada")
        await ada.say("Hello", "I am a nurse.", "it rains")
        await ada.ask("remember_me")

        with monkeypatch.context() as patch:
            for method in ("consented_at", "facts", "learn", "erase", "consent"):
                patch.setattr(store, method, fail)
            assert await ada.say("I have two dogs.") == OUT
            assert await ada.say("I live in Leeds.") == ""
            assert ada.persona == ["I am a nurse.", "I have two dogs.", "I live in Leeds."]
            assert "can't reach my memory" in await ada.ask("show_persona")
            assert "nothing was changed" in await ada.ask("change_fact", "/forget 1")
            assert "still there" in await ada.ask("stop_remembering")
            assert "can't reach my memory" in await ada.ask("export_data")
            assert "isn't working" in await ada.ask("remember_me")
            with pytest.raises(MemoryStoreError):  # upon which Rasa says that nothing was erased
                await ada.ask("forget_me")
        works_again(memory)
        assert await ada.say("and so on") == BACK
        assert await ada.known() == ["I am a nurse.", "I have two dogs.", "I live in Leeds."]
        assert len(await store.facts(store.seeker_id("rest", "ada"))) == 3
        assert ada.slots["facts"] is None

    async def test_what_was_told_meanwhile_outlives_the_session(
        self, meet: Meet, memory: SeekerMemory, store: PersonaStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada = meet("ada")
        await ada.say("Hello", "I am a nurse.", "it rains")
        await ada.ask("remember_me")

        with monkeypatch.context() as patch:
            patch.setattr(store, "consented_at", fail)
            await ada.say("I live in Leeds.")
            await ada.session()  # it still does not work
        works_again(memory)
        [greeting] = await ada.session()
        assert "2 things" in greeting["text"]
        assert len(await store.facts(store.seeker_id("rest", "ada"))) == 2
        assert await ada.known() == ["I am a nurse.", "I live in Leeds."]

    async def test_of_who_never_agreed_nothing_outlives_the_session(
        self, meet: Meet, memory: SeekerMemory, store: PersonaStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Facts were carried on for anybody, and kept once they agreed to something else."""
        bob = meet("bob")
        await bob.session()
        await bob.say("Hello", "I have HIV.", "it rains")
        with monkeypatch.context() as patch:
            patch.setattr(store, "consented_at", fail)
            await bob.session()
            assert "HIV" not in str(bob.slots)
        works_again(memory)
        await bob.say("Hello", "I am a nurse.", "it rains")
        await bob.ask("remember_me")
        assert await bob.known() == ["I am a nurse."]

    async def test_nor_of_who_took_it_back(
        self, meet: Meet, store: PersonaStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bob = meet("bob")
        await bob.ask("remember_me")
        await bob.session()
        await bob.ask("stop_remembering")
        await bob.say("Hello", "I have HIV.", "it rains")
        monkeypatch.setattr(store, "consented_at", fail)
        await bob.session()
        assert "HIV" not in str(bob.slots)

    async def test_what_is_corrected_before_it_is_kept_stays_corrected(
        self, meet: Meet, memory: SeekerMemory, store: PersonaStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada = meet("ada")
        await ada.ask("remember_me")

        with monkeypatch.context() as patch:
            patch.setattr(store, "consented_at", fail)
            await ada.say("Hello", "I live in Leeds.", "it rains")
        works_again(memory)
        assert await ada.known() == ["I live in Leeds."]
        await ada.ask("change_fact", "/correct 1 I live with my cousin.")
        assert await ada.known() == ["I live with my cousin."]

    async def test_after_a_failure_nobody_waits_for_the_next_one(
        self, meet: Meet, store: PersonaStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tried = 0

        async def fail(*_: object, **__: object) -> None:
            nonlocal tried
            tried += 1
            raise MemoryStoreError("gone")

        monkeypatch.setattr(store, "consented_at", fail)
        for name in ("ada", "bob", "cleo"):
            await meet(name).say("Hello", "I am a nurse.", "it rains")
        assert tried == 1

    async def test_a_store_that_cannot_be_opened_is_tried_again(
        self,
        store: PersonaStore,
        embedder: Embedder,
        supporter: Supporter,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        memory = SeekerMemory(store, embedder, LIFETIME)

        async def fail() -> None:
            raise MemoryStoreError("not yet")

        with monkeypatch.context() as patch:
            patch.setattr(store, "open", fail)
            await memory.expire()
            ada = Seeker("ada", memory, supporter)
            assert await ada.say("Hello", "I am a nurse.", "it rains") == OUT
        works_again(memory)
        await ada.ask("remember_me")
        assert await ada.known() == ["I am a nurse."]

    async def test_a_store_that_opens_slowly_is_used_once_it_has(
        self, store: PersonaStore, meet: Meet, monkeypatch: pytest.MonkeyPatch, memory: SeekerMemory
    ) -> None:
        opened = 0
        gate = asyncio.Event()

        async def open_() -> None:
            nonlocal opened
            opened += 1
            await gate.wait()

        monkeypatch.setattr(store, "open", open_)
        monkeypatch.setattr(known, "_OPENING_SECONDS", 0.05)
        ada = meet("ada")
        assert await ada.say("Hello", "I am a nurse.", "it rains") == OUT
        gate.set()
        works_again(memory)
        await ada.ask("remember_me")
        assert await ada.known() == ["I am a nurse."]
        assert opened == 1


async def test_erasure_leaves_no_word_in_the_store_the_slots_or_the_cache(
    meet: Meet, store: PersonaStore, embedder: Embedder, capfd: pytest.CaptureFixture[str]
) -> None:
    ada = meet("ada-of-zanzibar")
    await ada.say("Hello", "I live in Zanzibar.", "My cat is called Xerxes.", "it rains")
    await ada.ask("remember_me")
    await ada.say("I live in Timbuktu.")
    seeker = store.seeker_id("rest", "ada-of-zanzibar").encode()
    assert seeker in await everything(store)
    assert any("Timbuktu" in sentence for sentence in embedder._vectors)
    await ada.ask("forget_me")
    places = await everything(store) + str((ada.slots, ada.events, embedder._vectors)).encode()
    places += "".join(capfd.readouterr()).encode()
    for word in (b"zanzibar", b"Zanzibar", b"Timbuktu", b"Xerxes", seeker):
        assert word not in places
