"""Threads that load a model wait for each other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import pal_model
from actions.safety.risk_model import RiskModel
from actions.safety.second_reader import SecondReader
from actions.sentence_embedder import load_encoder
from pal_model.loading import LOADING

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    "load",
    [load_encoder, RiskModel.load, SecondReader.load, lambda: pal_model.PalGenerator],
    ids=["embedder", "classifier", "second reader", "generator"],
)
def test_who_loads_waits_for_who_is_at_it(load: Callable[[], Any]) -> None:
    done = threading.Event()
    thread = threading.Thread(target=lambda: (load(), done.set()), daemon=True)
    with LOADING:
        thread.start()
        assert not done.wait(0.3)
    assert done.wait(60)
