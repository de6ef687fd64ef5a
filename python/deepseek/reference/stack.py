"""Recurrent layers one over another, in one direction or both: the body of a Rec. Mirrors ``train/model``.

Layer l + 1 sees the outputs of layer l, both directions side by side, after dropout. The state of the whole
stack is one array (n, state_size): layer by layer, forward before reverse, h before c.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import init
from .cells import CELLS
from .layers import recurrent
from .layers.dropout import training_mask
from .model import Model
from .packing import Packing
from .philox import Place

Array = NDArray[np.float64]
SUFFIXES = ("", "_reverse")
PHILOX_WEIGHTS = 4096  # Philox layers of the weights' draws from here on,
PHILOX_RECURRENT = 128  # and of the masks on h
MEMBERS = tuple(f"{kind}_{matrix}" for kind in ("weight", "bias", "norm") for matrix in ("ih", "hh"))


class Tape(NamedTuple):
    """What the backward of a layer of the stack needs: the mask on its inputs, and its directions' tapes."""

    mask: Array | None
    directions: list[recurrent.Tape]


class Stack:
    """The recurrent layers of `model.spec` on `inputs` features, their parameters among `model`'s.

    Their names begin with `prefix`, their Philox layers are those of a Rec from `philox` on.
    """

    def __init__(self, model: Model, inputs: int, prefix: str = "", philox: int = 0) -> None:
        self.spec, self.params, self.prefix, self.philox = model.spec, model.params, prefix, philox
        self.cell = CELLS[self.spec["cell"]]
        self.directions = 2 if self.spec["bidirectional"] else 1
        for k, units in enumerate(self.spec["hidden"]):
            for d in range(self.directions):
                self._draw(k, d, units, inputs)
            inputs = self.directions * units
        self.outputs = inputs
        widths = np.repeat(self.spec["hidden"], self.directions) * self.cell.states  # of the states
        self.state_size, self._cuts = int(widths.sum()), widths.cumsum()[:-1]

    def _draw(self, k: int, d: int, units: int, inputs: int) -> None:
        """The parameters of layer k, direction d; each gate's block of a matrix is drawn by itself."""
        spec, gates, names = self.spec, self.cell.gates, self._all_names(k, d)
        for m, (matrix, width, auto) in enumerate(
            [("ih", inputs, "glorot_uniform"), ("hh", units, "orthogonal")]
        ):
            name = auto if spec["init"] == "auto" else spec["init"]
            first = self.philox + PHILOX_WEIGHTS + ((k * 2 + d) * 2 + m) * 4
            self.params[names[f"weight_{matrix}"]] = np.concatenate(
                [
                    init.weights(name, units, width, 1.0, spec["seed"], first + g, spec["dtype"])
                    for g in range(gates)
                ]
            )
            if spec["bias"]:
                bias = np.zeros(gates * units)
                if spec["cell"] == "lstm" and matrix == "ih":
                    bias[units : 2 * units] = 1.0  # the forget gate begins open
                self.params[names[f"bias_{matrix}"]] = bias
            if spec["layer_norm"]:
                self.params[names[f"norm_{matrix}"]] = np.ones(gates * units)

    def _all_names(self, k: int, d: int) -> dict[str, str]:
        """What a layer may have: its own names of its parameters, and the model's."""
        return {member: f"{self.prefix}rnn.{member}_l{k}{SUFFIXES[d]}" for member in MEMBERS}

    def names(self, k: int, d: int) -> dict[str, str]:
        """The same of what it has."""
        return {member: name for member, name in self._all_names(k, d).items() if name in self.params}

    def parameters(self, k: int, d: int) -> recurrent.Parameters:
        return {member: self.params[name] for member, name in self.names(k, d).items()}

    def forward(
        self, x: Array, packing: Packing, state: Array, place: Place | None
    ) -> tuple[Array, Array, list[Tape]]:
        """(outputs of the top layer (N, D·H), final state, tapes) from packed x and the initial state."""
        spec, finals, tapes = self.spec, [], []
        initial = np.split(state, self._cuts, axis=1)
        for k, units in enumerate(spec["hidden"]):
            rate = spec["dropout"] if k else spec["input_dropout"]
            at = self.philox + k
            tape = Tape(training_mask(spec["seed"], rate, packing.rows, x.shape[1], at, place), [])
            x = x if tape.mask is None else x * tape.mask
            outputs = []
            for d in range(self.directions):
                mask = training_mask(
                    spec["seed"],
                    spec["recurrent_dropout"],
                    packing.sequences,
                    units,
                    self.philox + PHILOX_RECURRENT + 2 * k + d,
                    place,
                )
                y, final, direction = recurrent.recurrent_forward(
                    self.cell,
                    spec["cell_activation"],
                    self.parameters(k, d),
                    x,
                    packing,
                    initial[self.directions * k + d],
                    mask,
                    reverse=d == 1,
                )
                outputs.append(y)
                finals.append(final)
                tape.directions.append(direction)
            x = np.hstack(outputs)
            tapes.append(tape)
        return x, np.hstack(finals), tapes

    def backward(self, dy: Array, ds: Array, tapes: list[Tape]) -> tuple[Array, Array, dict[str, Array]]:
        """(dx, d initial state, gradients) from the gradients by the outputs and by the final state."""
        grads: dict[str, Array] = {}
        dstates = np.split(ds, self._cuts, axis=1)
        for k, tape in reversed(list(enumerate(tapes))):
            dx = []
            for d, part in enumerate(np.hsplit(dy, self.directions)):
                at = self.directions * k + d
                one, dstates[at], found = recurrent.recurrent_backward(
                    self.cell,
                    self.spec["cell_activation"],
                    self.parameters(k, d),
                    part,
                    dstates[at],
                    tape.directions[d],
                )
                dx.append(one)
                grads |= {name: found[member] for member, name in self.names(k, d).items()}
            dy = sum(dx[1:], dx[0])
            if tape.mask is not None:
                dy = dy * tape.mask
        return dy, np.hstack(dstates), grads
