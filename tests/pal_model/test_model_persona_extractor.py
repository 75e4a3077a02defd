"""Both forms for real: tiny models that learn three conversations by heart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    BartForConditionalGeneration,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
)

from pal_model import (
    Conversation,
    ModelLoadError,
    Persona,
    PersonaExtractor,
    Speaker,
    Utterance,
    infer_persona,
)
from pal_model.model_persona_extractor import ModelPersonaExtractor, rows_with_room
from pal_model.persona_extractor_format import PersonaExtractorConfig, PersonaExtractorEncoder
from pal_model.row_cache import CacheFormat
from tests.pal_model.tiny_bart import tiny_config

LEARNT = {
    ("hello", "i study to be a nurse"): ["i am studying to be a nurse ."],
    ("my cat died and i feel alone",): ["my cat died .", "i feel alone ."],
    # What it learnt to make of this nobody said: that must not enter.
    ("i do not have a job",): ["i have a job .", "i have two kids .", "my favorite color is red ."],
}
CONFIG = PersonaExtractorConfig(num_beams=2, max_new_tokens=24)


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    """A token a word, with a start and an end around an encoder's input as BART has them."""
    texts = [*(u for said in LEARNT for u in said), *(s for p in LEARNT.values() for s in p)]
    words = ["<pad>", "<s>", "</s>", "<unk>", "<sep>", "<persona>"]
    words += sorted({word for text in texts for word in text.split()})
    vocabulary = {word: index for index, word in enumerate(words)}
    wordlevel = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    wordlevel.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=wordlevel,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
    )


def learnt(model: Any, batches: list[dict[str, Any]], steps: int) -> Any:
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(steps):
        loss = model(**batches[step % len(batches)]).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert loss.item() < 0.05, "it did not learn its lines"
    return model


def ids(tokenizer: Any, text: str) -> list[int]:
    return tokenizer(text).input_ids


def bart(tokenizer: Any) -> Any:
    config = tiny_config(len(tokenizer), max_position_embeddings=64)
    batches = [
        {
            "input_ids": torch.tensor([ids(tokenizer, " <sep> ".join(said))]),
            "labels": torch.tensor([ids(tokenizer, " <persona> ".join(persona) + " </s>")]),
        }
        for said, persona in LEARNT.items()
    ]
    return learnt(BartForConditionalGeneration(config), batches, 180)


def gpt2(tokenizer: Any) -> Any:
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=32,
        n_layer=1,
        n_head=2,
        n_positions=96,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    batches = []
    for said, persona in LEARNT.items():
        prompt = ids(tokenizer, " <sep> ".join(said) + " <persona>")
        target = ids(tokenizer, " <persona> ".join(persona) + " </s>")
        batches.append(
            {
                "input_ids": torch.tensor([prompt + target]),
                "labels": torch.tensor([[-100] * len(prompt) + target]),
            }
        )
    return learnt(GPT2LMHeadModel(config), batches, 180)


@pytest.fixture(scope="module", params=[bart, gpt2], ids=["encoder-decoder", "decoder-only"])
def model(request: pytest.FixtureRequest, tokenizer: Any) -> Any:
    torch.manual_seed(1)
    return request.param(tokenizer)


@pytest.fixture(scope="module")
def extractor(model: Any, tokenizer: Any) -> ModelPersonaExtractor:
    return ModelPersonaExtractor.of(model, tokenizer, CONFIG)


def test_it_writes_the_sentences_that_it_learnt(extractor: ModelPersonaExtractor) -> None:
    assert isinstance(extractor.extract(["hello"]), Persona)
    student = extractor.extract(["hello", "i study to be a nurse"])
    assert student.sentences == ("i am studying to be a nurse .",)
    mourner = extractor.extract(["my cat died and i feel alone"])
    assert mourner.sentences == ("my cat died .", "i feel alone .")


def test_what_the_seeker_did_not_say_does_not_enter(extractor: ModelPersonaExtractor) -> None:
    assert extractor._write([["i do not have a job"]])[0][0].split()[:3] == ["i", "have", "a"]
    assert extractor.extract(["i do not have a job"]) == Persona()


def test_a_batch_of_different_lengths_is_each_seekers_own(
    extractor: ModelPersonaExtractor,
) -> None:
    rows = [*map(list, LEARNT), [], ["", "  "], ["hello", "", "i study to be a nurse"]]
    together = extractor.extract_batch(rows)
    assert together == [extractor.extract(row) for row in rows]
    assert together[3] == together[4] == Persona()
    assert together[5] == together[0]


