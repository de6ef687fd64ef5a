"""The options that every model has, and the way of a model's configuration to the engine, to a file and back.

The children add their layers. Nothing here touches the engine.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from math import prod
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from .. import activations, cuda, losses, optimizers, schedules
from . import checks
from .base import ConfigBase, count, number, option, plain, read_values, switch

MOST_SEED = 2**64 - 1
INITIALIZATIONS = (
    "auto", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal",
    "orthogonal", "normal", "zeros",
)  # fmt: skip
MACHINE = ("device", "threads")
"""Options that belong to the machine and stay out of files."""

M = TypeVar("M", bound="ModelConfig")


def as_dtype(dtype: Any) -> str:
    """Either "float32" or "float64", from a name, a type or a NumPy dtype."""
    try:
        name = np.dtype(dtype).name if dtype is not None else "None"
    except TypeError:
        name = repr(dtype)
    if name not in ("float32", "float64"):
        raise ValueError(f'dtype: got {dtype!r}; expected "float32" or "float64"')
    return name


def as_seed(seed: Any) -> int:
    """A seed of 64 bits; None draws one from the operating system."""
    if seed is None:
        return int.from_bytes(os.urandom(8), "little")
    return checks.integer("seed", seed, 0, MOST_SEED)


def as_optimizer(name: str, optimizer: Any) -> optimizers.Optimizer:
    """An optimizer, or one by name with its defaults; None is Adam."""
    if optimizer is None:
        return optimizers.Adam()
    if isinstance(optimizer, optimizers.Optimizer) and optimizer.name:
        return optimizer
    by_name = {kind.name: kind for kind in optimizers.KINDS.values()}
    if isinstance(optimizer, str):
        return by_name[checks.choice(name, optimizer, by_name)]()
    raise TypeError(
        f"{name}: got {optimizer!r}; expected one of {', '.join(optimizers.KINDS)}, such as Adam(1e-3)"
    )


def optimizer_option(default: Any, *, kw_only: Any = True) -> Any:
    """An optimizer; `default` may be None for Adam()."""

    def check(name: str, value: Any, _: Any) -> optimizers.Optimizer:
        return as_optimizer(name, default if value is None else value)

    return option(default, check, kinds=lambda: optimizers.KINDS, kw_only=kw_only)


def loss_kinds() -> dict[str, type[losses.Loss]]:
    """The losses with parameters, as files name them."""
    return losses.KINDS


def activation_kinds() -> dict[str, type[activations.Activation]]:
    """The activations with parameters, as files name them."""
    return activations.KINDS


def share(name: str, value: Any) -> float:
    """A probability of dropout, in [0, 1)."""
    return checks.real(name, value, 0.0, 1.0, below=True)


def initialization(name: str, value: Any) -> str:
    """A rule for initial weights."""
    return checks.choice(name, value, INITIALIZATIONS)


@dataclass(frozen=True, kw_only=True, repr=False)
class ModelConfig(ConfigBase):
    """A model's options, every choice made."""

    translated: ClassVar[frozenset[str]] = frozenset({"loss", "optimizer", "bias", "device"})
    kind: ClassVar[str]
    loss: losses.Loss | str = option(
        "squared_error", lambda name, value, _: losses.as_loss(value), kinds=loss_kinds
    )
    optimizer: optimizers.Optimizer = optimizer_option(None)
    bias: bool = switch(True)
    dtype: str = option("float32", lambda name, value, _: as_dtype(value))
    device: str = option("cpu", lambda name, value, config: cuda.choose(value, config.kind))
    threads: int | None = count(None, 1, checks.MOST_THREADS)
    seed: int = option(0, lambda name, value, _: as_seed(value))

    @property
    def inputs(self) -> int:
        """Numbers in a row, or in a step, of the inputs."""
        raise NotImplementedError

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every parameter's name and shape in PyTorch's layout, such as "0.weight": (out, in)."""
        raise NotImplementedError

    def spec(self) -> dict[str, Any]:
        """The options as the engine's constructor reads them."""
        return self._spec()

    def to_config(self) -> dict[str, Any]:
        """Plain values for a file; device and threads belong to the machine and stay out."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self) if f.name not in MACHINE}

    def on_device(self, device: Any) -> Self:
        """The same on another device."""
        return replace(self, device=cuda.choose(device, self.kind))

    def with_seed(self, seed: Any) -> Self:
        """The same with another seed."""
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


@dataclass(frozen=True, kw_only=True, repr=False)
class SupervisedConfig(ModelConfig):
    """Options of a model that learns outputs for inputs."""

    translated: ClassVar[frozenset[str]] = ModelConfig.translated | {"output_activation"}
    output_activation: activations.Activation | str = option(
        None, lambda name, value, _: value, kinds=activation_kinds
    )  # checked with the loss and the number of outputs
    input_dropout: float = number(0.0, 0.0, 1.0, below=True)

    @property
    def outputs(self) -> int:
        """Numbers in an output."""
        raise NotImplementedError

    def _complete(self) -> None:
        chosen = as_output_activation(self.output_activation, self.loss, self.outputs)
        self._set("output_activation", chosen)

    def spec(self) -> dict[str, Any]:
        return {**super().spec(), "loss": losses.spec_of(self.loss), **training_spec(self.optimizer)}


def takes_labels(config: SupervisedConfig) -> bool:
    """Whether y may be class indices: cross-entropy, and focal with softmax."""
    return targets_of(config) in ("classes", "class_probabilities")


def targets_of(config: SupervisedConfig) -> str:
    """Kind of targets, as `losses.TARGETS` lists them."""
    return losses.targets_of(config.loss, activations.name_of(config.output_activation))


def as_output_activation(
    activation: Any, loss: losses.Loss | str, outputs: int
) -> activations.Activation | str:
    """The activation given, if it goes with the loss; by default the loss's own."""
    name = losses.name_of(loss)
    allowed = losses.output_activations(name)
    if allowed == ("softmax",) and outputs < 2:
        raise ValueError(
            f"loss: got {name!r} with 1 output; expected at least 2 outputs, one per class, or "
            "binary_cross_entropy for 1"
        )
    if activation is None:
        fitting = [a for a in allowed if a != "softmax" or outputs > 1]
        activation = fitting[0] if fitting else "identity"
    chosen = activations.as_activation("output_activation", activation, activations.OUTPUT)
    own = activations.name_of(chosen)
    if allowed and own not in allowed:
        raise ValueError(f"output_activation: got {own!r}; expected {' or '.join(allowed)} for loss {name!r}")
    if not allowed and own in ("softmax", "exp"):
        raise ValueError(f"output_activation: got {own!r}; expected an elementwise one for loss {name!r}")
    if own == "softmax" and outputs < 2:
        raise ValueError("output_activation: got 'softmax' with 1 output; expected at least 2 outputs")
    if isinstance(loss, losses.Focal) and loss.alpha is not None and own == "softmax":
        raise ValueError(
            f"loss: got {loss!r} with softmax outputs; expected sigmoid outputs, or class_weight in fit "
            "instead of alpha"
        )
    return chosen


