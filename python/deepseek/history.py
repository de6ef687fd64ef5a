"""What a training looked like: a dict of equal-length lists, one entry an epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

__all__ = ["History"]

_FIRST = (
    "epoch", "loss", "val_loss", "penalty", "real_score", "fake_score", "generator_loss", "rate", "generator_rate",
    "seconds", "phase",
)  # fmt: skip
_PLAIN = (bool, int, float, str)
"""What a file keeps."""
_NUMBERS = ("epoch", "loss")
"""What every history has."""


def _plain(x: Any) -> Any:
    """The value as a file keeps it, or None; NumPy's numbers are Python's there."""
    if isinstance(x, _PLAIN):
        return x
    return int(x) if isinstance(x, Integral) else float(x) if isinstance(x, Real) else None


class History(dict[str, list[Any]]):
    """Lists of equal length, one entry an epoch.

    ``epoch``, ``loss``, ``val_loss`` (with validation data), ``rate``, ``seconds`` (of the epoch), and whatever
    callbacks put into an epoch's logs. A Gen's has other columns, see `Gen.fit`. A value that an epoch lacks is
    NaN.

    Attributes
    ----------
    outcome : str
        How the fit ended: "finished", "stopped early" (by `EarlyStopping`), "stopped" (by `Net.stop`),
        "interrupted" (Ctrl-C), "diverged", "collapsed" (a Gen) or "failed" (a callback raised); "running"
        until then. Empty for a model's whole history.
    """

    outcome: str = ""

    @property
    def epochs(self) -> int:
        """How many epochs are recorded."""
        return len(self.get("epoch", ()))

    @property
    def stopped_early(self) -> bool:
        """Whether `EarlyStopping` ended the fit."""
        return self.outcome == "stopped early"

    @property
    def best_epoch(self) -> int | None:
        """The epoch of the lowest validation loss, or loss without one; None if there is none, or two (a Gen's)."""
        if "generator_loss" in self:
            return None
        losses = self.get("val_loss") or self.get("loss") or []
        known = [
            (loss, epoch) for loss, epoch in zip(losses, self.get("epoch", ()), strict=False) if loss == loss
        ]
        return min(known)[1] if known else None

    def add(self, logs: Mapping[str, Any]) -> None:
        """Append an epoch."""
        before = self.epochs
        for key in logs:
            if key not in self:
                self[key] = [math.nan] * before
        for key, values in self.items():
            values.append(logs.get(key, math.nan))

    def amend(self, logs: Mapping[str, Any]) -> None:
        """Replace what is known of the last epoch, as callbacks may."""
        last = self.epochs - 1
        for key, value in logs.items():
            self.setdefault(key, [math.nan] * (last + 1))[last] = value

    def plot(self, **options: Any) -> Any:
        """Draw the learning curves (extra ``[plot]``); options and result as `deepseek.plot.history`."""
        from . import plot

        return plot.history(self, **options)

    def to_config(self) -> dict[str, list[Any]]:
        """The lists that hold plain numbers or text, for a file; a loss that a callback made no number is NaN."""
        kept = {key: [_plain(x) for x in values] for key, values in self.items()}
        for key in kept.keys() & set(_NUMBERS):
            kept[key] = [math.nan if x is None or isinstance(x, str) else x for x in kept[key]]
        return {key: values for key, values in kept.items() if None not in values}

    def __repr__(self) -> str:
        parts = [f"{key} {self[key][-1]:.6g}" for key in ("loss", "val_loss") if self.get(key)]
        parts += [self.outcome] if self.outcome else []
        return f"History({', '.join([f'{self.epochs} epochs', *parts])})"

    def __str__(self) -> str:
        return repr(self)


def read_history(config: Any) -> History:
    """The history that `History.to_config` wrote; ValueError for anything else."""
    if not isinstance(config, dict) or not all(isinstance(values, list) for values in config.values()):
        raise ValueError("the history must be a dictionary of lists")
    if len({len(values) for values in config.values()}) > 1:
        raise ValueError("the history's lists differ in length")
    if config and not all(key in config for key in _NUMBERS):
        raise ValueError("the history lacks epochs or losses")
    if not all(isinstance(x, _PLAIN) for values in config.values() for x in values):
        raise ValueError("the history holds what is neither a number nor text")
    if any(isinstance(x, str) for key in _NUMBERS for x in config.get(key, ())):
        raise ValueError("the history's epochs and losses must be numbers")
    order = [*(key for key in _FIRST if key in config), *sorted(set(config) - set(_FIRST))]
    return History({key: list(config[key]) for key in order})
