"""How a response is drawn from the model's distribution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pal_model.strategy import Strategy


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """Decoding options. Sampling is the paper's (section 4.3) and its released code's; that the
    best of several short drafts is said is this project's (`PAPER_OPTIONS` do without).

    Attributes:
        do_sample: draw tokens; otherwise always take the likeliest one.
        top_k, top_p, temperature: of sampling (PAL: 10, 0.9, 0.5).
        repetition_penalty: over the response so far; 1 is none (PAL: 1.03).
        no_repeat_ngram_size: n-grams of this size occur once in a response; 0 allows repeats.
        min_new_tokens, max_new_tokens: bounds on the length of a response (released code: 10-50).
        max_sentences: a response ends after this many sentences; 0 is no bound.
        candidates: responses drawn for each turn, of which the best is returned.
        seed: makes a run repeatable; None draws anew each time.
        edited: trim a response to whole sentences, and say nothing that should not be said; False
            returns what the model wrote, which may be nothing.
        alphas: guidance strength of each strategy; None for the checkpoint's own.
    """

    do_sample: bool = True
    top_k: int = 10
    top_p: float = 0.9
    temperature: float = 0.5
    repetition_penalty: float = 1.03
    no_repeat_ngram_size: int = 4
    min_new_tokens: int = 10
    max_new_tokens: int = 50
    max_sentences: int = 2
    candidates: int = 3
    seed: int | None = None
    edited: bool = True
    alphas: Mapping[Strategy, float] | None = None

    def __post_init__(self) -> None:
        rules = {
            "top_k": (self.top_k >= 1, "1 or more"),
            "top_p": (0 < self.top_p <= 1, "more than 0 and at most 1"),
            "temperature": (self.temperature > 0, "more than 0; for greedy set do_sample=False"),
            "repetition_penalty": (self.repetition_penalty > 0, "more than 0"),
            "no_repeat_ngram_size": (self.no_repeat_ngram_size >= 0, "0 or more"),
            "min_new_tokens": (
                0 <= self.min_new_tokens <= self.max_new_tokens,
                "0 or more and at most max_new_tokens",
            ),
            "max_new_tokens": (self.max_new_tokens >= 1, "1 or more"),
            "max_sentences": (self.max_sentences >= 0, "0 or more"),
            "candidates": (self.candidates >= 1, "1 or more"),
            "alphas": (
                self.alphas is None
                or all(0 <= self.alphas.get(s, -1) < float("inf") for s in Strategy),
                "a number, 0 or more, for each strategy",
            ),
        }
        for name, (holds, rule) in rules.items():
            if not holds:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be {rule}.")


PAPER_OPTIONS = GenerationOptions(
    no_repeat_ngram_size=0, max_sentences=0, candidates=1, edited=False
)
"""How the paper draws a response (section 4.3): one, as the model writes it."""
