"""Back-propagation of the compiled core against central differences of its own loss, in float64.

The gradient is what one step of gradient descent with rate 1 moves; the loss is the training loss of a step whose
rate is too small to move anything, so dropout and batch normalisation take part. All dimensions differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deepseek import _core
from parity import engine
from parity.cases import HIDDEN_ACTIVATIONS, OUTPUT_OF, embedded
from parity.cases import spec as make
from parity.sparse import rows_of
from parity.tolerances import DIFFERENCES

Spec = dict[str, Any]

ROWS, INPUTS, HIDDEN, OUTPUTS = 3, 4, (6, 5, 7), 2
STEP = 2e-4
KINKS = {
    "relu": (0,),
    "leaky_relu": (0,),
    "elu": (0,),
    "selu": (0,),
    "hard_sigmoid": (-3, 3),
    "hard_swish": (-3, 3),
}


def spec_of(depth: int, act: str = "tanh", loss: str = "squared_error", **options: Any) -> Spec:
    made = make((*HIDDEN[: depth - 1], OUTPUTS), act, loss, input_size=INPUTS, **options)
    return {**made, "dtype": "float64", "threads": 1}


class Step:
    """One training step on fixed data, from parameters given each time."""

    def __init__(self, spec: Spec, rate: float, x: Any, y: NDArray[Any], w: NDArray[Any] | None) -> None:
        self.core = _core.NetCore({**spec, "optimizer": {"name": "sgd", "learning_rate": rate}})
        self.data, self.seed = (x, y, w), spec["seed"]

    def __call__(self, params: dict[str, NDArray[Any]]) -> float:
        self.core.reset(self.seed)
        self.core.set_params(params)
        return float(engine.fit(self.core, *self.data, epochs=1, batch_size=ROWS, shuffle=False)[0]["loss"])


def near_kink(spec: Spec, params: dict[str, NDArray[Any]], x: NDArray[Any], y: NDArray[Any]) -> bool:
    net = engine.reference_of(spec, params)
    out, tapes = net.forward(x, (0, 0))
    for layer, tape in zip(spec["layers"], tapes, strict=True):
        if any(np.abs(tape["z"] - k).min() < 1e-2 for k in KINKS.get(layer["activation"], ())):
            return True
    points = {"absolute_error": [0.0], "quantile": [0.0], "huber": [-0.7, 0.7]}.get(spec["loss"]["name"], [])
    return any(np.abs(out - y - k).min() < 1e-2 for k in points)


def check(spec: Spec, weighted: bool = False, sparse: bool = False) -> None:
    start = _core.NetCore(spec).get_params()
    for draw in range(100):
        rng = np.random.default_rng(draw)
        x = engine.numbers(ROWS, INPUTS, draw)
        if sparse:
            x[np.abs(x) < 1.0] = 0.0
        y = engine.targets(spec, ROWS, draw)
        y = y + 0.37 if OUTPUT_OF[spec["loss"]["name"]] == "identity" else y
        weight = np.array([0.5, 1.25, 2.0]) if weighted else None
        params = {k: v + 0.3 * rng.normal(size=v.shape) * ("running" not in k) for k, v in start.items()}
        if not near_kink(spec, params, x, y):
            break
    else:
        raise AssertionError("no draw away from the kinks")
    rows = rows_of(x) if sparse else x
    moving, loss = Step(spec, 1.0, rows, y, weight), Step(spec, 1e-300, rows, y, weight)
    moving(params)
    after = moving.core.get_params()
    for name, w in params.items():
        if "running" in name:
            continue
        got = w - after[name]
        want = np.empty_like(got)
        for i in np.ndindex(got.shape):
            kept, values = w[i], []
            for k in (-2, -1, 1, 2):
                w[i] = kept + k * STEP
                values.append(loss(params))
            w[i] = kept
            want[i] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * STEP)
        error = np.linalg.norm(got - want) / max(float(np.linalg.norm(want)), 1e-4)
        assert error < DIFFERENCES, f"{name}: relative error {error:.1e}"


@pytest.mark.parametrize("loss", OUTPUT_OF)
@pytest.mark.parametrize("act", HIDDEN_ACTIVATIONS)
def test_activation_and_loss(act: str, loss: str) -> None:
    check(spec_of(2, act, loss))


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_depth_norm_and_dropout(depth: int, norm: str, dropout: float, isa: str) -> None:
    spec = spec_of(depth, "silu", normalization=norm, dropout=dropout)
    spec["input_dropout"] = dropout
    check(spec, weighted=True)


@pytest.mark.parametrize("features", [1, INPUTS])
@pytest.mark.parametrize("width", [2, 5])
@pytest.mark.parametrize("depth", [1, 3])
def test_input_layers(depth: int, width: int, features: int, isa: str) -> None:
    spec = embedded(spec_of(depth, dropout=0.3), features, frequencies=3, width=width, sigma=0.2)
    check(spec | {"input_dropout": 0.2, "input_scale_rate": 1.5}, weighted=True)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_sparse_rows(depth: int, dropout: float, isa: str) -> None:
    spec = spec_of(depth, "silu", normalization="batch" if depth == 3 else "none")
    check({**spec, "input_dropout": dropout}, weighted=True, sparse=True)


@pytest.mark.parametrize("output", [*HIDDEN_ACTIVATIONS, "exp"])
def test_output_activation(output: str) -> None:
    check(spec_of(2, output=output))


@pytest.mark.parametrize("depth", [1, 3])
def test_without_bias(depth: int, isa: str) -> None:
    check(spec_of(depth, "gelu", bias=False))


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
@pytest.mark.parametrize("alpha", [-1.0, 0.25])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_focal(gamma: float, alpha: float, output: str) -> None:
    spec = spec_of(2, loss="focal", output=output)
    spec["loss"] |= {"gamma": gamma, "alpha": alpha}
    check(spec)


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
def test_smoothing(loss: str) -> None:
    spec = spec_of(2, loss=loss)
    spec["loss"] |= {"label_smoothing": 0.2}
    check(spec, weighted=True)
