"""What one fit was asked to do, kept until it is done, so that an interrupted fit can be completed."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

from .. import _checks
from .._described import from_config
from ..stopping import EarlyStopping


@dataclass(frozen=True)
class Plan:
    """The arguments of a fit that decide its bits, and the sizes of its data."""

    epochs: int = 10
    batch_size: int | None = 32
    shuffle: bool = True
    validation_fraction: float = 0.0
    early_stopping: EarlyStopping | None = None
    rows: int = 0
    validation_rows: int = 0

    asked: ClassVar[tuple[str, ...]] = (
        "epochs", "batch_size", "shuffle", "validation_fraction", "early_stopping",
    )  # fmt: skip
    """What a resumed fit may be told again."""

    def options(self, resume: bool) -> dict[str, Any]:
        """What the engine's begin reads."""
        stopping = self.early_stopping
        monitor = (stopping and stopping.monitor) or ("val_loss" if self.validation_rows else "loss")
        return {
            "epochs": self.epochs,
            "batch_size": min(self.batch_size or self.rows, self.rows),
            "shuffle": self.shuffle,
            "patience": stopping.patience if stopping else 0,
            "min_delta": stopping.min_delta if stopping else 0.0,
            "restore_best": stopping.restore_best if stopping else False,
            "monitor": monitor,
            "val_every": 1,
            "resume": resume,
        }

    def with_sizes(self, rows: int, validation_rows: int) -> Self:
        stopping = self.early_stopping
        if stopping is not None and stopping.monitor == "val_loss" and not validation_rows:
            raise ValueError("early_stopping watches val_loss: give validation_data or validation_fraction")
        return replace(self, rows=rows, validation_rows=validation_rows)

    def to_config(self) -> dict[str, Any]:
        """Plain values for a file."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        return {**plain, "early_stopping": self.early_stopping and self.early_stopping.to_config()}


@dataclass
class Run:
    """A plan and how far it got."""

    plan: Plan
    done: int = 0  # epochs
    finished: bool = False

    def logs(self, entry: dict[str, Any], logged: tuple[str, ...]) -> dict[str, Any]:
        """What the history keeps of an epoch that the engine tells of."""
        return {key: entry[key] for key in logged if self.plan.validation_rows or key != "val_loss"}

    def check_resumed(self, asked: Plan) -> None:
        """Refuse a resume that asks for something else; what was left at its default is not asked for."""
        for name in self.plan.asked:
            wanted, had = getattr(asked, name), getattr(self.plan, name)
            if wanted not in (had, getattr(type(self.plan), name)):
                raise ValueError(f"resume=True completes a fit that had {name}={had!r}; got {wanted!r}")

    def check_sizes(self, rows: int, validation_rows: int) -> None:
        """Refuse other data, as far as its size tells."""
        for what, now, had in (
            ("", rows, self.plan.rows),
            ("validation ", validation_rows, self.plan.validation_rows),
        ):
            if now != had:
                raise ValueError(f"resume=True completes a fit that had {had} {what}rows; got {now}")

    def to_config(self) -> dict[str, Any]:
        """Plain values for a file."""
        return {"plan": self.plan.to_config(), "done": self.done, "finished": self.finished}


def make_plan(epochs: Any, batch_size: Any, shuffle: Any, fraction: Any, early_stopping: Any) -> Plan:
    """The arguments of a fit, checked."""
    return Plan(
        epochs=_checks.integer("epochs", epochs),
        batch_size=None if batch_size is None else _checks.integer("batch_size", batch_size),
        shuffle=_checks.flag("shuffle", shuffle),
        validation_fraction=_checks.real("validation_fraction", fraction, 0.0, 1.0, below=True),
        early_stopping=early_stopping,
    )


def read_run(config: Any) -> Run | None:
    """The run that `Run.to_config` wrote; ValueError, TypeError or KeyError for anything else."""
    if config is None:
        return None
    plan = dict(config["plan"])
    sizes = [_checks.integer(key, plan.pop(key), 0) for key in ("rows", "validation_rows")]
    stopping = read_stopping(plan.pop("early_stopping"))
    made = make_plan(
        plan["epochs"], plan["batch_size"], plan["shuffle"], plan["validation_fraction"], stopping
    )
    return Run(made.with_sizes(*sizes), **read_progress(config))


def read_stopping(config: Any) -> EarlyStopping | None:
    """The early stopping of a plan's file."""
    return config and from_config("early_stopping", config, {"EarlyStopping": EarlyStopping})


def read_progress(config: Any) -> dict[str, Any]:
    """How far a run got."""
    done = _checks.integer("done", config["done"], 0)
    return {"done": done, "finished": _checks.flag("finished", config["finished"])}
