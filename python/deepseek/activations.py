"""Activations: a name, or a description where there is something to choose.

The arithmetic is the engine's (``csrc/formulas/activation.h``) and, in NumPy,
``deepseek.reference.activation``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ._checks import choice
from ._described import Described, number

__all__ = ["ELU", "Activation", "LeakyReLU"]

RELU_FAMILY = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "hard_swish")
"""Activations that want He's initialisation."""

HIDDEN = ("identity", "sigmoid", "tanh", "softplus", "hard_sigmoid", *RELU_FAMILY)
OUTPUT = (*HIDDEN, "softmax", "exp")


@dataclass(frozen=True, repr=False)
class Activation(Described):
    """Base of the activations that have a parameter; use one of its children."""

    name: ClassVar[str] = ""


@dataclass(frozen=True, repr=False)
class LeakyReLU(Activation):
    """z for z > 0, else slope·z (Maas et al. 2013).

    Parameters
    ----------
    slope : float, default=0.01
        Slope of the negative side, in [0, 1).
    """

    name: ClassVar[str] = "leaky_relu"
    slope: float = number(0.01, 0, 1, below=True)


@dataclass(frozen=True, repr=False)
class ELU(Activation):
    """z for z > 0, else alpha·(exp(z) - 1) (Clevert et al. 2016).

    Parameters
    ----------
    alpha : float, default=1.0
        Where the negative side ends, above 0.
    """

    name: ClassVar[str] = "elu"
    alpha: float = number(1.0, above=True)


KINDS: dict[str, type[Activation]] = {c.__name__: c for c in (LeakyReLU, ELU)}

_CLASSES: dict[str, type[Activation]] = {c.name: c for c in KINDS.values()}


def as_activation(name: str, value: Any, names: tuple[str, ...] = HIDDEN) -> Activation | str:
    """An activation by name or description: the description if there is one, else the name."""
    if isinstance(value, Activation):
        return value
    chosen = choice(name, value, names)
    return _CLASSES[chosen]() if chosen in _CLASSES else chosen


def name_of(activation: Activation | str) -> str:
    """Its name."""
    return activation if isinstance(activation, str) else activation.name


def parameter_of(activation: Activation | str) -> float:
    """Its parameter, whatever it is called; 1 if it has none."""
    return 1.0 if isinstance(activation, str) else float(next(iter(vars(activation).values())))
