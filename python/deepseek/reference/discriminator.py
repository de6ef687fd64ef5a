"""The discriminator: the score of a row, which training raises for training rows and lowers for generated ones.

Dense layers compute h; the last layer computes the score s = φ(w·h + b). With labels Y (one-hot), w + Y·E replaces w
(projection, Miyato & Koyama 2018). A row may be a pack of several rows (Lin et al. 2018); their labels are stddev in
the same order.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _rng_streams as rng_streams
from . import activation, init, mlp, spectral, tangent
from .layers import minibatch_stddev
from .layers.dropout import training_mask
from .model import Model
from .philox import Place
from .spec import Spec

Array = NDArray[np.float64]
Lengths = NDArray[np.int64] | None  # of sequences
NAME = "discriminator."
EMBEDDED = f"{NAME}embedding.weight"


class Tape(NamedTuple):
    """Values of a forward pass; `encoder` is the tape of the recurrent encoder, None for rows."""

    labels: Array | None
    encoder: Any
    layers: list[mlp.Tape]
    mask: Array | None  # on the last layer's inputs
    minibatch_stddev: minibatch_stddev.Tape | None
    h: Array  # the last layer's inputs
    readout: Array  # the last layer's weights; with labels one row per sample
    z: Array  # the last layer's pre-activation
    score: Array


class Tangent(NamedTuple):
    """Tangents of those values; `dense` is that of h before the minibatch standard deviation."""

    encoder: Any
    layers: tangent.Tangents
    dense: Array
    h: Array
    z: Array


class Discriminator(Model):
    """The discriminator of a Gen's `spec`. That of sequences overrides the encoder below the dense layers."""

    def __init__(self, spec: Spec) -> None:
        super().__init__({**spec, **spec["discriminator"]})

    def build(self) -> None:
        spec = self.spec
        *hidden, self.last = spec["layers"]
        self.widths = [self.build_encoder(), *(layer["units"] for layer in hidden)]
        self.body = mlp.Mlp(self, hidden, self.widths[0], NAME, rng_streams.DISCRIMINATOR)
        features = self.widths[-1] + bool(spec["minibatch_std"])
        self.readout, self.bias = (f"{NAME}{len(hidden)}.{kind}" for kind in ("weight", "bias"))
        self._draw(self.readout, 1, features, len(hidden))
        if self.last["bias"]:
            self.params[self.bias] = np.zeros(1)
        if spec["classes"]:
            self._draw(EMBEDDED, spec["pac"] * spec["classes"], features, rng_streams.LABEL_EMBEDDING)
        self.weights = [name for name, value in self.params.items() if value.ndim == 2]
        for i, name in enumerate(self.weights if spec["spectral_norm"] else ()):
            self._store_vectors(
                name,
                *spectral.initial_vectors(self.params[name], spec["seed"], rng_streams.SINGULAR_VECTOR + i),
            )

    def build_encoder(self) -> int:
        """Build the encoder; return the number of features of the dense layers."""
        return int(self.spec["pac"] * self.spec["data_size"])

    def encode(self, x: Array, lengths: Lengths, place: Place | None) -> tuple[Array, Any]:
        """Return the inputs of the dense layers, and the encoder's tape."""
        return x, None

    def encode_backward(self, d: Array, tape: Any) -> tuple[dict[str, Array], Array]:
        return {}, d

    def encode_tangent(self, x: Array, tape: Any) -> tuple[Array, Any]:
        return x, None

    def encode_double_backward(
        self, d: Array, e: Array, tape: Any, tangents: Any
    ) -> tuple[dict[str, Array], Array]:
        return {}, d

    @property
    def first_dropout(self) -> float:
        """Rate of the dropout on the inputs of the dense layers."""
        return float(self.spec["input_dropout"])

    def _draw(self, name: str, rows: int, columns: int, at: int) -> None:
        kind, gain = self.last["initialization"], self.last["init_gain"]
        self.params[name] = init.weights(
            kind, rows, columns, gain, self.spec["seed"], rng_streams.DISCRIMINATOR + at, self.spec["dtype"]
        )

    def _store_vectors(self, name: str, u: Array, v: Array) -> None:
        self.buffers[f"{name}_u"], self.buffers[f"{name}_v"] = u, v

    def _vectors(self, name: str) -> tuple[Array, Array]:
        return self.buffers[f"{name}_u"], self.buffers[f"{name}_v"]

    def update_singular_vectors(self) -> None:
        """Update the singular vectors of spectral normalisation, after an update of the weights."""
        for name in self.weights if self.spec["spectral_norm"] else ():
            self._store_vectors(name, *spectral.power_iteration(self.params[name], self._vectors(name)[0]))

    def _normalised_params(self) -> dict[str, Array]:
        """Return the parameters that the layers use: with spectral normalisation, weights divided by their norm."""
        if not self.spec["spectral_norm"]:
            return self.params
        normal = {n: spectral.forward(self.params[n], *self._vectors(n))[0] for n in self.weights}
        return {**self.params, **normal}

    def _through_spectral_norm(self, grads: dict[str, Array]) -> dict[str, Array]:
        """Return the gradients with respect to the parameters from those with respect to the normalised ones."""
        for name in self.weights if self.spec["spectral_norm"] else ():
            u, v = self._vectors(name)
            normal, sigma = spectral.forward(self.params[name], u, v)
            grads[name] = spectral.backward(grads[name], normal, sigma, u, v)
        return grads

    def _masks(self, rows: int, place: Place | None) -> list[Array | None]:
        rates = [self.first_dropout, *(layer["dropout"] for layer in self.spec["layers"][:-1])]
        return [
            training_mask(self.spec["seed"], rate, rows, width, rng_streams.DISCRIMINATOR + i, place)
            for i, (rate, width) in enumerate(zip(rates, self.widths, strict=True))
        ]

    def forward(self, x: Array, labels: Array | None, place: Place | None, lengths: Lengths = None) -> Tape:
        """Score rows; or sequences of these lengths, which have a row each."""
        params = self.body.params = self._normalised_params()
        *masks, mask = self._masks(len(x), place)
        h, encoder = self.encode(x, lengths, place)
        h, tapes = self.body.forward(h, masks, place is not None)
        h, stddev = h if mask is None else h * mask, None
        if self.spec["minibatch_std"]:
            h, stddev = minibatch_stddev.minibatch_stddev_forward(h, self.spec["minibatch_std"])
        readout = params[self.readout] if labels is None else params[self.readout] + labels @ params[EMBEDDED]
        z = (h * readout).sum(axis=1) + params.get(self.bias, 0.0)
        score = activation.forward(self.last["activation"], z, self.last["alpha"])
        return Tape(labels, encoder, tapes, mask, stddev, h, readout, z, score)

    def _last_layer_gradients(self, d: Array, d_readout: Array, tape: Tape) -> dict[str, Array]:
        """Return the gradients of the last layer's parameters from those with respect to z and to `readout`."""
        grads = {self.readout: d_readout.sum(axis=0, keepdims=True)}
        if self.last["bias"]:
            grads[self.bias] = d.sum(keepdims=True)
        if tape.labels is not None:
            grads[EMBEDDED] = tape.labels.T @ d_readout
        return grads

    def _activation_backward(self, d: Array, tape: Tape) -> Array:
        return activation.backward(self.last["activation"], d, tape.z, self.last["alpha"])

    def backward(self, d: Array, tape: Tape) -> tuple[dict[str, Array], Array]:
        """Return (gradients, dx) from the gradient with respect to the scores."""
        d = self._activation_backward(d, tape)
        dh = d[:, None] * tape.readout
        if tape.minibatch_stddev:
            dh = minibatch_stddev.minibatch_stddev_backward(dh, tape.minibatch_stddev)
        dh = dh if tape.mask is None else dh * tape.mask
        grads, dh = self.body.backward(dh, tape.layers, False)
        found, dx = self.encode_backward(dh, tape.encoder)
        return self._through_spectral_norm(
            found | grads | self._last_layer_gradients(d, d[:, None] * tape.h, tape)
        ), dx

    def tangent(self, x: Array, tape: Tape) -> Tangent:
        """Return the tangents for the tangent x of the inputs."""
        h, encoder = self.encode_tangent(x, tape.encoder)
        dense, layers = tangent.tangent_forward(self.body, h, tape.layers)
        dense = dense if tape.mask is None else dense * tape.mask
        h = (
            minibatch_stddev.minibatch_stddev_tangent(dense, tape.minibatch_stddev)
            if tape.minibatch_stddev
            else dense
        )
        return Tangent(encoder, layers, dense, h, (h * tape.readout).sum(axis=1))

    def double_backward(
        self, d: Array, e: Array, tape: Tape, tangents: Tangent
    ) -> tuple[dict[str, Array], Array]:
        """Return (gradients, dx) from the gradients with respect to the scores (d) and to their tangents (e)."""
        second = activation.second_derivative(self.last["activation"], tape.z, self.last["alpha"])
        d, e = (
            self._activation_backward(d, tape) + second * tangents.z * e,
            self._activation_backward(e, tape),
        )
        dh, eh = d[:, None] * tape.readout, e[:, None] * tape.readout
        if tape.minibatch_stddev:
            dh, eh = minibatch_stddev.minibatch_stddev_tangent_backward(
                dh, eh, tangents.dense, tape.minibatch_stddev
            )
        if tape.mask is not None:
            dh, eh = dh * tape.mask, eh * tape.mask
        grads, dh, eh = tangent.tangent_backward(self.body, dh, eh, tape.layers, tangents.layers)
        found, dx = self.encode_double_backward(dh, eh, tape.encoder, tangents.encoder)
        d_readout = d[:, None] * tape.h + e[:, None] * tangents.h
        return self._through_spectral_norm(found | grads | self._last_layer_gradients(d, d_readout, tape)), dx
