"""A tangent pass through recurrent layers, and the reverse pass over both passes: tangent.py step by step.

The initial states are zero without a tangent, and the final states have no gradient.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .cell_tangents import TANGENTS, TangentTape
from .layers import recurrent
from .layers.recurrent import Parameters, SumTape
from .stack import Stack, Tape
from .tangent import Linear, LinearTangent, linear_tangent, linear_tangent_backward

Array = NDArray[np.float64]


class Direction(NamedTuple):
    """Values of a direction's tangent pass that the reverse pass needs."""

    inputs: LinearTangent
    steps: list[tuple[LinearTangent, TangentTape]]


Tangents = list[list[Direction]]  # by layer and direction


def _linear(p: Parameters, matrix: str, tape: SumTape) -> Linear:
    return Linear(p[f"weight_{matrix}"], p.get(f"norm_{matrix}"), tape.n, tape.scale)


def _sum_backward(
    p: Parameters, matrix: str, d: Array, e: Array, tape: SumTape, tangent: LinearTangent, grads: Parameters
) -> tuple[Array, Array]:
    """Add to `grads`; return (dx, ex)."""
    found, dx, ex = linear_tangent_backward(d, e, tape.x, tangent, _linear(p, matrix, tape))
    for kind, of in (("weight", "weight"), ("bias", "shift"), ("norm", "gain")):
        name = f"{kind}_{matrix}"
        if name in p:
            grads[name] = grads.get(name, 0.0) + found[of]
    return dx, ex


def _sequences(tape: recurrent.Tape) -> int:
    return max(int(rows.stop - rows.start) for rows, _, _ in tape.steps)


def _forward(stack: Stack, p: Parameters, x: Array, tape: recurrent.Tape) -> tuple[Array, Direction]:
    cell, act = TANGENTS[stack.spec["cell"]], stack.spec["cell_activation"]
    inputs = linear_tangent(x, _linear(p, "ih", tape.inputs))
    units = inputs.z.shape[1] // stack.cell.gates
    s = np.zeros((_sequences(tape), stack.cell.states * units))
    y = np.empty((len(x), units))
    direction = Direction(inputs, [])
    for rows, sum_tape, cell_tape in tape.steps:
        n = rows.stop - rows.start
        h = s[:n, :units] if tape.mask is None else s[:n, :units] * tape.mask[:n]
        tangent = linear_tangent(h, _linear(p, "hh", sum_tape))
        new, kept = cell.forward(inputs.z[rows], tangent.z, s[:n], cell_tape, act)
        s = np.concatenate([new, s[n:]])
        y[rows] = new[:, :units]
        direction.steps.append((tangent, kept))
    return y, direction


def _backward(
    stack: Stack, p: Parameters, d: Array, e: Array, tape: recurrent.Tape, tangent: Direction
) -> tuple[Array, Array, Parameters]:
    cell, act, units = stack.cell, stack.spec["cell_activation"], d.shape[1]
    double_backward = TANGENTS[stack.spec["cell"]].double_backward
    grads: Parameters = {}
    da, ea = np.empty((2, len(d), cell.gates * units))
    ds, es = np.zeros((2, _sequences(tape), cell.states * units))
    for (rows, sum_tape, cell_tape), (h, kept) in reversed(list(zip(tape.steps, tangent.steps, strict=True))):
        n = rows.stop - rows.start
        d_new, e_new = ds[:n].copy(), es[:n].copy()
        d_new[:, :units] += d[rows]
        e_new[:, :units] += e[rows]
        da[rows], du, d_old = double_backward(d_new, e_new, cell_tape, kept, act)
        ea[rows], eu, e_old = cell.backward(e_new, cell_tape, act)
        for old, dh in zip((d_old, e_old), _sum_backward(p, "hh", du, eu, sum_tape, h, grads), strict=True):
            old[:, :units] += dh if tape.mask is None else dh * tape.mask[:n]
        ds, es = np.concatenate([d_old, ds[n:]]), np.concatenate([e_old, es[n:]])
    return *_sum_backward(p, "ih", da, ea, tape.inputs, tangent.inputs, grads), grads


def stack_tangent(stack: Stack, x: Array, tapes: list[Tape]) -> tuple[Array, Tangents]:
    """Return the tangent of the top layer's outputs from that of packed x."""
    tangents: Tangents = []
    for k, tape in enumerate(tapes):
        x = x if tape.mask is None else x * tape.mask
        found = [_forward(stack, stack.parameters(k, d), x, one) for d, one in enumerate(tape.directions)]
        x = np.hstack([y for y, _ in found])
        tangents.append([direction for _, direction in found])
    return x, tangents


def stack_tangent_backward(
    stack: Stack, d: Array, e: Array, tapes: list[Tape], tangents: Tangents
) -> tuple[dict[str, Array], Array, Array]:
    """Return (gradients, dx, ex) from the gradients with respect to the outputs (d) and to their tangent (e)."""
    grads: dict[str, Array] = {}
    for k, tape in reversed(list(enumerate(tapes))):
        parts = zip(np.hsplit(d, stack.directions), np.hsplit(e, stack.directions), strict=True)
        dx, ex = [], []
        for at, (d_part, e_part) in enumerate(parts):
            p = stack.parameters(k, at)
            one, other, found = _backward(stack, p, d_part, e_part, tape.directions[at], tangents[k][at])
            dx.append(one)
            ex.append(other)
            grads |= {name: found[member] for member, name in stack.names(k, at).items()}
        d, e = sum(dx[1:], dx[0]), sum(ex[1:], ex[0])
        if tape.mask is not None:
            d, e = d * tape.mask, e * tape.mask
    return grads, d, e
