"""From dense layers of PyTorch to a Net, or to the head of a Rec. The recurrent layers are `torch_recurrent`'s."""

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

FREE = {"dropout", "input_dropout"}
"""What a module says and an argument may say otherwise: no output depends on it."""

_STAGES = ("norm", "activation", "dropout")
"""What may follow a Linear, in this order."""
_OWN_LOSS = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy", "exp": "poisson"}


def net_from(module: Any, arguments: Mapping[str, Any]) -> Net:
    """The Net that a Linear or a Sequential of dense layers is."""
    layers, input_dropout = read_dense("from_torch", module, (-1, 1))
    *hidden, last = layers
    bias = any(layer.bias is not None for layer in layers)
    found = {
        "layers": [layers[0].weight.shape[1], *(len(layer.weight) for layer in layers)],
        "activation": [layer.activation for layer in hidden],
        "normalization": [layer.norm for layer in hidden],
        "dropout": [layer.dropout for layer in hidden],
        "input_dropout": input_dropout,
        "bias": bias,
        **ending(last),
    }
    state = state_of(layers, "", bias)
    return Net(**merged(found, arguments, state)).load_state_dict(state)


def merged(found: Mapping[str, Any], given: Mapping[str, Any], state: Mapping[str, Array]) -> dict[str, Any]:
    """A constructor's arguments: what modules say, what the user says, and by default the parameters' type."""
    for name in sorted((found.keys() & given.keys()) - FREE):
        raise TypeError(f"{name} is read from the module, {found[name]!r}; it cannot be given to from_torch")
    types = {array.dtype.name for array in state.values()}
    if len(types) > 1:
        raise TypeError(f"parameters must be all of one type, got {' and '.join(sorted(types))}")
    own = name_of(found.get("output_activation", ""))
    loss = {"loss": _OWN_LOSS[own]} if own in _OWN_LOSS and found.get("output") != "ctc" else {}
    return {"dtype": types.pop(), **loss, **found, **given}


def ending(last: Dense) -> dict[str, Any]:
    """The output activation if the module has one. If not, it is the loss's affair, as in PyTorch."""
    return {} if last.activation == "identity" else {"output_activation": last.activation}


def array_of(tensor: Any) -> Array:
    """A parameter's numbers."""
    if tensor.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"parameters must be torch.float32 or torch.float64, got {tensor.dtype}")
    array: Array = tensor.detach().cpu().numpy()
    return array


def read_dense(name: str, module: Any, axes: Sequence[int]) -> tuple[list[Dense], float]:
    """The dense layers of a module, the output layer last, and the dropout of their inputs.

    Parameters
    ----------
    name : str
        What messages call the module.
    module : nn.Linear or nn.Sequential
    axes : sequence of int
        Names of the outputs' last dimension.

    Raises
    ------
    TypeError
        Naming the first layer that is not known or stands where no Net has it.
    """
    if not isinstance(module, (nn.Linear, nn.Sequential)):
        raise TypeError(
            f"{name} takes a Sequential of Linear, BatchNorm1d or LayerNorm, an activation and Dropout, an "
            f"nn.RNN, GRU or LSTM with a head, or what to_torch returns; got {type(module).__name__}"
        )
    layers: list[Dense] = []
    first, reached = 0.0, -1
    for place, part in _flat(module, ""):
        called = f"layer {place or 0} of {name}, {part},"
        if type(part) is nn.Linear:
            weight = array_of(part.weight)
            if layers and weight.shape[1] != len(layers[-1].weight):
                raise ValueError(f"{called} must have {len(layers[-1].weight)} inputs, as many as come to it")
            layers.append(Dense(weight=weight, bias=None if part.bias is None else array_of(part.bias)))
            reached = -1
            continue
        stage, value = _stage(called, part, axes)
        if not layers:
            if stage != "dropout" or first:
                raise TypeError(f"{called} must follow a Linear: only one Dropout may stand before the first")
            first = value
            continue
        if _STAGES.index(stage) <= reached:
            raise TypeError(f"{called} is out of place: after a Linear come {', then '.join(_STAGES)}")
        reached = _STAGES.index(stage)
        if stage == "norm":
            _normalise(called, part, layers[-1])
        else:
            setattr(layers[-1], stage, value)
    if not layers:
        raise TypeError(f"{name} must have at least one Linear")
    if layers[-1].norm != "none" or layers[-1].dropout:
        raise TypeError(f"nothing but an activation may follow the last Linear of {name}")
    return layers, first


def _flat(module: Any, place: str) -> Iterator[tuple[str, Any]]:
    """The parts of Sequentials in Sequentials, without those that do nothing."""
    if isinstance(module, nn.Sequential):
        for name, part in module.named_children():
            yield from _flat(part, f"{place}.{name}" if place else name)
    elif type(module) is not nn.Identity and not (type(module) is nn.Dropout and module.p == 0):
        yield place, module


def _stage(called: str, part: Any, axes: Sequence[int]) -> tuple[str, Any]:
    """Which of `_STAGES` a part is, and its activation or share."""
    if type(part) in (nn.BatchNorm1d, nn.LayerNorm):
        return "norm", None
    if type(part) is nn.Dropout:
        return "dropout", float(part.p)
    activation = activation_of(part, axes)
    if activation is None:
        known = f"Linear, BatchNorm1d, LayerNorm, Dropout and, with PyTorch's defaults, {', '.join(KNOWN)}"
        raise TypeError(f"{called} has no equal in this package, which knows {known}")
    return "activation", activation


def _normalise(called: str, part: Any, layer: Dense) -> None:
    """Give a layer its norm."""
    units = len(layer.weight)
    batch = type(part) is nn.BatchNorm1d
    size = part.num_features if batch else part.normalized_shape
    if size != (units if batch else (units,)):
        raise ValueError(f"{called} must be of size {units}, the Linear's outputs")
    if part.eps != EPS:
        raise ValueError(f"{called} must have eps={EPS}")
    if batch and part.running_mean is None:
        raise ValueError(f"{called} must have running statistics")
    like = layer.weight.dtype
    layer.norm = "batch" if batch else "layer"
    layer.statistics = {
        "weight": np.ones(units, like) if part.weight is None else array_of(part.weight),
        "bias": np.zeros(units, like) if part.bias is None else array_of(part.bias),
    }
    for name in ("running_mean", "running_var") if batch else ():
        layer.statistics[name] = array_of(getattr(part, name))
