"""Dense layers one after another: a Net, the head of a Rec, both players of a Gen. Mirrors ``train/model``.

Each layer is [dropout] → linear → [norm] → activation; a layer's `dropout` is that of its outputs, so the mask
lies on the inputs of the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import activation, init
from .layers.dense import dense_backward, dense_forward
from .layers.dropout import training_mask
from .layers.norm import norm_backward, norm_forward, norm_infer, running_statistics
from .model import Model
from .philox import Place, Rows
from .spec import Spec

Array = NDArray[np.float64]
Tape = dict[str, Any]  # what a layer's backward needs of its forward
_AXIS = {"batch": 0, "layer": 1}


class Mlp:
    """The `layers` on `inputs` features, their parameters among `model`'s, under names that begin with `prefix`.

    Layer i's weights are drawn from Philox layer `philox_layer` + i.
    """

    def __init__(
        self, model: Model, layers: list[Spec], inputs: int, prefix: str = "", philox_layer: int = 0
    ) -> None:
        self.layers, self.inputs, self.prefix = layers, inputs, prefix
        self.params, self.buffers = model.params, model.buffers
        for i, layer in enumerate(layers):
            units, at = layer["units"], f"{prefix}{i}"
            self.params[f"{at}.weight"] = init.weights(
                layer["init"],
                units,
                inputs,
                layer["init_gain"],
                model.spec["seed"],
                philox_layer + i,
                model.spec["dtype"],
            )
            if layer["bias"]:
                self.params[f"{at}.bias"] = np.zeros(units)
            if layer["norm"] != "none":
                self.params[f"{at}.norm.weight"] = np.ones(units)
                self.params[f"{at}.norm.bias"] = np.zeros(units)
            if layer["norm"] == "batch":
                self.buffers[f"{at}.norm.running_mean"] = np.zeros(units)
                self.buffers[f"{at}.norm.running_var"] = np.ones(units)
            inputs = units

    def masks(
        self, seed: int, rate: float, rows: Rows, philox_layers: Iterable[int], place: Place | None
    ) -> list[Array | None]:
        """The masks on the layers' inputs, the first at `rate`."""
        rates = [rate, *(layer["dropout"] for layer in self.layers)]
        widths = [self.inputs, *(layer["units"] for layer in self.layers[:-1])]
        return [
            training_mask(seed, rate, rows, width, at, place)
            for rate, width, at in zip(rates, widths, philox_layers, strict=False)
        ]

    def forward(self, x: Array, masks: list[Array | None], training: bool) -> tuple[Array, list[Tape]]:
        """(output, tapes of the layers)."""
        tapes: list[Tape] = []
        y = x
        for i, (layer, mask) in enumerate(zip(self.layers, masks, strict=True)):
            at = f"{self.prefix}{i}"
            tape: Tape = {"mask": mask, "x": y if mask is None else y * mask}
            z = dense_forward(tape["x"], self.params[f"{at}.weight"], self.params.get(f"{at}.bias"))
            if layer["norm"] != "none":
                tape["linear"] = z
                weight, bias = self.params[f"{at}.norm.weight"], self.params[f"{at}.norm.bias"]
                if layer["norm"] == "batch" and not training:
                    mean, variance = (self.buffers[f"{at}.norm.running_{k}"] for k in ("mean", "var"))
                    z = norm_infer(z, weight, bias, mean, variance, layer["norm_eps"])
                else:
                    z, tape["n"], tape["scale"] = norm_forward(
                        z, weight, bias, layer["norm_eps"], _AXIS[layer["norm"]]
                    )
            tape["z"] = z
            y = activation.forward(layer["activation"], z, layer["alpha"])
            tapes.append(tape)
        return y, tapes

    def backward(self, d: Array, tapes: list[Tape], fused: bool) -> tuple[dict[str, Array], Array]:
        """(gradients, dx) from d, the loss's gradient by the output or, if `fused`, by its pre-activation."""
        grads: dict[str, Array] = {}
        for i, layer in reversed(list(enumerate(self.layers))):
            tape, at = tapes[i], f"{self.prefix}{i}"
            if not (fused and i == len(tapes) - 1):
                d = activation.backward(layer["activation"], d, tape["z"], layer["alpha"])
            if layer["norm"] != "none":
                d, grads[f"{at}.norm.weight"], grads[f"{at}.norm.bias"] = norm_backward(
                    d, tape["n"], tape["scale"], self.params[f"{at}.norm.weight"], _AXIS[layer["norm"]]
                )
            d, grads[f"{at}.weight"], dbias = dense_backward(d, tape["x"], self.params[f"{at}.weight"])
            if layer["bias"]:
                grads[f"{at}.bias"] = dbias
            if tape["mask"] is not None:
                d = d * tape["mask"]
        return grads, d

    def track_statistics(self, tapes: list[Tape]) -> None:
        """Batch norm's running statistics, after a step."""
        for i, layer in enumerate(self.layers):
            if layer["norm"] == "batch":
                mean, variance = (f"{self.prefix}{i}.norm.running_{k}" for k in ("mean", "var"))
                self.buffers[mean], self.buffers[variance] = running_statistics(
                    tapes[i]["linear"], self.buffers[mean], self.buffers[variance], layer["norm_momentum"]
                )
