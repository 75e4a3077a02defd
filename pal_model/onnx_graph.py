"""A Llama as graphs for ONNX Runtime, its weights in 8 bits.

Built node by node, not exported: an exported graph would give a batch one length, repeat shared
heads in memory and copy the cache at every step, all of which the operators here avoid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor
from transformers import LlamaForCausalLM

BLOCK_SIZE = 64
"""Weights that share one scale. With 32 reading takes a fifth longer and predicts no better; with
128 the runtime's kernel gives an odd number of rows other bits."""

_ZERO_POINT = 128
_FLOAT_PRODUCTS, _INTEGER_PRODUCTS = 1, 4  # the runtime's `accuracy_level`
_RUNTIME = "com.microsoft"
_OPSETS = (("", 18), (_RUNTIME, 1))
_IR_VERSION = 9


def quantised(weight: Tensor) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Round a weight, (N, K), to 8 bits, in blocks along K with one scale each.

    Returns:
        Numbers from 1 to 255 around 128, (N, ceil(K / 64), 64), and scales, (N, ceil(K / 64)).
    """
    missing = -weight.shape[1] % BLOCK_SIZE
    blocks = torch.nn.functional.pad(weight.detach().float(), (0, missing))
    blocks = blocks.reshape(len(weight), -1, BLOCK_SIZE)
    scales = blocks.abs().amax(dim=2, keepdim=True) / 127
    steps = (blocks / scales.clamp(min=torch.finfo(torch.float32).tiny)).round()
    return (steps + _ZERO_POINT).to(torch.uint8).numpy(), scales.squeeze(2).numpy()


class _Graph:
    """Collects nodes and weights; each node's output bears the node's name."""

    def __init__(self, integer_products: bool) -> None:
        self._accuracy_level = _INTEGER_PRODUCTS if integer_products else _FLOAT_PRODUCTS
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[TensorProto] = []

    def constant(self, name: str, value: np.ndarray[Any, Any]) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(
        self,
        operator: str,
        inputs: Sequence[str],
        *outputs: str,
        domain: str = "",
        **attributes: Any,
    ) -> str:
        node = helper.make_node(
            operator, inputs, outputs, name=outputs[0], domain=domain, **attributes
        )
        self._nodes.append(node)
        return outputs[0]

    def linear(self, inputs: str, weight: Tensor, name: str) -> str:
        """`inputs` (..., K) times the transpose of `weight` (N, K)."""
        numbers, scales = quantised(weight)
        return self.add(
            "MatMulNBits",
            [
                inputs,
                self.constant(f"{name}.numbers", numbers),
                self.constant(f"{name}.scales", scales.reshape(-1)),
            ],
            name,
            domain=_RUNTIME,
            K=weight.shape[1],
            N=weight.shape[0],
            bits=8,
            block_size=BLOCK_SIZE,
            accuracy_level=self._accuracy_level,
        )

    def norm(self, inputs: str, norm: Any, name: str) -> str:
        weight = self.constant(f"{name}.weight", norm.weight.detach().float().numpy())
        epsilon = norm.variance_epsilon
        return self.add("SimplifiedLayerNormalization", [inputs, weight], name, epsilon=epsilon)

    def serialised(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> bytes:
        graph = helper.make_graph(self._nodes, "pal", inputs, outputs, self._constants)
        opsets = [helper.make_opsetid(*opset) for opset in _OPSETS]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        content: bytes = model.SerializeToString()
        return content


def decoder_graph(model: LlamaForCausalLM, *, integer_products: bool = True) -> bytes:
    """Return the graph of all layers.

    With `integer_products` what meets a weight is rounded to 8 bits too, which is several times as
    fast and costs little more (`make bench`); without, the weights alone are.

    Inputs: `embeddings` (R, N, D), `positions` (R, N), `last_slots` (R,), the slot of each row's
    last token, `total` (), the largest number of tokens in a row, and `past_keys.i` and
    `past_values.i` of each layer i, (R, heads, L, W).
    Outputs: `hidden_states` (R, N, D), after the last norm, `inputs.i` (R, N, D), what the
    attention of layer i reads, and `keys.i` and `values.i`, which are to be bound to the same
    memory as the past ones.
    """
    config: Any = model.config
    graph = _Graph(integer_products)
    _add_rotary_tables(graph, model)
    sizes = [
        config.num_attention_heads * config.head_dim,
        *[config.num_key_value_heads * config.head_dim] * 2,
    ]
    graph.constant("qkv_sizes", np.array(sizes))
    states = "embeddings"
    layers: Any = model.model.layers
    for index, layer in enumerate(layers):
        states = _add_layer(graph, config, layer, index, states)
    graph.norm(states, model.model.norm, "hidden_states")

    width = config.hidden_size
    inputs = [
        _value("embeddings", TensorProto.FLOAT, "R", "N", width),
        _value("positions", TensorProto.INT64, "R", "N"),
        _value("last_slots", TensorProto.INT32, "R"),
        _value("total", TensorProto.INT32),
    ]
    outputs = [_value("hidden_states", TensorProto.FLOAT, "R", "N", width)]
    for index in range(len(layers)):
        outputs.append(_value(f"inputs.{index}", TensorProto.FLOAT, "R", "N", width))
        for kind in ("keys", "values"):
            shape = ("R", config.num_key_value_heads, "L", config.head_dim)
            inputs.append(_value(f"past_{kind}.{index}", TensorProto.FLOAT, *shape))
            outputs.append(_value(f"{kind}.{index}", TensorProto.FLOAT, *shape))
    return graph.serialised(inputs, outputs)


def head_graph(model: LlamaForCausalLM, *, integer_products: bool = True) -> bytes:
    """Return the graph from `hidden_states` (M, D) to `logits` (M, V)."""
    config: Any = model.config
    graph = _Graph(integer_products)
    graph.linear("hidden_states", model.lm_head.weight, "logits")
    return graph.serialised(
        [_value("hidden_states", TensorProto.FLOAT, "M", config.hidden_size)],
        [_value("logits", TensorProto.FLOAT, "M", config.vocab_size)],
    )


def _add_rotary_tables(graph: _Graph, model: LlamaForCausalLM) -> None:
    rotary: Any = model.model.rotary_emb
    positions = torch.arange(model.config.max_position_embeddings)
    angles = positions[:, None] * rotary.inv_freq.double().cpu()
    for name, function in (("cosines", torch.cos), ("sines", torch.sin)):
        graph.constant(name, (function(angles) * rotary.attention_scaling).float().numpy())


def _add_layer(graph: _Graph, config: Any, layer: Any, index: int, states: str) -> str:
    """Add one layer; return the name of its output."""

    def named(part: str) -> str:
        return f"layers.{index}.{part}"

    attention, mlp = layer.self_attn, layer.mlp
    normed = graph.norm(states, layer.input_layernorm, f"inputs.{index}")
    weight = torch.cat([p.weight for p in (attention.q_proj, attention.k_proj, attention.v_proj)])
    qkv = graph.linear(normed, weight, named("qkv"))
    query, key, value = named("query"), named("key"), named("value")
    graph.add("Split", [qkv, "qkv_sizes"], query, key, value, axis=-1)
    heads = {query: config.num_attention_heads, key: config.num_key_value_heads}
    turned = [
        graph.add(
            "RotaryEmbedding",
            [name, "positions", "cosines", "sines"],
            f"{name}.turned",
            domain=_RUNTIME,
            num_heads=count,
        )
        for name, count in heads.items()
    ]
    attended = graph.add(
        "GroupQueryAttention",
        [*turned, value, f"past_keys.{index}", f"past_values.{index}", "last_slots", "total"],
        named("attention"),
        f"keys.{index}",
        f"values.{index}",
        domain=_RUNTIME,
        num_heads=config.num_attention_heads,
        kv_num_heads=config.num_key_value_heads,
        scale=attention.scaling,
    )
    output = graph.linear(attended, attention.o_proj.weight, named("attention_output"))
    states = graph.add("Add", [states, output], named("after_attention"))
    normed = graph.norm(states, layer.post_attention_layernorm, named("mlp_norm"))
    weight = torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight])
    both = graph.linear(normed, weight, named("gate_up"))
    gate, up = named("gate"), named("up")
    graph.add("Split", [both], gate, up, axis=-1, num_outputs=2)
    # SiLU: with alpha 1 it is what the runtime calls QuickGelu.
    opened = graph.add("QuickGelu", [gate], named("silu"), domain=_RUNTIME, alpha=1.0)
    product = graph.add("Mul", [opened, up], named("product"))
    output = graph.linear(product, mlp.down_proj.weight, named("mlp_output"))
    return graph.add("Add", [states, output], named("output"))


def _value(name: str, kind: int, *shape: str | int) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)
