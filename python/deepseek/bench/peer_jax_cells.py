"""Recurrent cells in JAX: the input products of all steps at once, then ``lax.scan`` over the states."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from .rows import GATES


def initial(cell: str, inputs: int, hidden: int, outputs: int) -> dict[str, Any]:
    """Return random weights of a recurrent layer and of the dense layer after it.

    Only the GRU has a bias for the product with the state; in the other cells it would be redundant.
    """
    jnp: Any = import_module("jax.numpy")
    rng = np.random.default_rng(0)
    units = GATES[cell] * hidden

    def matrix(rows: int, columns: int) -> Any:
        return jnp.asarray(rng.standard_normal((rows, columns), dtype=np.float32) / np.sqrt(hidden))

    return {
        "ih": matrix(inputs, units),
        "hh": matrix(hidden, units),
        "b_ih": jnp.zeros(units),
        **({"b_hh": jnp.zeros(units)} if cell == "gru" else {}),
        "out": matrix(hidden, outputs),
        "b_out": jnp.zeros(outputs),
    }


def zero_state(cell: str, rows: int, hidden: int) -> Any:
    """Return the state before the first step."""
    jnp: Any = import_module("jax.numpy")
    h = jnp.zeros((rows, hidden))
    return (h, h) if cell == "lstm" else h


def _advance(cell: str, weights: Any, a: Any, state: Any) -> Any:
    """Return the next state; ``a`` is the product with the inputs plus its bias."""
    jax: Any = import_module("jax")
    jnp: Any = import_module("jax.numpy")
    h = state[0] if cell == "lstm" else state
    u = h @ weights["hh"]
    match cell:
        case "rnn":
            return jnp.tanh(a + u)
        case "gru":
            a_r, a_z, a_n = jnp.split(a, 3, -1)
            u_r, u_z, u_n = jnp.split(u + weights["b_hh"], 3, -1)
            r, z = jax.nn.sigmoid(a_r + u_r), jax.nn.sigmoid(a_z + u_z)
            n = jnp.tanh(a_n + r * u_n)
            return n + z * (h - n)
        case _:
            i, f, g, o = jnp.split(a + u, 4, -1)
            c = jax.nn.sigmoid(f) * state[1] + jax.nn.sigmoid(i) * jnp.tanh(g)
            return jax.nn.sigmoid(o) * jnp.tanh(c), c


def objective(cell: str) -> Any:
    """Return the squared error of the output at the last real step of each sequence."""
    jax: Any = import_module("jax")
    jnp: Any = import_module("jax.numpy")

    def last_state(weights: Any, x: Any, lengths: Any) -> Any:
        products = jnp.swapaxes(x, 0, 1) @ weights["ih"] + weights["b_ih"]
        start = zero_state(cell, x.shape[0], weights["hh"].shape[0])
        if lengths is None:
            return jax.lax.scan(lambda s, a: (_advance(cell, weights, a, s), None), start, products)[0]

        def step(state: Any, at: Any) -> tuple[Any, None]:
            a, t = at
            after = _advance(cell, weights, a, state)
            real = (t < lengths)[:, None]
            return jax.tree.map(lambda new, old: jnp.where(real, new, old), after, state), None

        return jax.lax.scan(step, start, (products, jnp.arange(x.shape[1])))[0]

    def error(weights: Any, x: Any, y: Any, lengths: Any = None) -> Any:
        state = last_state(weights, x, lengths)
        h = state[0] if cell == "lstm" else state
        return jnp.square(h @ weights["out"] + weights["b_out"] - y).mean()

    return error


def lstm_step(weights: Any, x: Any, state: Any) -> tuple[Any, Any]:
    """Return the output and the state after one more step."""
    state = _advance("lstm", weights, x @ weights["ih"] + weights["b_ih"], state)
    return state[0] @ weights["out"] + weights["b_out"], state
