"""Optimizers: how a gradient changes the weights. Each class holds the options of one, with PyTorch's definitions.

The arithmetic is in the engine (``csrc/formulas/optimizer_rules.h``) and, in NumPy, in
``deepseek.reference.optimizer``. A step treats a gradient in this order. It is scaled so that its norm over all
parameters is at most ``clip_norm``, then clamped to ±``clip_value``. For weight matrices, ``l2``·w + ``l1``·sign(w)
is added. Then the rule applies. Decoupled decay multiplies weight matrices by 1 - learning_rate·``weight_decay``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from . import schedules
from ._config.base import ConfigBase, nested, number, switch

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Lion", "NAdam", "Optimizer", "RMSProp"]


@dataclass(frozen=True, repr=False, kw_only=True)
class Optimizer(ConfigBase):
    """Base class of the optimizers, with the parameters that all of them take by keyword.

    Parameters
    ----------
    schedule : Schedule, optional
        Schedule of the learning rate. Default: constant.
    clip_norm : float, optional
        Largest norm of the whole gradient, above 0. Default None: no clipping by norm.
    clip_value : float, optional
        Largest magnitude of an element of the gradient, above 0. Default None: no clipping by value.
    l1, l2 : float, default=0.0
        Weights of the penalties l1·Σ|w| and ½·l2·Σw² on weight matrices. They enter the gradient only; the reported
        loss excludes them.
    weight_decay : float, default=0.0 (AdamW: 0.01)
        Decoupled decay of weight matrices: each step subtracts learning_rate·weight_decay·w.
    """

    name: ClassVar[str] = ""
    translated: ClassVar[frozenset[str]] = frozenset({"schedule"})
    schedule: schedules.Schedule | None = nested(schedules.Schedule, lambda: schedules.KINDS)
    clip_norm: float | None = number(None, above=True)
    clip_value: float | None = number(None, above=True)
    l1: float = number(0.0)
    l2: float = number(0.0)
    weight_decay: float = number(0.0)

    def _spec(self) -> dict[str, Any]:
        return {"name": self.name, **super()._spec()}


@dataclass(frozen=True, repr=False)
class SGD(Optimizer):
    """Stochastic gradient descent, optionally with momentum.

    Parameters
    ----------
    learning_rate : float, default=0.01
        Learning rate, above 0.
    momentum : float, default=0.0
        Momentum: the share of the previous step that is kept, in [0, 1).
    nesterov : bool, default=False
        Nesterov's form of momentum (Sutskever et al. 2013); needs ``momentum`` above 0.
    **common
        Parameters of `Optimizer`.
    """

    name: ClassVar[str] = "sgd"
    learning_rate: float = number(0.01, above=True)
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
    learning_rate : float, default=0.001
        Learning rate, above 0.
    beta1, beta2 : float, default=0.9, 0.999
        Decay rates of the first and second moment, in [0, 1).
    eps : float, default=1e-8
        Constant added to the root of the second moment, above 0.
    **common
        Parameters of `Optimizer`; ``weight_decay`` is decoupled here too.
    """

    name: ClassVar[str] = "adam"
    learning_rate: float = number(1e-3, above=True)
    beta1: float = number(0.9, 0, 1, below=True)
    beta2: float = number(0.999, 0, 1, below=True)
    eps: float = number(1e-8, above=True)


@dataclass(frozen=True, repr=False)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019): `Adam` with ``weight_decay=0.01``.

    Parameters
    ----------
    learning_rate, beta1, beta2, eps
        Parameters of `Adam`.
    weight_decay : float, default=0.01
        Decoupled decay: each step subtracts learning_rate·weight_decay·w.
    **common
        Parameters of `Optimizer`.
    """

    name: ClassVar[str] = "adamw"
    weight_decay: float = number(0.01, kw_only=True)


@dataclass(frozen=True, repr=False)
class NAdam(Adam):
    """Adam with Nesterov momentum (Dozat 2016).

    The momentum of step t is mu_t = beta1·(1 - ½·0.96^(t·momentum_decay)).

    Parameters
    ----------
    learning_rate : float, default=0.002
        Learning rate, above 0.
    beta1, beta2, eps
        Parameters of `Adam`.
    momentum_decay : float, default=0.004
        Rate at which the momentum rises from ½·beta1 to beta1, at least 0.
    **common
        Parameters of `Optimizer`; ``weight_decay`` is decoupled, PyTorch's ``decoupled_weight_decay=True``.
    """

    name: ClassVar[str] = "nadam"
    learning_rate: float = number(2e-3, above=True)
    momentum_decay: float = number(4e-3)


@dataclass(frozen=True, repr=False)
class RMSProp(Optimizer):
    """RMSProp: gradients over the root of their mean square (Tieleman & Hinton 2012; momentum: Graves 2013).

    Parameters
    ----------
    learning_rate : float, default=0.001
        Learning rate, above 0.
    rho : float, default=0.9
        Decay rate of the mean square, in [0, 1).
    momentum : float, default=0.0
        Momentum: the share of the previous step that is kept, in [0, 1).
    eps : float, default=1e-8
        Constant added to the root, above 0.
    **common
        Parameters of `Optimizer`.
    """

    name: ClassVar[str] = "rmsprop"
    learning_rate: float = number(1e-3, above=True)
    rho: float = number(0.9, 0, 1, below=True)
    momentum: float = number(0.0, 0, 1, below=True)
    eps: float = number(1e-8, above=True)


@dataclass(frozen=True, repr=False)
class Adagrad(Optimizer):
    """Adagrad: gradients over the root of the sum of their squares (Duchi et al. 2011).

    Parameters
    ----------
    learning_rate : float, default=0.01
        Learning rate, above 0.
    eps : float, default=1e-10
        Constant added to the root, above 0.
    **common
        Parameters of `Optimizer`.
    """

    name: ClassVar[str] = "adagrad"
    learning_rate: float = number(0.01, above=True)
    eps: float = number(1e-10, above=True)


@dataclass(frozen=True, repr=False)
class Lion(Optimizer):
    """Lion: steps of one size along the sign of a moment (Chen et al. 2023).

    Parameters
    ----------
    learning_rate : float, default=1e-4
        Learning rate, above 0; about a tenth of Adam's.
    beta1, beta2 : float, default=0.9, 0.99
        Weight of the moment in the step, and decay rate of the moment, in [0, 1).
    **common
        Parameters of `Optimizer`.
    """

    name: ClassVar[str] = "lion"
    learning_rate: float = number(1e-4, above=True)
    beta1: float = number(0.9, 0, 1, below=True)
    beta2: float = number(0.99, 0, 1, below=True)


KINDS: dict[str, type[Optimizer]] = {
    name: kind
    for name, kind in list(globals().items())
    if isinstance(kind, type) and issubclass(kind, Optimizer) and kind is not Optimizer
}
"""Every optimizer of this file by its class's name."""
