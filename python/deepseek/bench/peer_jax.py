"""The rows by JAX: a whole pass over the batches is one compiled ``lax.scan``, without Python between steps.

Compilation is not counted here; the cold-start row counts it. The environment and the CPU affinity of the process set
the number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from itertools import pairwise, repeat
from typing import Any

import numpy as np

from . import peer_jax_cells as cells
from . import peer_jax_gen as gen
from .timing import (
    Builder,
    Measure,
    Unsupported,
    calls,
    function_data,
    gen_data,
    matmul_data,
    net_data,
    per_step,
    rec_data,
)


def setup(threads: int) -> str:
    """Return the version."""
    return str(import_module("jax").__version__)


def _initial(layers: list[int], bias: bool = True) -> list[tuple[Any, Any]]:
    jnp: Any = import_module("jax.numpy")
    rng = np.random.default_rng(0)
    shapes = list(pairwise(layers))
    matrices = [
        jnp.asarray(rng.standard_normal(shape, dtype=np.float32) / np.sqrt(shape[0])) for shape in shapes
    ]
    return [(w, jnp.zeros(w.shape[1]) if bias else None) for w in matrices]


def _outputs(weights: Any, x: Any, activation: str) -> Any:
    jax: Any = import_module("jax")
    act = {
        "relu": jax.nn.relu,
        "sigmoid": jax.nn.sigmoid,
        "leaky_relu": lambda z: jax.nn.leaky_relu(z, 0.2),
    }[activation]
    for i, (w, b) in enumerate(weights):
        x = x @ w if b is None else x @ w + b
        if i < len(weights) - 1 or activation == "sigmoid":
            x = act(x)
    return x


def _adam(rate: float, beta1: float = 0.9, beta2: float = 0.999) -> Any:
    """Return Adam's update on trees; JAX itself has no optimizers."""
    jax: Any = import_module("jax")
    jnp: Any = import_module("jax.numpy")

    def update(weights: Any, gradients: Any, state: Any) -> tuple[Any, Any]:
        m, v, t = state
        t = t + 1.0
        m = jax.tree.map(lambda m, g: beta1 * m + (1.0 - beta1) * g, m, gradients)
        v = jax.tree.map(lambda v, g: beta2 * v + (1.0 - beta2) * g * g, v, gradients)
        c, d = 1.0 - beta1**t, 1.0 - beta2**t
        weights = jax.tree.map(lambda w, m, v: w - rate * (m / c) / (jnp.sqrt(v / d) + 1e-8), weights, m, v)
        return weights, (m, v, t)

    return update


def _sgd(rate: float) -> Any:
    jax: Any = import_module("jax")
    return lambda weights, gradients, state: (
        jax.tree.map(lambda w, g: w - rate * g, weights, gradients),
        state,
    )


def _moments(weights: Any) -> Any:
    """Return Adam's state before the first update."""
    jax: Any = import_module("jax")
    jnp: Any = import_module("jax.numpy")
    zeros = jax.tree.map(jnp.zeros_like, weights)
    return zeros, zeros, jnp.zeros(())


def training(objective: Any, weights: Any, optimizer: str, batches: Any, count: int) -> Measure:
    """Time a compiled pass over stacked mini-batches in memory, divided by their number."""
    jax: Any = import_module("jax")
    update = _sgd(1e-3) if optimizer == "sgd" else _adam(1e-4)

    def step(state: Any, batch: Any) -> tuple[Any, None]:
        weights, moments = state
        return update(weights, jax.grad(objective)(weights, *batch), moments), None

    return _passes(step, (weights, () if optimizer == "sgd" else _moments(weights)), batches, count)


def _passes(step: Any, state: Any, batches: Any, count: int) -> Measure:
    jax: Any = import_module("jax")
    once = jax.jit(lambda state, batches: jax.lax.scan(step, state, batches)[0])

    def run(count: int) -> None:
        nonlocal state
        for _ in repeat(None, count):
            state = once(state, batches)
        jax.block_until_ready(state)

    return per_step(run, count)


def _net_objective(activation: str, loss: str) -> Any:
    jax: Any = import_module("jax")
    jnp: Any = import_module("jax.numpy")

    def objective(weights: Any, x: Any, y: Any) -> Any:
        z = _outputs(weights, x, activation)
        if loss == "cross_entropy":
            return (jax.nn.logsumexp(z, axis=1) - jnp.take_along_axis(z, y[:, None], 1)[:, 0]).mean()
        return jnp.square(z - y).mean()

    return objective


