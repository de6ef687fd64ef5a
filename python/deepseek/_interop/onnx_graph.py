"""Builder of an ONNX graph, and the activations as ONNX operators.

The operators used are those that onnxruntime supports in float32 and float64. It supports ONNX's Elu, Selu,
Softplus, HardSigmoid and Erf in float32 only, so the first four are composed of others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from ..activations import Activation, name_of, parameter_of

Array = NDArray[Any]

TYPES = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}

_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717


class Graph:
    """Nodes and constants with generated names.

    Attributes
    ----------
    dtype : str
        Element type of constants that are Python floats.
    nodes, constants : list
        Arguments of ``helper.make_graph``.
    prefix : str
        Beginning of the generated names, which keeps them apart from the names of the inputs.
    """

    def __init__(self, dtype: str, prefix: str = "") -> None:
        self.dtype = dtype
        self.prefix = prefix
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def op(self, kind: str, *inputs: str | float | Array, **attributes: Any) -> str:
        """Add a node and return the name of its output; inputs are names, "" for none, or constants."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, outputs: int, *inputs: str | float | Array, **attributes: Any) -> list[str]:
        """Add a node with several outputs and return their names."""
        names = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        results = [f"{self.prefix}{kind}_{len(self.nodes)}{f'_{i}' if i else ''}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, names, results, **attributes))
        return results

    def constant(self, value: float | Array) -> str:
        """Add a constant and return its name."""
        array: Array = np.asarray(value, self.dtype if isinstance(value, float) else None)
        name = f"{self.prefix}constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        return name


def activate(g: Graph, activation: Activation | str, x: str) -> str:
    """Add an activation of x and return the name of its output; softmax is over the last dimension."""
    name = name_of(activation)
    if name in _OPERATORS:
        return g.op(_OPERATORS[name], x)
    return x if name == "identity" else _COMPOSED[name](g, x, parameter_of(activation))


def _elu(g: Graph, x: str, alpha: float) -> str:
    """max(x, 0) + alpha·(exp(min(x, 0)) - 1)."""
    below = g.op("Sub", g.op("Exp", g.op("Min", x, 0.0)), 1.0)
    return g.op("Add", g.op("Relu", x), g.op("Mul", below, alpha))


def _gelu(g: Graph, x: str, _: float) -> str:
    """x·(1 + erf(x/√2))/2, with the error function in float32."""
    scaled = g.op("Div", x, math.sqrt(2.0))
    if g.dtype == "float64":
        erf = g.op("Cast", g.op("Erf", g.op("Cast", scaled, to=TYPES["float32"])), to=TYPES["float64"])
    else:
        erf = g.op("Erf", scaled)
    return g.op("Mul", g.op("Mul", x, 0.5), g.op("Add", erf, 1.0))


def _softplus(g: Graph, x: str, _: float) -> str:
    """max(x, 0) + log(1 + exp(-|x|))."""
    tail = g.op("Log", g.op("Add", g.op("Exp", g.op("Neg", g.op("Abs", x))), 1.0))
    return g.op("Add", g.op("Relu", x), tail)


def _hard_sigmoid(g: Graph, x: str, _: float) -> str:
    """min(max(x + 3, 0), 6)/6."""
    return g.op("Div", g.op("Min", g.op("Relu", g.op("Add", x, 3.0)), 6.0), 6.0)


_OPERATORS = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu", "exp": "Exp"}
_COMPOSED: dict[str, Callable[[Graph, str, float], str]] = {
    "leaky_relu": lambda g, x, slope: g.op("Max", x, g.op("Mul", x, slope)),
    "elu": _elu,
    "selu": lambda g, x, _: g.op("Mul", _elu(g, x, _SELU_ALPHA), _SELU_SCALE),
    "gelu": _gelu,
    "silu": lambda g, x, _: g.op("Mul", x, g.op("Sigmoid", x)),
    "mish": lambda g, x, _: g.op("Mul", x, g.op("Tanh", _softplus(g, x, _))),
    "softplus": _softplus,
    "hard_sigmoid": _hard_sigmoid,
    "hard_swish": lambda g, x, _: g.op("Mul", x, _hard_sigmoid(g, x, _)),
    "softmax": lambda g, x, _: g.op("Softmax", x, axis=-1),
}
