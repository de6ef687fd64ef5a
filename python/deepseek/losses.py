"""Losses, the quantities that a training minimizes. A loss without options is given by its name.

The formulas are in ``csrc/formulas/loss.h`` and, in NumPy, in ``deepseek.reference.loss``. A sample's
loss is the mean over its outputs; the loss of many samples is Σ w_i·l_i / Σ w_i with the sample weights w.

=======================  ====================================================  ==================
name                     a sample's loss                                       output activation
=======================  ====================================================  ==================
squared_error            ½·mean (ŷ - y)², as scikit-learn's MLPRegressor       identity
absolute_error           mean |ŷ - y|                                          identity
huber                    mean of ½·e² up to |e| = delta, then a line      identity
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

from . import _core
from ._config.base import ConfigBase, number
from ._config.checks import choice

__all__ = ["BinaryCrossEntropy", "CrossEntropy", "Focal", "Huber", "Loss", "Quantile"]


@dataclass(frozen=True, repr=False)
class Loss(ConfigBase):
    """Base class of the losses with options; use one of its subclasses."""

    name: ClassVar[str] = ""


@dataclass(frozen=True, repr=False)
class Huber(Loss):
    """Squared error up to ``delta``, a straight line beyond (Huber 1964).

    Parameters
    ----------
    delta : float, default=1.0
        Error above which the loss is a straight line, above 0, in units of y.
    """

    name: ClassVar[str] = "huber"
    delta: float = number(1.0, above=True)


@dataclass(frozen=True, repr=False)
class Quantile(Loss):
    """Pinball loss (Koenker & Bassett 1978).

    Parameters
    ----------
    quantile : float, default=0.5
        Quantile of y that is learned, in (0, 1); 0.5 is the median.
    """

    name: ClassVar[str] = "quantile"
    quantile: float = number(0.5, 0, 1, above=True, below=True)


@dataclass(frozen=True, repr=False)
class BinaryCrossEntropy(Loss):
    """Cross-entropy of outputs that are probabilities on their own, with label smoothing (Szegedy et al. 2016).

    Parameters
    ----------
    label_smoothing : float, default=0.0
        Share s of each target that is moved to 0.5: (1 - s)·t + s/2, in [0, 1).
    """

    name: ClassVar[str] = "binary_cross_entropy"
    label_smoothing: float = number(0.0, 0, 1, below=True)


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
        Exponent of (1 - p); 0 gives the plain cross-entropy.
    alpha : float, optional
        Weight of the positive class, 1 - alpha of the negative, in [0, 1]; sigmoid outputs only (with softmax
        give ``class_weight`` to `fit`). None: both weigh 1.
    """

    name: ClassVar[str] = "focal"
    gamma: float = number(2.0)
    alpha: float | None = number(None, 0, 1)


KINDS: dict[str, type[Loss]] = {
    c.__name__: c for c in (Huber, Quantile, BinaryCrossEntropy, CrossEntropy, Focal)
}

NAMES = tuple(dict.fromkeys(t["name"] for t in _core.losses()))

TARGETS: dict[tuple[str, str | None], str] = {
    (t["name"], t["output_activation"]): t["targets"] for t in _core.losses()
}
"""Kinds of targets by name and output activation; None stands for any elementwise activation.

"real": finite numbers. "counts": numbers from 0. "probabilities": numbers in [0, 1]. "binary": 0 or 1. "classes": class
indices. "class_probabilities": class indices, or rows of probabilities.
"""

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
    """The loss as the engine reads it."""
    return {"name": loss} if isinstance(loss, str) else {"name": loss.name, **loss._spec()}


def output_activations(name: str) -> tuple[str, ...]:
    """Output activations that a loss is written for, the first by default; none if it takes any elementwise one."""
    return tuple(output for loss, output in TARGETS if loss == name and output is not None)


def targets_of(loss: Loss | str, output_activation: str) -> str:
    """Kind of targets of a loss with an output activation; "label_sequences" for Rec's output "ctc"."""
    name = name_of(loss)
    if name == "ctc":
        return "label_sequences"
    return TARGETS.get((name, output_activation)) or TARGETS[name, None]


def predicts_classes(loss: Loss | str) -> bool:
    """Whether the outputs are probabilities of classes, which accuracy measures; R² measures values."""
    name = name_of(loss)
    return any(targets not in ("real", "counts") for key, targets in TARGETS.items() if key[0] == name)
