"""Conversion of PyTorch's dense layers to a Net or to the head of a Rec; recurrent layers are in `torch_recurrent`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..activations import name_of
from ..net import Net
from .dense import EPS, Dense, state_of
from .torch_modules import KNOWN, activation_of

Array = NDArray[Any]

OVERRIDABLE = {"dropout", "input_dropout"}
"""Arguments that may differ from the module, because no output depends on them."""

_STAGES = ("norm", "activation", "dropout")
"""Stages that may follow a Linear, in this order."""
_DEFAULT_LOSS = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy", "exp": "poisson"}


def net_from(module: Any, arguments: Mapping[str, Any]) -> Net:
    """Return the Net with the outputs of a Linear or a Sequential of dense layers."""
    layers, input_dropout = read_dense("from_torch", module, (-1, 1))
    *hidden, last = layers
    bias = any(layer.bias is not None for layer in layers)
    from_module = {
        "layers": [layers[0].weight.shape[1], *(len(layer.weight) for layer in layers)],
        "activation": [layer.activation for layer in hidden],
        "normalization": [layer.norm for layer in hidden],
        "dropout": [layer.dropout for layer in hidden],
        "input_dropout": input_dropout,
        "bias": bias,
        **output_activation(last),
    }
    state = state_of(layers, "", bias)
    return Net(**merged(from_module, arguments, state)).load_state_dict(state)


def merged(
    from_module: Mapping[str, Any], arguments: Mapping[str, Any], state: Mapping[str, Array]
) -> dict[str, Any]:
    """Return the constructor's arguments: those of the module, those of the user, and the parameters' dtype."""
    for name in sorted((from_module.keys() & arguments.keys()) - OVERRIDABLE):
        raise TypeError(
            f"{name}: got {arguments[name]!r}; expected no value, as the module determines it: {from_module[name]!r}"
        )
    types = {array.dtype.name for array in state.values()}
    if len(types) > 1:
        raise TypeError(f"parameters: got {' and '.join(sorted(types))}; expected one type for all")
    activation = name_of(from_module.get("output_activation", ""))
    has_default = activation in _DEFAULT_LOSS and from_module.get("output") != "ctc"
    loss = {"loss": _DEFAULT_LOSS[activation]} if has_default else {}
    return {"dtype": types.pop(), **loss, **from_module, **arguments}


def output_activation(last: Dense) -> dict[str, Any]:
    """Return the argument `output_activation` if the module has one; otherwise the loss determines it."""
    return {} if last.activation == "identity" else {"output_activation": last.activation}


def array_of(tensor: Any) -> Array:
    """Return a parameter as a NumPy array."""
    if tensor.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"parameters: got {tensor.dtype}; expected torch.float32 or torch.float64")
    array: Array = tensor.detach().cpu().numpy()
    return array


def read_dense(name: str, module: Any, axes: Sequence[int]) -> tuple[list[Dense], float]:
    """Read the dense layers of a module.

    Parameters
    ----------
    name : str
        Name of the module in error messages.
    module : nn.Linear or nn.Sequential
        Module to read.
    axes : sequence of int
        Numbers of the outputs' last dimension, for softmax.

    Returns
    -------
    layers : list of Dense
        Layers, the output layer last.
    input_dropout : float
        Dropout probability of the inputs.

    Raises
    ------
    TypeError
        For a layer that is unknown or in an unsupported position; the message names it.
    ValueError
        For layers whose sizes do not match.
    """
    if not isinstance(module, (nn.Linear, nn.Sequential)):
        raise TypeError(
            f"{name}: got a {type(module).__name__}; expected a Sequential of Linear, BatchNorm1d or LayerNorm, an "
            "activation and Dropout, an nn.RNN, GRU or LSTM with a head, or a module returned by to_torch"
        )
    layers: list[Dense] = []
    input_dropout, reached = 0.0, -1
    for path, part in _flat(module, ""):
        label = f"layer {path or 0} of {name}: got {part}"
        if type(part) is nn.Linear:
            weight = array_of(part.weight)
            if layers and weight.shape[1] != len(layers[-1].weight):
                raise ValueError(
                    f"{label}; expected {len(layers[-1].weight)} inputs, the outputs of the layer before"
                )
            layers.append(Dense(weight=weight, bias=None if part.bias is None else array_of(part.bias)))
            reached = -1
            continue
        stage, value = _stage(label, part, axes)
        if not layers:
            if stage != "dropout" or input_dropout:
                raise TypeError(f"{label}; expected a Linear, as only one Dropout may precede the first")
            input_dropout = value
            continue
        if _STAGES.index(stage) <= reached:
            raise TypeError(f"{label}; expected the order Linear, {', '.join(_STAGES)}")
        reached = _STAGES.index(stage)
        if stage == "norm":
            _read_norm(label, part, layers[-1])
        else:
            setattr(layers[-1], stage, value)
    if not layers:
        raise TypeError(f"{name}: got no Linear; expected at least one")
    if layers[-1].norm != "none" or layers[-1].dropout:
        raise TypeError(
            f"{name}: got a normalisation or Dropout after the last Linear; expected at most an activation"
        )
    return layers, input_dropout


def _flat(module: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield path and module of all parts of nested Sequentials, except identities."""
    if isinstance(module, nn.Sequential):
        for name, part in module.named_children():
            yield from _flat(part, f"{path}.{name}" if path else name)
    elif type(module) is not nn.Identity and not (type(module) is nn.Dropout and module.p == 0):
        yield path, module


def _stage(label: str, part: Any, axes: Sequence[int]) -> tuple[str, Any]:
    """Return the stage of a part, one of `_STAGES`, and its activation or dropout probability."""
    if type(part) in (nn.BatchNorm1d, nn.LayerNorm):
        return "norm", None
    if type(part) is nn.Dropout:
        return "dropout", float(part.p)
    activation = activation_of(part, axes)
    if activation is None:
        known = f"Linear, BatchNorm1d, LayerNorm, Dropout and, with PyTorch's defaults, {', '.join(KNOWN)}"
        raise TypeError(f"{label}; expected one of {known}")
    return "activation", activation


def _read_norm(label: str, part: Any, layer: Dense) -> None:
    """Read a normalisation into the layer."""
    units = len(layer.weight)
    batch = type(part) is nn.BatchNorm1d
    size = part.num_features if batch else part.normalized_shape
    if size != (units if batch else (units,)):
        raise ValueError(f"{label}; expected size {units}, the outputs of the Linear")
    if part.eps != EPS:
        raise ValueError(f"{label}; expected eps={EPS}")
    if batch and part.running_mean is None:
        raise ValueError(f"{label}; expected running statistics (track_running_stats=True)")
    like = layer.weight.dtype
    layer.norm = "batch" if batch else "layer"
    layer.statistics = {
        "weight": np.ones(units, like) if part.weight is None else array_of(part.weight),
        "bias": np.zeros(units, like) if part.bias is None else array_of(part.bias),
    }
    for name in ("running_mean", "running_var") if batch else ():
        layer.statistics[name] = array_of(getattr(part, name))
