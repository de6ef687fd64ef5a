"""Optimizers: how a gradient changes the weights. Descriptions only, PyTorch's definitions and names.

The arithmetic is the engine's (``csrc/formulas/update.h``) and, in NumPy, ``deepseek.reference.optimizer``.
Order of what happens to a gradient: scaled so that its norm over all parameters is at most ``clip_norm``,
clamped to ±``clip_value``; then, for weight matrices only, ``l2``·w + ``l1``·sign(w) is added; then the rule.
Decoupled decay shrinks weight matrices by 1 - rate·``weight_decay`` before the rule's step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from . import schedules
from ._described import Described, described, number, switch

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Lion", "Optimizer", "RMSProp"]

_DEFAULTS: dict[str, Any] = {
    "momentum": 0.0, "nesterov": False, "beta1": 0.9, "beta2": 0.999, "rho": 0.9, "eps": 1e-8,
    "weight_decay": 0.0, "l1": 0.0, "l2": 0.0, "clip_norm": 0.0, "clip_value": 0.0,
}  # fmt: skip


@dataclass(frozen=True, repr=False, kw_only=True)
class Optimizer(Described):
    """Base of all optimizers; use one of its children. These parameters they share, by keyword only.

    Parameters
    ----------
    schedule : Schedule, optional
        How the rate changes; default: not at all.
    clip_norm : float, optional
        Largest norm of the whole gradient; None: not clipped.
    clip_value : float, optional
        Largest magnitude of a gradient's element; None: not clipped.
    l1, l2 : float, default=0.0
        Penalties l1·Σ|w| and ½·l2·Σw² on weight matrices, through the gradient; the reported loss is without
        them.
    weight_decay : float, default=0.0 (AdamW: 0.01)
        Decoupled decay of weight matrices: each step takes away rate·weight_decay·w.
    """

    name: ClassVar[str] = ""
    schedule: schedules.Schedule | None = described(  # noqa: RUF009  a field, like those below
        schedules.Schedule, lambda: schedules.KINDS
    )
    clip_norm: float | None = number(None, above=True)
    clip_value: float | None = number(None, above=True)
    l1: float = number(0.0)
    l2: float = number(0.0)
    weight_decay: float = number(0.0)

    def _spec(self) -> dict[str, Any]:
        """What the engine reads: the fields of all optimizers, ours filled in."""
        own = {key: value for key, value in vars(self).items() if value is not None and key != "schedule"}
        return {"name": self.name, **_DEFAULTS, **own}

    def _schedule_spec(self) -> dict[str, Any]:
        return (self.schedule or schedules.Constant())._spec()


@dataclass(frozen=True, repr=False)
class SGD(Optimizer):
    """Gradient descent, with momentum if asked for.

    Parameters
    ----------
    rate : float, default=0.01
        Learning rate, above 0.
    momentum : float, default=0.0
        Share of the last step that is kept, in [0, 1).
    nesterov : bool, default=False
        Look ahead along the momentum (Sutskever et al. 2013); needs ``momentum`` above 0.
    **common
        As in `Optimizer`.
    """

    name: ClassVar[str] = "sgd"
    rate: float = number(0.01, above=True)
    momentum: float = number(0.0, 0, 1, below=True)
    nesterov: bool = switch(False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nesterov and self.momentum == 0.0:
            raise ValueError("nesterov needs momentum above 0, got momentum=0")


@dataclass(frozen=True, repr=False)
class Adam(Optimizer):
    """Adaptive moments (Kingma & Ba 2015).

    Parameters
    ----------
    rate : float, default=0.001
        Learning rate, above 0.
    beta1, beta2 : float, default=0.9, 0.999
        Memory of the first and second moment, in [0, 1).
    eps : float, default=1e-8
        Added to the root of the second moment, above 0.
    **common
        As in `Optimizer`; ``weight_decay`` is decoupled here too.
    """

    name: ClassVar[str] = "adam"
    rate: float = number(1e-3, above=True)
    beta1: float = number(0.9, 0, 1, below=True)
    beta2: float = number(0.999, 0, 1, below=True)
    eps: float = number(1e-8, above=True)


@dataclass(frozen=True, repr=False)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019): `Adam` with ``weight_decay=0.01``.

    Parameters
    ----------
    rate, beta1, beta2, eps
        As in `Adam`.
    weight_decay : float, default=0.01
        Each step takes away rate·weight_decay·w.
    **common
        As in `Optimizer`.
    """

    name: ClassVar[str] = "adamw"
    weight_decay: float = number(0.01, kw_only=True)


@dataclass(frozen=True, repr=False)
class RMSProp(Optimizer):
    """Gradients divided by the root of their mean square (Tieleman & Hinton 2012; momentum: Graves 2013).

    Parameters
    ----------
    rate : float, default=0.001
        Learning rate, above 0.
    rho : float, default=0.9
        Memory of the mean square, in [0, 1).
    momentum : float, default=0.0
        Share of the last step that is kept, in [0, 1).
    eps : float, default=1e-8
        Added to the root, above 0.
    **common
        As in `Optimizer`.
    """

    name: ClassVar[str] = "rmsprop"
    rate: float = number(1e-3, above=True)
    rho: float = number(0.9, 0, 1, below=True)
    momentum: float = number(0.0, 0, 1, below=True)
    eps: float = number(1e-8, above=True)


@dataclass(frozen=True, repr=False)
class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of their squares (Duchi et al. 2011).

    Parameters
    ----------
    rate : float, default=0.01
        Learning rate, above 0.
    eps : float, default=1e-10
        Added to the root, above 0.
    **common
        As in `Optimizer`.
    """

    name: ClassVar[str] = "adagrad"
    rate: float = number(0.01, above=True)
    eps: float = number(1e-10, above=True)


@dataclass(frozen=True, repr=False)
class Lion(Optimizer):
    """Steps of one size, along the sign of the moment (Chen et al. 2023).

    Parameters
    ----------
    rate : float, default=1e-4
        Learning rate, above 0; about a tenth of what Adam wants.
    beta1, beta2 : float, default=0.9, 0.99
        Weight of the moment in the step, memory of the moment, in [0, 1).
    **common
        As in `Optimizer`.
    """

    name: ClassVar[str] = "lion"
    rate: float = number(1e-4, above=True)
    beta1: float = number(0.9, 0, 1, below=True)
    beta2: float = number(0.99, 0, 1, below=True)


KINDS: dict[str, type[Optimizer]] = {c.__name__: c for c in (SGD, Adam, AdamW, RMSProp, Adagrad, Lion)}
