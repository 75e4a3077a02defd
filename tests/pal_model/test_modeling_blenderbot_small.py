from __future__ import annotations

import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModelForSeq2SeqLM,
    BlenderbotSmallForConditionalGeneration,
)
from transformers.modeling_outputs import BaseModelOutput

from pal_model import ModelInputError, ModelLoadError
from pal_model.modeling_blenderbot_small import (
    PalBlenderbotSmallConfig,
    PalForConditionalGeneration,
)
from tests.pal_model import paper
from tests.pal_model.reference import forbidden_by_ngrams

VOCABULARY = 60
START, END = 1, 2
ALPHAS = [0.75, 0.0, 0.375, 0.75, 0.75]
HISTORY_LENGTHS = [7, 3, 9, 1, 5]
PERSONA_LENGTHS = [4, 5, 2, 6, 0]


def tiny_config() -> PalBlenderbotSmallConfig:
    return PalBlenderbotSmallConfig(
        vocab_size=VOCABULARY,
        max_position_embeddings=24,
        d_model=16,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=24,
        decoder_ffn_dim=24,
        dropout=0.0,
        init_std=0.4,
    )


@pytest.fixture(scope="module")
def pal() -> PalForConditionalGeneration:
    """Random weights in float64; the fusion looks trained: its lambdas and norms differ."""
    torch.manual_seed(7)
    model = PalForConditionalGeneration(tiny_config()).double().eval()
    for parameter in model.model.encoder.fusion.parameters():
        torch.nn.init.normal_(parameter, mean=0.5)
    return model


def random_rows(lengths: list[int], seed: int) -> list[list[int]]:
    source = random.Random(seed)
    return [[source.randrange(3, VOCABULARY) for _ in range(length)] for length in lengths]


HISTORIES = random_rows(HISTORY_LENGTHS, 1)
PERSONAS = random_rows(PERSONA_LENGTHS, 2)


def padded(rows: list[list[int]], side: str = "right") -> dict[str, Tensor]:
    """Rows with padding on the right, on the left, or spread among the tokens."""
    width = max(map(len, rows)) + 1
    source = random.Random(5)
    ids, masks = [], []
    for row in rows:
        places = {
            "right": list(range(len(row))),
            "left": list(range(width - len(row), width)),
            "spread": sorted(source.sample(range(width), len(row))),
        }[side]
        tokens = dict(zip(places, row, strict=True))
        ids.append([tokens.get(place, 0) for place in range(width)])
        masks.append([int(place in tokens) for place in range(width)])
    return {"ids": torch.tensor(ids), "mask": torch.tensor(masks)}


def inputs(side: str = "right", rows: list[int] | None = None) -> dict[str, Tensor]:
    rows = list(range(len(HISTORIES))) if rows is None else rows
    history = padded([HISTORIES[row] for row in rows], side)
    persona = padded([PERSONAS[row] for row in rows], side)
    return {
        "input_ids": history["ids"],
        "attention_mask": history["mask"],
        "persona_input_ids": persona["ids"],
        "persona_attention_mask": persona["mask"],
    }


class Reference:
    """One row of the model: stock encoder and decoder, and the paper's equations in between."""

    def __init__(self, pal: PalForConditionalGeneration) -> None:
        self.stock = BlenderbotSmallForConditionalGeneration(pal.config).double().eval()
        fusion = pal.model.encoder.fusion
        weights = {k: v for k, v in pal.state_dict().items() if ".fusion." not in k}
        self.stock.load_state_dict(weights)
        self.history_norm = fusion.history_norm.weight.tolist(), fusion.history_norm.bias.tolist()
        self.persona_norm = fusion.persona_norm.weight.tolist(), fusion.persona_norm.bias.tolist()
        self.lambda_weights = fusion.lambda_weights.tolist()

    def encoded(self, tokens: list[int]) -> list[list[float]]:
        with torch.no_grad():
            states = self.stock.model.encoder(input_ids=torch.tensor([tokens]))
        return states.last_hidden_state[0].tolist()

    def next_logits(self, history: list[int], persona: list[int], written: list[int]) -> Tensor:
        """The logits after the start token and `written`."""
        states = self.encoded(history)
        if persona:
            states = paper.fused(
                states,
                self.encoded(persona),
                self.history_norm,
                self.persona_norm,
                self.lambda_weights,
            )
        with torch.no_grad():
            output = self.stock(
                encoder_outputs=BaseModelOutput(torch.tensor([states], dtype=torch.float64)),
                decoder_input_ids=torch.tensor([[START, *written]]),
            )
        return output.logits[0, -1]

    def next_logits_list(self, *row: list[int]) -> list[float]:
        return self.next_logits(*row).tolist()

    def guided_greedy(
        self, row: int, alpha: float, new_tokens: int, penalty: float, ngram: int, least: int
    ) -> list[int]:
        history, persona, written = HISTORIES[row], PERSONAS[row], [START]
        while len(written) <= new_tokens:
            logits = self.next_logits(history, persona, written[1:])
            if alpha and persona:
                other = self.next_logits(history, [], written[1:])
                logits = (1 + alpha) * logits - alpha * other
                distribution = paper.guided(
                    self.next_logits(history, persona, written[1:]).tolist(), other.tolist(), alpha
                )
                torch.testing.assert_close(logits.softmax(-1).tolist(), distribution)
            for token in set(written):
                logits[token] *= penalty if logits[token] < 0 else 1 / penalty
            for token in forbidden_by_ngrams(written, ngram):
                logits[token] = -torch.inf
            if len(written) <= least:
                logits[END] = -torch.inf
            written.append(int(logits.argmax()))
            if written[-1] == END:
                break
        return written


