"""What every model's configuration has: loss, optimizer, type, seed; checked, and its way to a file and back.

The children say what the layers are. Nothing here touches the engine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from math import prod
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from . import _checks, activations, cuda, losses, optimizers
from ._described import Described, from_config

MOST_SEED = 2**64 - 1
INITIALIZATIONS = (
    "auto", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal",
    "orthogonal", "normal", "zeros",
)  # fmt: skip

S = TypeVar("S", bound="Settings")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A model's configuration, every choice made."""

    loss: losses.Loss | str
    optimizer: optimizers.Optimizer
    bias: bool
    dtype: str
    device: str
    threads: int | None
    seed: int

    activated: ClassVar[tuple[str, ...]] = ()
    """The fields that hold activations."""

    @property
    def inputs(self) -> int:
        """Numbers a row, or a step, of the inputs."""
        raise NotImplementedError

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every parameter's name and shape in PyTorch's layout, such as "0.weight": (out, in)."""
        raise NotImplementedError

    def spec(self) -> dict[str, Any]:
        """What the engine's constructor reads: here, what all engines do."""
        return {"dtype": self.dtype, "seed": self.seed, "threads": self.threads or 0}

    def to_config(self) -> dict[str, Any]:
        """Plain values for a file; device and threads belong to the machine and stay out."""
        return {
            f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.name not in ("device", "threads")
        }

    def with_seed(self, seed: Any) -> Self:
        return replace(self, seed=as_seed(seed))

    def check_memory(self, what: str) -> None:
        """Refuse what this machine cannot hold: weights, gradients and two moments at the least."""
        numbers = sum(prod(shape) for shape in self.shapes().values())
        needed = 4 * numbers * np.dtype(self.dtype).itemsize
        try:
            there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        except (AttributeError, ValueError, OSError):
            there = 2**48
        if needed > there:
            raise ValueError(
                f"{what} have {numbers} parameters and need {needed / 2**30:.3g} GiB to train; "
                f"this machine has {there / 2**30:.3g} GiB"
            )


@dataclass(frozen=True, kw_only=True)
class Supervised(Settings):
    """Of a model that learns outputs for inputs."""

    output_activation: activations.Activation | str
    input_dropout: float

    activated: ClassVar[tuple[str, ...]] = ("output_activation",)

    @property
    def outputs(self) -> int:
        """Numbers of an output."""
        raise NotImplementedError

    def spec(self) -> dict[str, Any]:
        return {
            **super().spec(), "inputs": self.inputs, "input_dropout": self.input_dropout,
            "loss": losses.spec_of(self.loss), **training_spec(self.optimizer),
        }  # fmt: skip


def training_spec(optimizer: optimizers.Optimizer) -> dict[str, Any]:
    """How the engine shall train what an optimizer is given for."""
    return {"optimizer": optimizer._spec(), "schedule": optimizer._schedule_spec()}


def common(optimizer: Any, bias: Any, dtype: Any, device: Any, threads: Any, seed: Any) -> dict[str, Any]:
    """The arguments that mean the same for every model, checked."""
    return {
        "optimizer": as_optimizer("optimizer", optimizer),
        "bias": _checks.flag("bias", bias),
        "dtype": as_dtype(dtype),
        "device": cuda.choose(device),
        "threads": None if threads is None else _checks.integer("threads", threads, 1, _checks.MOST_THREADS),
        "seed": as_seed(seed),
    }


def read_settings(kind: type[S], make: Callable[..., S], config: Any, device: Any, threads: Any) -> S:
    """The configuration that `Settings.to_config` wrote, checked again from scratch."""
    if not isinstance(config, dict):
        raise TypeError(f"the configuration must be a dictionary, got {type(config).__name__}")
    wanted = {f.name for f in fields(kind)} - {"device", "threads"}
    if set(config) != wanted:
        wrong = sorted(map(str, wanted ^ set(config)))
        raise ValueError(f"the configuration lacks or does not know {', '.join(wrong)}")
    values = dict(config)
    values["optimizer"] = from_config("optimizer", values["optimizer"], optimizers.KINDS)
    if isinstance(values["loss"], dict):
        values["loss"] = from_config("loss", values["loss"], losses.KINDS)
    for key in kind.activated:
        values[key] = _each(key, values[key], activations.KINDS)
    return make(**values, device=device, threads=threads)


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


def as_output_activation(
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


def layer_spec(
    units: int, activation: activations.Activation | str, bias: bool, dropout: float, norm: str, init: str
) -> dict[str, Any]:
    """A dense layer as the engine reads it."""
    return {
        "units": units, "bias": bias, "dropout": dropout,
        "activation": activations.name_of(activation), "alpha": activations.parameter_of(activation),
        "norm": norm, "norm_eps": 1e-5, "norm_momentum": 0.1,
        "init": _initialization(init, activation), "init_gain": 1.0,
    }  # fmt: skip


def as_optimizer(name: str, optimizer: Any) -> optimizers.Optimizer:
    """An optimizer by name or description; None is Adam."""
    if optimizer is None:
        return optimizers.Adam()
    if isinstance(optimizer, optimizers.Optimizer) and optimizer.name:
        return optimizer
    by_name = {kind.name: kind for kind in optimizers.KINDS.values()}
    if isinstance(optimizer, str):
        return by_name[_checks.choice(name, optimizer, by_name)]()
    raise TypeError(
        f"{name} must be one of {', '.join(optimizers.KINDS)}, such as Adam(1e-3); got {optimizer!r}"
    )


def _initialization(name: str, activation: activations.Activation | str) -> str:
    if name != "auto":
        return name
    return "he_uniform" if activations.name_of(activation) in activations.RELU_FAMILY else "glorot_uniform"


def _plain(value: Any) -> Any:
    if isinstance(value, Described):
        return value.to_config()
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _each(name: str, value: Any, kinds: Mapping[str, type[activations.Activation]]) -> Any:
    """Descriptions among names, in a list or alone."""
    if isinstance(value, list):
        return [_each(name, item, kinds) for item in value]
    return from_config(name, value, kinds) if isinstance(value, dict) else value