def _train_net(params: Mapping[str, Any], threads: int) -> Measure:
    jnp: Any = import_module("jax.numpy")
    k, batch = params["batches"], params["batch"]
    X, y = net_data(params)
    batches = (jnp.asarray(X.reshape(k, batch, -1)), jnp.asarray(y.reshape(k, batch, *y.shape[1:])))
    objective = _net_objective(params["activation"], params["loss"])
    return training(objective, _initial(params["layers"]), params["optimizer"], batches, k)


def _matmul(params: Mapping[str, Any], threads: int) -> Measure:
    jax: Any = import_module("jax")
    jnp: Any = import_module("jax.numpy")
    a, b = (jnp.asarray(factor) for factor in matmul_data(params))
    product = jax.jit(jnp.matmul)
    return per_step(calls(lambda: product(a, b).block_until_ready()))


def _function(params: Mapping[str, Any], threads: int) -> Measure:
    jax: Any = import_module("jax")
    jnp: Any = import_module("jax.numpy")
    name = params["function"]
    functions = {"exp": jnp.exp, "tanh": jnp.tanh, "gelu": lambda x: jax.nn.gelu(x, approximate=False)}
    compiled = jax.jit(functions.get(name) or getattr(jax.nn, name))
    x = jnp.asarray(function_data(params))
    return per_step(calls(lambda: compiled(x).block_until_ready()))


def _predict_net(params: Mapping[str, Any], threads: int) -> Measure:
    jax: Any = import_module("jax")
    weights = _initial(params["layers"])
    compiled = jax.jit(lambda weights, x: jax.nn.softmax(_outputs(weights, x, "relu")))
    x = np.random.default_rng(0).standard_normal((1, params["layers"][0]), dtype=np.float32)
    return per_step(calls(lambda: np.asarray(compiled(weights, x))))


def _train_rec(params: Mapping[str, Any], threads: int) -> Measure:
    if params.get("packed"):
        raise Unsupported("ragged-packed: only PyTorch has packed sequences")
    jnp: Any = import_module("jax.numpy")
    k = params["batches"]
    # Sequences of unequal length are padded to the longest one, since a compiled loop has one shape.
    arrays = [array for array in rec_data(params) if array is not None]
    batches = tuple(jnp.asarray(array.reshape(k, params["batch"], *array.shape[1:])) for array in arrays)
    return training(cells.objective(params["cell"]), cells.initial(**_sizes(params)), "adam", batches, k)


def _step_rec(params: Mapping[str, Any], threads: int) -> Measure:
    """Time a step from a NumPy array to a NumPy array; the state is a JAX array."""
    jax: Any = import_module("jax")
    step = jax.jit(cells.lstm_step)
    weights = cells.initial(**_sizes(params))
    state = cells.zero_state(params["cell"], 1, params["hidden"])
    x = np.random.default_rng(0).standard_normal((1, params["inputs"]), dtype=np.float32)

    def once() -> None:
        nonlocal state
        y, state = step(weights, x, state)
        np.asarray(y)

    return per_step(calls(once))


def _sizes(params: Mapping[str, Any]) -> dict[str, Any]:
    return {key: params[key] for key in ("cell", "inputs", "hidden", "outputs")}


def _train_gen(params: Mapping[str, Any], threads: int) -> Measure:
    """Time updates of both networks; the compiled loop also draws the latent variables."""
    jax: Any = import_module("jax")
    jnp: Any = import_module("jax.numpy")
    k, rows, latent = params["batches"], params["batch"], params["players"][0][0]
    update, state = players_update(params)
    train_step = gen.make_train_step(params, _outputs, update)

    def step(state: Any, x: Any) -> tuple[Any, None]:
        players, key = state
        key, now = jax.random.split(key)
        return (train_step(players, x, jax.random.normal(now, (rows, latent)))[0], key), None

    batches = jnp.asarray(gen_data(params).reshape(k, rows, -1))
    return _passes(step, (state, jax.random.key(0)), batches, k)


def players_update(params: Mapping[str, Any]) -> tuple[Any, gen.State]:
    """Return the update of both networks of a row, and the state before the first update."""
    generator, discriminator = (_initial(layers, params["bias"]) for layers in params["players"])
    average = generator if params["ema_decay"] else ()
    if params["optimizer"] == "sgd":
        return _sgd(params["learning_rate"]), gen.State(generator, discriminator, (), (), average)
    moments = _moments(generator), _moments(discriminator)
    return _adam(params["learning_rate"], *params["betas"]), gen.State(
        generator, discriminator, *moments, average
    )


BUILDERS: dict[str, Builder] = {
    "matmul": _matmul,
    "function": _function,
    "train_net": _train_net,
    "predict_net": _predict_net,
    "train_rec": _train_rec,
    "step_rec": _step_rec,
    "train_gen": _train_gen,
}
