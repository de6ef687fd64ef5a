"""The generator of rows: dense layers on latent variables and, if there are classes, the label's embedding."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _rng_streams as rng_streams
from . import draws, init, mlp
from .model import Model
from .outputs import outputs_backward, outputs_forward
from .philox import Place
from .spec import Spec

Array = NDArray[np.float64]


class Tape(NamedTuple):
    """Values of a forward pass; `z` is the input of the output blocks, `g` their Gumbel noise."""

    labels: Array | None
    layers: list[mlp.Tape]
    z: Array
    g: Array
    output: Array

    @property
    def lengths(self) -> NDArray[np.int64] | None:
        """None: only sequences have lengths."""
        return None


class Generator(Model):
    """The generator of a Gen's `spec`."""

    def __init__(self, spec: Spec) -> None:
        super().__init__({**spec, **spec["generator"]})

    def build(self) -> None:
        self.build_embedding(
            "embedding", self.spec["classes"], self.spec["embedding_size"], rng_streams.LABEL_EMBEDDING
        )
        self.mlp = mlp.Mlp(
            self, self.spec["layers"], self.spec["latent_size"] + self.spec["embedding_size"], "generator."
        )

    def build_embedding(self, name: str, rows: int, width: int, stream: int) -> None:
        """Draw a table of `rows` vectors, unless it is empty."""
        if rows:
            self.params[f"generator.{name}.weight"] = init.weights(
                "normal", rows, width, 1.0, self.spec["seed"], stream, self.spec["dtype"]
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
        """Generate rows from latent variables drawn at a place, with the model's seed or the given one."""
        seed = self.spec["seed"] if seed is None else seed
        latent = draws.normal(seed, rng_streams.LATENT, rows, self.spec["latent_size"], place)
        return self.forward(latent, labels, self.gumbel(seed, rows, place), place if training else None)

    def gumbel(self, seed: int, rows: int, place: Place, stream: int = 0) -> Array:
        """Draw the noise of the output blocks; without a Gumbel block it has no columns."""
        has_gumbel = any(block["activation"] == "gumbel" for block in self.spec["output_blocks"])
        return draws.gumbel(
            seed, rng_streams.GUMBEL, rows, self.spec["data_size"] if has_gumbel else 0, place, stream
        )

    def forward(self, latent: Array, labels: Array | None, g: Array, place: Place | None) -> Tape:
        """Run a forward pass. `labels` are one-hot; a `place` turns training on."""
        spec = self.spec
        x = (
            latent
            if labels is None
            else np.hstack([latent, labels @ self.params["generator.embedding.weight"]])
        )
        masks = self.mlp.masks(spec["seed"], spec["input_dropout"], len(x), itertools.count(), place)
        z, tapes = self.mlp.forward(x, masks, place is not None)
        y = outputs_forward(spec["output_blocks"], z, g, place is None) if spec["output_blocks"] else z
        return Tape(labels, tapes, z, g, y)

    def backward(self, dy: Array, tape: Tape) -> dict[str, Any]:
        """Return the gradients from that with respect to the output."""
        if self.spec["output_blocks"]:
            dy = outputs_backward(self.spec["output_blocks"], dy, tape.z, tape.g)
        grads, dx = self.mlp.backward(dy, tape.layers, False)
        if tape.labels is not None:
            grads["generator.embedding.weight"] = tape.labels.T @ dx[:, self.spec["latent_size"] :]
        return grads
