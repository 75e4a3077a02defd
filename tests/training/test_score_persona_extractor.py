from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertModel,
    BertTokenizerFast,
    GPT2Config,
    GPT2Model,
)

from pal_model import PersonaExtractor
from tests.training.persona_chat import write_corpus
from training.persona_examples import SpeakerTurns
from training.score_persona_extractor import ExtractorScore, main
from training.sentence_encoder import SentenceEncoder, SentenceEncoderError


class WordEncoder:
    """A slow, obvious measure: the cosine of two bags of words."""

    name = "words"

    def embed(self, sentences: Sequence[str]) -> None:
        del sentences

    def similarities(self, sentences: Sequence[str], others: Sequence[str]) -> Any:
        def cosine(one: str, other: str) -> float:
            a, b = (set(s.lower().rstrip(".").split()) for s in (one, other))
            return len(a & b) / (len(a) * len(b)) ** 0.5

        return torch.tensor([[cosine(s, o) for o in others] for s in sentences])


SAILOR = SpeakerTurns(
    utterances=("hello", "i sail a boat", "my son sings"),
    supported=((), ("I sail a boat.",), ("Another son lives here.", "My son sings.")),
    persona=("I sail a boat.", "Another son lives here.", "My son sings.", "I hate snow."),
)
STRANGER = SpeakerTurns((), (), ("I run marathons.", "I sail a boat."))


def test_an_extractor_is_counted_as_by_hand() -> None:
    score = ExtractorScore()
    # Right; nobody said so; right, but nearer to a sentence that this utterance does not support.
    written = [["Snow bores whales."], ["I sail a boat."], ["A boat I sail."]]
    encoder: Any = WordEncoder()
    score.add(encoder, SAILOR, written, STRANGER)
    report = score.report()
    assert report["precision_by_meaning"] == pytest.approx(2 / 3)
    assert report["recall_by_meaning"] == pytest.approx(1 / 3)
    assert report["precision_by_alignment"] == pytest.approx(1 / 3)
    assert report["recall_by_alignment"] == pytest.approx(1 / 3)
    assert report["unsupported"] == pytest.approx(1 / 3)
    # "Another son lives here." shares but one word with what was said.
    assert report["unsupported_of_aligned"] == pytest.approx(1 / 3)
    assert report["unsupported_of_strangers"] == pytest.approx(1 / 2)
    assert report["unsupported_of_strangers_n"] == 2


def test_of_nothing_there_is_no_share() -> None:
    score = ExtractorScore()
    encoder: Any = WordEncoder()
    score.add(encoder, SpeakerTurns(("hi",), ((),), ()), [[]], SpeakerTurns((), (), ()))
    assert score.report()["precision_by_meaning"] is None
    assert score.report()["recall_by_alignment_n"] == 0


def test_the_packaged_encoder_tells_like_from_unlike() -> None:
    encoder = SentenceEncoder(device="cpu")
    near, far = encoder.similarities(
        ["I am a nurse."], ["I work as a nurse at a hospital.", "My dog likes snow."]
    )[0].tolist()
    assert near > 0.6
    assert far < 0.3
    assert encoder.embed(["one", "two", "one"]).norm(dim=1).tolist() == pytest.approx([1, 1, 1])


def test_an_encoder_that_is_not_there_is_named() -> None:
    with pytest.raises(SentenceEncoderError, match=r"encoder '/no/such': .* Name 'all-MiniLM"):
        SentenceEncoder("/no/such")


def test_a_model_without_a_recipe_for_sentences_is_read_by_its_pooler(tmp_path: Path) -> None:
    """As SimCSE is published; guards against the mean of its words."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "hello", "there", "friend"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    tokenizer = BertTokenizerFast(str(tmp_path / "vocab.txt"))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    model = BertModel(config).eval()
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    said = ["hello there friend", "friend"]
    ours = SentenceEncoder(str(tmp_path), device="cpu").embed(said)
    for text, vector in zip(said, ours, strict=True):
        with torch.no_grad():
            pooled = model(**tokenizer(text, return_tensors="pt")).pooler_output[0]
        torch.testing.assert_close(vector, pooled / pooled.norm())
    GPT2Model(GPT2Config(n_embd=8, n_layer=1, n_head=1, vocab_size=9)).save_pretrained(
        tmp_path / "gpt2"
    )
    with pytest.raises(SentenceEncoderError, match="GPT2Model has no pooler"):
        SentenceEncoder(str(tmp_path / "gpt2"))


def test_a_pooler_that_nobody_trained_makes_no_sentences(tmp_path: Path) -> None:
    """As in a checkpoint of a masked language model; transformers would draw one at random."""
    config = BertConfig(vocab_size=9, hidden_size=12, num_hidden_layers=1, intermediate_size=8)
    BertForMaskedLM(config).save_pretrained(tmp_path)
    with pytest.raises(SentenceEncoderError, match=r"Its weights lack pooler\.dense\.bias, pooler"):
        SentenceEncoder(str(tmp_path), device="cpu")


def test_the_command_measures_each_extractor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(name: str, **_: Any) -> PersonaExtractor:
        return {"rules": load_rules(), "mute": Mute()}[name]

    from pal_model.persona import Persona
    from pal_model.persona_extractor import load_persona_extractor as load_rules

    class Mute:
        def extract(self, seeker_utterances: Sequence[str]) -> Persona:
            return Persona()

    monkeypatch.setattr("training.score_persona_extractor.load_persona_extractor", load)
    file = write_corpus(tmp_path, "test", 4)
    assert main(["rules", "mute", "--file", str(file), "--dialogues", "3"]) == 0
    rules, mute = map(json.loads, capsys.readouterr().out.splitlines())
    assert (rules["extractor"], rules["speakers"], mute["speakers"]) == ("rules", 6, 6)
    assert rules["recall_by_meaning"] > 0.4
    assert mute["recall_by_meaning"] == 0
    assert mute["precision_by_meaning"] is None
    assert main(["rules", "--file", "nowhere.txt"]) == 2
    assert "PERSONA-CHAT is not here" in capsys.readouterr().err
