"""Activation functions: names, and classes for those with a parameter.

``csrc/formulas/activation.h`` computes them; ``deepseek.reference.activation`` defines them in NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ._config.base import ConfigBase, number
from ._config.checks import choice

__all__ = ["ELU", "Activation", "LeakyReLU"]

RELU_FAMILY = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "hard_swish")
"""Activations that are initialised after He et al. (2015)."""

HIDDEN = ("identity", "sigmoid", "tanh", "softplus", "hard_sigmoid", *RELU_FAMILY)
OUTPUT = (*HIDDEN, "softmax", "exp")


@dataclass(frozen=True, repr=False)
class Activation(ConfigBase):
    """Base class of activations with a parameter; use a subclass."""

    name: ClassVar[str] = ""


@dataclass(frozen=True, repr=False)
class LeakyReLU(Activation):
    """z for z > 0, else slope·z (Maas et al. 2013).

    Parameters
    ----------
    slope : float, default=0.01
        Slope for negative z, in [0, 1).

    Raises
    ------
    TypeError, ValueError
        For an invalid slope.
    """

    name: ClassVar[str] = "leaky_relu"
    slope: float = number(0.01, 0, 1, below=True)


@dataclass(frozen=True, repr=False)
class ELU(Activation):
    """z for z > 0, else alpha·(exp(z) - 1) (Clevert et al. 2016).

    Parameters
    ----------
    alpha : float, default=1.0
        Negative of the limit for z → -∞, above 0.

    Raises
    ------
    TypeError, ValueError
        For an invalid alpha.
    """

    name: ClassVar[str] = "elu"
    alpha: float = number(1.0, above=True)


KINDS: dict[str, type[Activation]] = {c.__name__: c for c in (LeakyReLU, ELU)}

_CLASSES: dict[str, type[Activation]] = {c.name: c for c in KINDS.values()}


def as_activation(name: str, value: Any, names: tuple[str, ...] = HIDDEN) -> Activation | str:
    """Validate an activation: a name or an `Activation`; a name with a parameter becomes an `Activation`."""
    if isinstance(value, Activation):
        return value
    chosen = choice(name, value, names)
    return _CLASSES[chosen]() if chosen in _CLASSES else chosen


def name_of(activation: Activation | str) -> str:
    """Return the name of an activation."""
    return activation if isinstance(activation, str) else activation.name


def parameter_of(activation: Activation | str) -> float:
    """Return the parameter of an activation, such as slope or alpha; 1 if it has none."""
    return 1.0 if isinstance(activation, str) else float(next(iter(vars(activation).values())))
