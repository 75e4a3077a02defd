"""What PAL is on every backbone: the paper's equations, and rows that know nothing of each other.

The references compute one row at a time with loops, in float64.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModelForSeq2SeqLM,
    BlenderbotSmallForConditionalGeneration,
    GenerationMixin,
    LlamaForCausalLM,
)
from transformers.modeling_outputs import BaseModelOutput

from pal_model import ModelInputError, ModelLoadError
from pal_model.modeling_blenderbot_small import (
    PalBlenderbotSmallConfig,
    PalForConditionalGeneration,
)
from pal_model.modeling_llama import PalLlamaConfig, PalLlamaForConditionalGeneration
from tests.pal_model import paper
from tests.pal_model.pal_rows import (
    ALPHAS,
    END,
    HISTORIES,
    PERSONAS,
    START,
    VOCABULARY,
    guided_greedy,
    inputs,
    padded,
)

ROWS = len(HISTORIES)


class BlenderbotReference:
    """Stock encoder and decoder, and the paper's equations in between."""

    def __init__(self, pal: Any) -> None:
        self.stock = BlenderbotSmallForConditionalGeneration(pal.config).double().eval()
        weights = {k: v for k, v in pal.state_dict().items() if ".fusion." not in k}
        self.stock.load_state_dict(weights)
        self._fusion = pal.model.encoder.fusion

    def next_logits(
        self, history: Sequence[int], persona: Sequence[int], written: Sequence[int]
    ) -> Tensor:
        states = self._encoded(history)
        if persona:
            states = fused(self._fusion, states, self._encoded(persona), scale=1.0)
        with torch.no_grad():
            output = self.stock(
                encoder_outputs=BaseModelOutput(torch.tensor([states], dtype=torch.float64)),
                decoder_input_ids=torch.tensor([[START, *written]]),
            )
        return output.logits[0, -1]

    def _encoded(self, tokens: Sequence[int]) -> paper.Matrix:
        with torch.no_grad():
            states = self.stock.model.encoder(input_ids=torch.tensor([list(tokens)]))
        return states.last_hidden_state[0].tolist()


