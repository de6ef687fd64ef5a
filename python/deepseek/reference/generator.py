"""The generator: latent numbers, with a label's embedding beside them, through dense layers to rows."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import draws, init, mlp, philox
from .model import Model
from .outputs import outputs_backward, outputs_forward
from .philox import Place
from .spec import Spec

Array = NDArray[np.float64]
EMBEDDING = 511  # number of the embedding among a player's layers


class Tape(NamedTuple):
    """What a forward pass leaves; `z` and the Gumbel noise `g` are the output blocks'."""

    labels: Array | None
    layers: list[mlp.Tape]
    z: Array
    g: Array
    output: Array


class Generator(Model):
    """The generator of a Gen's `spec`."""

    def __init__(self, spec: Spec) -> None:
        super().__init__({**spec, **spec["generator"]})

    def build(self) -> None:
        spec, width = self.spec, self.spec["embedding"]
        if spec["classes"]:
            self.params["generator.embedding.weight"] = init.weights(
                "normal", spec["classes"], width, 1.0, spec["seed"], EMBEDDING, spec["dtype"]
            )
        self.mlp = mlp.Mlp(self, spec["layers"], spec["latent"] + width, "generator.")

    def generate(
        self, rows: int, labels: Array | None, place: Place, training: bool = True, seed: int | None = None
    ) -> Tape:
        """From latents drawn at a place, by the model's seed or one given."""
        seed = self.spec["seed"] if seed is None else seed
        latent = draws.normal(seed, philox.LATENT, rows, self.spec["latent"], place)
        blocks = self.spec["outputs"]
        wanted = any(block["activation"] == "gumbel" for block in blocks)
        g = draws.gumbel(seed, philox.GUMBEL, rows, self.spec["data"] if wanted else 0, place)
        return self.forward(latent, labels, g, place if training else None)

    def forward(self, latent: Array, labels: Array | None, g: Array, place: Place | None) -> Tape:
        """`labels` are one-hot; `place` means training."""
        spec = self.spec
        x = (
            latent
            if labels is None
            else np.hstack([latent, labels @ self.params["generator.embedding.weight"]])
        )
        masks = self.mlp.masks(spec["seed"], spec["input_dropout"], len(x), itertools.count(), place)
        z, tapes = self.mlp.forward(x, masks, place is not None)
        y = outputs_forward(spec["outputs"], z, g, place is None) if spec["outputs"] else z
        return Tape(labels, tapes, z, g, y)

    def backward(self, dy: Array, tape: Tape) -> dict[str, Any]:
        """Gradients from that by the output."""
        if self.spec["outputs"]:
            dy = outputs_backward(self.spec["outputs"], dy, tape.z, tape.g)
        grads, dx = self.mlp.backward(dy, tape.layers, False)
        if tape.labels is not None:
            grads["generator.embedding.weight"] = tape.labels.T @ dx[:, self.spec["latent"] :]
        return grads
