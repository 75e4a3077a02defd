"""Replies by PAL on BlenderbotSmall; the model itself is `test_pal_backbones`' business."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BlenderbotSmallForConditionalGeneration, BlenderbotSmallTokenizer

from pal_model import (
    DEFAULT_ALPHAS,
    Conversation,
    GenerationOptions,
    ModelLoadError,
    PalGenerator,
    Persona,
    ReplyRequest,
    Speaker,
    Strategy,
    Utterance,
)
from pal_model.configuration import PalConfig
from pal_model.modeling_blenderbot_small import (
    PalBlenderbotSmallConfig,
    PalForConditionalGeneration,
)
from pal_model.seq2seq_encoding import Seq2SeqEncoder, add_strategy_tokens
from pal_model.seq2seq_model import Seq2SeqModel
from tests.pal_model.tiny_blenderbot import SIZES, tiny_tokenizer

PERSONA = Persona(("I am a nurse.", "I work at night."))
GREEDY = GenerationOptions(
    do_sample=False, min_new_tokens=4, max_new_tokens=8, max_sentences=0, no_repeat_ngram_size=3
)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tiny_tokenizer(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="module")
def pal(tokenizer: Any) -> Any:
    """Random weights in float64, with a token for each strategy."""
    torch.manual_seed(4)
    config = PalBlenderbotSmallConfig(
        vocab_size=len(tokenizer), max_position_embeddings=64, **SIZES
    )
    model = PalForConditionalGeneration(config)
    add_strategy_tokens(model, tokenizer)
    return model.double().eval()


@pytest.fixture
def generator(pal: Any, tokenizer: Any) -> PalGenerator:
    return PalGenerator(Seq2SeqModel(pal, tokenizer, PalConfig()))


@pytest.fixture
def requests(conversation: Callable[..., Conversation]) -> list[ReplyRequest]:
    return [
        ReplyRequest(conversation("Hi", "Hello", "I am tired"), PERSONA, Strategy.INFORMATION),
        ReplyRequest(conversation("Sleep"), strategy=Strategy.OTHERS),
        ReplyRequest(conversation("Hi"), PERSONA, Strategy.QUESTION),
        ReplyRequest(
            conversation("I can't sleep"), Persona(("I work.",)), Strategy.SELF_DISCLOSURE
        ),
    ]


def written(generator: PalGenerator, requests: list[ReplyRequest]) -> list[tuple[int, ...]]:
    states = generator.model.read(requests)
    turns = generator._choose_strategies(requests, states)
    return [draft.row.ids for draft in generator._write(states, turns, GREEDY, None)]


def test_the_format_is_the_published_one(pal: Any, tokenizer: Any) -> None:
    encoder = Seq2SeqEncoder(tokenizer, PalConfig(), 64)
    talk = Conversation(
        (
            Utterance(Speaker.SEEKER, "I can't sleep."),
            Utterance(Speaker.SUPPORTER, "Since May?", Strategy.QUESTION),
        )
    )
    inputs = encoder.encode_inputs(talk, PERSONA)
    assert tokenizer.decode(inputs.history_ids) == (
        "persona : i can ' t sleep . __end__ system : [Question] since may ?"
    ).replace(" : ", ": ")
    assert tokenizer.decode(inputs.persona_ids) == "i am a nurse . __end__ i work at night ."
    response = encoder.encode_response(Strategy.INFORMATION, "Sleep!")
    assert tokenizer.decode(response) == "[Information] sleep ! __end__"
    assert encoder.decode(response) == "sleep!"
    assert encoder.decode(tokenizer("I can't, I'm tired.").input_ids) == "I can't, I'm tired."


def test_what_exceeds_a_budget_is_left_out_oldest_first(
    tokenizer: Any, pal: Any, conversation: Callable[..., Conversation]
) -> None:
    encoder = Seq2SeqEncoder(tokenizer, PalConfig(max_history_tokens=40, max_persona_tokens=15), 32)
    ids = encoder.encode_inputs(conversation("Hi tired", "Hello", "I am a nurse"), PERSONA)
    assert tokenizer.decode(ids.history_ids).endswith("hello __end__ persona: i am a nurse")
    assert "tired" not in tokenizer.decode(ids.history_ids)
    assert len(ids.history_ids) <= 32
    assert tokenizer.decode(ids.persona_ids) == "i work at night ."
    one = encoder.encode_inputs(conversation("hi " * 50 + "tired"), Persona()).history_ids
    assert len(one) == 32
    assert tokenizer.decode(one).endswith("hi tired")


def test_a_reply_is_what_generate_writes_row_by_row(
    generator: PalGenerator, pal: Any, requests: list[ReplyRequest]
) -> None:
    """Guided and unguided rows in one batch, of different lengths, against transformers' loop."""
    ours = written(generator, requests)
    encoder: Seq2SeqEncoder = generator.model.encoder
    for request, ids in zip(requests, ours, strict=True):
        inputs = encoder.encode_inputs(request.conversation, request.persona)
        persona = {}
        if inputs.persona_ids:
            persona["persona_input_ids"] = torch.tensor([inputs.persona_ids])
        start = [1, encoder.strategy_ids[request.strategy]]
        # Their penalty and n-grams count the strategy's token, ours the response's alone.
        [theirs] = pal.generate(
            input_ids=torch.tensor([inputs.history_ids]),
            decoder_input_ids=torch.tensor([start]),
            alpha=DEFAULT_ALPHAS[request.strategy],
            do_sample=False,
            num_beams=1,
            max_new_tokens=GREEDY.max_new_tokens,
            min_new_tokens=GREEDY.min_new_tokens,
            repetition_penalty=1.0,
            no_repeat_ngram_size=3,
            **persona,
        ).tolist()
        expected = [token for token in theirs[2:] if token != 2]
        alone = written_without_penalty(generator, request)
        assert list(alone) == expected
        assert written(generator, [request]) == [ids]


