"""A Net in NumPy: parameters under PyTorch's names and layouts, forward, backward. Mirrors ``train/model``.

The shortest text that is correct, for the fast tree to be held against. It always computes in float64; the
`dtype` of the specification only says how the initial weights are rounded. Each layer is linear → [norm] →
activation → [dropout].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import activation, init, loss, trainer
from .layers.dense import dense_backward, dense_forward
from .layers.dropout import dropout_mask
from .layers.norm import norm_backward, norm_forward, norm_infer, running_statistics
from .spec import Spec, complete

Array = NDArray[np.float64]
_AXIS = {"batch": 0, "layer": 1}


class Net:
    """Multilayer perceptron of `spec`, the dict that the compiled core takes."""

    def __init__(self, spec: Spec) -> None:
        self.spec = complete(spec)
        self.reset(self.spec["seed"])

    def reset(self, seed: int) -> None:
        """Draw the parameters anew and forget the training."""
        self.spec["seed"] = seed
        self.params: dict[str, Array] = {}
        self.buffers: dict[str, Array] = {}
        inputs = self.spec["inputs"]
        for i, layer in enumerate(self.spec["layers"]):
            units = layer["units"]
            self.params[f"{i}.weight"] = init.weights(
                layer["init"], units, inputs, layer["init_gain"], seed, i, self.spec["dtype"]
            )
            if layer["bias"]:
                self.params[f"{i}.bias"] = np.zeros(units)
            if layer["norm"] != "none":
                self.params[f"{i}.norm.weight"] = np.ones(units)
                self.params[f"{i}.norm.bias"] = np.zeros(units)
            if layer["norm"] == "batch":
                self.buffers[f"{i}.norm.running_mean"] = np.zeros(units)
                self.buffers[f"{i}.norm.running_var"] = np.ones(units)
            inputs = units
        self.training = trainer.TrainingState()

    def get_params(self) -> dict[str, Array]:
        return {k: v.copy() for k, v in {**self.params, **self.buffers}.items()}

    def set_params(self, values: dict[str, NDArray[Any]]) -> None:
        for own in (self.params, self.buffers):
            for name in own:
                own[name] = np.array(values[name], np.float64)

    def dropout_masks(self, rows: int, epoch: int, step: int) -> list[Array | None]:
        """The masks on the layers' inputs.

        A mask's Philox layer is the number of the layer whose inputs it covers.
        """
        masks: list[Array | None] = []
        width, rate = self.spec["inputs"], self.spec["input_dropout"]
        for i, layer in enumerate(self.spec["layers"]):
            masks.append(None)
            if rate:
                masks[-1] = dropout_mask(
                    self.spec["seed"], rate, rows, width, layer=i, epoch=epoch, step=step
                )
            width, rate = layer["units"], layer["dropout"]
        return masks

    def forward(self, x: Array, place: tuple[int, int] | None = None) -> tuple[Array, list[dict[str, Any]]]:
        """(output, what backward needs by layer); `place` (epoch, step) means training."""
        masks = self.dropout_masks(len(x), *place) if place else [None] * len(self.spec["layers"])
        tapes: list[dict[str, Any]] = []
        y = x
        for i, layer in enumerate(self.spec["layers"]):
            mask = masks[i]
            tape: dict[str, Any] = {"mask": mask, "x": y if mask is None else y * mask}
            z = dense_forward(tape["x"], self.params[f"{i}.weight"], self.params.get(f"{i}.bias"))
            if layer["norm"] != "none":
                tape["linear"] = z
                weight, bias = self.params[f"{i}.norm.weight"], self.params[f"{i}.norm.bias"]
                if layer["norm"] == "batch" and place is None:
                    mean, variance = (self.buffers[f"{i}.norm.running_{k}"] for k in ("mean", "var"))
                    z = norm_infer(z, weight, bias, mean, variance, layer["norm_eps"])
                else:
                    z, tape["n"], tape["scale"] = norm_forward(
                        z, weight, bias, layer["norm_eps"], _AXIS[layer["norm"]]
                    )
            tape["z"] = z
            y = activation.forward(layer["activation"], z, layer["alpha"])
            tapes.append(tape)
        return y, tapes

    def backward(self, d: Array, tapes: list[dict[str, Any]], fused: bool) -> tuple[dict[str, Array], Array]:
        """(gradients, dx) from d, the loss's gradient by the output or, if `fused`, by its pre-activation."""
        grads: dict[str, Array] = {}
        for i, layer in reversed(list(enumerate(self.spec["layers"]))):
            tape = tapes[i]
            if not (fused and i == len(tapes) - 1):
                d = activation.backward(layer["activation"], d, tape["z"], layer["alpha"])
            if layer["norm"] != "none":
                d, grads[f"{i}.norm.weight"], grads[f"{i}.norm.bias"] = norm_backward(
                    d, tape["n"], tape["scale"], self.params[f"{i}.norm.weight"], _AXIS[layer["norm"]]
                )
            d, grads[f"{i}.weight"], dbias = dense_backward(d, tape["x"], self.params[f"{i}.weight"])
            if layer["bias"]:
                grads[f"{i}.bias"] = dbias
            if tape["mask"] is not None:
                d = d * tape["mask"]
        return grads, d

    def loss_rows(self, y: Array, tapes: list[dict[str, Any]], target: NDArray[Any]) -> tuple[Array, Array]:
        return loss.rows(self.spec["loss"], self.spec["layers"][-1]["activation"], y, tapes[-1]["z"], target)

    def gradients(
        self,
        x: NDArray[Any],
        target: NDArray[Any],
        w: NDArray[Any] | None = None,
        place: tuple[int, int] = (0, 0),
    ) -> tuple[float, dict[str, Array], Array]:
        """(loss, gradients, dx) of one training step's batch."""
        return self.step_gradients(np.asarray(x, np.float64), target, w, place)[:3]

    def step_gradients(
        self, x: Array, target: NDArray[Any], w: NDArray[Any] | None, place: tuple[int, int]
    ) -> tuple[float, dict[str, Array], Array, list[dict[str, Any]]]:
        y, tapes = self.forward(x, place)
        rows, d = self.loss_rows(y, tapes, target)
        weight = np.ones(len(x)) if w is None else np.asarray(w, np.float64)
        share = weight / (weight.sum() or 1.0)
        fused = loss.is_fused(self.spec["loss"]["name"])
        grads, dx = self.backward(d * share[:, None], tapes, fused)
        return float((rows * share).sum()), grads, dx, tapes

    def track_statistics(self, tapes: list[dict[str, Any]]) -> None:
        """Batch norm's running statistics, after a step."""
        for i, layer in enumerate(self.spec["layers"]):
            if layer["norm"] == "batch":
                mean, variance = f"{i}.norm.running_mean", f"{i}.norm.running_var"
                self.buffers[mean], self.buffers[variance] = running_statistics(
                    tapes[i]["linear"], self.buffers[mean], self.buffers[variance], layer["norm_momentum"]
                )

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
        return trainer.fit(self, np.asarray(x, np.float64), target, w, validation, options)
