"""Tangents of the recurrent cells, and the reverse pass over a cell and its tangent (double backward).

The notation is tangent.py's: ȧ, u̇ and ṡ are the tangents of a cell's arguments (cells.py). d is the gradient
with respect to the cell's new state, e the gradient with respect to the tangent of that state. `Cell.backward`
computes the gradients with respect to ȧ, u̇ and ṡ from e. This module computes those with respect to a, u and s. A
gate y = φ(p) has the tangent ẏ = φ'(p)·ṗ, so d_p = φ'(p)·d_y + φ''(p)·ṗ·e_y.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import activation
from .cells import Tape, blocks

Array = NDArray[np.float64]
TangentTape = tuple[Any, ...]  # values of the tangent pass that the reverse pass needs
Gradients = tuple[Array, Array, Array]  # with respect to a, u and s


def _sigmoid_derivative(y: Array) -> Array:
    return y * (1.0 - y)


def _sigmoid_double_backward(d: Array, e: Array, y: Array, y_dot: Array) -> Array:
    """Return d_p of y = σ(p), whose tangent is `y_dot`: σ''·ṗ = (1 - 2y)·ẏ."""
    return d * _sigmoid_derivative(y) + e * (1.0 - 2.0 * y) * y_dot


def _tanh_double_backward(d: Array, e: Array, y: Array, y_dot: Array) -> Array:
    """Return d_p of y = tanh(p): tanh''·ṗ = -2y·ẏ."""
    return d * (1.0 - y * y) - e * 2.0 * y * y_dot


def rnn_tangent(a: Array, u: Array, s: Array, tape: Tape, act: str) -> tuple[Array, TangentTape]:
    z = a + u
    return activation.backward(act, z, tape[0]), (z,)


def rnn_double_backward(d: Array, e: Array, tape: Tape, tangents: TangentTape, act: str) -> Gradients:
    dz = activation.backward(act, d, tape[0]) + activation.second_derivative(act, tape[0]) * tangents[0] * e
    return dz, dz, np.zeros_like(d)


def gru_tangent(a: Array, u: Array, s: Array, tape: Tape, _: str) -> tuple[Array, TangentTape]:
    h, u_n, r, z, n = tape
    (a_r, a_z, a_n), (u_r, u_z, u_dot) = blocks(a, 3), blocks(u, 3)
    r_dot, z_dot = _sigmoid_derivative(r) * (a_r + u_r), _sigmoid_derivative(z) * (a_z + u_z)
    n_dot = (1.0 - n * n) * (a_n + r_dot * u_n + r * u_dot)
    new = n_dot + z_dot * (h - n) + z * (s - n_dot)
    return new, (s, u_dot, r_dot, z_dot, n_dot)


def gru_double_backward(d: Array, e: Array, tape: Tape, tangents: TangentTape, _: str) -> Gradients:
    h, u_n, r, z, n = tape
    s_dot, u_dot, r_dot, z_dot, n_dot = tangents
    e_n = e * (1.0 - z) * (1.0 - n * n)  # with respect to the tangent of n's pre-activation
    d_n = _tanh_double_backward(d * (1.0 - z) - e * z_dot, e * (1.0 - z), n, n_dot)
    d_z = _sigmoid_double_backward(d * (h - n) + e * (s_dot - n_dot), e * (h - n), z, z_dot)
    d_r = _sigmoid_double_backward(d_n * u_n + e_n * u_dot, e_n * u_n, r, r_dot)
    return (
        np.hstack([d_r, d_z, d_n]),
        np.hstack([d_r, d_z, d_n * r + e_n * r_dot]),
        d * z + e * z_dot,
    )


def lstm_tangent(a: Array, u: Array, s: Array, tape: Tape, _: str) -> tuple[Array, TangentTape]:
    i, f, g, o, c, t = tape
    z_i, z_f, z_g, z_o = blocks(a + u, 4)
    c_dot = blocks(s, 2)[1]
    i_dot, f_dot, o_dot = (_sigmoid_derivative(y) * z for y, z in ((i, z_i), (f, z_f), (o, z_o)))
    g_dot = (1.0 - g * g) * z_g
    new = f_dot * c + f * c_dot + i_dot * g + i * g_dot
    t_dot = (1.0 - t * t) * new
    return np.hstack([o_dot * t + o * t_dot, new]), (i_dot, f_dot, g_dot, o_dot, c_dot, t_dot)


def lstm_double_backward(d: Array, e: Array, tape: Tape, tangents: TangentTape, _: str) -> Gradients:
    i, f, g, o, c, t = tape
    i_dot, f_dot, g_dot, o_dot, c_dot, t_dot = tangents
    (dh, dc), (eh, ec) = blocks(d, 2), blocks(e, 2)
    dc = dc + _tanh_double_backward(dh * o + eh * o_dot, eh * o, t, t_dot)
    ec = ec + eh * o * (1.0 - t * t)
    dz = np.hstack(
        [
            _sigmoid_double_backward(dc * g + ec * g_dot, ec * g, i, i_dot),
            _sigmoid_double_backward(dc * c + ec * c_dot, ec * c, f, f_dot),
            _tanh_double_backward(dc * i + ec * i_dot, ec * i, g, g_dot),
            _sigmoid_double_backward(dh * t + eh * t_dot, eh * t, o, o_dot),
        ]
    )
    return dz, dz, np.hstack([np.zeros_like(dh), dc * f + ec * f_dot])


class CellTangent(NamedTuple):
    """The tangent functions of a cell.

    forward (ȧ, u̇, ṡ, tape, act) returns the tangent of the new state, and the tangent tape. double_backward
    (d, e, tape, tangent tape, act) returns (da, du, ds). As in `Cell`, `ds` excludes the gradient through u.
    """

    forward: Callable[[Array, Array, Array, Tape, str], tuple[Array, TangentTape]]
    double_backward: Callable[[Array, Array, Tape, TangentTape, str], Gradients]


TANGENTS = {
    "rnn": CellTangent(rnn_tangent, rnn_double_backward),
    "gru": CellTangent(gru_tangent, gru_double_backward),
    "lstm": CellTangent(lstm_tangent, lstm_double_backward),
}