def test_rows_that_are_kept_go_on_as_in_company(
    generator: PalGenerator, requests: list[ReplyRequest]
) -> None:
    model: Any = generator.model
    inputs = [model.encoder.encode_inputs(r.conversation, r.persona) for r in requests]
    encoded = model.encode(inputs, with_persona=True)
    strategies = list(Strategy)[: len(requests)]
    all_rows, some = (model.decode_from(encoded, strategies) for _ in range(2))
    tokens = all_rows.logits.argmax(-1)
    kept = [len(requests) - 1, 0]
    together = all_rows.append(tokens).append(tokens).logits
    apart = some.append(tokens).kept(kept).append(tokens[kept]).logits
    assert torch.allclose(apart, together[kept], atol=1e-5)
    assert not torch.allclose(together[kept[0]], together[kept[1]], atol=1e-2)


def written_without_penalty(generator: PalGenerator, request: ReplyRequest) -> tuple[int, ...]:
    options = GenerationOptions(
        do_sample=False,
        min_new_tokens=GREEDY.min_new_tokens,
        max_new_tokens=GREEDY.max_new_tokens,
        max_sentences=0,
        no_repeat_ngram_size=3,
        repetition_penalty=1.0,
    )
    states = generator.model.read([request])
    turns = generator._choose_strategies([request], states)
    [draft] = generator._write(states, turns, options, None)
    return draft.row.ids


def test_strategy_probabilities_are_the_decoders_after_its_start_token(
    generator: PalGenerator, pal: Any, conversation: Callable[..., Conversation]
) -> None:
    talk = conversation("I am tired")
    [reply] = generator.reply([ReplyRequest(talk, PERSONA)])
    encoder: Seq2SeqEncoder = generator.model.encoder
    inputs = encoder.encode_inputs(talk, PERSONA)
    with torch.no_grad():
        logits = pal(
            input_ids=torch.tensor([inputs.history_ids]),
            persona_input_ids=torch.tensor([inputs.persona_ids]),
            decoder_input_ids=torch.tensor([[1]]),
        ).logits[0, -1]
    scores = torch.tensor([logits[encoder.strategy_ids[s]] for s in Strategy]).softmax(-1)
    expected = dict(zip(Strategy, scores.tolist(), strict=True))
    assert reply.strategy_probabilities == pytest.approx(expected)
    assert reply.strategy is max(expected, key=lambda s: expected[s])
    assert reply.alpha == DEFAULT_ALPHAS[reply.strategy]


def test_with_a_seed_candidates_repeat(
    generator: PalGenerator, requests: list[ReplyRequest]
) -> None:
    options = GenerationOptions(seed=3, candidates=3, max_new_tokens=12, temperature=1.5)
    together = generator.reply(requests, options)
    assert together == generator.reply(requests, options)
    for request, reply in zip(requests, together, strict=True):
        assert generator.reply([request], options) == [reply]
    assert generator.reply([ReplyRequest(Conversation())])[0].text


def test_a_saved_checkpoint_loads_by_its_folder(
    pal: Any, tokenizer: Any, tmp_path: Path, requests: list[ReplyRequest]
) -> None:
    pal.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    config = PalConfig(alphas=dict(DEFAULT_ALPHAS) | {Strategy.INFORMATION: 0.25})
    config.save(tmp_path)
    loaded = PalGenerator.load(str(tmp_path), device="cpu", dtype=torch.float64)
    expected = PalGenerator(Seq2SeqModel(pal, tokenizer, config))
    options = GenerationOptions(seed=1)
    assert loaded.reply(requests, options) == expected.reply(requests, options)
    assert loaded.reply(requests[:1], options)[0].alpha == 0.25
    assert PalGenerator.load(str(tmp_path), device="cpu").model.name == "float32"
    with pytest.raises(ModelLoadError, match="cannot run with 8-bit weights"):
        PalGenerator.load(str(tmp_path), device="cpu", dtype=torch.int8)


def test_the_backbone_alone_is_refused(tokenizer: Any, pal: Any, tmp_path: Path) -> None:
    config = copy.deepcopy(pal.config).to_dict() | {"model_type": "blenderbot-small"}
    stock = BlenderbotSmallForConditionalGeneration.config_class.from_dict(config)
    BlenderbotSmallForConditionalGeneration(stock).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ModelLoadError, match=r"holds no weights of PAL.*from_backbone"):
        PalGenerator.load(str(tmp_path), device="cpu")


def test_a_tokenizer_without_strategies_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(json.dumps({"__end__": 0, "__unk__": 1, "a": 2}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = BlenderbotSmallTokenizer(str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt"))
    with pytest.raises(ModelLoadError, match=r"no token '\[Question\]'.*add_strategy_tokens"):
        Seq2SeqEncoder(tokenizer, PalConfig(), 64)
