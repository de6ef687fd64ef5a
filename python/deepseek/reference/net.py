"""A Net in NumPy: parameters under PyTorch's names and layouts, forward, backward. Mirrors ``csrc/net``.

Tests compare the engine with it. Inputs are arrays or CSR matrices. It always computes in float64; the `dtype` of the
specification only sets the rounding of the initial weights.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import loss, trainer
from .input_layers import InputLayers
from .mlp import Mlp, Tape
from .model import Model
from .philox import Place
from .sparse import Inputs, as_inputs
from .spec import Spec, complete

Array = NDArray[np.float64]


class Net(Model):
    """Multilayer perceptron of `spec`, the dict that the compiled core takes."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(complete(spec))

    def build(self) -> None:
        self.inputs = InputLayers(self)
        self.mlp = Mlp(self, self.spec["layers"], self.inputs.width)

    def forward(self, x: Inputs, place: Place | None = None) -> tuple[Array, list[Tape]]:
        """Return the output and the layers' tapes; a `place` (epoch, step) turns training on.

        The random stream of a mask is the number of the layer whose inputs it is on. The first layer's tape has
        that of the input layers.
        """
        x, tape = self.inputs.forward(x, place)
        masks = self.mlp.masks(self.spec["seed"], 0.0, len(x), itertools.count(), place)
        y, tapes = self.mlp.forward(x, masks, place is not None)
        tapes[0]["inputs"] = tape
        return y, tapes

    def loss_rows(self, y: Array, tapes: list[Tape], target: NDArray[Any]) -> tuple[Array, Array]:
        return loss.rows(self.spec["loss"], self.spec["layers"][-1]["activation"], y, tapes[-1]["z"], target)

    def gradients(
        self,
        x: Any,
        target: NDArray[Any],
        w: NDArray[Any] | None = None,
        place: Place = (0, 0),
    ) -> tuple[float, dict[str, Array], Array]:
        """Return (loss, gradients, dx) of the batch of one training step."""
        return self.step_gradients(as_inputs(x), target, w, place)[:3]

    def step_gradients(
        self, x: Inputs, target: NDArray[Any], w: NDArray[Any] | None, place: Place
    ) -> tuple[float, dict[str, Array], Array, list[Tape]]:
        y, tapes = self.forward(x, place)
        rows, d = self.loss_rows(y, tapes, target)
        weight = np.ones(len(x)) if w is None else np.asarray(w, np.float64)
        share = weight / (weight.sum() or 1.0)
        fused = loss.is_fused(self.spec["loss"]["name"])
        grads, dx = self.mlp.backward(d * share[:, None], tapes, fused)
        own, dx = self.inputs.backward(dx, tapes[0]["inputs"])
        return float((rows * share).sum()), own | grads, dx, tapes

    def predict(self, x: Any) -> Array:
        return self.forward(as_inputs(x))[0]

    def evaluate(self, x: Any, target: NDArray[Any], w: NDArray[Any] | None = None) -> float:
        """Return the weighted mean loss of inference."""
        y, tapes = self.forward(as_inputs(x))
        return float(np.average(self.loss_rows(y, tapes, target)[0], weights=w))

    def fit(
        self,
        x: Any,
        target: NDArray[Any],
        w: NDArray[Any] | None = None,
        validation: tuple[Any, NDArray[Any], NDArray[Any] | None] | None = None,
        **options: Any,
    ) -> list[dict[str, float]]:
        """Train; return a dict per epoch, as the compiled core's `run` does."""
        rows = as_inputs(x)

        def updates(at: NDArray[np.int64], place: Place) -> Iterator[trainer.Update]:
            weight = None if w is None else w[at]
            value, grads, _, tapes = self.step_gradients(rows[at], target[at], weight, place)
            self.mlp.track_statistics(tapes)
            yield value, float(len(at) if weight is None else weight.sum()), grads

        return trainer.fit(
            self,
            len(rows),
            updates,
            None if validation is None else lambda: self.evaluate(*validation),
            options,
        )
