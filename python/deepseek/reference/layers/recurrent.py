"""One recurrent layer in one direction: the loop over steps of all cells. Mirrors ``csrc/layers/recurrent``.

Inputs and outputs are packed (packing.py). The state (B, S·H) has a row for every sequence; steps after the end of a
sequence do not change its row. So the reverse direction is the same loop from the last step to the first, and each
sequence starts at its own last step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..cells import Cell
from ..cells import Tape as CellTape
from ..packing import Packing
from .dense import dense_backward, dense_forward
from .norm import norm_backward, norm_forward

Array = NDArray[np.float64]
Parameters = dict[str, Array]  # weight_ih (G·H, I), weight_hh (G·H, H), bias_…, norm_… (G·H)
EPS = 1e-5


class SumTape(NamedTuple):
    """Values of `sum_forward` that the backward pass needs: the inputs, n and 1 / standard deviation of the norm."""

    x: Array
    n: Array | None = None
    scale: Array | None = None


class Tape(NamedTuple):
    """Values of the forward pass that the backward pass needs."""

    inputs: SumTape
    mask: Array | None
    steps: list[tuple[slice, SumTape, CellTape]]


def sum_forward(p: Parameters, matrix: str, x: Array) -> tuple[Array, SumTape]:
    """Return x·Wᵀ + b, or LN(x·Wᵀ)·norm + b, with the matrix "ih" or "hh"; and the tape."""
    weight, bias, norm = p[f"weight_{matrix}"], p.get(f"bias_{matrix}"), p.get(f"norm_{matrix}")
    if norm is None:
        return dense_forward(x, weight, bias), SumTape(x)
    z = dense_forward(x, weight, None)
    y, n, scale = norm_forward(z, norm, np.zeros_like(norm) if bias is None else bias, EPS, 1)
    return y, SumTape(x, n, scale)


def sum_backward(p: Parameters, matrix: str, dy: Array, tape: SumTape, grads: Parameters) -> Array:
    """Add to `grads`; return dx."""
    found = {"bias": dy.sum(axis=0)}
    if tape.n is not None and tape.scale is not None:
        dy, found["norm"], _ = norm_backward(dy, tape.n, tape.scale, p[f"norm_{matrix}"], 1)
    dx, found["weight"], _ = dense_backward(dy, tape.x, p[f"weight_{matrix}"])
    for kind, value in found.items():
        if f"{kind}_{matrix}" in p:
            grads[f"{kind}_{matrix}"] = grads.get(f"{kind}_{matrix}", 0.0) + value
    return dx


def recurrent_forward(
    cell: Cell,
    act: str,
    p: Parameters,
    x: Array,
    packing: Packing,
    s: Array,
    mask: Array | None,
    reverse: bool,
) -> tuple[Array, Array, Tape]:
    """Return (y (N, H), final state, tape) for packed x (N, I) and the initial state; `mask` (B, H) is on h · W_hh."""
    units = s.shape[1] // cell.states
    a, inputs = sum_forward(p, "ih", x)
    y = np.empty((len(x), units))
    tape = Tape(inputs, mask, [])
    for rows in packing.steps()[:: -1 if reverse else 1]:
        n = rows.stop - rows.start
        h = s[:n, :units]
        u, sum_tape = sum_forward(p, "hh", h if mask is None else h * mask[:n])
        new, cell_tape = cell.forward(a[rows], u, s[:n], act)
        s = np.concatenate([new, s[n:]])
        y[rows] = new[:, :units]
        tape.steps.append((rows, sum_tape, cell_tape))
    return y, s, tape


def recurrent_backward(
    cell: Cell, act: str, p: Parameters, dy: Array, ds: Array, tape: Tape
) -> tuple[Array, Array, Parameters]:
    """Return (dx, d initial state, gradients) from the gradients of the outputs and of the final state."""
    units = dy.shape[1]
    grads: Parameters = {}
    da = np.empty((len(dy), cell.gates * units))
    for rows, sum_tape, cell_tape in reversed(tape.steps):
        n = rows.stop - rows.start
        new = ds[:n].copy()
        new[:, :units] += dy[rows]
        da[rows], du, old = cell.backward(new, cell_tape, act)
        dh = sum_backward(p, "hh", du, sum_tape, grads)
        old[:, :units] += dh if tape.mask is None else dh * tape.mask[:n]
        ds = np.concatenate([old, ds[n:]])
    return sum_backward(p, "ih", da, tape.inputs, grads), ds, grads
