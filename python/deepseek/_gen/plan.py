"""What a Gen's fit was asked to do and how far it got; beside `_model.run`, what only a Gen has."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .. import _checks
from .._model.run import Plan, Run, make_plan, read_progress, read_stopping
from ..stopping import EarlyStopping

ADVERSARIAL, LIKELIHOOD = "adversarial", "likelihood"
_OF_LIKELIHOOD = ("epoch", "loss", "rate", "seconds")  # columns of the history


@dataclass(frozen=True)
class GenPlan(Plan):
    """The arguments of a fit that decide its bits. `validation_rows` are those of the monitors' data."""

    epochs: int = 100
    batch_size: int | None = 64
    monitor: tuple[str, ...] = ()
    monitor_every: int = 1
    together: int = 1  # rows that a batch has a multiple of
    pretrain: int = 0  # epochs of the likelihood before the first of these
    phase: str = ""  # of texts, which have two

    asked: ClassVar[tuple[str, ...]] = (
        "epochs", "batch_size", "shuffle", "early_stopping", "monitor", "monitor_every", "pretrain",
    )  # fmt: skip

    def options(self, resume: bool) -> dict[str, Any]:
        size = min(self.batch_size or self.rows, self.rows) // self.together * self.together
        return {
            "epochs": self.epochs,
            "batch_size": size,
            "shuffle": self.shuffle,
            "resume": resume,
            "phase": self.phase or ADVERSARIAL,
        }


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
    """A plan and how far it got.

    `then` is the fit that goes on when this one, its likelihood phase, is complete.
    """

    plan: GenPlan
    watched: Watched = field(default_factory=Watched)
    then: GenPlan | None = None

    @property
    def whole(self) -> GenRun:
        """The fit that this is a part of, or is."""
        return self if self.then is None else GenRun(self.then)

    def logs(self, entry: dict[str, Any], logged: tuple[str, ...]) -> dict[str, Any]:
        phase = self.plan.phase
        kept = super().logs(entry, _OF_LIKELIHOOD if phase == LIKELIHOOD else logged)
        return {**kept, "phase": phase} if phase else kept

    def to_config(self) -> dict[str, Any]:
        then = self.then and self.then.to_config()
        return {**super().to_config(), "watched": dict(vars(self.watched)), "then": then}


def make_gen_plan(
    epochs: Any,
    batch_size: Any,
    shuffle: Any,
    early_stopping: EarlyStopping | None,
    monitor: tuple[str, ...],
    monitor_every: Any,
    together: int,
    pretrain: Any = 0,
    phase: str = "",
) -> GenPlan:
    """The arguments of a fit, checked."""
    plain = vars(make_plan(epochs, batch_size, shuffle, 0.0, early_stopping))
    every = _checks.integer("monitor_every", monitor_every)
    before = _checks.integer("pretrain", pretrain, 0)
    phase = _checks.choice("phase", phase, ("", ADVERSARIAL, LIKELIHOOD))
    plan = GenPlan(
        **plain, monitor=monitor, monitor_every=every, together=together, pretrain=before, phase=phase
    )
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
    watched = dict(config["watched"])
    state = Watched(float(watched.pop("best")), stopped=_checks.flag("stopped", watched.pop("stopped")))
    for key in ("best_epoch", "seen", "alike"):
        setattr(state, key, _checks.integer(key, watched[key], 0))
    then = None if config["then"] is None else _read_plan(config["then"])
    return GenRun(_read_plan(config["plan"]), **read_progress(config), watched=state, then=then)


def _read_plan(plan: dict[str, Any]) -> GenPlan:
    made = make_gen_plan(
        plan["epochs"],
        plan["batch_size"],
        plan["shuffle"],
        read_stopping(plan["early_stopping"]),
        tuple(str(name) for name in plan["monitor"]),
        plan["monitor_every"],
        _checks.integer("together", plan["together"]),
        plan["pretrain"],
        plan["phase"],
    )
    return made.with_sizes(*(_checks.integer(key, plan[key], 0) for key in ("rows", "validation_rows")))