@pytest.fixture(scope="module")
def reference(pal: PalForConditionalGeneration) -> Reference:
    return Reference(pal)


@pytest.mark.parametrize("side", ["right", "left", "spread"])
def test_logits_are_the_papers_with_padding_anywhere(
    pal: PalForConditionalGeneration, reference: Reference, side: str
) -> None:
    written = [10, 11, 12]
    ids = torch.tensor([[START, *written]] * len(HISTORIES))
    with torch.no_grad():
        logits = pal(**inputs(side), decoder_input_ids=ids).logits
    for row, (history, persona) in enumerate(zip(HISTORIES, PERSONAS, strict=True)):
        for length in range(len(written) + 1):
            expected = reference.next_logits(history, persona, written[:length])
            torch.testing.assert_close(logits[row, length], expected)


def test_without_persona_it_is_blenderbot(
    pal: PalForConditionalGeneration, reference: Reference
) -> None:
    """The history-only branch of Eq. 6, and the baseline Blenderbot-Joint."""
    history = padded(HISTORIES)
    ids = torch.tensor([[START, 10]] * len(HISTORIES))
    arguments = {"input_ids": history["ids"], "attention_mask": history["mask"]}
    with torch.no_grad():
        ours = pal(**arguments, decoder_input_ids=ids).logits
        stock = reference.stock(**arguments, decoder_input_ids=ids).logits
    torch.testing.assert_close(ours, stock)


def test_the_loss_is_eq_5(pal: PalForConditionalGeneration, reference: Reference) -> None:
    target = [50, 20, 21, END]
    labels = torch.tensor([[*target, -100]] * len(HISTORIES))
    with torch.no_grad():
        loss = float(pal(**inputs(), labels=labels).loss)
    expected = [
        paper.loss(partial(reference.next_logits_list, h, p), target)
        for h, p in zip(HISTORIES, PERSONAS, strict=True)
    ]
    assert loss == pytest.approx(sum(expected) / len(expected))


@pytest.mark.parametrize(("penalty", "ngram", "least"), [(1.0, 0, 0), (1.3, 0, 0), (1.03, 3, 12)])
def test_guided_generate_equals_the_slow_reference_in_a_mixed_batch(
    pal: PalForConditionalGeneration,
    reference: Reference,
    penalty: float,
    ngram: int,
    least: int,
) -> None:
    """Penalties come after guidance: where they came before, -inf - -inf was NaN."""
    written = pal.generate(
        **inputs("left"),
        alpha=ALPHAS,
        do_sample=False,
        max_new_tokens=12,
        min_new_tokens=least,
        repetition_penalty=penalty,
        no_repeat_ngram_size=ngram,
        forced_eos_token_id=None,
    )
    for row, alpha in enumerate(ALPHAS):
        expected = reference.guided_greedy(row, alpha, 12, penalty, ngram, least)
        assert written[row, : len(expected)].tolist() == expected
    assert len({tuple(row) for row in written.tolist()}) == len(HISTORIES), "all rows differ"


def test_guidance_changes_what_is_written_and_alpha_0_does_not(
    pal: PalForConditionalGeneration,
) -> None:
    options: dict[str, Any] = {"do_sample": False, "max_new_tokens": 12}
    unguided = BlenderbotSmallForConditionalGeneration.generate(pal, **inputs(), **options)
    assert torch.equal(pal.generate(**inputs(), **options, alpha=0.0), unguided)
    assert not torch.equal(pal.generate(**inputs(), **options, alpha=0.75), unguided)