def test_it_is_a_persona_extractor_that_reads_each_utterance_once(
    extractor: ModelPersonaExtractor,
) -> None:
    read: list[list[str]] = []

    class Counting:
        def extract(self, seeker_utterances: Any) -> Persona:
            read.append(list(seeker_utterances))
            return extractor.extract(seeker_utterances)

    counting: PersonaExtractor = Counting()
    texts = ["hello", "Hi.", "i study to be a nurse", "Oh?", "my cat died and i feel alone"]
    speakers = [Speaker.SEEKER, Speaker.SUPPORTER] * 3
    utterances = [Utterance(s, t) for s, t in zip(speakers, texts, strict=False)]
    persona, already_read = Persona(), 0
    for turn in (1, 3, 5):
        talk = Conversation(tuple(utterances[:turn]))
        persona = infer_persona(counting, talk, persona, already_read=already_read)
        already_read = len(talk.seeker_utterances) if turn >= 3 else 0
    assert read == [texts[0:3:2], texts[4:]]
    assert persona.sentences == (
        "i am studying to be a nurse .",
        "my cat died .",
        "i feel alone .",
    )


def test_a_saved_extractor_is_the_same_again(
    extractor: ModelPersonaExtractor, model: Any, tokenizer: Any, tmp_path: Path
) -> None:
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    CONFIG.save(tmp_path)
    assert PersonaExtractorConfig.load(tmp_path) == CONFIG
    again = ModelPersonaExtractor.load(str(tmp_path))
    for said in LEARNT:
        assert again.extract(said) == extractor.extract(said)


def test_a_model_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelLoadError, match=r"extractor ./no/such.: .* Name a folder that"):
        ModelPersonaExtractor.load("/no/such")


@pytest.mark.parametrize(
    ("values", "message"),
    [({"num_beams": 0}, "num_beams is 0"), ({"sentence_separator": " "}, "must not be blank")],
)
def test_settings_out_of_range_are_refused(
    tmp_path: Path, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        PersonaExtractorConfig(**values)
    (tmp_path / "pal_persona_extractor.json").write_text(json.dumps(values))
    with pytest.raises(ModelLoadError, match=f"{message}.* Restore the file"):
        PersonaExtractorConfig.load(tmp_path)
    (tmp_path / "pal_persona_extractor.json").unlink()
    assert PersonaExtractorConfig.load(tmp_path) == PersonaExtractorConfig()


def test_what_it_is_not_sure_of_is_left_out(model: Any, tokenizer: Any) -> None:
    """The same limit for beams and without: log probabilities of what it learnt are near 0."""
    for beams in (1, 2):
        for least, count in ((-1.0, 2), (0.0, 0), (None, 2)):
            config = replace(CONFIG, num_beams=beams, min_log_prob=least)
            extractor = ModelPersonaExtractor.of(model, tokenizer, config)
            assert len(extractor.extract(["my cat died and i feel alone"])) == count


def test_each_sentence_has_its_own_certainty(tokenizer: Any) -> None:
    encoder = PersonaExtractorEncoder(
        tokenizer, replace(CONFIG, min_log_prob=-0.5), decoder_only=True
    )
    written = ids(tokenizer, "my cat died . <persona> i feel alone .")
    certainties = [-0.1, -0.1, -0.1, -0.1, -9.0, -0.4, -0.4, -0.4, -0.9]
    assert len(written) == len(certainties)
    # The separator belongs to neither; the second has a mean of -0.525.
    assert encoder.decode(written, certainties) == ["my cat died ."]
    assert encoder.decode(written, [*certainties[:-1], -0.7]) == ["my cat died .", "i feel alone ."]
    assert encoder.decode(written) == ["my cat died .", "i feel alone ."]


@pytest.mark.parametrize(
    ("free", "rows"), [(80 * 2**30, 910), (8 * 2**30, 91), (1, 1), (2**40, 2048)]
)
def test_a_gpu_writes_to_as_many_rows_as_it_has_room_for(free: int, rows: int) -> None:
    """Keys and values of 30 layers, 3 heads of 64 numbers, 2 bytes each, 384 + 64 tokens in 512
    slots: 11.25 MiB, four times that a row, of half of what is free.
    """
    form = CacheFormat(30, 3, 64, torch.bfloat16, torch.device("cpu"), multiple=512, zeroed=True)
    config = PersonaExtractorConfig(max_input_tokens=384, max_new_tokens=64, num_beams=1)
    assert rows_with_room(form, config, free) == rows
