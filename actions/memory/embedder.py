"""How alike sentences are in meaning: cosines of embeddings, each sentence embedded once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence

import structlog

from actions.memory.lifecycle import Similarities
from actions.sentence_embedder import SentenceEmbedder, Vectors, shared_embedder

log = structlog.get_logger(__name__)

_REMEMBERED = 20_000
"""Sentences whose vectors are kept in memory: 1.5 kB each."""


class Embedder:
    """Remembers, in memory alone, the vectors of what it embedded; safe for several threads."""

    def __init__(self, embedder: SentenceEmbedder | None = None) -> None:
        """Use `embedder`, or the one that the process shares."""
        self._embedder = embedder or shared_embedder()
        self._lock = threading.Lock()
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()

    def snapshot(self, sentences: Iterable[str]) -> Similarities:
        """Return a function that tells the cosines of these sentences with each other, and takes no
        time: of others it knows no more than whether they are the same.
        """
        vectors = self._look_up(list(dict.fromkeys(sentences)))

        def similarities(sentence: str, others: Sequence[str]) -> list[float]:
            one = vectors.get(sentence)
            found = [None if one is None else vectors.get(other) for other in others]
            return [
                float(sentence == other) if one is None or two is None else float(one @ two)
                for other, two in zip(others, found, strict=True)
            ]

        return similarities

    def similarities(self, sentence: str, others: Sequence[str]) -> list[float]:
        """Return the cosine of `sentence` with each of `others`; without a model, 1 for the same
        words and 0 for others.
        """
        return list(self.snapshot([sentence, *others])(sentence, others)) if others else []

    def forget(self) -> None:
        """Drop all vectors, and with them the sentences."""
        with self._lock:
            self._vectors.clear()

    def _look_up(self, sentences: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors; nothing where the model does not work."""
        with self._lock:
            known = {s: self._vectors[s] for s in sentences if s in self._vectors}
        new = [sentence for sentence in sentences if sentence not in known]
        try:
            known |= zip(new, self._embedder.embed(new), strict=True)
        except Exception as error:  # whatever it is: words are compared all the same
            log.error("sentences_not_embedded", error=type(error).__name__)
            return {}
        with self._lock:
            self._vectors.update(known)
            while len(self._vectors) > _REMEMBERED:
                self._vectors.popitem(last=False)
        return known
