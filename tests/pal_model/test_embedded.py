"""The real embedded model. It is converted once, under PAL_HOME, by `make install` or here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from pal_model import (
    Conversation,
    GenerationOptions,
    ModelLoadError,
    PalGenerator,
    Persona,
    ReplyRequest,
    Strategy,
)
from pal_model import checkpoint as checkpoint_module
from pal_model import embedded as embedded_module
from pal_model.checkpoint import load_checkpoint
from pal_model.configuration import PalConfig, PersonaForm
from pal_model.decoder_only_model import DecoderOnlyModel
from pal_model.embedded import default_home, prepare_embedded_model
from pal_model.onnx_backbone import OnnxBackbone
from pal_model.row_states import rows_are_independent
from pal_model.torch_backbone import TorchBackbone
from tests.pal_model.reference import guided_greedy

pytestmark = pytest.mark.integration

PERSONA = Persona(("I am a nurse.", "My shifts are at night."))


@pytest.fixture(scope="module")
def embedded() -> Iterator[PalGenerator]:
    threads = torch.get_num_threads()
    torch.set_num_threads(max(threads, 2))
    yield PalGenerator.load(device="cpu")
    torch.set_num_threads(threads)


@pytest.mark.parametrize("persona_form", ["prefix", "prompt"])
def test_guided_decoding_on_the_real_weights_equals_the_slow_reference(
    conversation: Callable[..., Conversation], persona_form: PersonaForm
) -> None:
    """In float32: the reference sums in another order, and in bfloat16 near ties would part.

    Without the examples of a zero-shot prompt, which would make the reference ten times as slow.
    """
    folder = prepare_embedded_model(default_home())
    stock = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ours = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    config = PalConfig(persona_form=persona_form, zero_shot=False)
    pal = DecoderOnlyModel(TorchBackbone(ours), tokenizer, config)
    generator = PalGenerator(pal)
    talk = conversation("Hi", "Hello", "I can't sleep after work")
    strategy = Strategy.PROVIDING_SUGGESTIONS
    options = GenerationOptions(
        do_sample=False,
        min_new_tokens=1,
        max_new_tokens=3,
        max_sentences=0,
        no_repeat_ngram_size=0,
    )
    requests = [ReplyRequest(talk, PERSONA, strategy)]
    states = pal.read(requests)
    [turn] = generator._choose_strategies(requests, states)
    [draft] = generator._write(states, [turn], options, None)
    fixed, [inputs] = pal.encoder.fixed_ids, states.inputs
    start = (*inputs.cue_ids, *pal.encoder.strategy_ids[strategy], *draft.opening)
    seen = (*fixed, *inputs.history_ids)
    prompt = (*fixed, *inputs.persona_ids, *inputs.history_ids, *start)
    is_prefix = persona_form == "prefix"
    expected = guided_greedy(
        stock,
        (*seen, *start) if is_prefix else prompt,
        (*seen, *start),
        turn.alpha,
        end_ids=pal.end_ids,
        min_new_tokens=options.min_new_tokens,
        max_new_tokens=options.max_new_tokens,
        repetition_penalty=options.repetition_penalty,
        prefix=inputs.persona_ids if is_prefix else (),
        unseeing=len(seen) if is_prefix else 0,
    )
    assert list(draft.row.ids) == expected


def test_as_shipped_a_reply_is_the_same_alone_and_in_company(
    embedded: PalGenerator, conversation: Callable[..., Conversation]
) -> None:
    requests = [
        ReplyRequest(conversation("Hi", "Hello", "I can't sleep after work"), PERSONA),
        ReplyRequest(conversation("I lost my dog"), Persona()),
        ReplyRequest(conversation(*["We argue about money every single evening"] * 5), PERSONA),
    ]
    options = GenerationOptions(seed=5, candidates=2, max_new_tokens=10)
    together = embedded.reply(requests, options)
    alone = [embedded.reply([request], options)[0] for request in requests]
    assert together == alone
    assert len({reply.text for reply in together}) == len(together)


def test_as_shipped_a_reply_owes_nothing_to_what_is_remembered(
    embedded: PalGenerator, conversation: Callable[..., Conversation]
) -> None:
    texts = ["Hi", "Hello", "I can't sleep after work", "Since when?", "Since May"]
    options = GenerationOptions(seed=6, candidates=2, max_new_tokens=10)
    request = ReplyRequest(conversation(*texts), PERSONA)
    embedded.forget()
    [fresh] = embedded.reply([request], options)
    for turn in (1, 3, 5):
        talk = conversation(*texts[:turn])
        [remembering] = embedded.reply([ReplyRequest(talk, PERSONA)], options)
    assert remembering == fresh


def test_rows_that_depend_on_their_neighbours_are_noticed(
    embedded: PalGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rows_are_independent(embedded.model.backbone)
    read = OnnxBackbone.logits

    def disturbed(backbone: OnnxBackbone, hidden_states: torch.Tensor) -> torch.Tensor:
        logits = read(backbone, hidden_states)
        return logits if len(logits) == 1 else logits.nextafter(torch.tensor(torch.inf))

    monkeypatch.setattr(OnnxBackbone, "logits", disturbed)
    assert not rows_are_independent(embedded.model.backbone)


def test_a_number_format_in_which_rows_depend_on_each_other_is_not_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checkpoint_module, "rows_are_independent", lambda _: False)
    assert load_checkpoint("embedded", device="cpu").backbone.name == "float32"
    asked_for = load_checkpoint("embedded", device="cpu", dtype=torch.int8)
    assert asked_for.backbone.name == "int8"


def test_it_replies_in_english_words_and_the_strategy_shapes_the_reply(
    embedded: PalGenerator, conversation: Callable[..., Conversation]
) -> None:
    talk = conversation("Hi", "Hello", "My sister and I had a fight and now I feel alone")
    strategies = [
        Strategy.QUESTION,
        Strategy.REFLECTION_OF_FEELINGS,
        Strategy.PROVIDING_SUGGESTIONS,
        Strategy.OTHERS,
    ]
    requests = [ReplyRequest(talk, PERSONA, strategy) for strategy in strategies]
    replies = embedded.reply(requests, GenerationOptions(seed=0, candidates=1))
    texts = [reply.text for reply in replies]
    assert len(set(texts)) == len(texts)
    assert all(len(text.split()) >= 2 and text.isascii() for text in texts)
    assert texts[0].endswith("?")


def test_the_converted_model_is_found_again_without_converting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = prepare_embedded_model(default_home())
    monkeypatch.setattr(embedded_module, "_convert", None)
    assert prepare_embedded_model(default_home()) == folder
    assert (folder / "model.safetensors").stat().st_size > 100_000_000


def test_a_conversion_that_fails_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("transformers.AutoTokenizer.from_pretrained", broken)
    with pytest.raises(ModelLoadError, match=r"No space left.*PAL_HOME"):
        prepare_embedded_model(tmp_path)
    assert [p for p in (tmp_path / "models").iterdir() if p.is_dir()] == []


def test_a_home_that_cannot_be_written_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where a folder should be")
    with pytest.raises(ModelLoadError, match="Set PAL_HOME to a folder that can be written"):
        prepare_embedded_model(tmp_path)


def test_a_missing_package_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_module, "_PACKAGE", "no-such-package")
    with pytest.raises(ModelLoadError, match=r"'no-such-package' is not installed.*make install"):
        prepare_embedded_model(tmp_path)
