"""History of a training: a dict of lists with one entry per epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

__all__ = ["History"]

_COLUMNS = (
    "epoch", "loss", "val_loss", "penalty", "real_score", "fake_score", "generator_loss", "learning_rate",
    "generator_learning_rate", "seconds", "phase",
)  # fmt: skip
_PLAIN_TYPES = (bool, int, float, str)
"""Types of the values in a file."""
_REQUIRED = ("epoch", "loss")
"""Columns of every history, which hold numbers."""
_MEASURED = ("seconds",)
"""Columns that differ from run to run. Files leave them out, so that the same training gives the same bytes."""


def _plain(x: Any) -> Any:
    """Return the value as stored in a file, with NumPy's numbers as Python's; None if it cannot be stored."""
    if isinstance(x, _PLAIN_TYPES):
        return x
    return int(x) if isinstance(x, Integral) else float(x) if isinstance(x, Real) else None


class History(dict[str, list[Any]]):
    """History of a training: lists of equal length with one entry per epoch.

    The columns are ``epoch``, ``loss``, ``val_loss`` (with validation data), ``learning_rate``, ``seconds``
    (of the epoch), and the entries that callbacks add to an epoch's logs. A Gen has other columns, see
    `Gen.fit`. Missing values are NaN. A model's file leaves ``seconds`` out.

    Attributes
    ----------
    outcome : str
        Outcome of the fit: "finished", "stopped early" (by `EarlyStopping`), "stopped" (by `Net.stop`),
        "interrupted" (Ctrl-C), "diverged", "collapsed" (a Gen) or "failed" (exception in a callback);
        "running" during the fit. Empty for the history of a model over several fits.
    """

    outcome: str = ""

    @property
    def epochs(self) -> int:
        """Number of recorded epochs."""
        return len(self.get("epoch", ()))

    @property
    def stopped_early(self) -> bool:
        """Whether `EarlyStopping` ended the fit."""
        return self.outcome == "stopped early"

    @property
    def best_epoch(self) -> int | None:
        """Epoch of the lowest validation loss, or of the lowest loss without validation data.

        It is None for an empty history and for a Gen, which has two losses.
        """
        if "generator_loss" in self:
            return None
        losses = self.get("val_loss") or self.get("loss") or []
        known = [
            (loss, epoch) for loss, epoch in zip(losses, self.get("epoch", ()), strict=False) if loss == loss
        ]
        return min(known)[1] if known else None

    def add(self, logs: Mapping[str, Any]) -> None:
        """Append an epoch.

        Parameters
        ----------
        logs : mapping of str to value
            Values of the epoch by column; missing values become NaN.
        """
        before = self.epochs
        for key in logs:
            if key not in self:
                self[key] = [math.nan] * before
        for key, values in self.items():
            values.append(logs.get(key, math.nan))

    def extend(self, columns: Mapping[str, list[Any]]) -> None:
        """Append epochs.

        Parameters
        ----------
        columns : mapping of str to list
            Values of the epochs by column, in lists of equal length; missing columns become NaN.
        """
        before, new = self.epochs, len(next(iter(columns.values()), ()))
        if not self:  # the common case of `fit_many`
            self.update((key, list(values)) for key, values in columns.items())
            return
        for key in columns:
            if key not in self:
                self[key] = [math.nan] * before
        for key, values in self.items():
            values.extend(columns.get(key) or [math.nan] * new)

    def amend(self, logs: Mapping[str, Any]) -> None:
        """Set values of the last epoch, such as those that callbacks added.

        Parameters
        ----------
        logs : mapping of str to value
            Values by column.
        """
        last = self.epochs - 1
        for key, value in logs.items():
            self.setdefault(key, [math.nan] * (last + 1))[last] = value

    def plot(self, **options: Any) -> Any:
        """Draw the learning curves (needs the extra ``[plot]``).

        Parameters
        ----------
        **options
            Options of `deepseek.plot.history`.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from . import plot

        return plot.history(self, **options)

    def to_config(self) -> dict[str, list[Any]]:
        """Return the columns of plain numbers or text, for a file; without ``seconds``.

        A loss that a callback replaced by another type becomes NaN.
        """
        columns = {key: [_plain(x) for x in values] for key, values in self.items() if key not in _MEASURED}
        for key in columns.keys() & set(_REQUIRED):
            columns[key] = [math.nan if x is None or isinstance(x, str) else x for x in columns[key]]
        return {key: values for key, values in columns.items() if None not in values}

    def __repr__(self) -> str:
        parts = [f"{key} {self[key][-1]:.6g}" for key in ("loss", "val_loss") if self.get(key)]
        parts += [self.outcome] if self.outcome else []
        return f"History({', '.join([f'{self.epochs} epochs', *parts])})"

    def __str__(self) -> str:
        return repr(self)


def read_history(config: Any) -> History:
    """Return the history that `History.to_config` wrote; raise ValueError for anything else."""
    if not isinstance(config, dict) or not all(isinstance(values, list) for values in config.values()):
        raise ValueError(f"history: got {config!r:.60}; expected a dictionary of lists")
    lengths = {key: len(values) for key, values in config.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"history: got lists of lengths {lengths}; expected equal lengths")
    if config and not all(key in config for key in _REQUIRED):
        raise ValueError(f"history: got the columns {sorted(config)}; expected at least epoch and loss")
    if not all(isinstance(x, _PLAIN_TYPES) for values in config.values() for x in values):
        raise ValueError("history: got a value that is neither a number nor text; expected these only")
    if any(isinstance(x, str) for key in _REQUIRED for x in config.get(key, ())):
        raise ValueError("history: got text among epochs or losses; expected numbers")
    order = [*(key for key in _COLUMNS if key in config), *sorted(set(config) - set(_COLUMNS))]
    return History({key: list(config[key]) for key in order})
