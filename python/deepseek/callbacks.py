"""Callbacks: user code that runs during a fit, between two steps.

A callback may read and save the model, add values to the logs of an epoch, and call ``self.model.stop()``. An
exception in a callback ends the fit and leaves the model at its last complete step.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ._config.checks import integer
from ._config.hints import explain_keywords
from .history import History

if TYPE_CHECKING:
    from ._training.base import Model

__all__ = ["Callback", "Checkpoint", "LambdaCallback", "Progress"]


@dataclass(frozen=True)
class Progress:
    """Progress of a fit.

    Attributes
    ----------
    epoch : int
        Current epoch, counted from 1 since the model was created or reset.
    epochs : int
        Epoch after which the fit ends.
    step, steps : int
        Completed steps of the current epoch, and steps per epoch.
    loss : float
        Mean loss of the current epoch so far; at the end of an epoch, its mean loss.
    val_loss : float
        Validation loss of the last complete epoch; NaN without validation data.
    learning_rate : float
        Learning rate of the last complete epoch; NaN in the first.
    samples_per_second : float
        Throughput of the last block of steps.
    seconds : float
        Time since the fit began, in seconds.
    metrics : dict of str to float
        Further metrics of the last complete epoch: ``generator_loss`` and the monitors' values of a Gen.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    val_loss: float
    learning_rate: float
    samples_per_second: float
    seconds: float
    metrics: dict[str, float] = field(default_factory=dict)


class Callback:
    """Base class of callbacks with four hooks that do nothing.

    Attributes
    ----------
    model : Net, Rec or Gen
        Model being fitted; set before the first hook runs.
    """

    model: Model

    def on_fit_begin(self) -> None:
        """Called before the first step."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        """Called after each epoch.

        Parameters
        ----------
        epoch : int
            Number of the epoch, counted from 1 since the model was created or reset.
        logs : dict
            Metrics of the epoch: ``loss``, ``val_loss`` (with validation data), ``learning_rate``,
            ``seconds``; of a Gen the columns that `Gen.fit` lists. Entries that a callback adds become
            columns of the history.
        """

    def on_block_end(self, progress: Progress) -> None:
        """Called after each block of steps: about every 0.03 seconds, and at least once per epoch.

        Parameters
        ----------
        progress : Progress
            Progress of the fit.
        """

    def on_fit_end(self, history: History) -> None:
        """Called when the fit has ended, also after an exception.

        Parameters
        ----------
        history : History
            Epochs of this fit; ``history.outcome`` says how it ended.
        """


class LambdaCallback(Callback):
    """Callback made of functions.

    Parameters
    ----------
    on_fit_begin, on_epoch_end, on_block_end, on_fit_end : callable, optional
        Function that is called with the arguments of the hook of this name in `Callback`; default: none.

    Raises
    ------
    TypeError
        If an argument is not callable.

    Examples
    --------
    >>> LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))  # doctest: +SKIP
    """

    @explain_keywords()
    def __init__(
        self,
        *,
        on_fit_begin: Callable[[], Any] | None = None,
        on_epoch_end: Callable[[int, dict[str, Any]], Any] | None = None,
        on_block_end: Callable[[Progress], Any] | None = None,
        on_fit_end: Callable[[History], Any] | None = None,
    ) -> None:
        hooks = {
            "on_fit_begin": on_fit_begin,
            "on_epoch_end": on_epoch_end,
            "on_block_end": on_block_end,
            "on_fit_end": on_fit_end,
        }
        for name, function in hooks.items():
            if function is not None:
                if not callable(function):
                    raise TypeError(f"{name}: got {function!r}; expected a callable")
                setattr(self, name, function)


class Checkpoint(Callback):
    """Saves the model during a fit, so that the fit can be resumed exactly.

    It saves every ``interval`` epochs and at the end of the fit.

    Parameters
    ----------
    path : str or path-like
        File to write, replaced at each save. If it contains ``{epoch}``, optionally with a format such as
        ``{epoch:03d}``, each save has its own file.
    interval : int, default=1
        Epochs between two saves, at least 1.

    Raises
    ------
    TypeError, ValueError
        For an invalid path or interval.
    """

    @explain_keywords()
    def __init__(self, path: str | os.PathLike[str], interval: int = 1) -> None:
        self.path = os.fspath(path)
        if not isinstance(self.path, str):
            raise TypeError(f"path: got {path!r}; expected a string or a path")
        self.interval = integer("interval", interval)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        """Save the model if the interval has passed."""
        if epoch % self.interval == 0:
            self._save(epoch)

    def on_fit_end(self, history: History) -> None:
        """Save the final model, unless an exception ended the fit: then the last file is kept."""
        if history.outcome in ("finished", "stopped early", "stopped"):
            self._save(self.model.history["epoch"][-1] if self.model.history.epochs else 0)

    def _save(self, epoch: int) -> None:
        self.model.save(self.path.format(epoch=epoch) if "{epoch" in self.path else self.path)


def overrides(callback: Callback, hook: str) -> bool:
    """Whether a callback overrides a hook."""
    return hook in vars(callback) or getattr(type(callback), hook) is not getattr(Callback, hook)


def as_callbacks(callbacks: Any) -> list[Callback]:
    """Validate the argument `callbacks` of `fit`: a callback or an iterable of callbacks."""
    if isinstance(callbacks, Callback):
        return [callbacks]
    try:
        found = list(callbacks)
    except TypeError:
        raise TypeError(f"callbacks: got {callbacks!r}; expected a list of callbacks") from None
    for i, callback in enumerate(found):
        if not isinstance(callback, Callback):
            hint = f": write {callback.__name__}()" if isinstance(callback, type) else ""
            raise TypeError(f"callbacks[{i}]: got {callback!r}; expected a Callback{hint}")
    return found
