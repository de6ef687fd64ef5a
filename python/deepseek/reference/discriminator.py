"""The discriminator: a row's score, that of a row from the data the higher.

Dense layers, and a last one that reads the score s = φ(w·h + b). With labels w is w + Y·E, a projection (Miyato &
Koyama 2018). Rows may be packs of several (Lin et al. 2018); their labels' rows are joined likewise.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import activation, init, mlp, spectral, tangent
from .generator import EMBEDDING
from .layers import deviation
from .layers.dropout import training_mask
from .model import Model
from .philox import Place
from .spec import Spec

Array = NDArray[np.float64]
Lengths = NDArray[np.int64] | None  # of sequences
PHILOX = 1024  # Philox layers of weights and masks from here on,
PHILOX_SPECTRAL = 1536  # and of the vectors of spectral normalisation
NAME = "discriminator."
EMBEDDED = f"{NAME}embedding.weight"


class Tape(NamedTuple):
    """What a forward pass leaves; `below` is what lies under the dense layers."""

    labels: Array | None
    below: Any
    layers: list[mlp.Tape]
    mask: Array | None  # on the last layer's inputs
    deviation: deviation.Tape | None
    h: Array  # the last layer's inputs,
    readout: Array  # its weights, by row with labels,
    z: Array  # and its pre-activation
    score: Array


class Tangent(NamedTuple):
    """The same of its tangent; `dense` is h before the minibatch standard deviation."""

    below: Any
    layers: tangent.Tangents
    dense: Array
    h: Array
    z: Array


class Discriminator(Model):
    """The discriminator of a Gen's `spec`: of rows. What lies under the dense layers is sequences' own."""

    def __init__(self, spec: Spec) -> None:
        super().__init__({**spec, **spec["discriminator"]})

    def build(self) -> None:
        spec = self.spec
        *hidden, self.last = spec["layers"]
        self.widths = [self.build_below(), *(layer["units"] for layer in hidden)]
        self.body = mlp.Mlp(self, hidden, self.widths[0], NAME, PHILOX)
        features = self.widths[-1] + bool(spec["group"])
        self.readout, self.bias = (f"{NAME}{len(hidden)}.{kind}" for kind in ("weight", "bias"))
        self._draw(self.readout, 1, features, len(hidden))
        if self.last["bias"]:
            self.params[self.bias] = np.zeros(1)
        if spec["classes"]:
            self._draw(EMBEDDED, spec["pack"] * spec["classes"], features, EMBEDDING)
        self.weights = [name for name, value in self.params.items() if value.ndim == 2]
        for i, name in enumerate(self.weights if spec["spectral"] else ()):
            self._keep(name, *spectral.first_vectors(self.params[name], spec["seed"], PHILOX_SPECTRAL + i))

    def build_below(self) -> int:
        """Features that the dense layers read."""
        return int(self.spec["pack"] * self.spec["data"])

    def forward_below(self, x: Array, lengths: Lengths, place: Place | None) -> tuple[Array, Any]:
        """(what the dense layers read, tape)."""
        return x, None

    def backward_below(self, d: Array, tape: Any) -> tuple[dict[str, Array], Array]:
        return {}, d

    def tangent_below(self, x: Array, tape: Any) -> tuple[Array, Any]:
        return x, None

    def backward_both_below(
        self, d: Array, e: Array, tape: Any, moved: Any
    ) -> tuple[dict[str, Array], Array]:
        return {}, d

    @property
    def first_dropout(self) -> float:
        """On the inputs of the dense layers."""
        return float(self.spec["input_dropout"])

    def _draw(self, name: str, rows: int, columns: int, at: int) -> None:
        kind, gain = self.last["init"], self.last["init_gain"]
        self.params[name] = init.weights(
            kind, rows, columns, gain, self.spec["seed"], PHILOX + at, self.spec["dtype"]
        )

    def _keep(self, name: str, u: Array, v: Array) -> None:
        self.buffers[f"{name}_u"], self.buffers[f"{name}_v"] = u, v

    def _vectors(self, name: str) -> tuple[Array, Array]:
        return self.buffers[f"{name}_u"], self.buffers[f"{name}_v"]

    def turn_vectors(self) -> None:
        """Spectral normalisation follows the weights, after an update."""
        for name in self.weights if self.spec["spectral"] else ():
            self._keep(name, *spectral.turn(self.params[name], self._vectors(name)[0]))

    def _effective(self) -> dict[str, Array]:
        """The parameters as the layers see them."""
        if not self.spec["spectral"]:
            return self.params
        normal = {n: spectral.forward(self.params[n], *self._vectors(n))[0] for n in self.weights}
        return {**self.params, **normal}

    def _through_norm(self, grads: dict[str, Array]) -> dict[str, Array]:
        """Gradients by the parameters, from those by the effective ones."""
        for name in self.weights if self.spec["spectral"] else ():
            u, v = self._vectors(name)
            normal, sigma = spectral.forward(self.params[name], u, v)
            grads[name] = spectral.backward(grads[name], normal, sigma, u, v)
        return grads

    def _masks(self, rows: int, place: Place | None) -> list[Array | None]:
        rates = [self.first_dropout, *(layer["dropout"] for layer in self.spec["layers"][:-1])]
        return [
            training_mask(self.spec["seed"], rate, rows, width, PHILOX + i, place)
            for i, (rate, width) in enumerate(zip(rates, self.widths, strict=True))
        ]

    def forward(self, x: Array, labels: Array | None, place: Place | None, lengths: Lengths = None) -> Tape:
        """Of rows; or of sequences of these lengths, a row each."""
        params = self.body.params = self._effective()
        *masks, mask = self._masks(len(x), place)
        h, below = self.forward_below(x, lengths, place)
        h, tapes = self.body.forward(h, masks, place is not None)
        h, joined = h if mask is None else h * mask, None
        if self.spec["group"]:
            h, joined = deviation.deviation_forward(h, self.spec["group"])
        readout = params[self.readout] if labels is None else params[self.readout] + labels @ params[EMBEDDED]
        z = (h * readout).sum(axis=1) + params.get(self.bias, 0.0)
        score = activation.forward(self.last["activation"], z, self.last["alpha"])
        return Tape(labels, below, tapes, mask, joined, h, readout, z, score)

    def _of_the_last(self, d: Array, moved: Array, tape: Tape) -> dict[str, Array]:
        """Gradients of the last layer: d by z, `moved` by each row's readout."""
        grads = {self.readout: moved.sum(axis=0, keepdims=True)}
        if self.last["bias"]:
            grads[self.bias] = d.sum(keepdims=True)
        if tape.labels is not None:
            grads[EMBEDDED] = tape.labels.T @ moved
        return grads

    def _slope(self, d: Array, tape: Tape) -> Array:
        return activation.backward(self.last["activation"], d, tape.z, self.last["alpha"])

    def backward(self, d: Array, tape: Tape) -> tuple[dict[str, Array], Array]:
        """(gradients, dx) from that by the scores."""
        d = self._slope(d, tape)
        dh = d[:, None] * tape.readout
        if tape.deviation:
            dh = deviation.deviation_backward(dh, tape.deviation)
        dh = dh if tape.mask is None else dh * tape.mask
        grads, dh = self.body.backward(dh, tape.layers, False)
        found, dx = self.backward_below(dh, tape.below)
        return self._through_norm(found | grads | self._of_the_last(d, d[:, None] * tape.h, tape)), dx

    def tangent(self, x: Array, tape: Tape) -> Tangent:
        """As the inputs move along x."""
        h, below = self.tangent_below(x, tape.below)
        dense, layers = tangent.tangent_forward(self.body, h, tape.layers)
        dense = dense if tape.mask is None else dense * tape.mask
        h = deviation.deviation_tangent(dense, tape.deviation) if tape.deviation else dense
        return Tangent(below, layers, dense, h, (h * tape.readout).sum(axis=1))

    def backward_both(self, d: Array, e: Array, tape: Tape, moved: Tangent) -> tuple[dict[str, Array], Array]:
        """(gradients, dx) from those by the scores and by their tangent."""
        bent = activation.curvature(self.last["activation"], tape.z, self.last["alpha"])
        d, e = self._slope(d, tape) + bent * moved.z * e, self._slope(e, tape)
        dh, eh = d[:, None] * tape.readout, e[:, None] * tape.readout
        if tape.deviation:
            dh, eh = deviation.deviation_tangent_backward(dh, eh, moved.dense, tape.deviation)
        if tape.mask is not None:
            dh, eh = dh * tape.mask, eh * tape.mask
        grads, dh, eh = tangent.tangent_backward(self.body, dh, eh, tape.layers, moved.layers)
        found, dx = self.backward_both_below(dh, eh, tape.below, moved.below)
        by_readout = d[:, None] * tape.h + e[:, None] * moved.h
        return self._through_norm(found | grads | self._of_the_last(d, by_readout, tape)), dx
