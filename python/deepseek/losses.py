"""Losses: what a training makes small. Descriptions only; a loss without parameters is just its name.

The arithmetic is the engine's (``csrc/formulas/loss.h``) and, in NumPy, ``deepseek.reference.loss``. A
sample's loss is the mean over its outputs; the loss of many samples is Σ w_i·l_i / Σ w_i with the sample
weights w.

=======================  ====================================================  ==================
name                     a sample's loss                                       output activation
=======================  ====================================================  ==================
squared_error            ½·mean (ŷ - y)², as scikit-learn's MLPRegressor       identity
absolute_error           mean |ŷ - y|                                          identity
huber                    mean of ½·e² up to |e| = delta, then straight          identity
quantile                 mean pinball loss: the quantile of y is learned       identity
poisson                  mean exp(z) - y·z, z the log rate; counts y ≥ 0        exp
binary_cross_entropy     mean over outputs, each a question of its own         sigmoid
cross_entropy            -Σ t·log p, from logits                               softmax
focal                    cross-entropy times (1 - p of the truth)^gamma        softmax or sigmoid
=======================  ====================================================  ==================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ._checks import choice
from ._described import Described, number

__all__ = ["CrossEntropy", "Focal", "Huber", "Loss", "Quantile"]

_DEFAULTS: dict[str, Any] = {"delta": 1.0, "quantile": 0.5, "gamma": 2.0, "alpha": -1.0, "smoothing": 0.0}
_ENGINE_NAMES = {"label_smoothing": "smoothing"}


@dataclass(frozen=True, repr=False)
class Loss(Described):
    """Base of the losses that have parameters; use one of its children."""

    name: ClassVar[str] = ""


@dataclass(frozen=True, repr=False)
class Huber(Loss):
    """Squared up to ``delta``, straight beyond (Huber 1964).

    Parameters
    ----------
    delta : float, default=1.0
        Where it goes straight, above 0, in units of y.
    """

    name: ClassVar[str] = "huber"
    delta: float = number(1.0, above=True)


@dataclass(frozen=True, repr=False)
class Quantile(Loss):
    """Pinball loss (Koenker & Bassett 1978).

    Parameters
    ----------
    quantile : float, default=0.5
        Which quantile of y is learned, in (0, 1); 0.5 is the median.
    """

    name: ClassVar[str] = "quantile"
    quantile: float = number(0.5, 0, 1, above=True, below=True)


@dataclass(frozen=True, repr=False)
class CrossEntropy(Loss):
    """Cross-entropy with label smoothing (Szegedy et al. 2016).

    Parameters
    ----------
    label_smoothing : float, default=0.0
        Share of each target that is spread evenly over all K classes: (1 - s)·t + s/K, in [0, 1).
    """

    name: ClassVar[str] = "cross_entropy"
    label_smoothing: float = number(0.0, 0, 1, below=True)


@dataclass(frozen=True, repr=False)
class Focal(Loss):
    """Focal loss (Lin et al. 2017): well-classified samples count less.

    Parameters
    ----------
    gamma : float, default=2.0
        How much less; 0 gives the plain cross-entropy.
    alpha : float, optional
        Weight of the positive class, 1 - alpha of the negative, in [0, 1]; sigmoid outputs only (with softmax
        give ``class_weight`` to `fit`). None: both weigh 1.
    """

    name: ClassVar[str] = "focal"
    gamma: float = number(2.0)
    alpha: float | None = number(None, 0, 1)


KINDS: dict[str, type[Loss]] = {c.__name__: c for c in (Huber, Quantile, CrossEntropy, Focal)}

OUTPUTS: dict[str, tuple[str, ...]] = {
    "poisson": ("exp",),
    "binary_cross_entropy": ("sigmoid",),
    "cross_entropy": ("softmax",),
    "focal": ("softmax", "sigmoid"),
}
"""Output activations of the losses that start from logits, the first by default; every other loss takes
any."""

NAMES = ("squared_error", "absolute_error", "huber", "quantile", *OUTPUTS)

_CLASSES: dict[str, type[Loss]] = {c.name: c for c in KINDS.values()}


def as_loss(loss: Any) -> Loss | str:
    """A loss by name or description: the description if there is one, else the name."""
    if loss is None:
        return "squared_error"
    if isinstance(loss, Loss):
        return loss
    if isinstance(loss, type) and issubclass(loss, Loss):
        raise TypeError(f"loss must be an instance: write {loss.__name__}()")
    name = choice("loss", loss, NAMES)
    return _CLASSES[name]() if name in _CLASSES else name


def name_of(loss: Loss | str) -> str:
    """Its name."""
    return loss if isinstance(loss, str) else loss.name


def spec_of(loss: Loss | str) -> dict[str, Any]:
    """What the engine reads: the parameters of all losses, ours filled in."""
    own = {} if isinstance(loss, str) else vars(loss)
    filled = {_ENGINE_NAMES.get(key, key): value for key, value in own.items() if value is not None}
    return {"name": name_of(loss), **_DEFAULTS, **filled}
