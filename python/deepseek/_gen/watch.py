"""What a Gen's fit looks at between epochs: monitors on samples, early stopping by the first, collapse.

Samples are drawn with the model's seed at a place that no training uses, so looking changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._checks import choice
from ..datasets import fixed_order
from ..errors import CollapseError
from . import metrics
from .collapse import TIMES, sameness
from .config import GenConfig
from .data import GenRows
from .plan import GenRun, Watched
from .sequences import FlatSequences

if TYPE_CHECKING:
    from .model import GenModel

ROWS = 2048
"""Most rows that the monitors look at."""


class Seen(NamedTuple):
    """What a monitor of ours is computed from."""

    real: GenRows
    fake: GenRows
    classes: int
    seed: int


OWN: dict[str, Callable[[Seen], float]] = {
    "frechet": lambda s: metrics.frechet(s.real.X, s.fake.X),
    "mmd": lambda s: metrics.mmd(s.real.X, s.fake.X),
    "ks": lambda s: metrics.ks(s.real.X, s.fake.X),
    "tstr": lambda s: metrics.tstr(
        s.real.X, _there(s.real.labels), s.fake.X, _there(s.fake.labels), s.classes, s.seed
    ),
}
"""Monitors by name."""

_HIGHER = ("tstr",)  # is better
_Monitor = Callable[[Any, int], Any]


def as_monitors(given: Any, taken: tuple[str, ...]) -> dict[str, _Monitor | None]:
    """What `fit` takes: a name, a callable, a list of these, or callables by name; None for those of ours.

    `taken` are columns of the history that no monitor may be called.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        listed: list[Any] = [(str(name), function) for name, function in given.items()]
    else:
        listed = [(None, one) for one in (given if isinstance(given, (list, tuple)) else [given])]
    found: dict[str, _Monitor | None] = {}
    for name, one in listed:
        if isinstance(one, str) and name is None:
            name, function = choice("monitor", one, OWN), None
        elif callable(one):
            own = getattr(one, "__name__", "monitor")
            name, function = name or (own if own.isidentifier() else "monitor"), one
        else:
            raise TypeError(f"monitor must be one of {', '.join(OWN)}, or callable(gen, epoch); got {one!r}")
        if name in found or name in taken or (function is not None and name in OWN):
            raise ValueError(f"monitor: the name {name!r} is taken; give callables names as in {{'mine': f}}")
        found[name] = function
    return found


@dataclass
class Monitors:
    """The watch of one fit, see `_model.fit.Watch`."""

    model: GenModel
    config: GenConfig
    run: GenRun
    functions: dict[str, _Monitor | None]
    data: GenRows | FlatSequences
    """What to compare with."""

    def __post_init__(self) -> None:
        config = self.config
        if "tstr" in self.functions and not config.classes:
            raise ValueError("monitor 'tstr' needs labels: it trains a classifier on the samples")
        if "frechet" in self.functions and config.sequences:
            raise ValueError(
                "monitor 'frechet' is for rows: all steps of sequences have too many covariances; take 'mmd'"
            )
        if self.data.rows > ROWS:
            self.data = self.data.take(np.sort(fixed_order(self.data.rows, config.seed)[:ROWS]))
        if self.data.rows < 2:
            raise ValueError(f"monitors need at least 2 rows to compare with, got {self.data.rows}")

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the history."""
        return tuple(self.functions)

    @property
    def state(self) -> Watched:
        """What it remembers."""
        return self.run.watched

    def observe(self, epoch: int, logs: dict[str, Any]) -> bool:
        """Look, if it is time; whether the fit has trained enough."""
        done, plan = self.run.done, self.run.plan
        if done % plan.monitor_every and done != plan.epochs:
            return False
        fake = self.data.fake(self.model._core, self.config.seed)
        seen = Seen(GenRows(self.data.X, self.data.labels), fake, self.config.classes or 0, self.config.seed)
        values = {name: self._value(name, function, seen, epoch) for name, function in self.functions.items()}
        same = sameness(self.data.X, self.data.labels, fake.X, fake.labels)
        with self.model._gate.room:
            logs.update(values)
            self._judge(done, next(iter(values)), next(iter(values.values())))
            self.state.alike = self.state.alike + 1 if same else 0
            self.state.seen = done
        if same and self.state.alike >= TIMES:
            raise CollapseError(epoch, 0, logs.get("loss", math.nan), None, same)
        return self.state.stopped

    def catch_up(self) -> bool:
        """Observe the epoch before an interrupt that came before this had looked."""
        if self.run.done and self.state.seen < self.run.done and self.model.history.epochs:
            logs: dict[str, Any] = {}
            self.observe(self.model.history["epoch"][-1], logs)
            self.model.history.amend(logs)
        return self.state.stopped

    def settle(self) -> None:
        """The best weights in place."""
        stopping = self.run.plan.early_stopping
        if stopping is not None and stopping.restore_best and self.state.best_epoch:
            self.model._core.restore_best()

    def _value(self, name: str, function: _Monitor | None, seen: Seen, epoch: int) -> float:
        value = OWN[name](seen) if function is None else function(self.model, epoch)
        if not isinstance(value, Real):
            raise TypeError(f"monitor {name!r} must return a number, got {value!r}")
        return float(value)

    def _judge(self, done: int, name: str, value: float) -> None:
        stopping, state = self.run.plan.early_stopping, self.state
        if stopping is None:
            return
        told = -value if name in _HIGHER else value
        if told < state.best - stopping.min_delta:
            if stopping.restore_best:
                self.model._core.keep_best()  # first: it may find no memory
            state.best, state.best_epoch = told, done
        state.stopped = done - state.best_epoch >= stopping.patience


def _there(labels: Any) -> Any:
    assert labels is not None  # "tstr" is refused without
    return labels
