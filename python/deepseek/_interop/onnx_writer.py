"""Conversion of a Net or a Rec to the bytes of an ONNX file.

The recurrent operators of ONNX are time-major, and onnxruntime supports them in float32 only. The graph of a
Rec therefore transposes its inputs, and computes the recurrent layers of a float64 model in float32 (but not
its head).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, checker, helper, numpy_helper

from .._core import __version__
from ..net import Net
from ..rec import Rec
from .dense import EPS, Dense, dense_layers, embedding_arrays
from .onnx_graph import TYPES, Graph, activate

Array = NDArray[Any]

OPSET, IR = 17, 8  # onnx 1.12, onnxruntime 1.12
MAX_BYTES = 2**31 - 2**20
"""Largest size of the parameters: an ONNX file has less than 2 GiB."""

GATES = {"rnn": [0], "gru": [1, 0, 2], "lstm": [0, 3, 1, 2]}
"""Index of each ONNX gate in the order of this package: GRU z r n in r z n, LSTM i o f g in i f g o."""


def onnx_bytes(model: Net | Rec) -> bytes:
    """Return the contents of the ONNX file, validated by ``onnx.checker``."""
    state = model.state_dict()
    size = sum(array.nbytes for array in state.values())
    if size > MAX_BYTES:
        raise ValueError(
            f"to_onnx: got a model with {size / 2**30:.3g} GiB of parameters; expected less than 2 GiB, the limit of "
            "the format"
        )
    g = Graph(model.dtype)
    real = TYPES[model.dtype]
    if isinstance(model, Rec):
        config = model._config
        x = [("X", real, ["batch", "steps", config.inputs]), ("lengths", TensorProto.INT32, ["given"])]
        if config.vocabulary:
            x[0] = ("X", TensorProto.INT64, ["batch", "steps"])
        y = ["batch", "steps", config.outputs] if config.stepwise else ["batch", config.outputs]
        name = _rec(g, model, state)
        g.constants.append(numpy_helper.from_array(np.zeros(0, np.int32), "lengths"))  # default of an input
    else:
        x = [("X", real, ["batch", model.layers[0]])]
        y = ["batch", model.layers[-1]]
        name = add_net(g, model, state, "X")
    g.nodes.append(helper.make_node("Identity", [name], ["y"]))
    graph = helper.make_graph(
        g.nodes,
        model.kind,
        [helper.make_tensor_value_info(*each) for each in x],
        [helper.make_tensor_value_info("y", real, y)],
        g.constants,
    )
    onnx_model = helper.make_model(
        graph,
        producer_name="deepseek",
        producer_version=__version__,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
    )
    checker.check_model(onnx_model, full_check=True)
    data: bytes = onnx_model.SerializeToString()
    return data


def add_net(g: Graph, model: Net, state: dict[str, Array], x: str) -> str:
    """Add the layers of a Net and return the name of its output."""
    if arrays := embedding_arrays(state):
        x = _embedding(g, x, **arrays)
    for layer in dense_layers(model, state):
        x = _dense(g, layer, x)
    return x


def _embedding(g: Graph, x: str, frequency: Array, phase: Array, weight: Array) -> str:
    """Add a periodic embedding of the first columns of x."""
    frequencies, features = frequency.shape
    first = g.op("Slice", x, np.array([0]), np.array([features]), np.array([1]))
    turns = g.op("Mul", g.op("Unsqueeze", first, np.array([1])), frequency)
    angle = g.op("Mul", g.op("Add", turns, phase.reshape(frequencies, features)), 2.0 * math.pi)
    matrices = weight.reshape(-1, frequencies, features)
    combined = g.op("Einsum", g.op("Cos", angle), matrices, equation="bfj,kfj->bkj")
    return g.op("Concat", x, g.op("Reshape", combined, np.array([0, len(matrices) * features])), axis=1)


def _dense(g: Graph, layer: Dense, x: str, rank: int = 2) -> str:
    """Add a dense layer; batch normalisation is folded into its weights."""
    weight, bias = layer.weight, layer.bias
    if layer.norm == "batch":
        norm = {name: array.astype(np.float64) for name, array in layer.statistics.items()}
        scale = norm["weight"] / np.sqrt(norm["running_var"] + EPS)
        shift = (0.0 if bias is None else bias) - norm["running_mean"]
        weight = (weight * scale[:, None]).astype(g.dtype)
        bias = (shift * scale + norm["bias"]).astype(g.dtype)
    if rank == 2:
        y = g.op("Gemm", x, weight, *([] if bias is None else [bias]), transB=1)
    else:
        y = g.op("MatMul", x, weight.T)
        y = y if bias is None else g.op("Add", y, bias)
    if layer.norm == "layer":
        parts = (layer.statistics["weight"], layer.statistics["bias"])
        y = g.op("LayerNormalization", y, *parts, axis=-1, epsilon=EPS)
    return activate(g, layer.activation, y)


def _rec(g: Graph, model: Rec, state: dict[str, Array]) -> str:
    config = model._config
    if config.layer_norm:
        raise ValueError(
            "layer_norm: got a model with layer_norm=True; expected False, as ONNX's recurrent operators have none"
        )
    g.dtype = "float32"
    state = {n: a.astype(g.dtype) if n.startswith(("rnn.", "embedding.")) else a for n, a in state.items()}
    if config.vocabulary and config.embedding_size:
        x = g.op("Gather", state["embedding.weight"], "X")
    elif config.vocabulary:
        x = g.op("OneHot", "X", np.array(config.vocabulary), np.array([0, 1], g.dtype))
    else:
        x = g.op("Cast", "X", to=TYPES[g.dtype]) if config.dtype != g.dtype else "X"
    x = g.op("Transpose", x, perm=[1, 0, 2])
    steps = g.op("Shape", x, start=0, end=1)
    lengths = _lengths(g, steps, g.op("Shape", x, start=1, end=2))
    end = ""
    for k in range(len(config.hidden)):
        x, end = _recurrent(g, model, state, k, x, lengths)
    if config.output == "last":  # (directions, batch, units)
        x = g.op("Reshape", g.op("Transpose", end, perm=[1, 0, 2]), np.array([0, -1]))
    elif not config.stepwise:
        x = _pool(g, config.output, x, steps, lengths)
    if config.dtype != g.dtype:
        g.dtype = config.dtype
        x = g.op("Cast", x, to=TYPES[g.dtype])
    for layer in dense_layers(model, state):
        x = _dense(g, layer, x, 3 if config.stepwise else 2)
    # After the head: onnxruntime 1.32 crashes on Transpose, Cast to float64, MatMul (its ReorderCastAndTranspose).
    return g.op("Transpose", x, perm=[1, 0, 2]) if config.stepwise else x


def _lengths(g: Graph, steps: str, batch: str) -> str:
    """Number of valid steps of each sequence: the input "lengths", or all steps where it is empty."""
    full = g.op("Expand", g.op("Cast", steps, to=TensorProto.INT32), batch)
    return g.op("Slice", g.op("Concat", "lengths", full, axis=0), np.array([0]), batch)


def _recurrent(
    g: Graph, model: Rec, state: dict[str, Array], k: int, x: str, lengths: str
) -> tuple[str, str]:
    """Add layer k; return outputs (steps, batch, directions·units) and final states (directions, batch, units)."""
    config = model._config
    units, directions = config.hidden[k], config.stack.directions

    def joined(part: str, reverse: str) -> Array:
        blocks = np.split(state[f"rnn.{part}_l{k}{reverse}"], len(GATES[config.cell]))
        return np.concatenate([blocks[gate] for gate in GATES[config.cell]])

    weights = [np.stack([joined(f"weight_{m}", end) for end in directions]) for m in ("ih", "hh")]
    bias: str | Array = ""
    if config.bias:
        bias = np.stack(
            [np.concatenate([joined(f"bias_{m}", end) for m in ("ih", "hh")]) for end in directions]
        )
    options: dict[str, Any] = {"direction": "bidirectional" if config.bidirectional else "forward"}
    if config.cell == "gru":
        options["linear_before_reset"] = 1
    elif config.cell == "rnn":
        options["activations"] = [config.cell_activation.capitalize()] * len(directions)
    y, end = g.ops(config.cell.upper(), 2, x, *weights, bias, lengths, hidden_size=units, **options)
    y = g.op("Transpose", y, perm=[0, 2, 1, 3])  # of (steps, directions, batch, units)
    return g.op("Reshape", y, np.array([0, 0, -1])), end


def _pool(g: Graph, name: str, y: str, steps: str, lengths: str) -> str:
    """Add the mean or maximum over the valid steps of y (steps, batch, width)."""
    times = g.op("Range", np.array(0), g.op("Squeeze", steps), np.array(1))
    real = g.op("Less", g.op("Cast", g.op("Unsqueeze", times, np.array([1])), to=TensorProto.INT32), lengths)
    real = g.op("Unsqueeze", real, np.array([2]))
    if name == "max":
        return g.op("ReduceMax", g.op("Where", real, y, float("-inf")), axes=[0], keepdims=0)
    total = g.op("ReduceSum", g.op("Where", real, y, 0.0), np.array([0]), keepdims=0)
    count = g.op("Cast", g.op("Unsqueeze", lengths, np.array([1])), to=TYPES[g.dtype])
    return g.op("Div", total, count)
