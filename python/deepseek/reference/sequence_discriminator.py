"""The discriminator of sequences: a recurrent stack, pooled over the steps, under the dense layers and the score.

A row holds all steps of a sequence, those behind its end unread. Tokens are rows of the identity, or a generator's
soft ones; a table makes vectors of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import init, recurrent_tangent, stack
from .discriminator import NAME, Discriminator, Lengths
from .layers import pooling
from .packing import Packing
from .philox import Place
from .rec import PHILOX_EMBEDDING

Array = NDArray[np.float64]
PHILOX = 8192  # Philox layers of the stack and of the table: a Rec's from here on
TABLE = f"{NAME}tokens.weight"


class Tape(NamedTuple):
    """What a forward pass leaves."""

    packing: Packing
    x: Array
    stack: list[stack.Tape]
    tops: list[Array]  # outputs of the top recurrent layer, by sequence


class Moved(NamedTuple):
    """The same of its tangent."""

    x: Array
    stack: recurrent_tangent.Tangents


class SequenceDiscriminator(Discriminator):
    """The discriminator of a Gen's `spec`, of sequences."""

    def build_below(self) -> int:
        spec = self.spec
        if spec["vocabulary"]:
            self.params[TABLE] = init.weights(
                "normal",
                spec["data"],
                spec["tokens"],
                1.0,
                spec["seed"],
                PHILOX + PHILOX_EMBEDDING,
                spec["dtype"],
            )
        self.stack = stack.Stack(self, spec["tokens"] or spec["data"], NAME, PHILOX)
        return self.stack.outputs

    @property
    def first_dropout(self) -> float:
        return float(self.spec["dropout"])

    def _scatter(self, packed: Array, packing: Packing) -> Array:
        """Rows of sequences, zero behind their ends."""
        steps = self.spec["length"]
        rows = np.zeros((len(packing.sequences) * steps, packed.shape[1]))
        rows[packing.rows] = packed
        return rows.reshape(len(packing.sequences), -1)

    def _pooled(self, rows: list[Array], packing: Packing) -> Array:
        """By number."""
        pooled = np.empty((len(rows), self.stack.outputs))
        pooled[packing.sequences] = rows
        return pooled

    def forward_below(self, x: Array, lengths: Lengths, place: Place | None) -> tuple[Array, Any]:
        params = self.stack.params = self.body.params
        if lengths is None:
            raise ValueError("lengths are None, expected one a sequence")
        packing = Packing.of(lengths, self.spec["length"])
        packed = x.reshape(-1, self.spec["data"])[packing.rows]
        features = packed @ params[TABLE] if TABLE in params else packed
        y, _, tapes = self.stack.forward(features, packing, np.zeros((len(x), self.stack.state_size)), place)
        tape = Tape(packing, packed, tapes, packing.unpack(y))
        pooled = [
            pooling.pool_forward(self.spec["output"], top, self.spec["hidden"][-1]) for top in tape.tops
        ]
        return self._pooled(pooled, packing), tape

    def _unpooled(self, d: Array, tape: Tape) -> Array:
        """The gradient by the steps, packed."""
        name, units = self.spec["output"], self.spec["hidden"][-1]
        pairs = zip(d[tape.packing.sequences], tape.tops, strict=True)
        return tape.packing.pack([pooling.pool_backward(name, row, top, units) for row, top in pairs])

    def backward_below(self, d: Array, tape: Tape) -> tuple[dict[str, Array], Array]:
        final = np.zeros((len(d), self.stack.state_size))
        dx, _, grads = self.stack.backward(self._unpooled(d, tape), final, tape.stack)
        if TABLE in self.params:
            grads[TABLE] = tape.x.T @ dx
            dx = dx @ self.stack.params[TABLE].T
        return grads, self._scatter(dx, tape.packing)

    def tangent_below(self, x: Array, tape: Tape) -> tuple[Array, Any]:
        packed = x.reshape(-1, self.spec["data"])[tape.packing.rows]
        features = packed @ self.stack.params[TABLE] if TABLE in self.params else packed
        y, moved = recurrent_tangent.stack_tangent(self.stack, features, tape.stack)
        pairs = zip(tape.packing.unpack(y), tape.tops, strict=True)
        name, units = self.spec["output"], self.spec["hidden"][-1]
        pooled = [pooling.pool_tangent(name, row, top, units) for row, top in pairs]
        return self._pooled(pooled, tape.packing), Moved(packed, moved)

    def backward_both_below(
        self, d: Array, e: Array, tape: Tape, moved: Moved
    ) -> tuple[dict[str, Array], Array]:
        grads, dx, ex = recurrent_tangent.stack_tangent_backward(
            self.stack, self._unpooled(d, tape), self._unpooled(e, tape), tape.stack, moved.stack
        )
        if TABLE in self.params:
            grads[TABLE] = tape.x.T @ dx + moved.x.T @ ex
            dx = dx @ self.stack.params[TABLE].T
        return grads, self._scatter(dx, tape.packing)
