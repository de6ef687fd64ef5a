"""A Net in NumPy: parameters under PyTorch's names and layouts, forward, backward. Mirrors ``train/model``.

The shortest text that is correct, for the fast tree to be held against. It always computes in float64; the
`dtype` of the specification only says how the initial weights are rounded.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import loss, trainer
from .mlp import Mlp, Tape
from .model import Model
from .philox import Place
from .spec import Spec, complete

Array = NDArray[np.float64]


class Net(Model):
    """Multilayer perceptron of `spec`, the dict that the compiled core takes."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(complete(spec))

    def build(self) -> None:
        self.mlp = Mlp(self, self.spec["layers"], self.spec["inputs"])

    def forward(self, x: Array, place: Place | None = None) -> tuple[Array, list[Tape]]:
        """(output, what backward needs by layer); `place` (epoch, step) means training.

        A mask's Philox layer is the number of the layer whose inputs it covers.
        """
        masks = self.mlp.masks(
            self.spec["seed"], self.spec["input_dropout"], len(x), itertools.count(), place
        )
        return self.mlp.forward(x, masks, place is not None)

    def loss_rows(self, y: Array, tapes: list[Tape], target: NDArray[Any]) -> tuple[Array, Array]:
        return loss.rows(self.spec["loss"], self.spec["layers"][-1]["activation"], y, tapes[-1]["z"], target)

    def gradients(
        self,
        x: NDArray[Any],
        target: NDArray[Any],
        w: NDArray[Any] | None = None,
        place: Place = (0, 0),
    ) -> tuple[float, dict[str, Array], Array]:
        """(loss, gradients, dx) of one training step's batch."""
        return self.step_gradients(np.asarray(x, np.float64), target, w, place)[:3]

    def step_gradients(
        self, x: Array, target: NDArray[Any], w: NDArray[Any] | None, place: Place
    ) -> tuple[float, dict[str, Array], Array, list[Tape]]:
        y, tapes = self.forward(x, place)
        rows, d = self.loss_rows(y, tapes, target)
        weight = np.ones(len(x)) if w is None else np.asarray(w, np.float64)
        share = weight / (weight.sum() or 1.0)
        fused = loss.is_fused(self.spec["loss"]["name"])
        grads, dx = self.mlp.backward(d * share[:, None], tapes, fused)
        return float((rows * share).sum()), grads, dx, tapes

    def predict(self, x: NDArray[Any]) -> Array:
        return self.forward(np.asarray(x, np.float64))[0]

    def evaluate(self, x: NDArray[Any], target: NDArray[Any], w: NDArray[Any] | None = None) -> float:
        """Weighted mean loss, as in inference."""
        y, tapes = self.forward(np.asarray(x, np.float64))
        return float(np.average(self.loss_rows(y, tapes, target)[0], weights=w))

    def fit(
        self,
        x: NDArray[Any],
        target: NDArray[Any],
        w: NDArray[Any] | None = None,
        validation: tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None] | None = None,
        **options: Any,
    ) -> list[dict[str, float]]:
        """Train; returns a dict an epoch, as the compiled core's `run` does."""
        x = np.asarray(x, np.float64)

        def updates(at: NDArray[np.int64], place: Place) -> Iterator[trainer.Update]:
            weight = None if w is None else w[at]
            value, grads, _, tapes = self.step_gradients(x[at], target[at], weight, place)
            self.mlp.track_statistics(tapes)
            yield value, float(len(at) if weight is None else weight.sum()), grads

        return trainer.fit(
            self, len(x), updates, None if validation is None else lambda: self.evaluate(*validation), options
        )
