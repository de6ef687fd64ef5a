"""The discriminator of sequences: a recurrent encoder, pooled over the steps, below the dense layers.

A row holds all steps of a sequence; those after its end are ignored. Tokens are one-hot rows, or a generator's soft
ones, and are multiplied with an embedding table.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _rng_streams as rng_streams
from . import init, recurrent_tangent, stack
from .discriminator import NAME, Discriminator, Lengths
from .layers import pooling
from .packing import Packing
from .philox import Place

Array = NDArray[np.float64]
TABLE = f"{NAME}tokens.weight"


class Tape(NamedTuple):
    """Values of a forward pass of the encoder."""

    packing: Packing
    x: Array
    stack: list[stack.Tape]
    tops: list[Array]  # outputs of the top recurrent layer, by sequence


class EncoderTangent(NamedTuple):
    """Tangents of the packed inputs and of the stack."""

    x: Array
    stack: recurrent_tangent.Tangents


class SequenceDiscriminator(Discriminator):
    """The discriminator of the `spec` of a Gen of sequences."""

    def build_encoder(self) -> int:
        spec = self.spec
        if spec["vocabulary"]:
            self.params[TABLE] = init.weights(
                "normal",
                spec["data_size"],
                spec["token_embedding_size"],
                1.0,
                spec["seed"],
                rng_streams.DISCRIMINATOR_STACK + rng_streams.TOKEN_EMBEDDING,
                spec["dtype"],
            )
        features = spec["token_embedding_size"] if spec["vocabulary"] else spec["data_size"]
        self.stack = stack.Stack(self, features, NAME, rng_streams.DISCRIMINATOR_STACK)
        return self.stack.outputs

    @property
    def first_dropout(self) -> float:
        return float(self.spec["dropout"])

    def _scatter(self, packed: Array, packing: Packing) -> Array:
        """Return rows of sequences, with zeros after their ends."""
        steps = self.spec["steps"]
        rows = np.zeros((len(packing.sequences) * steps, packed.shape[1]))
        rows[packing.rows] = packed
        return rows.reshape(len(packing.sequences), -1)

    def _pooled(self, rows: list[Array], packing: Packing) -> Array:
        """Return pooled vectors in the order of the sequences' numbers."""
        pooled = np.empty((len(rows), self.stack.outputs))
        pooled[packing.sequences] = rows
        return pooled

    def encode(self, x: Array, lengths: Lengths, place: Place | None) -> tuple[Array, Any]:
        params = self.stack.params = self.body.params
        if lengths is None:
            raise ValueError("lengths: got None; expected one per sequence")
        packing = Packing.of(lengths, self.spec["steps"])
        packed = x.reshape(-1, self.spec["data_size"])[packing.rows]
        features = packed @ params[TABLE] if TABLE in params else packed
        y, _, tapes = self.stack.forward(features, packing, np.zeros((len(x), self.stack.state_size)), place)
        tape = Tape(packing, packed, tapes, packing.unpack(y))
        pooled = [
            pooling.pool_forward(self.spec["pooling"], top, self.spec["hidden"][-1]) for top in tape.tops
        ]
        return self._pooled(pooled, packing), tape

    def _unpooled(self, d: Array, tape: Tape) -> Array:
        """Return the gradient with respect to the packed steps."""
        name, units = self.spec["pooling"], self.spec["hidden"][-1]
        pairs = zip(d[tape.packing.sequences], tape.tops, strict=True)
        return tape.packing.pack([pooling.pool_backward(name, row, top, units) for row, top in pairs])

    def encode_backward(self, d: Array, tape: Tape) -> tuple[dict[str, Array], Array]:
        final = np.zeros((len(d), self.stack.state_size))
        dx, _, grads = self.stack.backward(self._unpooled(d, tape), final, tape.stack)
        if TABLE in self.params:
            grads[TABLE] = tape.x.T @ dx
            dx = dx @ self.stack.params[TABLE].T
        return grads, self._scatter(dx, tape.packing)

    def encode_tangent(self, x: Array, tape: Tape) -> tuple[Array, Any]:
        packed = x.reshape(-1, self.spec["data_size"])[tape.packing.rows]
        features = packed @ self.stack.params[TABLE] if TABLE in self.params else packed
        y, tangents = recurrent_tangent.stack_tangent(self.stack, features, tape.stack)
        pairs = zip(tape.packing.unpack(y), tape.tops, strict=True)
        name, units = self.spec["pooling"], self.spec["hidden"][-1]
        pooled = [pooling.pool_tangent(name, row, top, units) for row, top in pairs]
        return self._pooled(pooled, tape.packing), EncoderTangent(packed, tangents)

    def encode_double_backward(
        self, d: Array, e: Array, tape: Tape, tangent: EncoderTangent
    ) -> tuple[dict[str, Array], Array]:
        grads, dx, ex = recurrent_tangent.stack_tangent_backward(
            self.stack, self._unpooled(d, tape), self._unpooled(e, tape), tape.stack, tangent.stack
        )
        if TABLE in self.params:
            grads[TABLE] = tape.x.T @ dx + tangent.x.T @ ex
            dx = dx @ self.stack.params[TABLE].T
        return grads, self._scatter(dx, tape.packing)
