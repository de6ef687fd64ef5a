"""A tangent pass through dense layers, and the reverse pass over both: gradients of input gradients.

For a scalar s of the inputs x, vᵀ∇s(x) is the tangent of s as x moves along v. So the gradient of such a product
by the parameters is what back-propagation makes of the forward pass and its tangent together (Pearlmutter 1994).
Of a layer z = x·Wᵀ + b, y = φ(z), with the tangent ẋ of x, and d and e the gradients by a value and by its tangent:

    ż = ẋ·Wᵀ      e_z = φ'(z)∘e_y                          dW = d_zᵀ·x + e_zᵀ·ẋ      db = Σ d_z
    ẏ = φ'(z)∘ż   d_z = φ'(z)∘d_y + φ''(z)∘ż∘e_y           d_x = d_z·W               e_x = e_z·W
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import activation
from .layers.dense import dense_backward, dense_forward
from .layers.norm import norm_tangent, norm_tangent_backward
from .mlp import Mlp, Tape

Array = NDArray[np.float64]
Tangents = list[dict[str, Any]]  # of x, of the linear part and of z, by layer


def tangent_forward(mlp: Mlp, x: Array, tapes: list[Tape]) -> tuple[Array, Tangents]:
    """The tangent of the output, from that of the input."""
    tangents: Tangents = []
    for i, (layer, tape) in enumerate(zip(mlp.layers, tapes, strict=True)):
        at = f"{mlp.prefix}{i}"
        x = x if tape["mask"] is None else x * tape["mask"]
        linear = z = dense_forward(x, mlp.params[f"{at}.weight"], None)
        n = None
        if layer["norm"] != "none":
            n = norm_tangent(linear, tape["n"], tape["scale"], 1)
            z = n * mlp.params[f"{at}.norm.weight"]
        tangents.append({"x": x, "linear": linear, "n": n, "z": z})
        x = activation.backward(layer["activation"], z, tape["z"], layer["alpha"])
    return x, tangents


def tangent_backward(
    mlp: Mlp, d: Array, e: Array, tapes: list[Tape], tangents: Tangents
) -> tuple[dict[str, Array], Array, Array]:
    """(gradients, dx, ex) from the gradients d by the output and e by its tangent."""
    grads: dict[str, Array] = {}
    for i, layer in reversed(list(enumerate(mlp.layers))):
        tape, tangent, at = tapes[i], tangents[i], f"{mlp.prefix}{i}"
        name, z, alpha = layer["activation"], tape["z"], layer["alpha"]
        d = activation.backward(name, d, z, alpha) + activation.curvature(name, z, alpha) * tangent["z"] * e
        e = activation.backward(name, e, z, alpha)
        if layer["norm"] != "none":
            weight = mlp.params[f"{at}.norm.weight"]
            grads[f"{at}.norm.weight"] = (d * tape["n"] + e * tangent["n"]).sum(axis=0)
            grads[f"{at}.norm.bias"] = d.sum(axis=0)
            d, e = norm_tangent_backward(
                d * weight, e * weight, tangent["linear"], tape["n"], tape["scale"], 1
            )
        dx, dweight, dbias = dense_backward(d, tape["x"], mlp.params[f"{at}.weight"])
        ex, eweight, _ = dense_backward(e, tangent["x"], mlp.params[f"{at}.weight"])
        grads[f"{at}.weight"] = dweight + eweight
        if layer["bias"]:
            grads[f"{at}.bias"] = dbias
        d, e = (dx, ex) if tape["mask"] is None else (dx * tape["mask"], ex * tape["mask"])
    return grads, d, e
