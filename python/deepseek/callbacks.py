"""Callbacks: code of yours that runs during a fit, between two steps.

A callback may read and save the model, add values to an epoch's logs, and call ``self.model.stop()``. An
exception it raises ends the fit and leaves the model at its last complete step.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ._checks import integer
from .history import History

if TYPE_CHECKING:
    from ._model.base import Model

__all__ = ["Callback", "Checkpoint", "LambdaCallback", "Progress"]


@dataclass(frozen=True)
class Progress:
    """Where a fit stands.

    Attributes
    ----------
    epoch : int
        Epoch under way, counted from 1 since the model was made or reset.
    epochs : int
        Epoch with which the fit will end.
    step, steps : int
        Complete steps of the epoch under way, and steps of an epoch.
    loss : float
        Mean loss of the epoch under way, or of the last one at an epoch's end.
    val_loss : float
        Validation loss of the last complete epoch; NaN without validation data.
    rate : float
        Learning rate of the last complete epoch; NaN in the first.
    samples_per_second : float
        Over the last block.
    seconds : float
        Since the fit began.
    figures : dict of str to float
        What else a line shows of the last complete epoch: of a Gen ``generator_loss`` and the monitors'.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    val_loss: float
    rate: float
    samples_per_second: float
    seconds: float
    figures: dict[str, float] = field(default_factory=dict)


class Callback:
    """Base of all callbacks: four hooks that do nothing.

    Attributes
    ----------
    model : Model
        The model being fitted, set before the first hook runs.
    """

    model: Model

    def on_fit_begin(self) -> None:
        """Before the first step."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        """After each epoch.

        Parameters
        ----------
        epoch : int
            Counted from 1 since the model was made or reset.
        logs : dict
            ``loss``, ``val_loss`` (with validation data), ``rate``, ``seconds``; of a Gen all that `Gen.fit`
            names. What is added goes into the history.
        """

    def on_block_end(self, progress: Progress) -> None:
        """After each block of steps, every few hundredths of a second and at least once an epoch of work."""

    def on_fit_end(self, history: History) -> None:
        """When the fit is over, however it ended: ``history.outcome`` tells."""


class LambdaCallback(Callback):
    """A callback made of functions.

    Parameters
    ----------
    on_fit_begin, on_epoch_end, on_block_end, on_fit_end : callable, optional
        Called with what the hook of that name in `Callback` gets.

    Examples
    --------
    >>> LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))  # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        on_fit_begin: Callable[[], Any] | None = None,
        on_epoch_end: Callable[[int, dict[str, Any]], Any] | None = None,
        on_block_end: Callable[[Progress], Any] | None = None,
        on_fit_end: Callable[[History], Any] | None = None,
    ) -> None:
        given = {
            "on_fit_begin": on_fit_begin,
            "on_epoch_end": on_epoch_end,
            "on_block_end": on_block_end,
            "on_fit_end": on_fit_end,
        }
        for name, function in given.items():
            if function is not None:
                if not callable(function):
                    raise TypeError(f"{name} must be callable, got {function!r}")
                setattr(self, name, function)


class Checkpoint(Callback):
    """Save the model, ready for an exact resume, every so many epochs and at the end.

    Parameters
    ----------
    path : str or path-like
        The file, replaced each time. ``{epoch}`` in it (with a format if you like, ``{epoch:03d}``) keeps one
        file for each epoch saved.
    every : int, default=1
        Epochs between two files.
    """

    def __init__(self, path: str | os.PathLike[str], every: int = 1) -> None:
        self.path = os.fspath(path)
        if not isinstance(self.path, str):
            raise TypeError(f"path must be a string or a path, got {path!r}")
        self.every = integer("every", every)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        """Save if it is time."""
        if epoch % self.every == 0:
            self._save(epoch)

    def on_fit_end(self, history: History) -> None:
        """Save what the fit ended with, unless an error ended it: then the last file stands."""
        if history.outcome in ("finished", "stopped early", "stopped"):
            self._save(self.model.history["epoch"][-1] if self.model.history.epochs else 0)

    def _save(self, epoch: int) -> None:
        self.model.save(self.path.format(epoch=epoch) if "{epoch" in self.path else self.path)


def overrides(callback: Callback, hook: str) -> bool:
    """Whether a callback does anything at a hook."""
    return hook in vars(callback) or getattr(type(callback), hook) is not getattr(Callback, hook)


def as_callbacks(callbacks: Any) -> list[Callback]:
    """What `fit` takes: a callback or a list of them."""
    if isinstance(callbacks, Callback):
        return [callbacks]
    try:
        found = list(callbacks)
    except TypeError:
        raise TypeError(f"callbacks must be a list of callbacks, got {callbacks!r}") from None
    for i, callback in enumerate(found):
        if not isinstance(callback, Callback):
            hint = " (an instance is wanted, not the class)" if isinstance(callback, type) else ""
            raise TypeError(f"callbacks[{i}] must be a Callback, got {callback!r}{hint}")
    return found
