"""Layers of a Net before its first dense layer: input dropout, periodic embedding, scales. Mirrors ``csrc/net/model``.

The scales are those of Holzmüller et al. (2024): y = x·(1 + rate·weight), with weights that begin at 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _rng_streams as rng_streams
from .layers import periodic
from .layers.dropout import training_mask
from .model import Model
from .philox import Place
from .sparse import Inputs

Array = NDArray[np.float64]
Tape = dict[str, Any]


class InputLayers:
    """The layers that the specification of a Net asks for; `width` is the number of their outputs."""

    def __init__(self, model: Model) -> None:
        self.params, self.spec = model.params, model.spec
        embedding = self.spec["numeric_embedding"]
        self.width = self.spec["input_size"] + embedding["features"] * (embedding["width"] - 1)
        if embedding["features"]:
            periodic.add_parameters(model, "embedding", **embedding)
        if self.spec["input_scale_rate"]:
            self.params["scale.weight"] = np.zeros(self.width)

    def forward(self, x: Inputs, place: Place | None) -> tuple[Any, Tape]:
        """Return the inputs of the first dense layer, and the tape; a `place` (epoch, step) turns training on."""
        seed, rate = self.spec["seed"], self.spec["input_dropout"]
        mask = training_mask(seed, rate, len(x), x.shape[1], rng_streams.INPUT_DROPOUT, place)
        tape: Tape = {"mask": 1.0 if mask is None else mask}
        y: Any = x * tape["mask"]
        if self.spec["numeric_embedding"]["features"]:
            parameters = (self.params[f"embedding.{part}"] for part in ("frequency", "phase", "weight"))
            y, tape["embedding"] = periodic.periodic_forward(y, *parameters)
        if self.spec["input_scale_rate"]:
            tape["x"] = y
            y = y * self._scale()
        return y, tape

    def backward(self, d: Array, tape: Tape) -> tuple[dict[str, Array], Array]:
        """Return (gradients, dx) from d, the gradient with respect to the output."""
        grads: dict[str, Array] = {}
        if self.spec["input_scale_rate"]:
            grads["scale.weight"] = self.spec["input_scale_rate"] * (d * tape["x"]).sum(axis=0)
            d = d * self._scale()
        if self.spec["numeric_embedding"]["features"]:
            frequency, weight = self.params["embedding.frequency"], self.params["embedding.weight"]
            d, own = periodic.periodic_backward(d, tape["embedding"], frequency, weight)
            grads |= {f"embedding.{part}": g for part, g in own.items()}
        return grads, d * tape["mask"]

    def _scale(self) -> Array:
        return np.asarray(1.0 + self.spec["input_scale_rate"] * self.params["scale.weight"])
