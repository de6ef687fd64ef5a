"""Stacked recurrent layers in one direction or both: the body of a Rec. Mirrors ``csrc/rec/stack``.

The inputs of layer l + 1 are the outputs of layer l, both directions concatenated, after dropout.
The state of the stack is one array (n, state_size): layer by layer, forward before reverse, h before c.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _rng_streams as rng_streams
from . import init
from .cells import CELLS
from .layers import recurrent
from .layers.dropout import training_mask
from .model import Model
from .packing import Packing
from .philox import Place

Array = NDArray[np.float64]
SUFFIXES = ("", "_reverse")
MEMBERS = tuple(f"{kind}_{matrix}" for kind in ("weight", "bias", "norm") for matrix in ("ih", "hh"))


class Tape(NamedTuple):
    """Values that the backward pass of a layer needs: the mask on its inputs, and the tapes of its directions."""

    mask: Array | None
    directions: list[recurrent.Tape]


class Stack:
    """The recurrent layers of `model.spec` on `inputs` features. Their parameters are in `model`.

    Names begin with `prefix`; the random streams are those of a Rec, offset by `first_stream`.
    """

    def __init__(self, model: Model, inputs: int, prefix: str = "", first_stream: int = 0) -> None:
        self.spec, self.params = model.spec, model.params
        self.prefix, self.first_stream = prefix, first_stream
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
        """Draw the parameters of layer k, direction d; each gate's block of a matrix has a random stream of its own."""
        spec, gates, names = self.spec, self.cell.gates, self._all_names(k, d)
        for m, (matrix, width, auto) in enumerate(
            [("ih", inputs, "glorot_uniform"), ("hh", units, "orthogonal")]
        ):
            name = auto if spec["initialization"] == "auto" else spec["initialization"]
            first = self.first_stream + rng_streams.recurrent_init(k, d, m, 0)
            self.params[names[f"weight_{matrix}"]] = np.concatenate(
                [
                    init.weights(name, units, width, 1.0, spec["seed"], first + g, spec["dtype"])
                    for g in range(gates)
                ]
            )
            if spec["bias"]:
                bias = np.zeros(gates * units)
                if spec["cell"] == "lstm" and matrix == "ih":
                    bias[units : 2 * units] = 1.0  # the forget gate starts open
                self.params[names[f"bias_{matrix}"]] = bias
            if spec["layer_norm"]:
                self.params[names[f"norm_{matrix}"]] = np.ones(gates * units)

    def _all_names(self, k: int, d: int) -> dict[str, str]:
        """Return the model's names of all parameters that a layer can have, by the layer's names."""
        return {member: f"{self.prefix}rnn.{member}_l{k}{SUFFIXES[d]}" for member in MEMBERS}

    def names(self, k: int, d: int) -> dict[str, str]:
        """Return the names of the parameters that the layer has."""
        return {member: name for member, name in self._all_names(k, d).items() if name in self.params}

    def parameters(self, k: int, d: int) -> recurrent.Parameters:
        return {member: self.params[name] for member, name in self.names(k, d).items()}

    def forward(
        self, x: Array, packing: Packing, state: Array, place: Place | None
    ) -> tuple[Array, Array, list[Tape]]:
        """Return (outputs of the top layer (N, D·H), final state, tapes) for packed x and the initial state."""
        spec, finals, tapes = self.spec, [], []
        initial = np.split(state, self._cuts, axis=1)
        for k, units in enumerate(spec["hidden"]):
            rate = spec["dropout"] if k else spec["input_dropout"]
            at = self.first_stream + k
            tape = Tape(training_mask(spec["seed"], rate, packing.rows, x.shape[1], at, place), [])
            x = x if tape.mask is None else x * tape.mask
            outputs = []
            for d in range(self.directions):
                mask = training_mask(
                    spec["seed"],
                    spec["recurrent_dropout"],
                    packing.sequences,
                    units,
                    self.first_stream + rng_streams.recurrent_dropout(k, d),
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
        """Return (dx, d initial state, gradients) from the gradients of the outputs and of the final state."""
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
