"""Conversion of a `TabularNet` to the bytes of an ONNX file: encoding of the columns, members, and their average."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, checker, helper

from .._core import __version__
from .._interop.onnx_graph import Graph
from .._interop.onnx_writer import IR, MAX_BYTES, OPSET, add_net
from .._tables.cells import Array, listed
from ..net import Net
from .onnx_columns import ML, encode_column, input_type
from .state import FittedState

ML_OPSET = 3
_LABELS = {"O": TensorProto.STRING, "b": TensorProto.BOOL, "f": TensorProto.DOUBLE}


def onnx_bytes(state: FittedState) -> bytes:
    """Return the contents of the ONNX file, validated by ``onnx.checker``."""
    columns = state.inputs.features.columns
    texts = [column.name for column in columns if column.kind == "text"]
    if texts:
        raise ValueError(
            f"to_onnx: got the column of texts {listed(texts)}; expected none, as ONNX has no n-grams of texts "
            f"(fit with drop={texts!r})"
        )
    size = sum(array.nbytes for net in state.nets for array in net.state_dict().values())
    if size > MAX_BYTES:
        raise ValueError(
            f"to_onnx: got a model with {size / 2**30:.3g} GiB of parameters; expected less than 2 GiB, the limit of "
            "the format"
        )
    g = Graph("float32", prefix="/")
    outputs = _regression(g, state) if state.classes is None else _classification(g, state)
    inputs = [
        helper.make_tensor_value_info(column.name, input_type(column), ["batch", 1]) for column in columns
    ]
    graph = helper.make_graph(g.nodes, "TabularNet", inputs, outputs, g.constants)
    model = helper.make_model(
        graph,
        producer_name="deepseek",
        producer_version=__version__,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)],
        ir_version=IR,
    )
    checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString()
    return data


def _inputs(g: Graph, state: FittedState) -> tuple[str, str]:
    """Add the encoding of all columns; return the inputs of the members and of the linear models, float32."""
    encoded = [encode_column(g, column) for column in state.inputs.features.columns]
    unordered = [name for column in encoded for name in column.numbers]
    numbers = [unordered[i] for i in state.inputs.number_order]
    parts = [*numbers, *(name for column in encoded for name in column.codes)]
    linear = _joined(g, parts)
    edges = state.inputs.piecewise.edges
    source = np.repeat(np.arange(len(edges)), [max(len(e) - 1, 0) for e in edges])
    if len(source):
        low = np.concatenate([e[:-1] for e in edges])[None, :]
        width = np.concatenate([np.diff(e) for e in edges])[None, :]
        above = g.op("Sub", g.op("Gather", linear, source, axis=1), low)
        return g.op("Concat", linear, g.op("Clip", g.op("Div", above, width), 0.0, 1.0), axis=1), linear
    return linear, linear


def _joined(g: Graph, parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else g.op("Concat", *parts, axis=1)


def _means(g: Graph, state: FittedState) -> tuple[str, str]:
    """Add the mean outputs of the members and of the linear models, float64 of shape (batch, outputs)."""
    inputs, linear_inputs = _inputs(g, state)
    by_width = {state.inputs.width: inputs, state.inputs.linear_width: linear_inputs}
    return _mean(g, state.nets, by_width), _mean(g, state.linear, by_width)


def _mean(g: Graph, nets: list[Net], inputs: dict[int, str]) -> str:
    outputs = [
        g.op("Cast", add_net(g, net, net.state_dict(), inputs[net.layers[0]]), to=TensorProto.DOUBLE)
        for net in nets
    ]
    return g.op("Div", g.op("Sum", *outputs), np.array([len(outputs)], np.float64))


def _regression(g: Graph, state: FittedState) -> list[object]:
    net, linear = _means(g, state)
    blend = np.array([state.blend.net]), np.array([state.blend.linear])
    scaled = g.op(
        "Add", g.op("Mul", net, blend[0] * state.scale), g.op("Mul", linear, blend[1] * state.scale)
    )
    values = g.op("Squeeze", g.op("Add", scaled, np.array([state.mean])), np.array([1]))
    name = _free("prediction", state)
    g.nodes.append(helper.make_node("Cast", [values], [name], to=TensorProto.FLOAT))
    return [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch"])]


def _classification(g: Graph, state: FittedState) -> list[object]:
    assert state.classes is not None
    weighted = [
        g.op("Mul", g.op("Log", g.op("Max", mean, np.array([1e-12]))), np.array([weight]))
        for mean, weight in zip(_means(g, state), (state.blend.net, state.blend.linear), strict=True)
    ]
    soft = g.op("Softmax", g.op("Add", *weighted), axis=1)
    probabilities, label = _free("probabilities", state), _free("label", state)
    g.nodes.append(helper.make_node("Cast", [soft], [probabilities], to=TensorProto.FLOAT))
    best = g.op("ArgMax", probabilities, axis=1, keepdims=0)
    classes: Array = state.classes
    if classes.dtype.kind in "iu":
        classes = classes.astype(np.int64)
    elif classes.dtype.kind == "f":
        classes = classes.astype(np.float64)
    g.nodes.append(helper.make_node("Gather", [g.constant(classes), best], [label]))
    kind = _LABELS.get(classes.dtype.kind, TensorProto.INT64)
    shape = ["batch", len(classes)]
    return [
        helper.make_tensor_value_info(label, kind, ["batch"]),
        helper.make_tensor_value_info(probabilities, TensorProto.FLOAT, shape),
    ]


def _free(name: str, state: FittedState) -> str:
    """Return the name of an output, with "_" behind it while a column has the same name."""
    names = {column.name for column in state.inputs.features.columns}
    while name in names:
        name += "_"
    return name
