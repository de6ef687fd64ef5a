"""What a Gen's fit was asked to do and how far it got; beside `_run`, what only a Gen has."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

from . import _checks
from ._run import Plan, Run, make_plan, read_progress, read_stopping
from .stopping import EarlyStopping


@dataclass(frozen=True)
class GenPlan(Plan):
    """The arguments of a fit that decide its bits. `validation_rows` are those of the monitors' data."""

    epochs: int = 100
    batch_size: int | None = 64
    monitor: tuple[str, ...] = ()
    monitor_every: int = 1
    together: int = 1  # rows that a batch has a multiple of

    asked: ClassVar[tuple[str, ...]] = (
        "epochs", "batch_size", "shuffle", "early_stopping", "monitor", "monitor_every",
    )  # fmt: skip

    def options(self, resume: bool) -> dict[str, Any]:
        size = min(self.batch_size or self.rows, self.rows) // self.together * self.together
        return {"epochs": self.epochs, "batch_size": size, "shuffle": self.shuffle, "resume": resume}


@dataclass
class Watched:
    """What monitoring remembers from epoch to epoch; epochs are counted within the fit."""

    best: float = math.inf
    best_epoch: int = 0
    seen: int = 0  # the last epoch looked at
    alike: int = 0  # times running that the samples were
    stopped: bool = False


@dataclass
class GenRun(Run):
    """A plan and how far it got."""

    plan: GenPlan
    watched: Watched = field(default_factory=Watched)

    def to_config(self) -> dict[str, Any]:
        return {**super().to_config(), "watched": dict(vars(self.watched))}


def make_gen_plan(
    epochs: Any,
    batch_size: Any,
    shuffle: Any,
    early_stopping: EarlyStopping | None,
    monitor: tuple[str, ...],
    monitor_every: Any,
    together: int,
) -> GenPlan:
    """The arguments of a fit, checked."""
    plain = vars(make_plan(epochs, batch_size, shuffle, 0.0, early_stopping))
    every = _checks.integer("monitor_every", monitor_every)
    plan = GenPlan(**plain, monitor=monitor, monitor_every=every, together=together)
    if early_stopping is not None and early_stopping.monitor is not None:
        raise ValueError(
            f"early_stopping watches the first monitor of a Gen, not {early_stopping.monitor!r}: leave it out"
        )
    if plan.batch_size is not None and plan.batch_size % together:
        raise ValueError(
            f"batch_size must be a multiple of {together} (pack times minibatch_std), got {plan.batch_size}"
        )
    return plan


def check_monitored(plan: GenPlan) -> GenPlan:
    """Refuse early stopping on nothing."""
    if plan.early_stopping is not None and not plan.monitor:
        raise ValueError("early_stopping needs a monitor: adversarial losses do not tell when to stop")
    return plan


def check_enough(plan: GenPlan) -> GenPlan:
    """Refuse fewer rows than one group of packs."""
    if plan.rows < plan.together:
        raise ValueError(
            f"X must have at least {plan.together} rows (pack times minibatch_std), got {plan.rows}"
        )
    return plan


def read_gen_run(config: Any) -> GenRun | None:
    """The run that `GenRun.to_config` wrote; ValueError, TypeError or KeyError for anything else."""
    if config is None:
        return None
    plan, watched = dict(config["plan"]), dict(config["watched"])
    made = make_gen_plan(
        plan["epochs"],
        plan["batch_size"],
        plan["shuffle"],
        read_stopping(plan["early_stopping"]),
        tuple(str(name) for name in plan["monitor"]),
        plan["monitor_every"],
        _checks.integer("together", plan["together"]),
    )
    made = made.with_sizes(*(_checks.integer(key, plan[key], 0) for key in ("rows", "validation_rows")))
    state = Watched(float(watched.pop("best")), stopped=_checks.flag("stopped", watched.pop("stopped")))
    for key in ("best_epoch", "seen", "alike"):
        setattr(state, key, _checks.integer(key, watched[key], 0))
    return GenRun(made, **read_progress(config), watched=state)
