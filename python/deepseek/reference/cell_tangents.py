"""Tangents of the recurrent cells, and the reverse pass over a cell and its tangent: second derivatives.

The notation is tangent.py's: ȧ, u̇ and ṡ are the tangents of a cell's arguments (cells.py), d and e the gradients by
its new state and by that state's tangent. e goes back as every gradient does, through `Cell.backward`; d does too,
and what the tangent adds is here: of a gate y = φ(p) with the tangent ẏ = φ'(p)·ṗ, d_p = φ'(p)·d_y + φ''(p)·ṗ·e_y.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import activation
from .cells import Tape, blocks

Array = NDArray[np.float64]
Moved = tuple[Any, ...]  # what the reverse pass needs of the tangent pass
Three = tuple[Array, Array, Array]  # by a, by u and by s


def _sigmoid_slope(y: Array) -> Array:
    return y * (1.0 - y)


def _sigmoid_back(d: Array, e: Array, y: Array, moved: Array) -> Array:
    """d by p of y = σ(p), whose tangent is `moved`: σ''·ṗ = (1 - 2y)·ẏ."""
    return d * _sigmoid_slope(y) + e * (1.0 - 2.0 * y) * moved


def _tanh_back(d: Array, e: Array, y: Array, moved: Array) -> Array:
    """The same of y = tanh(p): tanh''·ṗ = -2y·ẏ."""
    return d * (1.0 - y * y) - e * 2.0 * y * moved


def rnn_tangent(a: Array, u: Array, s: Array, tape: Tape, act: str) -> tuple[Array, Moved]:
    z = a + u
    return activation.backward(act, z, tape[0]), (z,)


def rnn_bent(d: Array, e: Array, tape: Tape, moved: Moved, act: str) -> Three:
    dz = activation.backward(act, d, tape[0]) + activation.curvature(act, tape[0]) * moved[0] * e
    return dz, dz, np.zeros_like(d)


def gru_tangent(a: Array, u: Array, s: Array, tape: Tape, _: str) -> tuple[Array, Moved]:
    h, u_n, r, z, n = tape
    (a_r, a_z, a_n), (u_r, u_z, moved_u) = blocks(a, 3), blocks(u, 3)
    moved_r, moved_z = _sigmoid_slope(r) * (a_r + u_r), _sigmoid_slope(z) * (a_z + u_z)
    moved_n = (1.0 - n * n) * (a_n + moved_r * u_n + r * moved_u)
    new = moved_n + moved_z * (h - n) + z * (s - moved_n)
    return new, (s, moved_u, moved_r, moved_z, moved_n)


def gru_bent(d: Array, e: Array, tape: Tape, moved: Moved, _: str) -> Three:
    h, u_n, r, z, n = tape
    moved_s, moved_u, moved_r, moved_z, moved_n = moved
    e_n = e * (1.0 - z) * (1.0 - n * n)  # by the tangent of n's pre-activation
    d_n = _tanh_back(d * (1.0 - z) - e * moved_z, e * (1.0 - z), n, moved_n)
    d_z = _sigmoid_back(d * (h - n) + e * (moved_s - moved_n), e * (h - n), z, moved_z)
    d_r = _sigmoid_back(d_n * u_n + e_n * moved_u, e_n * u_n, r, moved_r)
    return (
        np.hstack([d_r, d_z, d_n]),
        np.hstack([d_r, d_z, d_n * r + e_n * moved_r]),
        d * z + e * moved_z,
    )


def lstm_tangent(a: Array, u: Array, s: Array, tape: Tape, _: str) -> tuple[Array, Moved]:
    i, f, g, o, c, t = tape
    z_i, z_f, z_g, z_o = blocks(a + u, 4)
    moved_c = blocks(s, 2)[1]
    moved_i, moved_f, moved_o = (_sigmoid_slope(y) * z for y, z in ((i, z_i), (f, z_f), (o, z_o)))
    moved_g = (1.0 - g * g) * z_g
    new = moved_f * c + f * moved_c + moved_i * g + i * moved_g
    moved_t = (1.0 - t * t) * new
    return np.hstack([moved_o * t + o * moved_t, new]), (moved_i, moved_f, moved_g, moved_o, moved_c, moved_t)


def lstm_bent(d: Array, e: Array, tape: Tape, moved: Moved, _: str) -> Three:
    i, f, g, o, c, t = tape
    moved_i, moved_f, moved_g, moved_o, moved_c, moved_t = moved
    (dh, dc), (eh, ec) = blocks(d, 2), blocks(e, 2)
    dc = dc + _tanh_back(dh * o + eh * moved_o, eh * o, t, moved_t)
    ec = ec + eh * o * (1.0 - t * t)
    dz = np.hstack(
        [
            _sigmoid_back(dc * g + ec * moved_g, ec * g, i, moved_i),
            _sigmoid_back(dc * c + ec * moved_c, ec * c, f, moved_f),
            _tanh_back(dc * i + ec * moved_i, ec * i, g, moved_g),
            _sigmoid_back(dh * t + eh * moved_t, eh * t, o, moved_o),
        ]
    )
    return dz, dz, np.hstack([np.zeros_like(dh), dc * f + ec * moved_f])


class CellTangent(NamedTuple):
    """forward (ȧ, u̇, ṡ, tape, act) → (the new state's tangent, moved); bent (d, e, tape, moved, act) → (da, du, ds).

    `ds` is without the way through u, as in `Cell`.
    """

    forward: Callable[[Array, Array, Array, Tape, str], tuple[Array, Moved]]
    bent: Callable[[Array, Array, Tape, Moved, str], Three]


TANGENTS = {
    "rnn": CellTangent(rnn_tangent, rnn_bent),
    "gru": CellTangent(gru_tangent, gru_bent),
    "lstm": CellTangent(lstm_tangent, lstm_bent),
}
