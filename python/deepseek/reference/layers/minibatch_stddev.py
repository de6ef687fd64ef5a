"""Minibatch standard deviation (Karras et al. 2018): an additional feature, equal for all rows of a group.

A group is a block of consecutive rows. The feature q is the mean over features of t = sqrt(variance + 1e-8) with the
variance over the group. Forward, tangent, and the reverse pass over both.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
EPS = 1e-8


class Tape(NamedTuple):
    """The features centred in their groups (groups, group, F), and t (groups, 1, F)."""

    centred: Array
    t: Array

    @property
    def weight(self) -> Array:
        """The derivative of q with respect to each element: c / (group·F·t)."""
        return np.asarray(self.centred / (self.centred[0].size * self.t))


def _centred(x: Array, group: int) -> Array:
    groups = x.reshape(-1, group, x.shape[1])
    return np.asarray(groups - groups.mean(axis=1, keepdims=True))


def _join(x: Array, q: Array) -> Array:
    return np.hstack([x, np.repeat(q, len(x) // len(q))[:, None]])


def _dq(d: Array, tape: Tape) -> Array:
    """Return the gradient with respect to q from that with respect to the last column."""
    return np.asarray(d[:, -1].reshape(len(tape.t), -1).sum(axis=1)[:, None, None])


def minibatch_stddev_forward(x: Array, group: int) -> tuple[Array, Tape]:
    """Return x with q as its last column, and the tape."""
    centred = _centred(x, group)
    t = np.sqrt((centred * centred).mean(axis=1, keepdims=True) + EPS)
    return _join(x, t.mean(axis=(1, 2))), Tape(centred, t)


def minibatch_stddev_backward(d: Array, tape: Tape) -> Array:
    return np.asarray(d[:, :-1] + (_dq(d, tape) * tape.weight).reshape(len(d), -1))


def minibatch_stddev_tangent(x: Array, tape: Tape) -> Array:
    """Return the tangent of the output from that of x."""
    weight = tape.weight
    return _join(x, (x.reshape(weight.shape) * weight).sum(axis=(1, 2)))


def minibatch_stddev_tangent_backward(d: Array, e: Array, tangent: Array, tape: Tape) -> tuple[Array, Array]:
    """Return (dx, ex) from the gradients with respect to the output (d) and to its tangent (e)."""
    centred_dot = _centred(tangent, tape.centred.shape[1])
    t_dot = (tape.centred * centred_dot).mean(axis=1, keepdims=True) / tape.t
    weight_dot = (centred_dot - tape.centred * t_dot / tape.t) / (tape.centred[0].size * tape.t)
    dx = minibatch_stddev_backward(d, tape) + (_dq(e, tape) * weight_dot).reshape(len(d), -1)
    return dx, minibatch_stddev_backward(e, tape)
