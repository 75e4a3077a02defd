"""A small classifier that hears danger which no explicit wording names.

all-MiniLM-L6-v2, which a package carries, with a LoRA and a linear layer on the mean of its states;
`python -m actions.safety.fit` trains them, MODEL_CARD.md has the figures. A message is cut into
sentences and pairs of them, and the most dangerous piece counts, by itself and with what is said
around it: "I can't go on" is one thing among exams and another among goodbyes. It stands beside the
patterns and never takes back what they found.
"""

from __future__ import annotations

import functools
import hashlib
import json
import secrets
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actions.safety.pieces import Span, pieces, surroundings
from actions.safety.risk import NO_RISK, RiskAssessment, RiskKind, RiskLevel
from actions.sentence_embedder import WIDTH, load_encoder, mean_of_states
from pal_model.loading import LOADING

if TYPE_CHECKING:
    from torch import Tensor, nn

ADAPTER = Path(__file__).with_name("classifier")
RISK, DIRECT = "risk", "direct"
OUTPUTS = (RISK, DIRECT, *(kind.value for kind in RiskKind))
_HEAD_FILE, _SETTINGS_FILE = "head.safetensors", "settings.json"
_BASE = "sentence-transformers/all-MiniLM-L6-v2"
_MOST_TOKENS = 96
_READ_AT_ONCE = 64
_APOSTROPHES = str.maketrans("\u2019\u2018\u02bc\u00b4`\uff07", "'" * 6)
_CLOSING = " \t\n.!,;:\u2026"
_REMEMBERED = 512
_AROUND = 0.3
"""Weight of a piece in its surroundings; the rest is that of the piece alone. With more, what is
said by the way in a long message is missed; with less, everyday pieces sound like danger.
"""
NEAREST_RANK = 64
"""Of the LoRA that is kept of an encoder whose matrices were trained."""
SURE = 0.95
"""Probability of a risk from which it may be outright danger."""


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
            head.load_state_dict(load_file(folder / _HEAD_FILE))
        ready = adapted.float() if trainable else adapted.merge_and_unload().eval()
        return cls(ready, tokenizer, head)

    def with_all_weights(self) -> RiskModel:
        """Return it ready to have all matrices of its layers trained, which `save` turns to a LoRA;
        embeddings, biases and norms stay.
        """
        self.encoder.requires_grad_(False)
        for _, layer in _layers(self.encoder):
            layer.weight.requires_grad = True
        return self

    def save(self, folder: Path) -> None:
        """Write LoRA and linear layer."""
        import torch
        from peft import PeftModel
        from safetensors.torch import save_file

        is_adapted = isinstance(self.encoder, PeftModel)
        adapted = self.encoder if is_adapted else nearest_lora(self.encoder, NEAREST_RANK)
        adapted.to(torch.bfloat16).save_pretrained(str(folder))
        (folder / "README.md").unlink(missing_ok=True)
        config = folder / "adapter_config.json"
        named = json.loads(config.read_text("utf-8")) | {"base_model_name_or_path": _BASE}
        named["target_modules"] = sorted(named["target_modules"])  # it is a set, in any order
        config.write_text(json.dumps(named, indent=2) + "\n", "utf-8")
        save_file(self.head.state_dict(), folder / _HEAD_FILE)

    def logits(self, texts: Sequence[str]) -> Tensor:
        """Return the logits of each output, (N, outputs), which depend neither on closing stops nor
        on the sort of apostrophe.
        """
        inputs = self._tokenizer(
            [_as_read(text) for text in texts],
            padding=True,
            truncation=True,
            max_length=_MOST_TOKENS,
            return_tensors="pt",
        )
        states = self.encoder(**inputs).last_hidden_state  # (N, T, WIDTH)
        logits: Tensor = self.head(mean_of_states(states, inputs["attention_mask"]))
        return logits


def save_thresholds(folder: Path, thresholds: Mapping[str, float]) -> None:
    """Write from which probabilities the classifier in a folder flags something."""
    settings = {"outputs": OUTPUTS, "thresholds": thresholds}
    (folder / _SETTINGS_FILE).write_text(json.dumps(settings, indent=2) + "\n", "utf-8")


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