class LlamaReference:
    """Llama token by token, with persona and history as prefixes that begin at position 0."""

    def __init__(self, pal: Any) -> None:
        self.stock = LlamaForCausalLM(pal.config).double().eval()
        self.stock.load_state_dict(
            {k: v for k, v in pal.state_dict().items() if not k.startswith("fusion.")}
        )
        self._pal, self._config = pal, pal.config

    def next_logits(
        self, history: Sequence[int], persona: Sequence[int], written: Sequence[int]
    ) -> Tensor:
        layers = self._config.num_hidden_layers
        with torch.no_grad():
            of_history, of_persona = self._read(history), self._read(persona)
            prefix: list[list[tuple[Tensor, Tensor]]] = []
            for layer in range(layers):
                h, p = of_history[layer], of_persona[layer]
                if persona:
                    h, p = self._gated(layer, h, p)
                prefix.append(self._keys_and_values(layer, p) + self._keys_and_values(layer, h))
            for position, token in enumerate([START, *written], start=len(history)):
                state = self._token(token, position, prefix, [[] for _ in range(layers)])
            norm = self._norm(state, self.stock.model.norm)
            return self.stock.lm_head.weight @ norm

    def _read(self, tokens: Sequence[int]) -> list[list[Tensor]]:
        """The normed states of each layer: what goes into its attention."""
        layers = self._config.num_hidden_layers
        states: list[list[Tensor]] = [[] for _ in range(layers)]
        seen: list[list[tuple[Tensor, Tensor]]] = [[] for _ in range(layers)]
        for position, token in enumerate(tokens):
            self._token(token, position, seen, states)
        return states

    def _token(
        self,
        token: int,
        position: int,
        seen: list[list[tuple[Tensor, Tensor]]],
        states: list[list[Tensor]],
    ) -> Tensor:
        """One token through all layers; adds its keys and values to `seen`."""
        state = self.stock.model.embed_tokens.weight[token]
        heads, width = self._config.num_attention_heads, self._config.head_dim
        group = heads // self._config.num_key_value_heads
        for layer, module in enumerate(self.stock.model.layers):
            normed = self._norm(state, module.input_layernorm)
            states[layer].append(normed)
            seen[layer] += self._keys_and_values(layer, [normed], position)
            queries = (module.self_attn.q_proj.weight @ normed).view(heads, width)
            mixed = []
            for head in range(heads):
                query = self._rotated(queries[head], position)
                scores = [
                    float(query @ key[head // group]) / math.sqrt(width) for key, _ in seen[layer]
                ]
                weights = paper.softmax(scores)
                mixed.append(
                    sum(
                        (w * value[head // group])
                        for w, (_, value) in zip(weights, seen[layer], strict=True)
                    )
                )
            state = state + module.self_attn.o_proj.weight @ torch.cat(mixed)
            normed = self._norm(state, module.post_attention_layernorm)
            gate = module.mlp.gate_proj.weight @ normed
            up = module.mlp.up_proj.weight @ normed
            state = state + module.mlp.down_proj.weight @ (gate * gate.sigmoid() * up)
        return state

    def _gated(
        self, layer: int, history: list[Tensor], persona: list[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """H + tanh(g) (H_final - H) for both segments."""
        final = fused(
            self._pal.fusion.co_attention,
            [h.tolist() for h in history],
            [p.tolist() for p in persona],
            scale=1 / math.sqrt(self._config.hidden_size),
        )
        result = []
        for segment, gate in zip((history, persona), self._pal.fusion.gates[layer], strict=True):
            opened = math.tanh(float(gate))
            result.append(
                [
                    state + opened * (torch.tensor(row, dtype=torch.float64) - state)
                    for state, row in zip(segment, final[: len(segment)], strict=True)
                ]
            )
        return result[0], result[1]

    def _keys_and_values(
        self, layer: int, states: list[Tensor], start: int = 0
    ) -> list[tuple[Tensor, Tensor]]:
        attention = self.stock.model.layers[layer].self_attn
        shape = (self._config.num_key_value_heads, self._config.head_dim)
        result = []
        for position, state in enumerate(states, start=start):
            keys = (attention.k_proj.weight @ state).view(shape)
            rotated = torch.stack([self._rotated(key, position) for key in keys])
            result.append((rotated, (attention.v_proj.weight @ state).view(shape)))
        return result

    def _norm(self, state: Tensor, module: Any) -> Tensor:
        root = math.sqrt(float((state * state).mean()) + self._config.rms_norm_eps)
        return module.weight * state / root

    def _rotated(self, vector: Tensor, position: int) -> Tensor:
        half = len(vector) // 2
        result = vector.clone()
        for i in range(half):
            angle = position / 10000 ** (i / half)
            a, b = float(vector[i]), float(vector[i + half])
            result[i] = a * math.cos(angle) - b * math.sin(angle)
            result[i + half] = b * math.cos(angle) + a * math.sin(angle)
        return result


def fused(fusion: Any, history: paper.Matrix, persona: paper.Matrix, scale: float) -> paper.Matrix:
    norms = [
        (norm.weight.tolist(), norm.bias.tolist())
        for norm in (fusion.history_norm, fusion.persona_norm)
    ]
    return paper.fused(history, persona, *norms, fusion.lambda_weights.tolist(), scale)


def tiny_blenderbot() -> Any:
    config = PalBlenderbotSmallConfig(
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
        forced_eos_token_id=None,
    )
    return PalForConditionalGeneration(config)


def tiny_llama() -> Any:
    config = PalLlamaConfig(
        vocab_size=VOCABULARY,
        max_position_embeddings=24,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        initializer_range=0.4,
        tie_word_embeddings=True,
        pad_token_id=0,
        bos_token_id=START,
        eos_token_id=END,
        decoder_start_token_id=START,
    )
    return PalLlamaForConditionalGeneration(config)


class Backbone(NamedTuple):
    make: Any
    reference: Any
    stock: Any
    tolerance: float


BACKBONES = {
    "blenderbot": Backbone(
        tiny_blenderbot, BlenderbotReference, BlenderbotSmallForConditionalGeneration, 1e-9
    ),
    # Stock Llama norms and rotates in float32, whatever its weights are.
    "llama": Backbone(tiny_llama, LlamaReference, LlamaForCausalLM, 1e-5),
}


@pytest.fixture(scope="module", params=BACKBONES)
def backbone(request: pytest.FixtureRequest) -> Backbone:
    return BACKBONES[request.param]


@pytest.fixture(scope="module")
def pal(backbone: Backbone) -> Any:
    """Random weights in float64; what PAL adds looks trained: lambdas, norms and gates differ."""
    torch.manual_seed(7)
    model = backbone.make().double().eval()
    for name, parameter in model.named_parameters():
        if "fusion" in name:
            torch.nn.init.normal_(parameter, mean=0.5)
    return model


@pytest.fixture(scope="module")
def reference(pal: Any, backbone: Backbone) -> Any:
    return backbone.reference(pal)


@pytest.mark.parametrize("side", ["right", "left", "spread"])
def test_logits_are_the_papers_with_padding_anywhere(
    pal: Any, reference: Any, backbone: Backbone, side: str
) -> None:
    """Persona longer and shorter than history, a row without any, at several lengths."""
    written = [10, 11, 12]
    ids = torch.tensor([[START, *written]] * ROWS)
    with torch.no_grad():
        logits = pal(**inputs(side), decoder_input_ids=ids).logits
    for row, (history, persona) in enumerate(zip(HISTORIES, PERSONAS, strict=True)):
        for length in range(len(written) + 1):
            expected = reference.next_logits(history, persona, written[:length])
            close = {"atol": backbone.tolerance, "rtol": backbone.tolerance}
            torch.testing.assert_close(logits[row, length], expected, **close)


def test_the_persona_matters_and_so_does_which(pal: Any) -> None:
    """The control without which all of the above could hold for a model that ignores it."""
    right = inputs()
    shifted = right | {
        name: right[name].roll(1, 0) for name in ("persona_input_ids", "persona_attention_mask")
    }
    with torch.no_grad():
        ids = torch.full((ROWS, 1), START)
        one, other = (pal(**i, decoder_input_ids=ids).logits for i in (right, shifted))
    assert not torch.isclose(one, other, rtol=0.01).all(dim=-1).any()


def test_the_loss_is_eq_5(pal: Any, reference: Any) -> None:
    target = [50, 20, 21, END]
    labels = torch.tensor([[*target, -100]] * ROWS)
    with torch.no_grad():
        loss = float(pal(**inputs(), labels=labels).loss)
    expected = [
        paper.loss(partial(_next_logits_list, reference, h, p), target)
        for h, p in zip(HISTORIES, PERSONAS, strict=True)
    ]
    assert loss == pytest.approx(sum(expected) / len(expected))


def _next_logits_list(reference: Any, *row: list[int]) -> list[float]:
    return reference.next_logits(*row).tolist()


@pytest.mark.parametrize(("penalty", "ngram", "least"), [(1.0, 0, 0), (1.3, 0, 0), (1.03, 3, 8)])
def test_guided_generate_equals_the_slow_reference_in_a_mixed_batch(
    pal: Any, reference: Any, penalty: float, ngram: int, least: int
) -> None:
    """Penalties come after guidance: where they came before, -inf - -inf was NaN."""
    new_tokens = 8
    written = pal.generate(
        **inputs("left"),
        alpha=ALPHAS,
        do_sample=False,
        max_new_tokens=new_tokens,
        min_new_tokens=least,
        repetition_penalty=penalty,
        no_repeat_ngram_size=ngram,
    )
    for row, alpha in enumerate(ALPHAS):
        expected = guided_greedy(
            reference,
            HISTORIES[row],
            PERSONAS[row],
            alpha,
            new_tokens=new_tokens,
            penalty=penalty,
            ngram=ngram,
            least=least,
        )
        assert written[row, : len(expected)].tolist() == expected
    assert len({tuple(row) for row in written.tolist()}) == ROWS, "all rows differ"


def test_guidance_changes_what_is_written_and_alpha_0_does_not(pal: Any) -> None:
    options: dict[str, Any] = {"do_sample": False, "max_new_tokens": 12, "min_new_tokens": 12}
    unguided = GenerationMixin.generate(pal, **inputs(), **options)
    assert torch.equal(pal.generate(**inputs(), **options, alpha=0.0), unguided)
    assert not torch.equal(pal.generate(**inputs(), **options, alpha=0.75), unguided)


def test_a_cache_changes_nothing(pal: Any) -> None:
    options: dict[str, Any] = {"do_sample": False, "max_new_tokens": 8, "min_new_tokens": 8}
    cached = pal.generate(**inputs(), **options)
    assert torch.equal(pal.generate(**inputs(), **options, use_cache=False), cached)


def test_other_rows_and_their_order_never_change_a_rows_tokens(pal: Any) -> None:
    options: dict[str, Any] = {"do_sample": False, "max_new_tokens": 10, "min_new_tokens": 10}
    together = pal.generate(**inputs(), **options, alpha=ALPHAS)
    order = [4, 2, 0, 3, 1]
    shuffled = pal.generate(**inputs(rows=order), **options, alpha=[ALPHAS[i] for i in order])
    assert torch.equal(shuffled, together[order])
    for row, alpha in enumerate(ALPHAS):
        alone = pal.generate(**inputs(rows=[row]), **options, alpha=alpha)
        assert torch.equal(alone[0], together[row])


def test_several_samples_of_a_row_are_guided_alike(pal: Any) -> None:
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
    pal: Any, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelInputError, match=message):
        pal.generate(**inputs(), **arguments, max_new_tokens=2)


@pytest.mark.parametrize("what", ["history", "persona"])
def test_what_is_longer_than_the_model_reads_is_refused(pal: Any, what: str) -> None:
    long = torch.full((ROWS, 25), 7)
    arguments = (
        inputs()
        | {
            "history": {"input_ids": long, "attention_mask": torch.ones_like(long)},
            "persona": {"persona_input_ids": long, "persona_attention_mask": torch.ones_like(long)},
        }[what]
    )
    with pytest.raises(ModelInputError, match=f"The {what} has 25 tokens; .* 24 at most. Leave"):
        pal(**arguments, decoder_input_ids=torch.tensor([[START]] * ROWS))


def test_a_saved_model_is_the_same_again_also_by_its_auto_class(pal: Any, tmp_path: Path) -> None:
    pal.save_pretrained(tmp_path)
    assert isinstance(AutoConfig.from_pretrained(tmp_path), type(pal.config))
    for loader in (type(pal), AutoModelForSeq2SeqLM):
        again = loader.from_pretrained(tmp_path)
        assert isinstance(again, type(pal))
        assert again.state_dict().keys() == pal.state_dict().keys()
        for name, tensor in pal.state_dict().items():
            assert torch.equal(again.state_dict()[name], tensor), name


def test_a_checkpoint_without_pals_weights_is_refused_and_can_be_started_from(
    pal: Any, backbone: Backbone, tmp_path: Path
) -> None:
    config = backbone.stock.config_class(**pal.config.to_dict())
    stock = backbone.stock(config)
    stock.save_pretrained(tmp_path)
    with pytest.raises(ModelLoadError, match=r"lambda_weights.* are missing\. .*from_backbone"):
        type(pal).from_pretrained(tmp_path)
    fresh = type(pal).from_backbone(tmp_path)
    added = {name: p for name, p in fresh.named_parameters() if name not in stock.state_dict()}
    for name, parameter in added.items():
        start = 1.0 if name.endswith("norm.weight") else 0.0
        assert parameter.unique().tolist() == [start], name
    for name, tensor in stock.state_dict().items():
        assert torch.equal(fresh.state_dict()[name], tensor), name


def test_every_weight_learns(pal: Any) -> None:
    model = type(pal)(pal.config).double()
    for name, parameter in model.named_parameters():
        if name.endswith("gates"):  # closed, they let nothing through
            torch.nn.init.constant_(parameter, 0.5)
    model(**inputs(), labels=torch.tensor([[50, 20, END]] * ROWS)).loss.backward()
    idle = [
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is None or not parameter.grad.isfinite().all() or not parameter.grad.any()
    ]
    assert idle == []


def test_without_persona_blenderbot_is_stock_blenderbot() -> None:
    """The history-only branch of Eq. 6, and the baseline Blenderbot-Joint."""
    pal = tiny_blenderbot().double().eval()
    stock = BlenderbotReference(pal).stock
    ids, mask = padded(HISTORIES)
    arguments = {"input_ids": ids, "attention_mask": mask}
    arguments["decoder_input_ids"] = torch.tensor([[START, 10]] * ROWS)
    with torch.no_grad():
        torch.testing.assert_close(pal(**arguments).logits, stock(**arguments).logits)


def test_without_persona_or_with_closed_gates_llama_is_stock_llama() -> None:
    """With closed gates: stock Llama on one sequence in which the segments do not see each other.

    float32, to the 1e-5 that is asked for.
    """
    torch.manual_seed(11)
    pal = tiny_llama().eval()
    stock = LlamaForCausalLM(pal.config).eval()
    stock.load_state_dict(pal.state_dict(), strict=False)
    history, persona, response = HISTORIES[0], PERSONAS[0], [START, 10, 11]
    arguments = {
        "input_ids": torch.tensor([history]),
        "decoder_input_ids": torch.tensor([response]),
    }
    h, p, r = len(history), len(persona), len(response)
    with torch.no_grad():
        expected = stock(torch.tensor([[*history, *response]])).logits[:, -r:]
        torch.testing.assert_close(pal(**arguments).logits, expected, atol=1e-5, rtol=1e-5)

        visible = torch.ones(h + p + r, h + p + r).tril().bool()
        visible[p : p + h, :p] = False
        positions = torch.tensor([[*range(p), *range(h), *range(h, h + r)]])
        expected = stock(
            torch.tensor([[*persona, *history, *response]]),
            attention_mask=visible[None, None],
            position_ids=positions,
        ).logits[:, -r:]
        ours = pal(**arguments, persona_input_ids=torch.tensor([persona])).logits
        torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)


def test_a_model_of_another_family_is_not_taken_for_a_llama(tmp_path: Path) -> None:
    tiny_blenderbot().save_pretrained(tmp_path)
    with pytest.raises(ModelLoadError, match=r"type 'pal-blenderbot-small'; .* of type 'llama'\."):
        PalLlamaForConditionalGeneration.from_backbone(tmp_path)


def test_a_llama_that_knows_no_start_token_says_what_to_set() -> None:
    pal = tiny_llama()
    labels = torch.tensor([[10, END]])
    inputs_of_one = {"input_ids": torch.tensor([HISTORIES[0]]), "labels": labels}
    pal.config.decoder_start_token_id = None
    pal(**inputs_of_one)  # begins with bos then
    pal.config.bos_token_id = None
    with pytest.raises(ModelInputError, match=r"no decoder_start_token_id.* Set it to the last"):
        pal(**inputs_of_one)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"labels": torch.tensor([[3]])}, "input_ids"),
        ({"input_ids": torch.tensor([[3]])}, "labels"),
    ],
)
def test_a_llama_says_what_it_was_not_given(given: dict[str, Tensor], missing: str) -> None:
    with pytest.raises(ModelInputError, match=f"Neither .*{missing}.* were given; one must"):
        tiny_llama()(**given)
