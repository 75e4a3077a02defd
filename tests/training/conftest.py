"""The tiny model of `pal_model`'s tests, and a made-up corpus in ESConv's layout."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BlenderbotSmallConfig, BlenderbotSmallForConditionalGeneration

from pal_model import Strategy
from tests.pal_model.conftest import conversation, model, tokenizer
from tests.pal_model.tiny_blenderbot import SIZES, tiny_tokenizer

__all__ = ["conversation", "model", "tokenizer"]

TROUBLES = ("I lost my job", "I am a nurse", "My cat is ill", "I moved", "I can't sleep")


def made_up_dialogue(seed: int) -> dict[str, Any]:
    draw = random.Random(seed)
    dialog: list[dict[str, Any]] = []
    for turn in range(draw.randrange(2, 6)):
        said = f"{draw.choice(TROUBLES)}, day {turn}."
        strategy = draw.choice(list(Strategy)).value
        dialog.append({"speaker": "seeker", "annotation": {}, "content": said})
        dialog.append(
            {
                "speaker": "supporter",
                "annotation": {"strategy": strategy},
                "content": f"So {said.lower()}",
            }
        )
    return {"situation": "Made up.", "dialog": dialog}


@pytest.fixture(scope="session")
def esconv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in ESConv's layout with its splits beside it."""
    folder = tmp_path_factory.mktemp("esconv")
    dialogues = [made_up_dialogue(seed) for seed in range(20)]
    (folder / "ESConv.json").write_text(json.dumps(dialogues), encoding="utf-8")
    parts = {"train": [*range(0, 20, 2)], "valid": [1, 3, 5], "test": [7, 9, 11, 13]}
    (folder / "splits_seed13.json").write_text(json.dumps({"pal": parts}), encoding="utf-8")
    return folder / "ESConv.json"


@pytest.fixture(scope="session")
def base(model: Any, tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny backbone."""
    folder = tmp_path_factory.mktemp("base")
    model.float().save_pretrained(folder)
    model.double()
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def blenderbot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny encoder-decoder."""
    folder = tmp_path_factory.mktemp("blenderbot")
    tokenizer = tiny_tokenizer(folder)
    torch.manual_seed(5)
    config = BlenderbotSmallConfig(vocab_size=len(tokenizer), max_position_embeddings=256, **SIZES)
    BlenderbotSmallForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


CLOSE, NEUTRAL, FAR = "You are a nurse and work at night.", "How do you feel?", "Cars need oil."
"""Responses to a nurse."""


def rated_dialogue(rating: int, response: str) -> dict[str, Any]:
    """One that the seeker rated; its first response comes before anything is known."""
    said = ("Hello", FAR, "I am a nurse.", response)
    answers = {
        "empathy": rating,
        "relevance": rating,
        "initial_emotion_intensity": 5,
        "final_emotion_intensity": 6 - rating,
    }
    supporter = {"speaker": "supporter", "annotation": {"strategy": "Others"}}
    return {
        "survey_score": {"seeker": {name: str(answer) for name, answer in answers.items()}},
        "dialog": [
            {**(supporter if place % 2 else {"speaker": "seeker"}), "content": text}
            for place, text in enumerate(said)
        ],
    }


@pytest.fixture
def rated_esconv(tmp_path: Path) -> Path:
    """The closer the response to the persona, the higher the rating; one dialogue has none."""
    rated = [rated_dialogue(rating, said) for rating, said in ((1, FAR), (3, NEUTRAL), (5, CLOSE))]
    unrated = rated_dialogue(1, CLOSE)
    del unrated["survey_score"]["seeker"]["empathy"]
    path = tmp_path / "ESConv.json"
    path.write_text(json.dumps([unrated, *rated * 5]), encoding="utf-8")
    return path
