"""Back-propagation of the reference against central differences of its loss, in float64.

All dimensions differ (batch 3, inputs 4, hidden 6, 5, 7, outputs 2), so a transposed matrix cannot hide. The
differences are of fourth order; draws that come near a kink of an activation or a loss are drawn again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deepseek.reference import Net, activation, loss
from parity.cases import LOSS_OPTIONS
from parity.differences import central_difference

pytestmark = pytest.mark.slow

Array = NDArray[np.float64]

ROWS, INPUTS, HIDDEN, OUTPUTS = 3, 4, (6, 5, 7), 2
LIMIT = 1e-7
KINKS = {
    "relu": (0,),
    "leaky_relu": (0,),
    "elu": (0,),
    "selu": (0,),
    "hard_sigmoid": (-3, 3),
    "hard_swish": (-3, 3),
}
OUTPUT_OF = {
    "cross_entropy": "softmax",
    "focal": "softmax",
    "binary_cross_entropy": "sigmoid",
    "poisson": "exp",
}
PLACE = (2, 5)  # epoch and step, for the dropout masks


def spec_of(
    depth: int = 2,
    act: str = "tanh",
    loss_name: str = "squared_error",
    output: str | None = None,
    **layer: Any,
) -> dict[str, Any]:
    hidden = [{"units": u, "activation": act, "alpha": 0.3, **layer} for u in HIDDEN[: depth - 1]]
    output = output or OUTPUT_OF.get(loss_name, "identity")
    last = {"units": OUTPUTS, "activation": output, "alpha": 0.3, **layer, "dropout": 0.0}
    if layer.get("normalization") == "layer" and depth > 1:
        last["normalization"] = "none"  # of two values it is a sign, which differences cannot follow
    return {
        "dtype": "float64",
        "seed": 11,
        "input_size": INPUTS,
        "layers": [*hidden, last],
        "loss": {"name": loss_name, **LOSS_OPTIONS.get(loss_name, {})},
    }


def targets(rng: np.random.Generator, net: Net) -> NDArray[Any]:
    name, output = net.spec["loss"]["name"], net.spec["layers"][-1]["activation"]
    if output == "softmax" and loss.is_fused(name):
        return rng.integers(0, OUTPUTS, ROWS)
    if output == "sigmoid" and loss.is_fused(name):
        return (rng.random((ROWS, OUTPUTS)) < 0.5).astype(np.float64)
    return rng.poisson(2.0, (ROWS, OUTPUTS)).astype(np.float64) + (0.0 if name == "poisson" else 0.37)


def near_kink(net: Net, x: Array, t: NDArray[Any]) -> bool:
    y, tapes = net.forward(x, PLACE)
    for layer, tape in zip(net.spec["layers"], tapes, strict=True):
        if any(np.abs(tape["z"] - k).min() < 1e-2 for k in KINKS.get(layer["activation"], ())):
            return True
    points = {"absolute_error": [0.0], "quantile": [0.0], "huber": [-0.7, 0.7]}.get(
        net.spec["loss"]["name"], []
    )
    return any(np.abs(y - t - k).min() < 1e-2 for k in points)


def check(spec: dict[str, Any], target: NDArray[Any] | None = None, weighted: bool = True) -> None:
    net = Net(spec)
    for draw in range(100):
        rng = np.random.default_rng(draw)
        x = rng.normal(size=(ROWS, INPUTS)) * 1.5
        t = targets(rng, net) if target is None else target
        w = rng.uniform(0.5, 2.0, ROWS) if weighted else None
        for value in net.params.values():  # every parameter away from its special initial value
            value += rng.normal(size=value.shape) * 0.3
        if not near_kink(net, x, t):
            break
    else:
        raise AssertionError("no draw away from the kinks")
    _, grads, dx = net.gradients(x, t, w, PLACE)
    assert set(grads) == set(net.params)

    def value() -> float:
        return net.gradients(x, t, w, PLACE)[0]

    for name, got in {**grads, "input": dx}.items():
        want = central_difference(value, x if name == "input" else net.params[name])
        error = np.linalg.norm(got - want) / max(float(np.linalg.norm(want)), 1e-4)
        assert error < LIMIT, f"{name}: relative error {error:.1e}"


@pytest.mark.parametrize("loss_name", loss.LOSSES)
@pytest.mark.parametrize("act", [a for a in activation.NAMES if a not in ("softmax", "exp")])
def test_activation_and_loss(act: str, loss_name: str) -> None:
    check(spec_of(act=act, loss_name=loss_name))


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_depth_norm_and_dropout(depth: int, norm: str, dropout: float) -> None:
    spec = spec_of(depth, act="silu", normalization=norm, dropout=dropout)
    spec["input_dropout"] = dropout
    check(spec)


@pytest.mark.parametrize("features", [1, INPUTS])
def test_input_layers(features: int) -> None:
    spec = spec_of(act="silu", dropout=0.3)
    embedding = {"features": features, "frequencies": 5, "width": 3, "sigma": 0.2}
    check(spec | {"input_dropout": 0.4, "numeric_embedding": embedding, "input_scale_rate": 1.5})


@pytest.mark.parametrize("loss_name", ["squared_error", "absolute_error", "huber", "quantile"])
@pytest.mark.parametrize("output", activation.NAMES)
def test_output_activation(output: str, loss_name: str) -> None:
    check(spec_of(loss_name=loss_name, output=output))


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_without_bias_and_weights(depth: int, norm: str) -> None:
    check(spec_of(depth, act="gelu", normalization=norm, bias=False), weighted=False)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("kind", ["labels", "probabilities"])
def test_cross_entropy_targets(kind: str, smoothing: float) -> None:
    spec = spec_of(loss_name="cross_entropy")
    spec["loss"]["label_smoothing"] = smoothing
    check(spec, np.array([1, 0, 1]) if kind == "labels" else np.array([[0.2, 0.8], [1.0, 0.0], [0.5, 0.5]]))


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
@pytest.mark.parametrize("alpha", [-1.0, 0.25])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_focal(gamma: float, alpha: float, output: str) -> None:
    spec = spec_of(loss_name="focal", output=output)
    spec["loss"] |= {"gamma": gamma, "alpha": alpha}
    check(spec)
