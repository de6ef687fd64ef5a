"""A Net's configuration, checked: one form for what the constructor was told, and its way to engine and file.

Nothing here touches the engine, and sizes are judged before anything is allocated.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from . import _checks, activations, cuda, losses, optimizers
from ._described import Described, from_config

MOST_SEED = 2**64 - 1
NORMALIZATIONS = ("none", "batch", "layer")
INITIALIZATIONS = (
    "auto", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal",
    "orthogonal", "normal", "zeros",
)  # fmt: skip


@dataclass(frozen=True)
class NetConfig:
    """One value a layer where the constructor allows one for all. Layers of weights count from 0, the output last."""

    layers: tuple[int, ...]
    activation: tuple[activations.Activation | str, ...]
    output_activation: activations.Activation | str
    loss: losses.Loss | str
    optimizer: optimizers.Optimizer
    bias: bool
    dropout: tuple[float, ...]
    input_dropout: float
    normalization: tuple[str, ...]
    initialization: tuple[str, ...]
    dtype: str
    device: str
    threads: int | None
    seed: int

    @property
    def inputs(self) -> int:
        return self.layers[0]

    @property
    def outputs(self) -> int:
        return self.layers[-1]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every parameter's name and shape in PyTorch's layout, such as "0.weight": (out, in)."""
        found: dict[str, tuple[int, ...]] = {}
        for i, (inputs, units) in enumerate(zip(self.layers, self.layers[1:], strict=False)):
            found[f"{i}.weight"] = (units, inputs)
            if self.bias:
                found[f"{i}.bias"] = (units,)
            norm = self.normalization[i] if i < len(self.normalization) else "none"
            for part in _NORM_PARTS[norm]:
                found[f"{i}.norm.{part}"] = (units,)
        return found

    def spec(self) -> dict[str, Any]:
        """What the engine's constructor reads."""
        hidden = zip(self.activation, self.dropout, self.normalization, strict=True)
        pieces = [*hidden, (self.output_activation, 0.0, "none")]
        layers = [
            {
                "units": units, "bias": self.bias, "dropout": dropout,
                "activation": activations.name_of(act), "alpha": activations.parameter_of(act),
                "norm": norm, "norm_eps": 1e-5, "norm_momentum": 0.1,
                "init": _initialization(init, act), "init_gain": 1.0,
            }
            for units, init, (act, dropout, norm) in zip(
                self.layers[1:], self.initialization, pieces, strict=True
            )
        ]  # fmt: skip
        return {
            "dtype": self.dtype, "seed": self.seed, "threads": self.threads or 0, "inputs": self.inputs,
            "input_dropout": self.input_dropout, "layers": layers, "loss": losses.spec_of(self.loss),
            "optimizer": self.optimizer._spec(), "schedule": self.optimizer._schedule_spec(),
        }  # fmt: skip

    def to_config(self) -> dict[str, Any]:
        """Plain values for a file; device and threads belong to the machine and stay out."""
        return {
            f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.name not in ("device", "threads")
        }

    def with_seed(self, seed: Any) -> NetConfig:
        return replace(self, seed=as_seed(seed))


_NORM_PARTS = {
    "none": (),
    "batch": ("weight", "bias", "running_mean", "running_var"),
    "layer": ("weight", "bias"),
}


def make_config(
    layers: Any,
    *,
    activation: Any = "relu",
    output_activation: Any = None,
    loss: Any = None,
    optimizer: Any = None,
    bias: Any = True,
    dropout: Any = 0.0,
    input_dropout: Any = 0.0,
    normalization: Any = None,
    initialization: Any = "auto",
    dtype: Any = "float32",
    device: Any = "cpu",
    threads: Any = None,
    seed: Any = 0,
) -> NetConfig:
    """The constructor's arguments, checked; ValueError or TypeError naming the first that cannot be."""
    sizes = _sizes(layers)
    hidden = len(sizes) - 2
    chosen_loss = losses.as_loss(loss)
    acts = _checks.per_layer("activation", activation, hidden, "hidden layer")
    drops = _checks.per_layer("dropout", dropout, hidden, "hidden layer")
    norms = _checks.per_layer("normalization", normalization, hidden, "hidden layer")
    inits = _checks.per_layer("initialization", initialization, hidden + 1, "layer of weights")
    config = NetConfig(
        layers=sizes,
        activation=tuple(activations.as_activation("activation", a) for a in acts),
        output_activation=_output_activation(output_activation, chosen_loss, sizes[-1]),
        loss=chosen_loss,
        optimizer=_optimizer(optimizer),
        bias=_checks.flag("bias", bias),
        dropout=tuple(_checks.real("dropout", d, 0.0, 1.0, below=True) for d in drops),
        input_dropout=_checks.real("input_dropout", input_dropout, 0.0, 1.0, below=True),
        normalization=tuple(
            _checks.choice("normalization", "none" if n is None else n, NORMALIZATIONS) for n in norms
        ),
        initialization=tuple(_checks.choice("initialization", i, INITIALIZATIONS) for i in inits),
        dtype=as_dtype(dtype),
        device=cuda.choose(device),
        threads=None if threads is None else _checks.integer("threads", threads, 1, _checks.MOST_THREADS),
        seed=as_seed(seed),
    )
    _fits_memory(config)
    return config


