"""Learning-rate schedules: how an optimizer's rate changes from step to step. Descriptions only.

The arithmetic is the engine's (``csrc/train/schedule``) and, in NumPy, ``deepseek.reference.schedule``. A
schedule that depends on the length of the training (its *horizon*) takes it from ``epochs``, else from the
`fit` at hand. Give ``epochs`` if a training is to be split over several fits and still equal one long fit bit
for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ._config.base import ConfigBase, count, number

__all__ = ["Constant", "Cosine", "Exponential", "OneCycle", "Plateau", "Schedule", "Step"]


@dataclass(frozen=True, repr=False)
class Schedule(ConfigBase):
    """Base of all schedules; use one of its children."""

    name: ClassVar[str] = ""

    def _spec(self) -> dict[str, Any]:
        return {"name": self.name, **super()._spec()}


@dataclass(frozen=True, repr=False)
class Constant(Schedule):
    """The rate as it is, after an optional warm-up.

    Parameters
    ----------
    warmup : float, default=0.0
        Steps over which the rate rises linearly to its value: below 1 a fraction of the horizon, from 1 on a
        number of steps.
    epochs : int, optional
        Horizon in epochs; default: those of the fit.
    """

    name: ClassVar[str] = "constant"
    warmup: float = number(0.0)
    epochs: int | None = count(None)


@dataclass(frozen=True, repr=False)
class Step(Schedule):
    """The rate times ``decay`` after every ``interval`` epochs.

    Parameters
    ----------
    interval : int, default=10
        Epochs between two falls.
    decay : float, default=0.1
        Factor of each fall, in (0, 1].
    warmup, epochs
        As in `Constant`.
    """

    name: ClassVar[str] = "step"
    interval: int = count(10)
    decay: float = number(0.1, 0, 1, above=True)
    warmup: float = number(0.0)
    epochs: int | None = count(None)


@dataclass(frozen=True, repr=False)
class Exponential(Schedule):
    """The rate times ``decay`` after every epoch.

    Parameters
    ----------
    decay : float, default=0.95
        Factor per epoch, in (0, 1].
    warmup, epochs
        As in `Constant`.
    """

    name: ClassVar[str] = "exponential"
    decay: float = number(0.95, 0, 1, above=True)
    warmup: float = number(0.0)
    epochs: int | None = count(None)


@dataclass(frozen=True, repr=False)
class Cosine(Schedule):
    """Warm-up, then down along half a cosine (Loshchilov & Hutter 2017, without restarts).

    Parameters
    ----------
    warmup : float, default=0.0
        As in `Constant`.
    final : float, default=0.0
        The last rate as a fraction of the optimizer's rate, 0 to 1.
    epochs : int, optional
        Horizon in epochs; default: those of the fit.
    """

    name: ClassVar[str] = "cosine"
    warmup: float = number(0.0)
    final: float = number(0.0, 0, 1)
    epochs: int | None = count(None)


@dataclass(frozen=True, repr=False)
class OneCycle(Schedule):
    """Up along half a cosine, then down along half a cosine (Smith & Topin 2018).

    Parameters
    ----------
    peak : float, default=0.3
        Where in the horizon the optimizer's rate is reached, in (0, 1).
    div : float, default=25.0
        The first rate is the optimizer's rate divided by this, at least 1.
    final : float, default=1e-4
        The last rate as a fraction of the optimizer's rate, 0 to 1.
    epochs : int, optional
        Horizon in epochs; default: those of the fit.
    """

    name: ClassVar[str] = "one_cycle"
    peak: float = number(0.3, 0, 1, above=True, below=True)
    div: float = number(25.0, 1)
    final: float = number(1e-4, 0, 1)
    epochs: int | None = count(None)


@dataclass(frozen=True, repr=False)
class Plateau(Schedule):
    """The rate times ``factor`` whenever the loss has not improved for more than ``patience`` epochs.

    The loss watched is the validation loss if the fit has validation data, else the training loss.

    Parameters
    ----------
    patience : int, default=10
        Epochs without improvement that are let pass.
    factor : float, default=0.1
        What the rate is multiplied with, in (0, 1).
    min_learning_rate : float, default=0.0
        The rate never falls below this.
    threshold : float, default=1e-4
        Smallest improvement that counts, as a fraction of the best loss.
    """

    name: ClassVar[str] = "plateau"
    patience: int = count(10, 0)
    factor: float = number(0.1, 0, 1, above=True, below=True)
    min_learning_rate: float = number(0.0)
    threshold: float = number(1e-4)


KINDS: dict[str, type[Schedule]] = {
    c.__name__: c for c in (Constant, Step, Exponential, Cosine, OneCycle, Plateau)
}
