"""Minibatch standard deviation (Karras et al. 2018): a feature more, the same for all rows of a group.

The group's rows lie one after another. The feature q is the mean over features of t = sqrt(variance + 1e-8), the
variance taken over the group. Forward, tangent, and the reverse pass over both.
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
        """How q changes with each feature: c / (group·F·t)."""
        return np.asarray(self.centred / (self.centred[0].size * self.t))


def _centred(x: Array, group: int) -> Array:
    groups = x.reshape(-1, group, x.shape[1])
    return np.asarray(groups - groups.mean(axis=1, keepdims=True))


def _join(x: Array, q: Array) -> Array:
    return np.hstack([x, np.repeat(q, len(x) // len(q))[:, None]])


def _by_group(d: Array, tape: Tape) -> Array:
    """Of q, from the gradient by the last column."""
    return np.asarray(d[:, -1].reshape(len(tape.t), -1).sum(axis=1)[:, None, None])


def deviation_forward(x: Array, group: int) -> tuple[Array, Tape]:
    """(x with q beside it, tape)."""
    centred = _centred(x, group)
    t = np.sqrt((centred * centred).mean(axis=1, keepdims=True) + EPS)
    return _join(x, t.mean(axis=(1, 2))), Tape(centred, t)


def deviation_backward(d: Array, tape: Tape) -> Array:
    return np.asarray(d[:, :-1] + (_by_group(d, tape) * tape.weight).reshape(len(d), -1))


def deviation_tangent(x: Array, tape: Tape) -> Array:
    """The tangent of the output, from that of x."""
    weight = tape.weight
    return _join(x, (x.reshape(weight.shape) * weight).sum(axis=(1, 2)))


def deviation_tangent_backward(d: Array, e: Array, tangent: Array, tape: Tape) -> tuple[Array, Array]:
    """(dx, ex) from the gradients d by the output and e by its tangent."""
    moved = _centred(tangent, tape.centred.shape[1])
    slope = (tape.centred * moved).mean(axis=1, keepdims=True) / tape.t  # the tangent of t
    bent = (moved - tape.centred * slope / tape.t) / (tape.centred[0].size * tape.t)  # and of the weight
    dx = deviation_backward(d, tape) + (_by_group(e, tape) * bent).reshape(len(d), -1)
    return dx, deviation_backward(e, tape)
