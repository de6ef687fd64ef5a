"""The update kernels through one-layer nets of many widths: every optimizer, with every addition to the gradient.

The gradient is that of a linear map, so the comparison is of the update: with the reference, with PyTorch, and byte for
byte between the instruction sets. Widths fall short of registers, fill them, and leave tails. The fit has enough steps
for the moments to matter.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from deepseek import _core
from parity import engine
from parity.tolerances import TRAINED, assert_close

Array = np.ndarray[Any, Any]

RULES: dict[str, dict[str, Any]] = {
    "sgd": {"name": "sgd", "learning_rate": 0.1},
    "momentum": {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9},
    "nesterov": {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9, "nesterov": True},
    "adam": {"name": "adam", "learning_rate": 0.01},
    "adamw": {"name": "adamw", "learning_rate": 0.01, "weight_decay": 0.1},
    "nadam": {"name": "nadam", "learning_rate": 0.01, "momentum_decay": 0.02},
    "rmsprop": {"name": "rmsprop", "learning_rate": 0.005, "rho": 0.9},
    "rmsprop-momentum": {"name": "rmsprop", "learning_rate": 0.002, "rho": 0.9, "momentum": 0.7},
    "adagrad": {"name": "adagrad", "learning_rate": 0.05},
    "lion": {"name": "lion", "learning_rate": 0.01, "beta2": 0.99},
}
# PyTorch's optimizer and its arguments, with the learning rate first.
TORCH: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adam": ("Adam", {}),
    "adamw": ("AdamW", {"weight_decay": 0.1}),
    "nadam": ("NAdam", {"momentum_decay": 0.02}),
    "rmsprop": ("RMSprop", {"alpha": 0.9}),
    "rmsprop-momentum": ("RMSprop", {"alpha": 0.9, "momentum": 0.7}),
    "adagrad": ("Adagrad", {}),
}
ADDITIONS: dict[str, dict[str, float]] = {
    "plain": {},
    "decay": {"weight_decay": 0.2},
    "l1-l2": {"l1": 0.02, "l2": 0.05},
    "clip-value": {"clip_value": 0.05},
    "clip-norm": {"clip_norm": 0.3},
    "all": {"weight_decay": 0.1, "l1": 0.01, "l2": 0.03, "clip_value": 0.08, "clip_norm": 0.5},
}
SHAPES = [(1, 1), (3, 5), (17, 8), (4, 33), (20, 64)]  # inputs, units
# Where a sign decides a step, a gradient near zero may fall on the other side in float32.
SIGNED = {"float64": TRAINED["float64"], "float32": 3e-2}
EPOCHS = 6


def spec_of(rule: str, addition: str, shape: tuple[int, int], dtype: str) -> dict[str, Any]:
    inputs, units = shape
    return {
        "dtype": dtype,
        "seed": 17,
        "input_size": inputs,
        "layers": [{"units": units, "activation": "identity", "initialization": "lecun_normal"}],
        "loss": {"name": "squared_error"},
        "optimizer": {**RULES[rule], **ADDITIONS[addition]},
    }


def data_of(shape: tuple[int, int], dtype: str) -> tuple[Array, Array]:
    inputs, units = shape
    return engine.numbers(10, inputs, 3, dtype), engine.numbers(10, units, 4, dtype)


def trained(
    rule: str, addition: str, shape: tuple[int, int], dtype: str, threads: int = 1
) -> dict[str, Array]:
    core = _core.NetCore({**spec_of(rule, addition, shape, dtype), "threads": threads})
    engine.fit(core, *data_of(shape, dtype), epochs=EPOCHS, batch_size=5)
    params: dict[str, Array] = core.get_params()
    return params


@functools.cache
def reference(rule: str, addition: str, shape: tuple[int, int], dtype: str) -> dict[str, Array]:
    net = engine.reference_of(spec_of(rule, addition, shape, dtype))
    net.fit(*data_of(shape, dtype), None, None, epochs=EPOCHS, batch_size=5)
    return net.get_params()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("addition", ADDITIONS)
@pytest.mark.parametrize("rule", RULES)
def test_updates_are_the_references(rule: str, addition: str, dtype: str) -> None:
    signed = rule == "lion" or "l1" in ADDITIONS[addition]
    tolerance = (SIGNED if signed else TRAINED)[dtype]

    def compare(found: list[dict[str, Array]]) -> None:
        for shape, got in zip(SHAPES, found, strict=True):
            want = reference(rule, addition, shape, dtype)
            flat = [np.concatenate([params[name].ravel() for name in got]) for params in (got, want)]
            assert_close(*flat, tolerance, str(shape))

    engine.on_every_isa(lambda: [trained(rule, addition, shape, dtype) for shape in SHAPES], compare)


@pytest.mark.parametrize("rule", RULES)
def test_a_broken_gradient_stops_the_run_with_finite_weights(rule: str, isa: str) -> None:
    shape, dtype = (4, 33), "float32"
    x, y = data_of(shape, dtype)
    x[7] *= np.float32(1e30)  # its squares overflow
    core = _core.NetCore(spec_of(rule, "plain", shape, dtype))
    core.begin(x, y, None, None, None, None, {"epochs": 3, "batch_size": 5, "shuffle": False})
    block = core.run(3, 60.0)
    core.end()
    assert block["diverged"] and not block["stopped_early"]
    assert all(np.isfinite(v).all() for v in core.get_params().values())
    assert np.isfinite(core.predict(engine.numbers(3, 4, 9, dtype))).all()


def test_every_optimizer_is_tested() -> None:
    assert {rule["name"] for rule in RULES.values()} == set(_core.optimizers())


@pytest.mark.peers
@pytest.mark.parametrize("rule", TORCH)
def test_updates_are_those_of_pytorch(rule: str) -> None:
    """Small steps in double; few of RMSProp's, which amplify every rounding near the minimum."""
    torch = pytest.importorskip("torch")
    steps = 8 if rule.startswith("rmsprop") else 60
    spec = spec_of(rule, "plain", (4, 33), "float64")
    spec["layers"][0]["bias"] = False
    spec["optimizer"]["learning_rate"] /= 10
    x, y = data_of((4, 33), "float64")
    core = _core.NetCore(spec)
    weight = torch.nn.Parameter(torch.from_numpy(core.get_params()["0.weight"].copy()))
    name, options = TORCH[rule]
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # the type of the optimizers' scalar state
    try:
        optimizer = getattr(torch.optim, name)([weight], spec["optimizer"]["learning_rate"], **options)
        for _ in range(steps):
            optimizer.zero_grad()
            (0.5 * (torch.from_numpy(x) @ weight.T - torch.from_numpy(y)).square().mean()).backward()
            optimizer.step()
    finally:
        torch.set_default_dtype(default)
    engine.fit(core, x, y, epochs=steps, batch_size=len(x))
    np.testing.assert_allclose(core.get_params()["0.weight"], weight.detach().numpy(), rtol=1e-12, atol=1e-12)
