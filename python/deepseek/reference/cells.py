"""Recurrent cells: one step from state to state. Mirrors ``csrc/formulas/{rnn,gru,lstm}``.

The definitions are PyTorch's. A cell sees a = x·W_ih + b_ih and u = h·W_hh + b_hh, both (n, G·H), and the
state s (n, S·H): h, followed by c in an LSTM. Weights, sequences and normalisation are in layers/recurrent.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import activation
from .activation import sigmoid

Array = NDArray[np.float64]
Tape = tuple[Any, ...]  # values of the forward pass that the backward pass needs


def blocks(a: Array, count: int) -> Array:
    """Return (n, count·H) as (count, n, H): one block per gate, or per state."""
    return a.reshape(len(a), count, -1).swapaxes(0, 1)


def rnn_forward(a: Array, u: Array, s: Array, act: str) -> tuple[Array, Tape]:
    """Elman 1990: h' = act(a + u)."""
    z = a + u
    return activation.forward(act, z), (z,)


def rnn_backward(ds: Array, tape: Tape, act: str) -> tuple[Array, Array, Array]:
    dz = activation.backward(act, ds, tape[0])
    return dz, dz, np.zeros_like(ds)


def gru_forward(a: Array, u: Array, s: Array, _: str) -> tuple[Array, Tape]:
    """Cho et al. 2014, the reset gate after the product: r, z = σ, n = tanh(a_n + r·u_n), h' = n + z·(h - n)."""
    (a_r, a_z, a_n), (u_r, u_z, u_n) = blocks(a, 3), blocks(u, 3)
    r, z = sigmoid(a_r + u_r), sigmoid(a_z + u_z)
    n = np.tanh(a_n + r * u_n)
    return n + z * (s - n), (s, u_n, r, z, n)


def gru_backward(ds: Array, tape: Tape, _: str) -> tuple[Array, Array, Array]:
    s, u_n, r, z, n = tape
    d_n = ds * (1.0 - z) * (1.0 - n * n)
    d_z = ds * (s - n) * z * (1.0 - z)
    d_r = d_n * u_n * r * (1.0 - r)
    return np.hstack([d_r, d_z, d_n]), np.hstack([d_r, d_z, d_n * r]), ds * z


def lstm_forward(a: Array, u: Array, s: Array, _: str) -> tuple[Array, Tape]:
    """Gers et al. 2000: c' = f·c + i·g, h' = o·tanh(c'); i, f, o = σ and g = tanh of a + u."""
    z_i, z_f, z_g, z_o = blocks(a + u, 4)
    i, f, g, o = sigmoid(z_i), sigmoid(z_f), np.tanh(z_g), sigmoid(z_o)
    _, c = blocks(s, 2)
    new = f * c + i * g
    return np.hstack([o * np.tanh(new), new]), (i, f, g, o, c, np.tanh(new))


def lstm_backward(ds: Array, tape: Tape, _: str) -> tuple[Array, Array, Array]:
    i, f, g, o, c, t = tape
    dh, dc = blocks(ds, 2)
    dc = dc + dh * o * (1.0 - t * t)
    dz = np.hstack(
        [
            dc * g * i * (1.0 - i),
            dc * c * f * (1.0 - f),
            dc * i * (1.0 - g * g),
            dh * t * o * (1.0 - o),
        ]
    )
    return dz, dz, np.hstack([np.zeros_like(dh), dc * f])


class Cell(NamedTuple):
    """Number of `gates` G and `states` S of a cell, and its two functions.

    forward (a, u, s, act) returns (s', tape); backward (ds', tape, act) returns (da, du, ds). `ds` excludes the
    gradient through u, which layers/recurrent.py adds.
    """

    gates: int
    states: int
    forward: Callable[[Array, Array, Array, str], tuple[Array, Tape]]
    backward: Callable[[Array, Tape, str], tuple[Array, Array, Array]]


CELLS = {
    "rnn": Cell(1, 1, rnn_forward, rnn_backward),
    "gru": Cell(3, 1, gru_forward, gru_backward),
    "lstm": Cell(4, 2, lstm_forward, lstm_backward),
}
