"""The model that reads each piece of a message: all-MiniLM-L6-v2, which a package carries, with a
LoRA and a linear layer on the mean of its states.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from actions.safety.low_rank import linear_layers, nearest_lora, save_lora
from actions.safety.risk import RiskKind
from actions.sentence_embedder import WIDTH, load_encoder, mean_of_states
from pal_model.loading import LOADING

if TYPE_CHECKING:
    from torch import Tensor, nn

ADAPTER = Path(__file__).with_name("classifier")
RISK, DIRECT, KIND = "risk", "direct", "kind"
OUTPUTS = (RISK, DIRECT, *(kind.value for kind in RiskKind))
HEAD_FILE, WEIGHTS_FILE = "head.safetensors", "adapter_model.safetensors"
NEAREST_RANK = 64
"""Of the LoRA that is kept of an encoder whose matrices were trained."""

_BASE = "sentence-transformers/all-MiniLM-L6-v2"
_MOST_TOKENS = 96
_APOSTROPHES = str.maketrans("\u2019\u2018\u02bc\u00b4`\uff07", "'" * 6)
_REPEATED = re.compile(r"\b(\w.{0,60}?)(?:\W+\1\b){2,}", re.IGNORECASE)
"""Neither model has learnt from such; whether it sounded like danger was chance."""

_CLOSING = " \t\n.!,;:\u2026"


class RiskReader(Protocol):
    """Reads messages, or pieces of them."""

    def logits(self, texts: Sequence[str]) -> Tensor:
        """Return the logits of each of `OUTPUTS`, (N, outputs)."""


class RiskModel:
    """An encoder and a linear layer: messages -> logits of `OUTPUTS`."""

    def __init__(self, encoder: Any, tokenizer: Any, head: nn.Linear) -> None:
        """Put the parts together."""
        self.encoder = encoder
        self.head = head
        self._tokenizer = tokenizer

    @classmethod
    def untrained(cls, rank: int) -> RiskModel:
        """Return one to train: with a new LoRA of that rank."""
        from torch import nn

        encoder, tokenizer = load_encoder()
        adapted = with_lora(encoder, rank, alpha=2 * rank, dropout=0.05)
        return cls(adapted, tokenizer, nn.Linear(WIDTH, len(OUTPUTS)))

    @classmethod
    def load(cls, folder: Path = ADAPTER, *, trainable: bool = False) -> RiskModel:
        """Return the trained one in a folder: the LoRA merged, or to be trained further."""
        with LOADING:
            # Here, so that the server listens seconds before torch is imported.
            from peft import PeftModel
            from safetensors.torch import load_file
            from torch import nn

            encoder, tokenizer = load_encoder()
            with warnings.catch_warnings():
                # peft 0.21 asks transformers 5.23 for it by its old name.
                warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
                adapted: Any = PeftModel.from_pretrained(
                    encoder, str(folder), is_trainable=trainable
                )
            head = nn.Linear(WIDTH, len(OUTPUTS))
            head.load_state_dict(load_file(folder / HEAD_FILE))
        ready = adapted.float() if trainable else adapted.merge_and_unload().eval()
        return cls(ready, tokenizer, head)

    def with_all_weights(self) -> RiskModel:
        """Return it ready to have all matrices of its layers trained, which `save` turns to a LoRA;
        embeddings, biases and norms stay.
        """
        self.encoder.requires_grad_(False)
        for _, layer in layers_of(self.encoder):
            layer.weight.requires_grad = True
        return self

    def save(self, folder: Path) -> None:
        """Write LoRA and linear layer."""
        from peft import PeftModel
        from safetensors.torch import save_file

        adapted = self.encoder
        if not isinstance(adapted, PeftModel):
            original, _ = load_encoder()
            new = with_lora(original, NEAREST_RANK, alpha=NEAREST_RANK)
            adapted = nearest_lora(self.encoder, new, NEAREST_RANK)
        save_lora(adapted, folder, _BASE)
        save_file(self.head.state_dict(), folder / HEAD_FILE)

    def logits(self, texts: Sequence[str]) -> Tensor:
        """Return the logits of each output, (N, outputs), which depend neither on closing stops nor
        on the sort of apostrophe.
        """
        inputs = self._tokenizer(
            [as_read(text) for text in texts],
            padding=True,
            truncation=True,
            max_length=_MOST_TOKENS,
            return_tensors="pt",
        )
        states = self.encoder(**inputs).last_hidden_state  # (N, T, WIDTH)
        logits: Tensor = self.head(mean_of_states(states, inputs["attention_mask"]))
        return logits


def with_lora(encoder: Any, rank: int, *, alpha: int, dropout: float = 0.0) -> Any:
    """Return all-MiniLM with a LoRA that changes nothing yet."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules=["query", "key", "value", "dense"],
        exclude_modules=["pooler.dense"],
    )
    return get_peft_model(encoder, config)


def layers_of(encoder: Any) -> list[tuple[str, Any]]:
    """Return the linear layers that a LoRA changes, by name."""
    return linear_layers(encoder, lambda name: name.startswith("encoder.layer."))


def as_read(text: str) -> str:
    """Return a piece without what depends on the writer and the keyboard alone; what is said more
    than twice in a row is said twice.
    """
    return _REPEATED.sub(r"\1 \1", text.translate(_APOSTROPHES)).strip().rstrip(_CLOSING)
