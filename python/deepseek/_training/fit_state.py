"""Options and state of one fit, kept so that an interrupted fit can be completed."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

from .._config import checks
from .._config.base import from_config
from ..stopping import EarlyStopping


@dataclass(frozen=True)
class FitConfig:
    """Arguments of a fit that affect its result, and the sizes of its data."""

    epochs: int = 10
    batch_size: int | None = 32
    shuffle: bool = True
    validation_fraction: float = 0.0
    early_stopping: EarlyStopping | None = None
    rows: int = 0
    validation_rows: int = 0

    arguments: ClassVar[tuple[str, ...]] = (
        "epochs", "batch_size", "shuffle", "validation_fraction", "early_stopping",
    )  # fmt: skip
    """Arguments that a call with ``resume=True`` may repeat."""

    def options(self, resume: bool) -> dict[str, Any]:
        """Return the options of the engine's `begin`."""
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
            "resume": resume,
        }

    def with_sizes(self, rows: int, validation_rows: int) -> Self:
        stopping = self.early_stopping
        if stopping is not None and stopping.monitor == "val_loss" and not validation_rows:
            raise ValueError(
                "early_stopping: got monitor='val_loss' without validation data; expected validation_data or "
                "validation_fraction"
            )
        return replace(self, rows=rows, validation_rows=validation_rows)

    def to_config(self) -> dict[str, Any]:
        """Return plain values for a file."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        return {**plain, "early_stopping": self.early_stopping and self.early_stopping.to_config()}


@dataclass
class FitState:
    """Options of a fit and its progress."""

    config: FitConfig
    epochs_done: int = 0
    finished: bool = False

    def logs(self, entry: dict[str, Any], logged: tuple[str, ...]) -> dict[str, Any]:
        """Return the columns of the history from the engine's entry for an epoch."""
        return {key: entry[key] for key in logged if self.config.validation_rows or key != "val_loss"}

    def check_resumed(self, config: FitConfig) -> None:
        """Raise ValueError if a resume has other arguments than this fit; defaults are always accepted."""
        for name in self.config.arguments:
            value, expected = getattr(config, name), getattr(self.config, name)
            if value not in (expected, getattr(type(self.config), name)):
                raise ValueError(f"{name}: got {value!r}; expected {expected!r}, that of the fit to resume")

    def check_sizes(self, rows: int, validation_rows: int) -> None:
        """Raise ValueError if a resume has data of another size."""
        for kind, count, expected in (
            ("", rows, self.config.rows),
            ("validation ", validation_rows, self.config.validation_rows),
        ):
            if count != expected:
                raise ValueError(
                    f"resume: got {count} {kind}rows; expected {expected}, as many as the fit to resume had"
                )

    def to_config(self) -> dict[str, Any]:
        """Return plain values for a file."""
        return {
            "config": self.config.to_config(),
            "epochs_done": self.epochs_done,
            "finished": self.finished,
        }


def make_fit_config(
    epochs: Any, batch_size: Any, shuffle: Any, fraction: Any, early_stopping: Any
) -> FitConfig:
    """Validate the arguments of a fit."""
    return FitConfig(
        epochs=checks.integer("epochs", epochs),
        batch_size=None if batch_size is None else checks.integer("batch_size", batch_size),
        shuffle=checks.flag("shuffle", shuffle),
        validation_fraction=checks.real("validation_fraction", fraction, 0.0, 1.0, below=True),
        early_stopping=early_stopping,
    )


def read_fit_state(config: Any) -> FitState | None:
    """Return the state that `FitState.to_config` wrote; raise ValueError, TypeError or KeyError for anything else."""
    if config is None:
        return None
    options = dict(config["config"])
    sizes = [checks.integer(key, options.pop(key), 0) for key in ("rows", "validation_rows")]
    stopping = read_stopping(options.pop("early_stopping"))
    fit_config = make_fit_config(
        options["epochs"], options["batch_size"], options["shuffle"], options["validation_fraction"], stopping
    )
    return FitState(fit_config.with_sizes(*sizes), **read_progress(config))


def read_stopping(config: Any) -> EarlyStopping | None:
    """Return the early stopping of the configuration of a fit."""
    return config and from_config("early_stopping", config, {"EarlyStopping": EarlyStopping})


def read_progress(config: Any) -> dict[str, Any]:
    """Return the progress of a fit as keyword arguments of `FitState`."""
    epochs_done = checks.integer("epochs_done", config["epochs_done"], 0)
    return {"epochs_done": epochs_done, "finished": checks.flag("finished", config["finished"])}
