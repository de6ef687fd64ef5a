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

    @property
    def lengths(self) -> NDArray[np.int64] | None:
        """Rows have none."""
        return None


class Generator(Model):
    """The generator of a Gen's `spec`."""

    def __init__(self, spec: Spec) -> None:
        super().__init__({**spec, **spec["generator"]})

    def build(self) -> None:
        self.build_embedding("embedding", self.spec["classes"], self.spec["embedding"], EMBEDDING)
        self.mlp = mlp.Mlp(
            self, self.spec["layers"], self.spec["latent"] + self.spec["embedding"], "generator."
        )

    def build_embedding(self, name: str, rows: int, width: int, philox_layer: int) -> None:
        """A table of vectors, where there is anything to look up."""
        if rows:
            self.params[f"generator.{name}.weight"] = init.weights(
                "normal", rows, width, 1.0, self.spec["seed"], philox_layer, self.spec["dtype"]
            )

    def generate(
        self,
        rows: int,
        labels: Array | None,
        place: Place,
        training: bool = True,
        seed: int | None = None,
        lengths: NDArray[np.int64] | None = None,
    ) -> Tape:
        """From latents drawn at a place, by the model's seed or one given; sequences have lengths."""
        seed = self.spec["seed"] if seed is None else seed
        latent = draws.normal(seed, philox.LATENT, rows, self.spec["latent"], place)
        return self.forward(latent, labels, self.gumbel(seed, rows, place), place if training else None)

    def gumbel(self, seed: int, rows: int, place: Place, layer: int = 0) -> Array:
        """The noise of the output blocks, if one of them wants it."""
        wanted = any(block["activation"] == "gumbel" for block in self.spec["outputs"])
        return draws.gumbel(seed, philox.GUMBEL, rows, self.spec["data"] if wanted else 0, place, layer)

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
