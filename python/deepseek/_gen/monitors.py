"""Monitors of the fit of a Gen: metrics of samples after an epoch, early stopping by the first, mode collapse.

Samples are drawn with the model's seed from random streams that training does not use, so monitors do not
affect it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._config.checks import choice
from .._config.gen import GenConfig
from .._metrics import samples
from ..datasets import fixed_order
from ..errors import CollapseError
from .collapse import PATIENCE, collapse_reason
from .data import GenRows
from .fit_state import GenFitState, MonitorState
from .sequences import FlatSequences
from .tstr import tstr

if TYPE_CHECKING:
    from .model import GenModel

ROWS = 2048
"""Largest number of rows that the monitors compare."""


class Comparison(NamedTuple):
    """Data of a built-in monitor."""

    real: GenRows
    fake: GenRows
    classes: int
    seed: int


BUILT_IN: dict[str, Callable[[Comparison], float]] = {
    "frechet": lambda s: samples.frechet(s.real.X, s.fake.X),
    "mmd": lambda s: samples.mmd(s.real.X, s.fake.X),
    "ks": lambda s: samples.ks(s.real.X, s.fake.X),
    "tstr": lambda s: tstr(
        s.real.X, _not_none(s.real.labels), s.fake.X, _not_none(s.fake.labels), s.classes, s.seed
    ),
}
"""Built-in monitors by name."""

_HIGHER_IS_BETTER = ("tstr",)
_Monitor = Callable[[Any, int], Any]


def as_monitors(monitor: Any, reserved: tuple[str, ...]) -> dict[str, _Monitor | None]:
    """Validate the argument `monitor` of `fit`: a name, a callable, a list of these, or callables by name.

    Parameters
    ----------
    monitor : str, callable, list, mapping or None
        Argument of `fit`.
    reserved : tuple of str
        Columns of the history, which cannot be names of monitors.

    Returns
    -------
    dict of str to callable or None
        Functions by name; None for built-in monitors.
    """
    if monitor is None:
        return {}
    if isinstance(monitor, Mapping):
        listed: list[Any] = [(str(name), function) for name, function in monitor.items()]
    else:
        listed = [(None, one) for one in (monitor if isinstance(monitor, (list, tuple)) else [monitor])]
    functions: dict[str, _Monitor | None] = {}
    for name, one in listed:
        if isinstance(one, str) and name is None:
            name, function = choice("monitor", one, BUILT_IN), None
        elif callable(one):
            default = getattr(one, "__name__", "monitor")
            name, function = name or (default if default.isidentifier() else "monitor"), one
        else:
            raise TypeError(
                f"monitor: got {one!r}; expected one of {', '.join(BUILT_IN)}, or callable(gen, epoch)"
            )
        if name in functions or name in reserved or (function is not None and name in BUILT_IN):
            raise ValueError(
                f"monitor: got the name {name!r}, which is taken; expected another one, as in {{'mine': f}}"
            )
        functions[name] = function
    return functions


@dataclass
class SampleMonitors:
    """Epoch monitor of one fit, see `_training.monitors.EpochMonitor`."""

    model: GenModel
    config: GenConfig
    fit_state: GenFitState
    functions: dict[str, _Monitor | None]
    data: GenRows | FlatSequences
    """Real rows to compare with."""

    def __post_init__(self) -> None:
        config = self.config
        if "tstr" in self.functions and not config.classes:
            raise ValueError(
                "monitor: got 'tstr' for a Gen without labels; expected another monitor, or classes="
            )
        if "frechet" in self.functions and config.sequences:
            raise ValueError(
                "monitor: got 'frechet' for a Gen of sequences; expected 'mmd' or 'ks', which need no covariance matrix"
            )
        if self.data.rows > ROWS:
            self.data = self.data.take(np.sort(fixed_order(self.data.rows, config.seed)[:ROWS]))
        if self.data.rows < 2:
            raise ValueError(f"monitor: got {self.data.rows} row to compare with; expected at least 2")

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the history."""
        return tuple(self.functions)

    @property
    def state(self) -> MonitorState:
        """State of the monitors."""
        return self.fit_state.monitor_state

    def observe(self, epoch: int, logs: dict[str, Any]) -> bool:
        """Compute the metrics if the interval has passed; return whether the fit stops."""
        epochs_done, options = self.fit_state.epochs_done, self.fit_state.config
        if epochs_done % options.monitor_interval and epochs_done != options.epochs:
            return False
        fake = self.data.fake(self.model._core, self.config.seed)
        real = GenRows(self.data.X, self.data.labels)
        comparison = Comparison(real, fake, self.config.classes or 0, self.config.seed)
        values = {
            name: self._value(name, function, comparison, epoch) for name, function in self.functions.items()
        }
        reason = collapse_reason(self.data.X, self.data.labels, fake.X, fake.labels)
        with self.model._lock.state_lock:
            logs.update(values)
            self._update_stopping(epochs_done, next(iter(values)), next(iter(values.values())))
            self.state.collapsed = self.state.collapsed + 1 if reason else 0
            self.state.last_epoch = epochs_done
        if reason and self.state.collapsed >= PATIENCE:
            raise CollapseError(epoch, 0, logs.get("loss", math.nan), None, reason)
        return self.state.stopped

    def catch_up(self) -> bool:
        """Evaluate an epoch that an interrupt skipped; return whether the fit has already stopped."""
        if self.state.last_epoch < self.fit_state.epochs_done and self.model.history.epochs:
            logs: dict[str, Any] = {}
            self.observe(self.model.history["epoch"][-1], logs)
            self.model.history.amend(logs)
        return self.state.stopped

    def finish(self) -> None:
        """Restore the best weights if early stopping requires it."""
        stopping = self.fit_state.config.early_stopping
        if stopping is not None and stopping.restore_best and self.state.best_epoch:
            self.model._core.restore_best()

    def _value(self, name: str, function: _Monitor | None, comparison: Comparison, epoch: int) -> float:
        value = BUILT_IN[name](comparison) if function is None else function(self.model, epoch)
        if not isinstance(value, Real):
            raise TypeError(f"monitor {name!r}: got {value!r}; expected a function that returns a number")
        return float(value)

    def _update_stopping(self, epochs_done: int, name: str, value: float) -> None:
        stopping, state = self.fit_state.config.early_stopping, self.state
        if stopping is None:
            return
        score = -value if name in _HIGHER_IS_BETTER else value
        if score < state.best - stopping.min_delta:
            if stopping.restore_best:
                self.model._core.keep_best()  # before the state changes, as it may run out of memory
            state.best, state.best_epoch = score, epochs_done
        state.stopped = epochs_done - state.best_epoch >= stopping.patience


def _not_none(labels: Any) -> Any:
    assert labels is not None  # validated in __post_init__
    return labels