def nearest_lora(encoder: Any, rank: int) -> Any:
    """Return all-MiniLM with the LoRA that is nearest to a trained encoder's matrices: what they
    differ by, cut to a rank by singular values (Eckart and Young 1936).
    """
    import torch

    original, _ = load_encoder()
    adapted = with_lora(original, rank, alpha=rank)
    with torch.no_grad():
        for name, trained in _layers(encoder):
            layer = adapted.get_submodule(f"base_model.model.{name}")
            u, singular, v = torch.linalg.svd(trained.weight - layer.base_layer.weight)
            root = singular[:rank].sqrt()
            layer.lora_A["default"].weight.copy_(root[:, None] * v[:rank])
            layer.lora_B["default"].weight.copy_(u[:, :rank] * root)
    return adapted


def _layers(encoder: Any) -> list[tuple[str, Any]]:
    """Return the linear layers that a LoRA changes, by name."""
    from torch import nn

    return [
        (name, module)
        for name, module in encoder.named_modules()
        if isinstance(module, nn.Linear) and name.startswith("encoder.layer.")
    ]


def _as_read(text: str) -> str:
    """Return a piece without what depends on the writer and the keyboard alone."""
    return text.translate(_APOSTROPHES).strip().rstrip(_CLOSING)


class RiskClassifier:
    """Assesses one utterance by what it means; safe for several threads."""

    def __init__(self, load: Callable[[], RiskModel], thresholds: Mapping[str, float]) -> None:
        """Use the model that `load` returns, once it is needed.

        Args:
            load: returns it.
            thresholds: the probability from which `RISK`, `DIRECT` and a "kind" count.
        """
        self._load = load
        self._thresholds = thresholds
        self._model: RiskModel | None = None
        self._lock = threading.Lock()
        # A turn is assessed by each of its actions. No words are kept: keys are keyed hashes.
        self._known: OrderedDict[bytes, RiskAssessment] = OrderedDict()
        self._secret = secrets.token_bytes(32)

    def load(self) -> None:
        """Load the model now."""
        with self._lock:
            self._loaded()

    def assess(self, text: str) -> RiskAssessment:
        """Return what the piece says in which the danger is greatest."""
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._secret).digest()
        with self._lock:
            found = self._known.get(key)
            if found is None:
                found = self._known[key] = self._assessed(text)
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        return found

    def greatest(self, text: str) -> tuple[float, dict[str, float], Span]:
        """Return of the most dangerous piece the probability of a risk, all probabilities and the
        span; zero of a message without a letter.

        Each probability is that of a weighted mean of two logits: of the piece alone, and in its
        surroundings.
        """
        import torch

        text = text.encode("utf-8", "replace").decode()
        spans = pieces(text)
        if not spans:
            return 0.0, {}, (0, 0)
        spans.sort(key=lambda span: span[1] - span[0])  # batches of like lengths: less padding
        with torch.inference_mode():
            alone = self._logits(text, spans)
            worst = int(alone[:, 0].argmax())
            found = alone[worst]
            around = surroundings(text, spans[worst])
            if around != spans[worst]:
                found = torch.lerp(found, self._logits(text, [around])[0], _AROUND)
            found = torch.sigmoid(found)
        of_output = dict(zip(OUTPUTS, found.tolist(), strict=True))
        return of_output[RISK], of_output, spans[worst]

    def _logits(self, text: str, spans: Sequence[Span]) -> Tensor:
        import torch

        model = self._loaded()
        texts = [text[slice(*span)] for span in spans]
        starts = range(0, len(texts), _READ_AT_ONCE)
        return torch.cat([model.logits(texts[n : n + _READ_AT_ONCE]) for n in starts])

    def _assessed(self, text: str) -> RiskAssessment:
        risk, of_output, span = self.greatest(text)
        if risk < self._thresholds[RISK]:
            return NO_RISK
        # "That sounds unbearable" is a strange answer to an everyday sentence; a question is not.
        is_direct = risk >= SURE and of_output[DIRECT] >= self._thresholds[DIRECT]
        kinds = list(RiskKind)
        likeliest = max(kinds, key=lambda kind: of_output[kind])
        heard = {kind for kind in kinds if of_output[kind] >= self._thresholds["kind"]}
        level = RiskLevel.HIGH if is_direct else RiskLevel.CONCERN
        return RiskAssessment(level, frozenset(heard | {likeliest}), span, risk)

    def _loaded(self) -> RiskModel:
        if self._model is None:
            self._model = self._load()
        return self._model


@functools.cache
def shipped_classifier() -> RiskClassifier:
    """Return the one that ships; it loads its model when it is first needed."""
    settings = json.loads((ADAPTER / _SETTINGS_FILE).read_text("utf-8"))
    return RiskClassifier(RiskModel.load, settings["thresholds"])
