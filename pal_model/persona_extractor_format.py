"""What a model that extracts personas reads and writes, in training as when served."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pal_model.errors import ModelLoadError

CONFIG_FILE = "pal_persona_extractor.json"


@dataclass(frozen=True, slots=True)
class PersonaExtractorConfig:
    """The text format that an extractor was trained on, and how it writes.

    The defaults are those of the published script, beams included; training keeps them beside the
    weights.

    Attributes:
        utterance_separator: between the seeker's utterances.
        sentence_separator: between persona sentences; a decoder-only model reads it after the
            utterances, too.
        max_input_tokens: what exceeds them is left out, oldest first.
        max_new_tokens: of all sentences together.
        num_beams: 1 for greedy search.
        min_log_prob: a sentence the mean log probability of whose tokens is lower is left out: the
            model is not sure enough of it. None keeps all.
        base_model: "embedded-base", a folder or a hub name, where the weights are a LoRA beside it.
    """

    utterance_separator: str = " <sep> "
    sentence_separator: str = " <persona> "
    max_input_tokens: int = 512
    max_new_tokens: int = 128
    num_beams: int = 10
    min_log_prob: float | None = None
    base_model: str | None = None

    def __post_init__(self) -> None:
        for name in ("max_input_tokens", "max_new_tokens", "num_beams"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 1 or more.")
        least = self.min_log_prob
        if least is not None and not (isinstance(least, int | float) and least <= 0):
            raise ValueError(f"min_log_prob is {least!r}; it must be a number, 0 or less, or null.")
        for name in ("utterance_separator", "sentence_separator"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must not be blank.")

    def save(self, folder: Path) -> None:
        """Write the settings into `folder`, beside the weights."""
        text = json.dumps(asdict(self), indent=2) + "\n"
        (folder / CONFIG_FILE).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> PersonaExtractorConfig:
        """Read the settings in `folder`; without a file, return the defaults.

        Raises:
            ModelLoadError: the file is not what `save` writes.
        """
        path = folder / CONFIG_FILE
        if not path.exists():
            return cls()
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise ModelLoadError(
                f"{path} cannot be used: {error} Restore the file or delete it for the defaults."
            ) from error


class PersonaExtractorEncoder:
    """Token ids of what an extractor reads, and of what it writes."""

    def __init__(
        self, tokenizer: Any, config: PersonaExtractorConfig, *, decoder_only: bool
    ) -> None:
        """Take the model's tokenizer; it is set up to leave out the oldest first."""
        self._tokenizer = tokenizer
        self._config = config
        self._decoder_only = decoder_only
        tokenizer.truncation_side = "left"

    @property
    def end_id(self) -> int:
        """The token that ends what is written."""
        end: int = self._tokenizer.eos_token_id
        return end

    @property
    def pad_id(self) -> int:
        """What fills up a batch; any token may, for it is masked."""
        pad: int | None = self._tokenizer.pad_token_id
        return self.end_id if pad is None else pad

    def encode(self, utterances: Iterable[str]) -> list[int]:
        """Return what the model reads; a decoder-only model goes on after it."""
        said = filter(None, (" ".join(utterance.split()) for utterance in utterances))
        text = self._config.utterance_separator.join(said)
        if self._decoder_only:
            text += self._config.sentence_separator.rstrip()
        limit = self._config.max_input_tokens
        ids: list[int] = self._tokenizer(text, truncation=True, max_length=limit).input_ids
        return ids

    def encode_answer(self, sentences: Sequence[str]) -> list[int]:
        """Return what the model is to write, its end included; nothing but that for no sentence."""
        text = self._config.sentence_separator.join(sentences)
        if not self._decoder_only:
            ids: list[int] = self._tokenizer(text_target=text).input_ids
            return ids if ids[-1:] == [self.end_id] else [*ids, self.end_id]
        if text:
            text = " " + text  # as after every other separator
        return [*self._tokenizer(text, add_special_tokens=False).input_ids, self.end_id]

    def decode(self, ids: Sequence[int], log_probs: Sequence[float] | None = None) -> list[str]:
        """Return the sentences in what was written; the separator may be a special token.

        Where it has come to its limit the last sentence is broken off, and might say what the whole
        one would not: it is left out.

        Args:
            ids: what was written.
            log_probs: of each of `ids`; None keeps sentences of which the model is unsure.
        """
        separator = self._config.sentence_separator.strip()
        pieces = self._text(ids).split(separator)
        if len(ids) >= self._config.max_new_tokens:
            del pieces[-1]
        if log_probs is not None and self._config.min_log_prob is not None:
            sure = self._mean_log_probs(ids, log_probs, pieces, len(separator))
            pieces = [
                piece
                for piece, mean in zip(pieces, sure, strict=True)
                if mean >= self._config.min_log_prob
            ]
        for token in self._tokenizer.all_special_tokens:
            pieces = [piece.replace(token, " ") for piece in pieces]
        return [piece.strip() for piece in pieces if piece.strip()]

    def _mean_log_probs(
        self, ids: Sequence[int], log_probs: Sequence[float], pieces: Sequence[str], gap: int
    ) -> Iterator[float]:
        """Yield of each piece of the text of `ids` the mean over the tokens that end in it."""
        ends = [len(self._text(ids[:count])) for count in range(1, len(ids) + 1)]
        start = 0
        for piece in pieces:
            stop = start + len(piece)
            of_piece = [p for p, end in zip(log_probs, ends, strict=True) if start < end <= stop]
            yield sum(of_piece) / max(1, len(of_piece))
            start = stop + gap

    def _text(self, ids: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(ids, skip_special_tokens=False)
        return text
