from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
import torch

from pal_model import (
    DEFAULT_ALPHAS,
    Conversation,
    GenerationOptions,
    GenerationTimeoutError,
    ModelLoadError,
    PalGenerator,
    Persona,
    ReplyRequest,
    Strategy,
)
from pal_model.configuration import PalConfig
from pal_model.decoder_only_model import DecoderOnlyModel
from pal_model.decoding import DecodedRow
from pal_model.generation_options import PAPER_OPTIONS
from pal_model.torch_backbone import TorchBackbone

EMPTY = DecodedRow(ids=(), log_probs=())
PERSONA = Persona(("I am a nurse.", "I work at night."))


@pytest.fixture
def requests(conversation: Callable[..., Conversation]) -> list[ReplyRequest]:
    return [
        ReplyRequest(conversation("Hi", "Hello", "I am tired"), PERSONA),
        ReplyRequest(conversation("My cat is ill and I am afraid")),
        ReplyRequest(conversation("I moved", "Where to?", "Far away"), Persona(("I moved.",))),
    ]


def test_a_reply_says_how_it_came_about(
    generator: PalGenerator, requests: list[ReplyRequest]
) -> None:
    for request, reply in zip(requests, generator.reply(requests), strict=True):
        assert reply.text
        assert set(reply.strategy_probabilities) == set(Strategy)
        assert sum(reply.strategy_probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert reply.strategy is next(iter(reply.strategy_probabilities))
        assert reply.alpha == (DEFAULT_ALPHAS[reply.strategy] if request.persona else 0)
        assert reply.persona == request.persona


def test_a_given_strategy_is_followed(
    generator: PalGenerator, conversation: Callable[..., Conversation]
) -> None:
    for strategy in Strategy:
        [reply] = generator.reply([ReplyRequest(conversation("Hi"), PERSONA, strategy)])
        assert reply.strategy is strategy
        assert reply.alpha == DEFAULT_ALPHAS[strategy]


def test_with_a_seed_a_reply_repeats_and_owes_nothing_to_its_neighbours(
    generator: PalGenerator, requests: list[ReplyRequest]
) -> None:
    options = GenerationOptions(seed=7, temperature=1.5)
    together = generator.reply(requests, options)
    assert together == generator.reply(requests, options)
    assert together[::-1] == generator.reply(requests[::-1], options)
    for request, reply in zip(requests, together, strict=True):
        [alone] = generator.reply([request], options)
        assert alone.text == reply.text
        assert alone.alternatives == reply.alternatives


@pytest.mark.parametrize(
    ("persona", "strategy", "branches"),
    [
        (PERSONA, Strategy.INFORMATION, 2),
        (PERSONA, Strategy.QUESTION, 1),
        (Persona(), Strategy.INFORMATION, 1),
    ],
    ids=["guided", "alpha 0", "no persona"],
)
def test_the_second_branch_is_there_only_where_it_counts(
    generator: PalGenerator,
    conversation: Callable[..., Conversation],
    monkeypatch: pytest.MonkeyPatch,
    persona: Persona,
    strategy: Strategy,
    branches: int,
) -> None:
    rows: list[int] = []
    monkeypatch.setattr(
        "pal_model.generator.decode", lambda r, *_, **__: rows.append(len(r._states)) or [EMPTY]
    )
    generator.reply(
        [ReplyRequest(conversation("Hi"), persona, strategy)], GenerationOptions(candidates=1)
    )
    assert rows == [branches]


@pytest.mark.parametrize("form", ["prefix", "prompt"])
def test_what_is_remembered_of_earlier_turns_changes_no_reply(
    form: Literal["prefix", "prompt"],
    model: Any,
    tokenizer: Any,
    conversation: Callable[..., Conversation],
) -> None:
    """Also where the history no longer fits and its beginning moves."""
    texts = ["Hi", "Hello", "I moved and I know nobody here", "Where to?", "Far away", "Oh", "Yes"]
    options = GenerationOptions(seed=2, max_new_tokens=12)
    config = PalConfig(max_history_tokens=60, persona_form=form)
    remembering = PalGenerator(DecoderOnlyModel(TorchBackbone(model), tokenizer, config))
    for turn in range(1, len(texts) + 1):
        persona = Persona(tuple(f"I know {n} people." for n in range(turn // 2)))
        request = ReplyRequest(conversation(*texts[:turn]), persona)
        fresh = PalGenerator(
            DecoderOnlyModel(TorchBackbone(model), tokenizer, config, cache_bytes=0)
        )
        assert remembering.reply([request], options) == fresh.reply([request], options)
    assert len(remembering.model.histories.remembered)
    assert len(remembering.model.personas.remembered)
    remembering.forget()
    assert not len(remembering.model.histories.remembered)
    assert not len(remembering.model.personas.remembered)


@pytest.mark.parametrize("form", ["prefix", "prompt"])
def test_some_of_a_batch_have_a_persona_and_some_of_these_are_guided(
    form: Literal["prefix", "prompt"],
    model: Any,
    tokenizer: Any,
    conversation: Callable[..., Conversation],
) -> None:
    options = GenerationOptions(seed=2, max_new_tokens=12, candidates=1)
    pal = DecoderOnlyModel(TorchBackbone(model), tokenizer, PalConfig(persona_form=form))
    strategies = (Strategy.QUESTION, Strategy.INFORMATION, Strategy.INFORMATION, Strategy.OTHERS)
    sentences = (("I moved.",), (), ("I am a nurse.",), ("I sew.",))
    requests = [
        ReplyRequest(conversation(f"I am tired, {place}"), Persona(of_one), strategy)
        for place, (strategy, of_one) in enumerate(zip(strategies, sentences, strict=True))
    ]
    together = PalGenerator(pal).reply(requests, options)
    assert [reply.alpha for reply in together] == [0, 0, 0.75, 0.375]
    for request, reply in zip(requests, together, strict=True):
        pal.forget()
        assert PalGenerator(pal).reply([request], options) == [reply]


@pytest.mark.parametrize("form", ["prefix", "prompt"])
def test_a_turn_that_is_asked_about_with_several_seeds_is_read_once(
    form: Literal["prefix", "prompt"],
    model: Any,
    tokenizer: Any,
    requests: list[ReplyRequest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backbone = TorchBackbone(model)
    alphas = {s: 0.75 * (place % 2) for place, s in enumerate(Strategy)}
    pal = DecoderOnlyModel(backbone, tokenizer, PalConfig(persona_form=form, alphas=alphas))
    asked = [replace(requests[i], seed=seed) for seed in (1, 2) for i in (0, 1, 2)]
    asked = [replace(r, strategy=s) for r, s in zip(asked, Strategy, strict=False)]
    options = GenerationOptions(temperature=1.5, max_new_tokens=12)
    rows: list[int] = []
    read = backbone.read

    def counted(ids: torch.Tensor, *rest: Any) -> torch.Tensor:
        rows.append(len(ids))
        return read(ids, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(backbone, "read", counted)
        together = PalGenerator(pal).reply(asked, options)
        pal.forget()
        rows.clear()
        turns = pal.read(asked)
    assert max(rows) == 3
    assert len(turns.states) == len(asked)
    assert {bool(reply.alpha) for reply in together} == {True, False}
    for request, reply in zip(asked, together, strict=True):
        pal.forget()
        assert PalGenerator(pal).reply([request], options) == [reply]


def test_a_prompt_is_read_on_and_without_guidance_its_history_is_not_read_alone(
    model: Any, tokenizer: Any, conversation: Callable[..., Conversation]
) -> None:
    """As long as who the seeker is stays the same."""
    config = PalConfig(persona_form="prompt", alphas=dict.fromkeys(Strategy, 0.0))
    pal = DecoderOnlyModel(TorchBackbone(model), tokenizer, config)
    persona = Persona(("I moved.",))
    texts = ["Hi", "Hello", "I moved and I know nobody here", "Where to?", "Far away"]
    for turn in (1, 3, 5):
        request = ReplyRequest(conversation(*texts[:turn]), persona)
        PalGenerator(pal).reply([request], GenerationOptions(seed=2, max_new_tokens=12))
        ids = pal.encoder.encode_inputs(request.conversation, request.persona)
        known = pal.personas.remembered.longest(ids.persona_ids + ids.history_ids)
        assert known is not None
        assert known.shape[3] == len(ids.persona_ids + ids.history_ids)
        assert len(pal.personas.remembered) == 1
    assert len(pal.histories.remembered) == 0


def test_the_form_of_the_persona_is_the_configurations(
    model: Any, tokenizer: Any, requests: list[ReplyRequest]
) -> None:
    """Hard Prompt reads persona, history and cue as one text, after the fixed part."""
    for form in ("prefix", "prompt"):
        pal = DecoderOnlyModel(TorchBackbone(model), tokenizer, PalConfig(persona_form=form))
        turns = pal.read(requests)
        whole = pal.read_prompts([i.with_persona for i in turns.inputs]).logits
        same = [torch.allclose(*pair) for pair in zip(turns.logits, whole, strict=True)]
        assert same == [form == "prompt" or not has_persona for has_persona in turns.has_persona]


def test_no_requests_are_no_work(generator: PalGenerator) -> None:
    assert generator.reply([]) == []


def test_an_empty_conversation_gets_a_reply(generator: PalGenerator) -> None:
    [reply] = generator.reply([ReplyRequest(Conversation())])
    assert reply.text


def test_a_deadline_in_the_past_is_told_as_such(
    generator: PalGenerator, requests: list[ReplyRequest]
) -> None:
    with pytest.raises(GenerationTimeoutError):
        generator.reply(requests, deadline=time.monotonic() - 1)


def test_where_nothing_is_fit_to_be_said_a_fixed_sentence_stands_in(
    generator: PalGenerator,
    conversation: Callable[..., Conversation],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pal_model.generator.find_flaw", lambda *_: "flawed")
    first = generator.reply([ReplyRequest(conversation("Hi"), strategy=Strategy.QUESTION)])[0]
    assert first.text.endswith("?")
    assert not first.generated
    assert first.alternatives == ()
    second = generator.reply(
        [ReplyRequest(conversation("Hi", first.text, "Well"), strategy=Strategy.QUESTION)]
    )[0]
    assert second.text != first.text


def test_a_trained_checkpoint_has_no_examples_and_no_openers(
    model: Any, tokenizer: Any, requests: list[ReplyRequest]
) -> None:
    """Guards against padding without a fixed part in front, where a masked row has no key."""
    pal = DecoderOnlyModel(TorchBackbone(model), tokenizer, PalConfig(zero_shot=False))
    generator = PalGenerator(pal)
    assert pal.encoder.fixed_ids == ()
    assert all(not pal.encoder.openers(strategy) for strategy in Strategy)
    options = GenerationOptions(seed=3)
    together = generator.reply(requests, options)
    assert [r.text for r in together] == [
        generator.reply([request], options)[0].text for request in requests
    ]


def test_a_saved_model_loads_by_its_folder_with_its_configuration(
    model: Any, tokenizer: Any, tmp_path: Path, requests: list[ReplyRequest]
) -> None:
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    config = PalConfig(alphas=dict(DEFAULT_ALPHAS) | {Strategy.INFORMATION: 0.25})
    config.save(tmp_path)
    generator = PalGenerator.load(str(tmp_path), device="cpu", dtype=torch.float64)
    request = ReplyRequest(requests[0].conversation, PERSONA, Strategy.INFORMATION)
    [reply] = generator.reply([request], GenerationOptions(seed=1))
    assert reply.alpha == 0.25
    assert (
        reply
        == PalGenerator(DecoderOnlyModel(TorchBackbone(model), tokenizer, config)).reply(
            [request], GenerationOptions(seed=1)
        )[0]
    )


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "meta:x"])
def test_a_device_that_is_not_there_is_named_with_the_remedy(device: str) -> None:
    with pytest.raises(ModelLoadError, match=f"device '{device}' cannot be used.*'cpu'"):
        PalGenerator.load("/no/such/folder", device=device)


@pytest.mark.parametrize("name", ["/no/such/folder", "."])
def test_a_model_that_is_not_there_is_named_with_the_remedy(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelLoadError, match="Name 'embedded', a folder"):
        PalGenerator.load(name)


def test_a_draft_that_ends_at_once_is_not_said(
    generator: PalGenerator,
    conversation: Callable[..., Conversation],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Guards against ranking nothing: the mean log probability of no tokens is not a number."""
    monkeypatch.setattr("pal_model.generator.decode", lambda *_, seeds, **__: [EMPTY] * len(seeds))
    [reply] = generator.reply([ReplyRequest(conversation("Hi"), strategy=Strategy.SELF_DISCLOSURE)])
    assert not reply.generated
    assert reply.text


def test_unedited_it_says_what_the_model_wrote(
    generator: PalGenerator, requests: list[ReplyRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = DecodedRow(ids=(20, 21, 22), log_probs=(-1.0, -1.0, -1.0))
    monkeypatch.setattr("pal_model.generator.decode", lambda *_, **__: [written, EMPTY, written])
    monkeypatch.setattr("pal_model.generator.find_flaw", lambda *_: "flawed")
    monkeypatch.setattr(
        type(generator.model), "log_probs_anywhere", lambda *_: pytest.fail("nothing to choose")
    )
    replies = generator.reply(requests, PAPER_OPTIONS)
    text = " ".join(generator.model.decode(written.ids).split())
    assert [r.text.endswith(text) for r in replies] == [True, False, True]
    assert replies[1].text == ""
    assert all(reply.generated for reply in replies)


def test_alphas_may_be_others_than_the_checkpoints(
    generator: PalGenerator, conversation: Callable[..., Conversation]
) -> None:
    request = ReplyRequest(conversation("Hi"), PERSONA, Strategy.INFORMATION)
    options = GenerationOptions(alphas=dict.fromkeys(Strategy, 0.0) | {Strategy.INFORMATION: 2})
    assert generator.reply([request], options)[0].alpha == 2
    with pytest.raises(ValueError, match=r"alphas is .* 0 or more, for each"):
        GenerationOptions(alphas={Strategy.INFORMATION: 1.0})
