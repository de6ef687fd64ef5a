"""Options and state of the fit of a Gen, in addition to `_training.fit_state`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .._config import checks
from .._training.fit_state import FitConfig, FitState, make_fit_config, read_progress, read_stopping
from ..stopping import EarlyStopping

ADVERSARIAL, PRETRAIN = "adversarial", "pretrain"
_PRETRAIN_COLUMNS = ("epoch", "loss", "learning_rate", "seconds")  # of the history


@dataclass(frozen=True)
class GenFitConfig(FitConfig):
    """Arguments of a fit that affect its result; `validation_rows` is the number of rows of `monitor_data`."""

    epochs: int = 100
    batch_size: int | None = 64
    monitor: tuple[str, ...] = ()
    monitor_interval: int = 1
    batch_multiple: int = 1  # the number of rows of a mini-batch is a multiple of it
    pretrain: int = 0  # epochs of pretraining before adversarial training
    phase: str = ""  # phase of texts, "pretrain" or "adversarial"

    arguments: ClassVar[tuple[str, ...]] = (
        "epochs", "batch_size", "shuffle", "early_stopping", "monitor", "monitor_interval", "pretrain",
    )  # fmt: skip

    def options(self, resume: bool) -> dict[str, Any]:
        size = min(self.batch_size or self.rows, self.rows) // self.batch_multiple * self.batch_multiple
        return {
            "epochs": self.epochs,
            "batch_size": size,
            "shuffle": self.shuffle,
            "resume": resume,
            "phase": self.phase or ADVERSARIAL,
        }


@dataclass
class MonitorState:
    """State of the monitors between epochs; epochs are counted within the fit."""

    best: float = math.inf
    best_epoch: int = 0
    last_epoch: int = 0  # last monitored epoch
    collapsed: int = 0  # consecutive monitored epochs with collapsed samples
    stopped: bool = False


@dataclass
class GenFitState(FitState):
    """Options of a fit and its progress.

    If this is the state of a pretraining that is part of a fit, `then` has the options of the fit.
    """

    config: GenFitConfig
    monitor_state: MonitorState = field(default_factory=MonitorState)
    then: GenFitConfig | None = None

    @property
    def whole(self) -> GenFitState:
        """State of the whole fit, of which this may be the pretraining."""
        return self if self.then is None else GenFitState(self.then)

    def logs(self, entry: dict[str, Any], logged: tuple[str, ...]) -> dict[str, Any]:
        phase = self.config.phase
        logs = super().logs(entry, _PRETRAIN_COLUMNS if phase == PRETRAIN else logged)
        return {**logs, "phase": phase} if phase else logs

    def to_config(self) -> dict[str, Any]:
        then = self.then and self.then.to_config()
        return {**super().to_config(), "monitor_state": dict(vars(self.monitor_state)), "then": then}


def make_gen_fit_config(
    epochs: Any,
    batch_size: Any,
    shuffle: Any,
    early_stopping: EarlyStopping | None,
    monitor: tuple[str, ...],
    monitor_interval: Any,
    batch_multiple: int,
    pretrain: Any = 0,
    phase: str = "",
) -> GenFitConfig:
    """Validate the arguments of a fit."""
    plain = vars(make_fit_config(epochs, batch_size, shuffle, 0.0, early_stopping))
    interval = checks.integer("monitor_interval", monitor_interval)
    pretrain_epochs = checks.integer("pretrain", pretrain, 0)
    phase = checks.choice("phase", phase, ("", ADVERSARIAL, PRETRAIN))
    config = GenFitConfig(
        **plain,
        monitor=monitor,
        monitor_interval=interval,
        batch_multiple=batch_multiple,
        pretrain=pretrain_epochs,
        phase=phase,
    )
    if early_stopping is not None and early_stopping.monitor is not None:
        raise ValueError(
            f"early_stopping: got monitor={early_stopping.monitor!r}; expected None, as a Gen uses the first monitor "
            "of the fit"
        )
    if config.batch_size is not None and config.batch_size % batch_multiple:
        raise ValueError(
            f"batch_size: got {config.batch_size}; expected a multiple of {batch_multiple} (pac times minibatch_std)"
        )
    return config


def check_monitored(config: GenFitConfig) -> GenFitConfig:
    """Raise ValueError for early stopping without a monitor."""
    if config.early_stopping is not None and not config.monitor:
        raise ValueError(
            "early_stopping: got a value without a monitor; expected monitor=, as adversarial losses do not show "
            "convergence"
        )
    return config


def check_enough(config: GenFitConfig) -> GenFitConfig:
    """Raise ValueError if there are fewer rows than `batch_multiple`."""
    if config.rows < config.batch_multiple:
        raise ValueError(
            f"X: got {config.rows} rows; expected at least {config.batch_multiple} (pac times minibatch_std)"
        )
    return config


def read_gen_fit_state(config: Any) -> GenFitState | None:
    """Return the state that `GenFitState.to_config` wrote; raise ValueError, TypeError or KeyError otherwise."""
    if config is None:
        return None
    values = dict(config["monitor_state"])
    state = MonitorState(float(values.pop("best")), stopped=checks.flag("stopped", values.pop("stopped")))
    for key in ("best_epoch", "last_epoch", "collapsed"):
        setattr(state, key, checks.integer(key, values[key], 0))
    then = None if config["then"] is None else _read_fit_config(config["then"])
    return GenFitState(
        _read_fit_config(config["config"]), **read_progress(config), monitor_state=state, then=then
    )


def _read_fit_config(options: dict[str, Any]) -> GenFitConfig:
    config = make_gen_fit_config(
        options["epochs"],
        options["batch_size"],
        options["shuffle"],
        read_stopping(options["early_stopping"]),
        tuple(str(name) for name in options["monitor"]),
        options["monitor_interval"],
        checks.integer("batch_multiple", options["batch_multiple"]),
        options["pretrain"],
        options["phase"],
    )
    return config.with_sizes(*(checks.integer(key, options[key], 0) for key in ("rows", "validation_rows")))