def training_spec(optimizer: optimizers.Optimizer) -> dict[str, Any]:
    """How the engine shall train the parameters that the optimizer is for."""
    schedule = optimizer.schedule or schedules.Constant()
    return {"optimizer": optimizer._spec(), "schedule": schedule._spec()}


def layer_spec(
    units: int, activation: activations.Activation | str, bias: bool, dropout: float, norm: str, init: str
) -> dict[str, Any]:
    """A dense layer as the engine reads it."""
    return {
        "units": units, "bias": bias, "dropout": dropout,
        "activation": activations.name_of(activation), "alpha": activations.parameter_of(activation),
        "normalization": norm, "norm_eps": 1e-5, "norm_momentum": 0.1,
        "initialization": _initialization(init, activation), "init_gain": 1.0,
    }  # fmt: skip


def _initialization(name: str, activation: activations.Activation | str) -> str:
    if name != "auto":
        return name
    return "he_uniform" if activations.name_of(activation) in activations.RELU_FAMILY else "glorot_uniform"


def read_config(kind: type[M], config: Any, *, device: Any = "cpu", threads: Any = None) -> M:
    """The configuration that `ModelConfig.to_config` wrote, checked again from scratch."""
    if not isinstance(config, dict):
        raise TypeError(f"the configuration: got {type(config).__name__}; expected a dictionary")
    known = {f.name for f in fields(kind)} - set(MACHINE)
    if set(config) != known:
        wrong = sorted(map(str, known ^ set(config)))
        raise ValueError(f"the configuration lacks or does not know {', '.join(wrong)}")
    made = kind(**read_values(kind, config), device=device, threads=threads)
    for key, value in made.to_config().items():
        if config[key] != value:  # a shorthand that the constructor takes, but no file holds
            raise ValueError(
                f"{key}: got {checks.short(config[key])}; expected {checks.short(value)} in a file"
            )
    return made
