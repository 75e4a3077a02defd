"""The fine-tuning for real, on tiny models of both kinds."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import BartForConditionalGeneration, GPT2Config, GPT2LMHeadModel

from pal_model.extractor_writers import GenerateWriter
from pal_model.model_persona_extractor import ModelPersonaExtractor
from pal_model.persona_extractor_format import PersonaExtractorConfig, PersonaExtractorEncoder
from tests.pal_model.tiny_bart import tiny_config
from tests.training.persona_chat import write_corpus
from training import token_trainer
from training.annotated_personas import read_annotated
from training.extractor_forms import load_extractor_form
from training.extractor_run import ExtractorRun
from training.finetune_persona_extractor import main, read_parts
from training.fitting import fit_form
from training.packing import IGNORED
from training.persona_examples import PersonaExample
from training.readers.esconv import read_esconv
from training.token_trainer import token_losses

pytestmark = pytest.mark.integration

RECIPE = Path(__file__).parents[2] / "training" / "recipes" / "persona_extractor" / "tiny.yaml"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("personachat")
    write_corpus(folder, "valid", 6)
    return write_corpus(folder, "train", 30)


@pytest.fixture(scope="module")
def gpt2(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model that is no Llama."""
    folder = tmp_path_factory.mktemp("gpt2")
    torch.manual_seed(4)
    config = GPT2Config(vocab_size=len(tokenizer), n_embd=16, n_layer=2, n_head=2)
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def bart(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny encoder-decoder."""
    folder = tmp_path_factory.mktemp("bart")
    torch.manual_seed(3)
    config = tiny_config(len(tokenizer), max_position_embeddings=512)
    BartForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def train(corpus: Path, base: Path, output: Path, *options: str) -> int:
    valid = corpus.with_name(corpus.name.replace("train", "valid"))
    values = (f"data.train={corpus}", f"data.valid={valid}", f"base_model={base}")
    settings = [word for value in values for word in ("--set", value)]
    return main([str(RECIPE), "--output", str(output), *settings, *options])


def facts_of(output: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((output / "training_run.json").read_text())
    return facts


@pytest.fixture(scope="module")
def trained(corpus: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("trained")
    assert train(corpus, base, output) == 0
    return output


def test_a_lora_is_trained_and_says_where_it_is_from(trained: Path, base: Path) -> None:
    facts = facts_of(trained)
    assert facts["validation"]["eval_loss"] < 0.95 * facts["validation_before"]["eval_loss"]
    assert facts["speakers"] == {"train": 60, "valid": 8}
    assert set(facts["data"]) == {
        "train_both_original_no_cands.txt",
        "valid_both_original_no_cands.txt",
        "utterance_persona_alignment.jsonl.gz",
    }
    config = PersonaExtractorConfig.load(trained)
    assert config == PersonaExtractorConfig(max_new_tokens=48, num_beams=1, base_model=str(base))
    weights = load_file(trained / "adapter_model.safetensors")
    assert all(tensor.dtype is torch.bfloat16 for tensor in weights.values())


def test_the_engine_writes_what_transformers_writes(trained: Path, base: Path) -> None:
    served = ModelPersonaExtractor.load(str(trained), dtype=torch.float32)
    form: Any = load_extractor_form(ExtractorRun(base_model=str(base), lora=None))
    encoder: PersonaExtractorEncoder = form._encoder
    from pal_model.checkpoint import merged

    model = merged(form.model, str(trained))
    config = replace(PersonaExtractorConfig.load(trained), min_log_prob=-9.0)
    writer = GenerateWriter(model, config, encoder.pad_id, encoder.end_id)
    rows = [encoder.encode([said]) for said in ("i bake bread", "hello", "from my window i see it")]
    for ours, theirs in zip(served._writer.write(rows), writer.write(rows), strict=True):
        assert ours.ids == theirs.ids
        assert ours.log_probs == pytest.approx(theirs.log_probs, abs=1e-4)


def test_a_run_may_start_from_another(
    corpus: Path, base: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--set", f"start_from={trained}", "--set", "optimiser.order=random")
    assert train(corpus, base, tmp_path, *options) == 0
    before = facts_of(tmp_path)["validation_before"]["eval_loss"]
    # The LoRA was kept in half the precision.
    assert before == pytest.approx(facts_of(trained)["validation"]["eval_loss"], rel=1e-2)
    assert train(corpus, base, tmp_path, *options, "--set", "lora=null") == 2
    assert "only a LoRA starts from another" in capsys.readouterr().err


def test_all_weights_of_an_encoder_decoder_are_trained(
    corpus: Path, bart: Path, tmp_path: Path
) -> None:
    options = ("lora=null", "format.num_beams=2", "data.targets=all", "data.window=null")
    assert train(corpus, bart, tmp_path, *(w for o in options for w in ("--set", o))) == 0
    facts = facts_of(tmp_path)
    assert facts["validation"]["eval_loss"] < 0.8 * facts["validation_before"]["eval_loss"]
    assert facts["rows"]["train"] == 60
    extractor = ModelPersonaExtractor.load(str(tmp_path))
    assert len(extractor.extract_batch([["i bake bread ."], ["hello"]])) == 2
    assert PersonaExtractorConfig.load(tmp_path).base_model is None


@pytest.mark.parametrize("kind", ["base", "gpt2", "bart"])
def test_the_loss_is_that_of_one_example_after_another(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """Packing, padding and the logits that are left out change nothing."""
    folder = request.getfixturevalue(kind)
    form: Any = load_extractor_form(ExtractorRun(base_model=str(folder), lora=None))
    form.model.eval()
    said = [("hello",), ("hello there", "and a cook"), ("what about my cat, is it asleep?",)]
    found = [(), ("I am a nurse.", "I am a cook."), ("I have a cat.",)]
    examples = [PersonaExample(s, f) for s, f in zip(said, found, strict=True)]
    batch = form.collate(form.rows(examples))
    assert batch["input_ids"].shape[0] == (3 if kind == "bart" else 1)
    losses = token_losses(form, form.model, batch)
    alone = [loss for example in examples for loss in losses_alone(form, example, kind)]
    assert sorted(losses[batch["labels"] != IGNORED].tolist()) == pytest.approx(
        sorted(alone), rel=1e-4, abs=1e-4
    )


def losses_alone(form: Any, example: PersonaExample, kind: str) -> list[float]:
    """Of each token that is to be written to one example."""
    read, written = form._ids(example)
    if kind == "bart":
        inputs = {"input_ids": torch.tensor([read]), "labels": torch.tensor([written])}
        logits = form.model(**inputs).logits[0]
    else:
        logits = form.model(input_ids=torch.tensor([[*read, *written[:-1]]])).logits[0]
        logits = logits[len(read) - 1 :]
    losses = torch.nn.functional.cross_entropy(logits, torch.tensor(written), reduction="none")
    return losses.tolist()


def test_rows_mix_speakers(base: Path) -> None:
    """Guards against rows of one speaker, whose utterances are of a kind."""
    form: Any = load_extractor_form(
        ExtractorRun.load(RECIPE, [f"base_model={base}", "data.max_row_tokens=64"])
    )
    said = [f"hello {number}" for number in range(40)]
    rows = form.rows([PersonaExample((text,), ()) for text in said])
    assert sum(row.turns for row in rows) == 40
    assert all(len(row) <= 64 for row in rows)
    [everything] = load_extractor_form(ExtractorRun(base_model=str(base))).rows(
        [PersonaExample((text,), ()) for text in said]
    )
    assert len(everything) < 40 * len(form._ids(PersonaExample(("hello 10",), ()))[0])
    in_order = form._encoder.encode([said[0]])[:-1]
    assert everything.ids[: len(in_order)] != in_order


def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(
    corpus: Path, base: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0
    step = token_trainer.TokenTrainer.training_step

    def killed(trainer: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == 11:
            raise KeyboardInterrupt
        return step(trainer, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(token_trainer.TokenTrainer, "training_step", killed)
        with pytest.raises(KeyboardInterrupt):
            train(corpus, base, tmp_path)
    assert train(corpus, base, tmp_path, "--resume") == 0
    assert facts_of(tmp_path)["validation"] == facts_of(trained)["validation"]
    ours, theirs = (load_file(f / "adapter_model.safetensors") for f in (tmp_path, trained))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.mark.parametrize("batches", [1, 2])
def test_silence_is_learnt_as_well_as_speech(
    batches: int, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of which nothing is to be said has one target a row; its loss is their mean."""
    run = ExtractorRun.load(RECIPE, [f"base_model={base}", f"optimiser.batches_per_step={batches}"])
    form = load_extractor_form(run)
    said = ("hello", "thanks", "bye", "ok")
    rows = [row for text in said * 4 for row in form.rows([PersonaExample((text,), ())])]
    untrained = token_losses(form, form.model, form.collate(rows)).mean().item()
    losses = []
    compute = token_trainer.TokenTrainer.compute_loss

    def spied(*args: Any, **kwargs: Any) -> Any:
        losses.append(compute(*args, **kwargs))
        return losses[-1]

    monkeypatch.setattr(token_trainer.TokenTrainer, "compute_loss", spied)
    facts = fit_form(form, run, {"train": rows, "valid": rows}, tmp_path, {}, resume=False)
    first = sum(loss.item() for loss in losses[:batches])
    assert first == pytest.approx(untrained, rel=0.25)
    assert facts["validation"]["eval_loss"] < untrained


def test_training_that_comes_to_no_number_says_so(
    corpus: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("optimiser.learning_rate=1.0e30", "optimiser.max_grad_norm=1.0e30")
    assert train(corpus, base, tmp_path, *(w for o in options for w in ("--set", o))) == 2
    assert "is nan. Go on from the last checkpoint with a lower" in capsys.readouterr().err
    assert not (tmp_path / "adapter_model.safetensors").exists()


def test_what_is_trained_is_read_and_written_as_when_served(tokenizer: Any) -> None:
    config = PersonaExtractorConfig()
    for decoder_only in (True, False):
        encoder = PersonaExtractorEncoder(tokenizer, config, decoder_only=decoder_only)
        sentences = ["I am a nurse.", "I have a cat."]
        written = encoder.encode_answer(sentences)
        assert written[-1] == encoder.end_id
        assert encoder.decode(written) == sentences
        assert encoder.decode(encoder.encode_answer([])) == []
        brief = PersonaExtractorConfig(max_new_tokens=len(written) - 4)
        short = PersonaExtractorEncoder(tokenizer, brief, decoder_only=decoder_only)
        assert short.decode(written[:-4]) == sentences[:1], "the second is broken off"
        text = tokenizer.decode(encoder.encode(["hello\n there", " ", "bye"]))
        assert text == "hello there <sep> bye" + " <persona>" * decoder_only
        long = encoder.encode(["hello"] * 999)
        assert len(long) == config.max_input_tokens
        assert long[-2:] == encoder.encode(["hello"])[-2:]


def test_dialogues_are_held_back_where_there_is_no_validation_part(
    corpus: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ExtractorRun.load(RECIPE, ["data.valid=null"]).data.model_copy(update={"train": corpus})
    parts, files = read_parts(data, seed=1)
    assert [file.name for file in files] == [corpus.name, "utterance_persona_alignment.jsonl.gz"]
    assert (len(parts["train"]), len(parts["valid"])) == (52, 8)
    options = ("--set", "data.valid=null", "--set", "data.valid_dialogues=30")
    assert train(corpus, base, tmp_path, *options) == 2
    assert "data.valid_dialogues 30; of the 30 dialogues" in capsys.readouterr().err


def test_seekers_of_esconv_join_with_what_the_rules_find(corpus: Path, esconv: Path) -> None:
    update = {"train": corpus, "valid": None, "esconv": esconv, "esconv_conversations": 9}
    data = ExtractorRun.load(RECIPE).data.model_copy(update=update)
    parts, files = read_parts(data, seed=1)
    assert {esconv.name, "splits_seed13.json"} <= {file.name for file in files}
    joined = parts["train"][52:]
    assert len(joined) == 9
    training_part = [c.seeker_utterances for c in list(read_esconv(esconv))[::2]]
    assert all(speaker.utterances in training_part for speaker in joined)
    assert "I am a nurse, day 1." in {
        sentence for speaker in joined for sentence in speaker.persona
    }


def test_annotated_utterances_join_as_often_as_they_are_to_be_read(
    corpus: Path, esconv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotations = tmp_path / "annotated.jsonl"
    lines = (
        '{"conversation": 0, "utterance": 2, "sentences": ["I am tall."]}',
        '{"conversation": 1, "utterance": 0, "sentences": []}',
        '{"conversation": 7, "utterance": 0, "sentences": ["Of the test part."]}',
    )
    annotations.write_text("\n".join(lines) + "\n", encoding="utf-8")
    reading = partial(read_annotated, annotations=annotations)
    monkeypatch.setattr("training.finetune_persona_extractor.read_annotated", reading)
    update = {"train": corpus, "valid": None, "esconv": esconv, "annotated_passes": 3}
    data = ExtractorRun.load(RECIPE).data.model_copy(update=update)
    parts, files = read_parts(data, seed=1)
    assert [speaker.persona for speaker in parts["train"][52:]] == 3 * [("I am tall.",)]
    assert [speaker.persona for speaker in parts["valid"][8:]] == [()]
    assert "esconv_personas.jsonl" in {file.name for file in files}
