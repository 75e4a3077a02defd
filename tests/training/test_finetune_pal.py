"""The fine-tuning for real, on a tiny model."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from pal_model import (
    Conversation,
    GenerationOptions,
    PalGenerator,
    Persona,
    ReplyRequest,
    Speaker,
    Strategy,
    Utterance,
)
from pal_model.configuration import PalConfig
from pal_model.encoding import Encoder
from pal_model.persona_extractor import load_persona_extractor
from training import token_trainer
from training.examples import (
    SupporterTurn,
    encode,
    supporter_turns,
    unlabelled_turns,
    with_wrong_personas,
    without_some_personas,
)
from training.finetune_pal import main, read_corpus
from training.readers.esconv import read_esconv
from training.readers.records import CorpusError
from training.run_config import RunConfig
from training.turn_personas import inferred_personas, raw_personas
from training.unseen import require_unseen

pytestmark = pytest.mark.integration

RECIPE = Path(__file__).parents[2] / "training" / "recipes" / "tiny.yaml"


def train(esconv: Path, base: Path, output: Path, *options: str) -> int:
    values = (f"data.esconv={esconv}", f"base_model={base}")
    settings = [word for value in values for word in ("--set", value)]
    return main([str(RECIPE), "--output", str(output), *settings, *options])


def history_of(output: Path) -> list[dict[str, Any]]:
    """What the last checkpoint logged, without the clock."""
    checkpoints = sorted(output.glob("checkpoint-*"), key=lambda p: int(p.name.split("-")[1]))
    state = json.loads((checkpoints[-1] / "trainer_state.json").read_text())
    return [entry for entry in state["log_history"] if "loss" in entry or "eval_loss" in entry]


def without_clock(measured: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in measured.items() if name != "eval_runtime"}


@pytest.fixture(scope="module")
def trained(esconv: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("trained")
    assert train(esconv, base, output) == 0
    return output


def test_training_lowers_the_validation_loss_and_says_where_it_is_from(
    trained: Path, esconv: Path
) -> None:
    facts = json.loads((trained / "training_run.json").read_text())
    before, after = facts["validation_before"], facts["validation"]
    assert after["eval_loss"] < 0.9 * before["eval_loss"]
    assert after["eval_loss"] == min(
        e["eval_loss"] for e in history_of(trained) if "eval_loss" in e
    )
    assert set(facts["data"]) == {"ESConv.json", "splits_seed13.json"}
    assert facts["conversations"] == {"train": 10, "valid": 3}
    recipe = yaml.safe_load((trained / "training_run.yaml").read_text())
    assert recipe["data"]["esconv"] == str(esconv)
    assert recipe["optimiser"]["betas"] == [0.9, 0.999]
    assert any(trained.glob("runs/events.out.tfevents.*"))


def test_what_was_trained_is_served_by_its_folder(
    trained: Path, base: Path, conversation: Any
) -> None:
    config = PalConfig.load(trained)
    assert not config.zero_shot
    assert config.base_model == str(base)
    weights = load_file(trained / "adapter_model.safetensors")
    assert all(tensor.dtype is torch.bfloat16 for tensor in weights.values())
    requests = [ReplyRequest(conversation("I lost my job"))]
    options = GenerationOptions(seed=1)
    served, untrained = (
        PalGenerator.load(str(folder), device="cpu", dtype=torch.float32)
        for folder in (trained, base)
    )
    assert served.reply(requests, options)[0].text
    one, other = (g.reply(requests, options)[0].strategy_probabilities for g in (served, untrained))
    assert one != pytest.approx(other, abs=0.01)


@pytest.mark.parametrize("passes", [2, 8], ids=["before a checkpoint", "after one"])
def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(
    passes: int,
    esconv: Path,
    base: Path,
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And two runs with one seed are the same."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    steps = 0
    step = token_trainer.TokenTrainer.training_step

    def killed(trainer: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == passes:  # two a step; of 8 the last checkpoint is that of step 2
            raise KeyboardInterrupt
        return step(trainer, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(token_trainer.TokenTrainer, "training_step", killed)
        with pytest.raises(KeyboardInterrupt):
            train(esconv, base, tmp_path)
    assert not (tmp_path / "adapter_model.safetensors").exists()
    assert train(esconv, base, tmp_path, "--resume") == 0
    resumed, whole = history_of(tmp_path), history_of(trained)
    assert [e["step"] for e in resumed] == [e["step"] for e in whole]
    for one, other in zip(resumed, whole, strict=True):
        assert without_clock(one) == without_clock(other)
    assert list(here.iterdir()) == []  # TensorBoard's files went there once
    facts, expected = (
        json.loads((folder / "training_run.json").read_text()) for folder in (tmp_path, trained)
    )
    assert without_clock(facts["validation_before"]) == without_clock(expected["validation_before"])
    assert len(facts.get("resumed_with", [])) == (1 if passes == 8 else 0)
    ours, theirs = (load_file(f / "adapter_model.safetensors") for f in (tmp_path, trained))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_training_and_serving_encode_a_conversation_to_the_same_ids(
    esconv: Path, tokenizer: Any
) -> None:
    """What is learnt in one turn is what stands in the history of the next."""
    encoder = Encoder(tokenizer, PalConfig(zero_shot=False))
    extractor = load_persona_extractor()
    seen = 0
    for conversation in read_esconv(esconv):
        turns = list(supporter_turns(conversation, inferred_personas(conversation, extractor)))
        assert len(turns) == len(conversation.utterances) // 2
        for index, turn in enumerate(turns):
            example = encode(turn, encoder, in_prompt=False)
            served = encoder.encode_inputs(turn.history, turn.persona)
            assert (example.persona_ids, example.history_ids) == (
                served.persona_ids,
                served.history_ids,
            )
            assert bool(turn.persona) == (index > 0)
            with_answer = Conversation(conversation.utterances[: 2 * index + 2])
            after = encoder.encode_inputs(with_answer, turn.persona).history_ids
            said = (*example.history_ids, *example.cue_ids, *example.target_ids)
            assert after[: len(said)] == said
            prompt = encode(turn, encoder, in_prompt=True)
            assert prompt.history_ids == served.persona_ids + served.history_ids
            seen += 1
    assert seen > 20


def test_no_conversation_is_in_two_parts(esconv: Path, tmp_path: Path) -> None:
    corpus = read_corpus(RunConfig(data={"esconv": str(esconv)}))
    assert {part: len(turns) for part, turns in corpus.parts.items()} == {"train": 10, "valid": 3}
    everything = list(read_esconv(esconv))
    places = {
        part: {everything.index(_whole(turns, everything)) for turns in conversations}
        for part, conversations in corpus.parts.items()
    }
    assert places == {"train": set(range(0, 20, 2)), "valid": {1, 3, 5}}
    shutil.copy(esconv, tmp_path)
    overlapping = {"pal": {"train": [0, 1, 2], "valid": [2]}}
    (tmp_path / "splits_seed13.json").write_text(json.dumps(overlapping))
    with pytest.raises(CorpusError, match="conversation 2 is in train and in valid"):
        read_corpus(RunConfig(data={"esconv": str(tmp_path / esconv.name)}))


def _whole(turns: list[SupporterTurn], everything: list[Conversation]) -> Conversation:
    """The conversation that the last of `turns` ends."""
    said = turns[-1].history.utterances
    [whole] = [c for c in everything if c.utterances[:-1] == said]
    return whole


def test_personas_are_dropped_repeatably(esconv: Path) -> None:
    turns = [
        turn
        for conversation in read_esconv(esconv)
        for turn in supporter_turns(conversation, raw_personas(conversation))
    ]
    assert tuple(turns[0].persona) == turns[0].history.seeker_utterances
    kept = list(without_some_personas(turns, 0.5, "a"))
    assert kept == list(without_some_personas(turns, 0.5, "a"))
    assert kept != list(without_some_personas(turns, 0.5, "b"))
    dropped = sum(not turn.persona for turn in kept)
    assert 0.25 * len(turns) < dropped < 0.75 * len(turns)
    assert list(without_some_personas(turns, 0.0, "a")) == turns


def test_a_wrong_persona_is_the_next_seekers_who_has_one_and_no_turn_gains_or_loses_one(
    esconv: Path,
) -> None:
    [turn, *_] = supporter_turns(next(read_esconv(esconv)), {})
    known = [["", "a", "aa"], ["", "", "bb", "bbb"], [], ["", "c"]]
    conversations = [
        [replace(turn, persona=Persona((name,) if name else ())) for name in of_seeker]
        for of_seeker in known
    ]
    wrong = with_wrong_personas(conversations)
    assert [[" ".join(t.persona) for t in turns] for turns in wrong] == [
        ["", "c", "bb"],
        ["", "", "c", "c"],
        [],
        ["", "a"],
    ]


def test_the_fusion_is_trained_on_top_of_a_lora_and_served(
    esconv: Path, base: Path, trained: Path, tmp_path: Path, conversation: Any
) -> None:
    options = ["--set", "persona_form=fused", "--set", f"start_from={trained}"]
    assert train(esconv, base, tmp_path, *options) == 0
    facts = json.loads((tmp_path / "training_run.json").read_text())
    started = json.loads((trained / "training_run.json").read_text())
    # Gates are closed at the start, so it begins where the LoRA ended, rounded to be kept.
    assert facts["validation_before"]["eval_loss"] == pytest.approx(
        started["validation"]["eval_loss"], rel=0.01
    )
    assert facts["validation"]["eval_loss"] < facts["validation_before"]["eval_loss"]
    weights = load_file(tmp_path / "adapter_model.safetensors")
    [gates] = [tensor for name, tensor in weights.items() if name.endswith("gates")]
    assert gates.abs().max() > 1e-3
    generator = PalGenerator.load(str(tmp_path), device="cpu", dtype=torch.float32)
    assert generator.model.config.persona_form == "fused"
    request = ReplyRequest(conversation("Hi", "Hello", "I moved"), Persona(("I moved.",)))
    assert generator.reply([request], GenerationOptions(seed=1))[0].text


@pytest.fixture(scope="module")
def listened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus in the layout of EmpatheticDialogues."""
    file = tmp_path_factory.mktemp("listened") / "dialogues.jsonl"
    said = ("I lost my job.", "So you lost your job?", "Yes, in May.", "In May. How are you now?")
    utterances = [
        {"speaker": ("speaker", "listener")[place % 2], "text": text}
        for place, text in enumerate(said)
    ]
    parts = ["train"] * 8 + ["valid"] * 2 + ["test"] * 2
    lines = (json.dumps({"split": part, "utterances": utterances}) for part in parts)
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


