"""What a model that extracts personas reads and writes, in training as when served."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
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
        base_model: "embedded-base", a folder or a hub name, where the weights are a LoRA beside it.
    """

    utterance_separator: str = " <sep> "
    sentence_separator: str = " <persona> "
    max_input_tokens: int = 512
    max_new_tokens: int = 128
    num_beams: int = 10
    base_model: str | None = None

    def __post_init__(self) -> None:
        for name in ("max_input_tokens", "max_new_tokens", "num_beams"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 1 or more.")
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

    def decode(self, ids: Sequence[int]) -> list[str]:
        """Return the sentences in what was written; the separator may be a special token.

        Where it has come to its limit the last sentence is broken off, and might say what the whole
        one would not: it is left out.
        """
        separator = self._config.sentence_separator.strip()
        text: str = self._tokenizer.decode(ids, skip_special_tokens=False)
        for token in self._tokenizer.all_special_tokens:
            if token != separator:
                text = text.replace(token, " ")
        sentences = text.split(separator)
        if len(ids) >= self._config.max_new_tokens:
            del sentences[-1]
        return [sentence.strip() for sentence in sentences if sentence.strip()]
