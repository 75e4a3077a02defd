"""A backbone that ONNX Runtime runs on a CPU, with weights of 8 bits."""

from __future__ import annotations

import hashlib
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import onnxruntime
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import LlamaForCausalLM, PreTrainedModel

from pal_model.onnx_graph import decoder_graph, head_graph
from pal_model.row_cache import CacheFormat, RowCache

_SLOT_MULTIPLE = 256
_MOST_PARAMETERS = 1_800_000_000  # of which the graphs stay below the 2 GiB of a protocol buffer
_EMBEDDINGS: WeakValueDictionary[tuple[bytes, torch.Size], Tensor] = WeakValueDictionary()
"""Those in use, by what they hold: generator, extractor and screen may read with the same."""

_NUMPY_TYPES = {torch.float32: np.float32, torch.int64: np.int64, torch.int32: np.int32}


def find_obstacle(model: PreTrainedModel) -> str | None:
    """Return why `model` cannot run as an `OnnxBackbone`; None if it can."""
    config: Any = model.config
    if not isinstance(model, LlamaForCausalLM):
        return f"it is a {type(model).__name__}, not a LlamaForCausalLM"
    if model.device.type != "cpu":
        return f"it is on the device {str(model.device)!r}, not on the CPU"
    if config.attention_bias or config.mlp_bias:
        return "its linear layers have biases"
    if config.hidden_act != "silu":
        return f"its activation is {config.hidden_act!r}, not 'silu'"
    if model.model.rotary_emb.rope_type not in ("default", "linear", "llama3"):
        return f"its rotary positions are of type {model.model.rotary_emb.rope_type!r}"
    if model.num_parameters() > _MOST_PARAMETERS:
        return f"it has {model.num_parameters():,} parameters, more than {_MOST_PARAMETERS:,}"
    return None