@pytest.mark.parametrize("backbone", ["base", "blenderbot"])
def test_an_earlier_stage_learns_responses_and_no_strategy(
    backbone: str, esconv: Path, listened: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    first, then = tmp_path / "first", tmp_path / "then"
    settings = {"data.corpus": "empathetic_dialogues", "data.persona": "none"}
    form = {"persona_form": "fused", "lora": "null"} if backbone == "blenderbot" else {}
    options = [f"{name}={value}" for name, value in form.items()]
    stage = [f"{name}={value}" for name, value in settings.items()]
    folder = request.getfixturevalue(backbone)

    def run(output: Path, more: list[str]) -> dict[str, Any]:
        words = [word for option in (*options, *more) for word in ("--set", option)]
        assert train(esconv, folder, output, *words) == 0
        facts: dict[str, Any] = json.loads((output / "training_run.json").read_text())
        return facts

    facts = run(first, [*stage, f"data.dialogues={listened}"])
    assert facts["conversations"] == {"train": 8, "valid": 2}
    assert list(facts["data"]) == ["dialogues.jsonl"]
    assert facts["validation"]["eval_loss"] < 0.9 * facts["validation_before"]["eval_loss"]
    assert "eval_name_loss" not in facts["validation"]
    after = run(then, [f"start_from={first}"])
    alone = run(tmp_path / "alone", [])
    assert after["validation_before"] != alone["validation_before"]
    assert "eval_name_loss" in after["validation"]
    shutil.rmtree(first)  # what it was is kept
    config = RunConfig.load(then / "first_stage" / "training_run.yaml")
    assert config.data.corpus == "empathetic_dialogues"
    kept = json.loads((then / "first_stage" / "training_run.json").read_text())
    assert kept["data"] == facts["data"]
    require_unseen(str(then), "pal", "test", esconv)
    third = tmp_path / "third"
    run(third, [f"start_from={then}"])
    assert (third / "first_stage" / "first_stage" / "training_run.yaml").exists()


def test_what_nobody_labelled_is_given_and_not_learnt(model: Any, tokenizer: Any) -> None:
    encoder = Encoder(tokenizer, PalConfig(zero_shot=False))
    utterances = tuple(
        Utterance(speaker, text)
        for speaker, text in (
            (Speaker.SUPPORTER, "Welcome."),
            (Speaker.SEEKER, "I moved."),
            (Speaker.SUPPORTER, "Where?"),
            (Speaker.SUPPORTER, "Far?"),
        )
    )
    [turn] = unlabelled_turns(Conversation(utterances))
    assert (turn.response, turn.history.utterances) == ("Where?", utterances[:2])
    labelled = encode(replace(turn, is_labelled=True), encoder, in_prompt=False)
    example = encode(turn, encoder, in_prompt=False)
    assert example.cue_ids + example.target_ids == labelled.cue_ids + labelled.target_ids
    assert example.target_ids == labelled.target_ids[labelled.strategy_length :]
    assert example.strategy_length == 0
    [kept] = without_some_personas([turn], 0.999, "any")
    assert kept == turn


def test_pal_on_blenderbot_small_is_trained_and_served(
    esconv: Path, blenderbot: Path, tmp_path: Path, conversation: Any
) -> None:
    options = ["persona_form=fused", "lora=null", "max_history_tokens=120", "optimiser.epochs=1"]
    settings = [word for option in options for word in ("--set", option)]
    assert train(esconv, blenderbot, tmp_path, *settings) == 0
    facts = json.loads((tmp_path / "training_run.json").read_text())
    assert facts["validation"]["eval_loss"] < 0.9 * facts["validation_before"]["eval_loss"]
    generator = PalGenerator.load(str(tmp_path), device="cpu")
    request = ReplyRequest(conversation("Hi", "Hello", "I am a nurse"), Persona(("I am a nurse.",)))
    [reply] = generator.reply([request], GenerationOptions(seed=1))
    assert reply.text
    assert reply.strategy in Strategy


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["lora=null"], "lora is null .* a decoder-only model"),
        (["base_model=blenderbot"], "is an encoder-decoder.*Set lora to null"),
        (["lora.alpha=0.5"], "lora.alpha is 0.5"),
        (["eval_steps.of=1"], "'eval_steps.of=1' sets part of 'eval_steps', which is 2"),
        (["base_model=/no/such"], "Cannot load the base model '/no/such': "),
        (["base_model=/no/such", "lora=null"], "Cannot load the base model '/no/such': "),
        (["start_from=/no/such"], "or what start_from names, '/no/such'"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    settings: list[str],
    message: str,
    esconv: Path,
    base: Path,
    blenderbot: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = [
        word
        for setting in settings
        for word in ("--set", setting.replace("=blenderbot", f"={blenderbot}"))
    ]
    assert train(esconv, base, tmp_path, *options) == 2
    assert re.search(message, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("lora: {rank: 0}", r"lora.rank is 0: .*greater than or equal to 1"),
        ("lorra: {}", r"lorra is {}: Extra inputs"),
        ("data: {persona: guessed}", r"data.persona is 'guessed'"),
        ("data: {corpus: daily_dialog}", r"Set data.persona to .none"),
        ("a: [", "is not YAML"),
        ("[1, 2]", "holds a list; a recipe has settings"),
        ("extends: nothing.yaml", "Cannot read"),
        (None, "Cannot read"),
    ],
)
def test_a_recipe_that_is_none_is_told_with_value_and_rule(
    content: str | None, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "recipe.yaml"
    if content is not None:
        recipe.write_text(content)
    assert main([str(recipe), "--output", str(tmp_path / "out")]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_a_setting_of_a_section_that_is_null_brings_the_section_back() -> None:
    recipe = RECIPE.with_name("blenderbot.yaml")
    assert RunConfig.load(recipe).lora is None
    lora = RunConfig.load(recipe, ["lora.rank=4"]).lora
    assert lora is not None
    assert (lora.rank, lora.alpha) == (4, 32)


def test_the_papers_recipe_has_the_papers_numbers() -> None:
    """Section 4.3."""
    optimiser = RunConfig.load(RECIPE.with_name("blenderbot.yaml")).optimiser
    assert (optimiser.rows_per_batch, optimiser.eval_rows_per_batch) == (4, 16)
    assert optimiser.batches_per_step == 1
    assert (optimiser.learning_rate, optimiser.warmup_steps) == (2.5e-5, 100)
    assert (optimiser.betas, optimiser.epochs) == ((0.9, 0.999), 10)


def test_baselines_are_the_recipe_with_one_thing_changed() -> None:
    pal, joint, prompt, raw = (
        RunConfig.load(RECIPE.with_name(f"{name}.yaml")).model_dump()
        for name in ("embedded", "blenderbot_joint", "hard_prompt", "raw_utterances")
    )
    assert joint == pal | {"data": pal["data"] | {"persona": "none"}}
    assert prompt == pal | {"persona_form": "prompt"}
    assert raw == pal | {"data": pal["data"] | {"persona": "raw"}}


@pytest.mark.parametrize("recipe", sorted(RECIPE.parent.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_recipe_describes_a_run(recipe: Path, tmp_path: Path) -> None:
    config = RunConfig.load(recipe, ["seed=3"])
    assert config.seed == 3
    config.save(tmp_path / "saved.yaml")
    assert RunConfig.load(tmp_path / "saved.yaml") == config