def read_config(config: Any, *, device: Any = "cpu", threads: Any = None) -> NetConfig:
    """The configuration that `NetConfig.to_config` wrote, checked again from scratch."""
    if not isinstance(config, dict):
        raise TypeError(f"the configuration must be a dictionary, got {type(config).__name__}")
    wanted = {f.name for f in fields(NetConfig)} - {"device", "threads"}
    if set(config) != wanted:
        wrong = sorted(map(str, wanted ^ set(config)))
        raise ValueError(f"the configuration lacks or does not know {', '.join(wrong)}")
    values = dict(config)
    values["optimizer"] = from_config("optimizer", values["optimizer"], optimizers.KINDS)
    if isinstance(values["loss"], dict):
        values["loss"] = from_config("loss", values["loss"], losses.KINDS)
    for key in ("activation", "output_activation"):
        values[key] = _each(values[key], lambda v, key=key: from_config(key, v, activations.KINDS))
    return make_config(**values, device=device, threads=threads)


def as_dtype(dtype: Any) -> str:
    """Either "float32" or "float64", from a name, a type or a NumPy dtype."""
    try:
        name = np.dtype(dtype).name if dtype is not None else "None"
    except TypeError:
        name = repr(dtype)
    if name not in ("float32", "float64"):
        raise ValueError(f'dtype must be "float32" or "float64", got {dtype!r}')
    return name


def as_seed(seed: Any) -> int:
    """A seed of 64 bits; None draws one from the operating system."""
    if seed is None:
        return int.from_bytes(os.urandom(8), "little")
    return _checks.integer("seed", seed, 0, MOST_SEED)


def _sizes(layers: Any) -> tuple[int, ...]:
    if isinstance(layers, (str, bytes)) or not isinstance(layers, Iterable):
        raise TypeError(f"layers must be a list of sizes such as [64, 128, 10], got {layers!r}")
    sizes = tuple(_checks.integer(f"layers[{i}]", size) for i, size in enumerate(layers))
    if len(sizes) < 2:
        raise ValueError(f"layers must name at least inputs and outputs, as in [64, 10]; got {list(sizes)}")
    return sizes


def _output_activation(
    activation: Any, loss: losses.Loss | str, outputs: int
) -> activations.Activation | str:
    """The one asked for if it goes with the loss; by default the loss's own."""
    name = losses.name_of(loss)
    allowed = losses.OUTPUTS.get(name)
    if name == "cross_entropy" and outputs < 2:
        raise ValueError(
            "cross_entropy needs at least 2 outputs, one per class; use binary_cross_entropy for 1"
        )
    if activation is None:
        activation = (
            ("sigmoid" if name == "focal" and outputs == 1 else allowed[0]) if allowed else "identity"
        )
    chosen = activations.as_activation("output_activation", activation, activations.OUTPUT)
    own = activations.name_of(chosen)
    if allowed and own not in allowed:
        raise ValueError(f"output_activation must be {' or '.join(allowed)} for loss {name!r}, got {own!r}")
    if not allowed and own in ("softmax", "exp"):
        raise ValueError(f"output_activation {own!r} does not go with loss {name!r}")
    if own == "softmax" and outputs < 2:
        raise ValueError("softmax needs at least 2 outputs, got 1")
    if isinstance(loss, losses.Focal) and loss.alpha is not None and own == "softmax":
        raise ValueError("Focal(alpha=...) needs sigmoid outputs; with softmax give class_weight to fit")
    return chosen


def _optimizer(optimizer: Any) -> optimizers.Optimizer:
    if optimizer is None:
        return optimizers.Adam()
    if isinstance(optimizer, optimizers.Optimizer) and optimizer.name:
        return optimizer
    by_name = {kind.name: kind for kind in optimizers.KINDS.values()}
    if isinstance(optimizer, str):
        return by_name[_checks.choice("optimizer", optimizer, by_name)]()
    raise TypeError(
        f"optimizer must be one of {', '.join(optimizers.KINDS)}, such as Adam(1e-3); got {optimizer!r}"
    )


def _initialization(name: str, activation: activations.Activation | str) -> str:
    if name != "auto":
        return name
    return "he_uniform" if activations.name_of(activation) in activations.RELU_FAMILY else "glorot_uniform"


def _fits_memory(config: NetConfig) -> None:
    """Refuse what this machine cannot hold: weights, gradients and two moments at the least."""
    numbers = sum(int(np.prod(shape, dtype=object)) for shape in config.shapes().values())
    needed = 4 * numbers * np.dtype(config.dtype).itemsize
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        there = 2**48
    if needed > there:
        raise ValueError(
            f"layers {list(config.layers)} have {numbers} parameters and need {needed / 2**30:.3g} GiB to train; "
            f"this machine has {there / 2**30:.3g} GiB"
        )


def _plain(value: Any) -> Any:
    if isinstance(value, Described):
        return value.to_config()
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _each(value: Any, decode: Any) -> Any:
    """Descriptions among names, in a list or alone."""
    if isinstance(value, list):
        return [_each(item, decode) for item in value]
    return decode(value) if isinstance(value, dict) else value
