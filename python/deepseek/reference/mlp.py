"""Dense layers in sequence: a Net, the head of a Rec, both players of a Gen. Mirrors ``csrc/training/dense_layers``.

Each layer is [dropout] → linear → [norm] → activation. The option `dropout` of a layer applies to its outputs, so
the mask is on the inputs of the next layer.
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
from .sparse import Inputs
from .spec import Spec

Array = NDArray[np.float64]
Tape = dict[str, Any]  # values of the forward pass that the backward pass needs
_AXIS = {"batch": 0, "layer": 1}


class Mlp:
    """The `layers` on `inputs` features. Their parameters are in `model`, under names that begin with `prefix`.

    Layer i's weights are drawn from stream `first_stream` + i.
    """

    def __init__(
        self, model: Model, layers: list[Spec], inputs: int, prefix: str = "", first_stream: int = 0
    ) -> None:
        self.layers, self.inputs, self.prefix = layers, inputs, prefix
        self.params, self.buffers = model.params, model.buffers
        for i, layer in enumerate(layers):
            units, at = layer["units"], f"{prefix}{i}"
            self.params[f"{at}.weight"] = init.weights(
                layer["initialization"],
                units,
                inputs,
                layer["init_gain"],
                model.spec["seed"],
                first_stream + i,
                model.spec["dtype"],
            )
            if layer["bias"]:
                self.params[f"{at}.bias"] = np.zeros(units)
            if layer["normalization"] != "none":
                self.params[f"{at}.norm.weight"] = np.ones(units)
                self.params[f"{at}.norm.bias"] = np.zeros(units)
            if layer["normalization"] == "batch":
                self.buffers[f"{at}.norm.running_mean"] = np.zeros(units)
                self.buffers[f"{at}.norm.running_var"] = np.ones(units)
            inputs = units

    def masks(
        self, seed: int, rate: float, rows: Rows, streams: Iterable[int], place: Place | None
    ) -> list[Array | None]:
        """Draw the masks on the layers' inputs; the first has dropout rate `rate`."""
        rates = [rate, *(layer["dropout"] for layer in self.layers)]
        widths = [self.inputs, *(layer["units"] for layer in self.layers[:-1])]
        return [
            training_mask(seed, rate, rows, width, at, place)
            for rate, width, at in zip(rates, widths, streams, strict=False)
        ]

    def forward(self, x: Inputs, masks: list[Array | None], training: bool) -> tuple[Array, list[Tape]]:
        """Return the output, and the tapes of the layers."""
        tapes: list[Tape] = []
        y: Any = x
        for i, (layer, mask) in enumerate(zip(self.layers, masks, strict=True)):
            at = f"{self.prefix}{i}"
            tape: Tape = {"mask": mask, "x": y if mask is None else y * mask}
            z = dense_forward(tape["x"], self.params[f"{at}.weight"], self.params.get(f"{at}.bias"))
            if layer["normalization"] != "none":
                tape["linear"] = z
                weight, bias = self.params[f"{at}.norm.weight"], self.params[f"{at}.norm.bias"]
                if layer["normalization"] == "batch" and not training:
                    mean, variance = (self.buffers[f"{at}.norm.running_{k}"] for k in ("mean", "var"))
                    z = norm_infer(z, weight, bias, mean, variance, layer["norm_eps"])
                else:
                    z, tape["n"], tape["scale"] = norm_forward(
                        z, weight, bias, layer["norm_eps"], _AXIS[layer["normalization"]]
                    )
            tape["z"] = z
            y = activation.forward(layer["activation"], z, layer["alpha"])
            tapes.append(tape)
        return y, tapes

    def backward(self, d: Array, tapes: list[Tape], fused: bool) -> tuple[dict[str, Array], Array]:
        """Return (gradients, dx) from d, the gradient with respect to the output.

        If `fused`, d is the gradient with respect to the pre-activation of the last layer.
        """
        grads: dict[str, Array] = {}
        for i, layer in reversed(list(enumerate(self.layers))):
            tape, at = tapes[i], f"{self.prefix}{i}"
            if not (fused and i == len(tapes) - 1):
                d = activation.backward(layer["activation"], d, tape["z"], layer["alpha"])
            if layer["normalization"] != "none":
                d, grads[f"{at}.norm.weight"], grads[f"{at}.norm.bias"] = norm_backward(
                    d,
                    tape["n"],
                    tape["scale"],
                    self.params[f"{at}.norm.weight"],
                    _AXIS[layer["normalization"]],
                )
            d, grads[f"{at}.weight"], dbias = dense_backward(d, tape["x"], self.params[f"{at}.weight"])
            if layer["bias"]:
                grads[f"{at}.bias"] = dbias
            if tape["mask"] is not None:
                d = d * tape["mask"]
        return grads, d

    def track_statistics(self, tapes: list[Tape]) -> None:
        """Update the running statistics of batch norm, after a step."""
        for i, layer in enumerate(self.layers):
            if layer["normalization"] == "batch":
                mean, variance = (f"{self.prefix}{i}.norm.running_{k}" for k in ("mean", "var"))
                self.buffers[mean], self.buffers[variance] = running_statistics(
                    tapes[i]["linear"], self.buffers[mean], self.buffers[variance], layer["norm_momentum"]
                )