def test_other_rows_and_their_order_never_change_a_rows_tokens(
    pal: PalForConditionalGeneration,
) -> None:
    options: dict[str, Any] = {"do_sample": False, "max_new_tokens": 10, "min_new_tokens": 10}
    together = pal.generate(**inputs(), **options, alpha=ALPHAS)
    order = [4, 2, 0, 3, 1]
    shuffled = pal.generate(**inputs(rows=order), **options, alpha=[ALPHAS[i] for i in order])
    assert torch.equal(shuffled, together[order])
    for row, alpha in enumerate(ALPHAS):
        alone = pal.generate(**inputs(rows=[row]), **options, alpha=alpha)
        assert torch.equal(alone[0], together[row])


def test_several_samples_of_a_row_are_guided_alike(pal: PalForConditionalGeneration) -> None:
    options: dict[str, Any] = {"do_sample": True, "top_k": 1, "max_new_tokens": 8}
    one = pal.generate(**inputs(), **options, alpha=ALPHAS)
    three = pal.generate(**inputs(), **options, alpha=ALPHAS, num_return_sequences=3)
    assert torch.equal(three, one.repeat_interleave(3, dim=0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": 0.75, "num_beams": 3}, r"num_beams is 3; .* Use num_beams=1, or alpha=0"),
        ({"alpha": [0.75, 0.75]}, r"alpha has the shape \(2,\) for 5 rows"),
        ({"alpha": -1.0}, r"alpha is .*; it must be a number, 0 or more"),
        ({"alpha": float("nan")}, r"alpha is .*nan.*; it must be a number"),
    ],
)
def test_settings_that_guidance_cannot_follow_are_refused(
    pal: PalForConditionalGeneration, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelInputError, match=message):
        pal.generate(**inputs(), **arguments, max_new_tokens=2)


@pytest.mark.parametrize("what", ["history", "persona"])
def test_what_is_longer_than_the_model_reads_is_refused(
    pal: PalForConditionalGeneration, what: str
) -> None:
    long = torch.full((5, 25), 7)
    arguments = (
        inputs()
        | {
            "history": {"input_ids": long, "attention_mask": torch.ones_like(long)},
            "persona": {"persona_input_ids": long, "persona_attention_mask": torch.ones_like(long)},
        }[what]
    )
    with pytest.raises(ModelInputError, match=f"The {what} has 25 tokens; .* 24 at most. Leave"):
        pal(**arguments, decoder_input_ids=torch.tensor([[START]] * 5))


def test_a_saved_model_is_the_same_again_also_by_its_auto_class(
    pal: PalForConditionalGeneration, tmp_path: Path
) -> None:
    pal.save_pretrained(tmp_path)
    assert isinstance(AutoConfig.from_pretrained(tmp_path), PalBlenderbotSmallConfig)
    for loader in (PalForConditionalGeneration, AutoModelForSeq2SeqLM):
        again = loader.from_pretrained(tmp_path)
        assert isinstance(again, PalForConditionalGeneration)
        assert again.state_dict().keys() == pal.state_dict().keys()
        for name, tensor in pal.state_dict().items():
            assert torch.equal(again.state_dict()[name], tensor), name


def test_a_checkpoint_without_pals_weights_is_refused_and_can_be_started_from(
    reference: Reference, tmp_path: Path
) -> None:
    reference.stock.save_pretrained(tmp_path)
    with pytest.raises(ModelLoadError, match=r"lambda_weights.* are missing\. .*from_backbone"):
        PalForConditionalGeneration.from_pretrained(tmp_path)
    fresh = PalForConditionalGeneration.from_backbone(tmp_path)
    fusion = fresh.model.encoder.fusion
    assert fusion.lambda_weights.tolist() == [0.0, 0.0, 0.0]
    assert fusion.history_norm.weight.tolist() == [1.0] * 16
    assert fusion.persona_norm.bias.tolist() == [0.0] * 16
    assert torch.equal(fresh.model.shared.weight, reference.stock.model.shared.weight)


def test_every_weight_learns(pal: PalForConditionalGeneration) -> None:
    model = PalForConditionalGeneration(tiny_config()).double()
    loss = model(**inputs(), labels=torch.tensor([[50, 20, END]] * 5)).loss
    loss.backward()
    idle = [
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is None or not parameter.grad.isfinite().all() or not parameter.grad.any()
    ]
    assert idle == []
