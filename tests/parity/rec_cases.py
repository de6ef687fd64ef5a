"""Recurrent networks, sequences and targets for the tests of the reference; all dimensions differ."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepseek.reference import Rec

Spec = dict[str, Any]
Array = NDArray[Any]

INPUTS, OUTPUTS = 4, 2
HIDDEN = (6, 7, 8, 9)
RAGGED = (3, 5, 2)  # not in the order in which the network takes them
VOCABULARY, EMBEDDING = 11, 10
CELLS = ("rnn", "gru", "lstm")
POOLED = ("last", "mean", "max")
ALL_OUTPUTS = (*POOLED, "sequence", "next", "ctc")


def spec_of(cell: str = "gru", depth: int = 1, output: str = "last", **options: Any) -> Spec:
    """A small network whose loss suits its output."""
    tokens = bool(options.get("vocabulary"))
    units = {"next": VOCABULARY if tokens else INPUTS, "ctc": 3}.get(output, OUTPUTS)
    loss = "ctc" if output == "ctc" else "cross_entropy" if output == "next" and tokens else "squared_error"
    last = {"units": units, "activation": "identity" if loss == "squared_error" else "softmax"}
    return {
        "dtype": "float64",
        "seed": 11,
        "cell": cell,
        "hidden": list(HIDDEN[:depth]),
        "output": output,
        "layers": [last],
        "loss": {"name": loss},
        **({} if tokens else {"input_size": INPUTS}),
        **options,
    }


def sequences(net: Rec, rng: np.random.Generator, lengths: tuple[int, ...] = RAGGED) -> list[Array]:
    if net.spec["vocabulary"]:
        return [rng.integers(0, net.spec["vocabulary"], length) for length in lengths]
    return [rng.normal(size=(length, net.spec["input_size"])) for length in lengths]


def targets(net: Rec, rng: np.random.Generator, x: list[Array]) -> Any:
    """Of ctc: none, one, two equal, and (two steps) one alignment that is impossible."""
    match net.spec["output"]:
        case "next":
            return None
        case "ctc":
            return [[[2, 2], [1], [], [1, 2]][i % 4] if len(s) > 2 else [1, 1] for i, s in enumerate(x)]
        case "sequence":
            return [rng.normal(size=(len(s), OUTPUTS)) for s in x]
    return list(rng.normal(size=(len(x), OUTPUTS)))


def scattered(spec: Spec, rng: np.random.Generator) -> Rec:
    """A network with every parameter away from its special initial value."""
    net = Rec(spec)
    for value in net.params.values():
        value += rng.normal(size=value.shape) * 0.3
    return net


def least_sum(stack: list[Any]) -> float:
    """How near a pass through a stack of rnn cells came to the kink of relu: the smallest |a + u| of its steps."""
    steps = [step for layer in stack for direction in layer.directions for step in direction.steps]
    return min(float(np.abs(cell_tape[0]).min()) for _, _, cell_tape in steps)