class OnnxBackbone:
    """Runs a Llama with 8-bit weights and 8-bit products (see `Backbone`).

    A row is read on its own, whatever the batch: the runtime's attention reads on in one row at a
    time. A step takes all rows together. Keys and values are written in place.
    """

    def __init__(
        self,
        model: LlamaForCausalLM,
        *,
        integer_products: bool = True,
        keeps_inputs: bool = False,
    ) -> None:
        """Convert `model`, which is not needed afterwards.

        Args:
            model: its weights may have any number format.
            keeps_inputs: keep what each layer's attention reads, for a fusion.
            integer_products: see `decoder_graph`.

        Raises:
            ValueError: it has parts that the graph lacks.
        """
        obstacle = find_obstacle(model)
        if obstacle:
            raise ValueError(f"This model cannot run with 8-bit weights: {obstacle}.")
        config: Any = model.config
        self._vocabulary_size: int = config.vocab_size
        self._positions: int = config.max_position_embeddings
        embeddings: Any = model.get_input_embeddings()
        self._embeddings = _shared(embeddings.weight.detach().float())
        self._format = CacheFormat(
            layers=config.num_hidden_layers,
            heads=config.num_key_value_heads,
            width=config.head_dim,
            dtype=torch.float32,
            device=torch.device("cpu"),
            multiple=_SLOT_MULTIPLE,
            zeroed=False,
            input_width=config.hidden_size if keeps_inputs else 0,
        )
        self._decoder = _session(decoder_graph(model, integer_products=integer_products))
        self._head = _session(head_graph(model, integer_products=integer_products))

    @property
    def name(self) -> str:
        """The number format of the weights."""
        return "int8"

    @property
    def vocabulary_size(self) -> int:
        """Number of tokens known, V."""
        return self._vocabulary_size

    @property
    def cache_format(self) -> CacheFormat:
        """In float32, on the CPU."""
        return self._format

    @torch.inference_mode()
    def read(
        self, ids: Tensor, counts: Tensor, lengths: Tensor, prefix_lengths: Tensor, cache: RowCache
    ) -> Tensor:
        """Read row by row (see `Backbone.read`)."""
        cache.lengthen(int((lengths + counts).max()) + 1)
        hidden_states = torch.zeros(*ids.shape, self._embeddings.shape[1])
        for row, count in enumerate(counts.tolist()):
            if count:
                these = slice(row, row + 1)
                # Attention takes another kernel for a lone token, which would then differ from the
                # same token read among others; so it gets a pad, which the next token overwrites.
                tokens = ids[these, :count] if count > 1 else F.pad(ids[these, :1], (0, 1))
                inputs = self._input_buffer(tokens) if cache.keeps_inputs else None
                part = cache.states[:, :2, these]
                states = self._run(tokens, lengths[these], prefix_lengths[these], part, inputs)
                hidden_states[row, :count] = states[0, :count]
                if inputs is not None:
                    for layer, of_row in enumerate(inputs[:, 0, :count]):
                        cache.put_inputs(layer, row, int(lengths[row]), of_row)
        return hidden_states

    @torch.inference_mode()
    def step(
        self, tokens: Tensor, lengths: Tensor, prefix_lengths: Tensor, cache: RowCache
    ) -> Tensor:
        """Read one token of each row, all rows together (see `Backbone.step`)."""
        cache.lengthen(int(lengths.max()) + 1)
        return self._run(tokens[:, None], lengths, prefix_lengths, cache.states[:, :2])[:, 0]

    def logits(self, hidden_states: Tensor) -> Tensor:
        """Return the logits, (..., V), float32, at last hidden states, (..., D)."""
        vectors = hidden_states.flatten(0, -2).contiguous()
        (logits,) = self._head.run(None, {"hidden_states": vectors.numpy()})
        return torch.from_numpy(logits).reshape(*hidden_states.shape[:-1], -1)

    def _input_buffer(self, ids: Tensor) -> Tensor:
        """Return room for what each layer's attention reads at `ids` (R, N), (layers, R, N, D)."""
        return torch.empty(self._format.layers, *ids.shape, self._embeddings.shape[1])

    def _run(
        self,
        ids: Tensor,
        lengths: Tensor,
        prefix_lengths: Tensor,
        states: Tensor,
        inputs_of_attention: Tensor | None = None,
    ) -> Tensor:
        """Read `ids` (R, N) after `lengths` (R,) tokens whose keys and values are in `states`,
        (layers, 2, R, heads, L, W), each part of which is contiguous; return (R, N, D). What each
        layer's attention reads goes to `inputs_of_attention`, (layers, R, N, D), if that is given.
        """
        length = ids.shape[1]
        last = lengths + length - 1
        positions = (lengths - prefix_lengths)[:, None] + torch.arange(length)
        inputs = {
            "embeddings": F.embedding(ids, self._embeddings),
            "positions": positions.clamp(max=self._positions - 1),  # a pad may stand one too far
            "last_slots": last.to(torch.int32),
            "total": (last.max() + 1).to(torch.int32),
        }
        hidden_states = torch.empty_like(inputs["embeddings"])
        binding = self._decoder.io_binding()
        for name, tensor in inputs.items():
            _bind(binding.bind_input, name, tensor)
        _bind(binding.bind_output, "hidden_states", hidden_states)
        for index, layer in enumerate(states):
            for kind, part in zip(("keys", "values"), layer, strict=True):
                _bind(binding.bind_input, f"past_{kind}.{index}", part)
                _bind(binding.bind_output, f"{kind}.{index}", part)
            if inputs_of_attention is not None:
                _bind(binding.bind_output, f"inputs.{index}", inputs_of_attention[index])
        self._decoder.run_with_iobinding(binding)
        return hidden_states


def _shared(weight: Tensor) -> Tensor:
    """Return a copy of `weight`, in float32, that all who have the same use; none may change it."""
    key = hashlib.sha256(weight.contiguous().numpy().data).digest(), weight.shape
    known = _EMBEDDINGS.get(key)
    return _EMBEDDINGS.setdefault(key, weight.clone()) if known is None else known


def _session(graph: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    # Threads that still spin for the last run would hold up the next one in the other session.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _bind(bind: Any, name: str, tensor: Tensor) -> None:
    """Let the runtime use the memory of `tensor`, which has to live until it has run."""
    element = _NUMPY_TYPES[tensor.dtype]
    bind(name, "cpu", 0, element, tuple(tensor.shape), tensor.data_ptr())
