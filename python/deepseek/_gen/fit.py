"""The fit of a Gen: validates rows, labels and monitors, then runs the fit loop of all models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._training.fit import nothing_left, resumed, train, train_once
from ..callbacks import Callback
from ..history import History
from .data import DataAdapter
from .fit_state import PRETRAIN, GenFitConfig, GenFitState, check_enough, check_monitored
from .monitors import BUILT_IN, ROWS, SampleMonitors, as_monitors
from .pretrain import both, check_texts, pretrain_state, run_pretrain
from .sequences import SequenceDataAdapter

if TYPE_CHECKING:
    from .model import GenModel


def fit(
    model: GenModel,
    config: GenFitConfig,
    callbacks: list[Callback],
    X: Any,
    y: Any,
    lengths: Any,
    monitor: Any,
    monitor_data: Any,
    *,
    resume: bool,
) -> History:
    """Run the `fit` of a Gen.

    Parameters
    ----------
    model : GenModel
        Model to train.
    config : GenFitConfig
        Options of the fit.
    callbacks : list of Callback
        Callbacks, validated.
    X, y, lengths, monitor, monitor_data, resume
        The arguments of `fit`.
    """
    with model._lock.fit(model._core):
        state = _resumed(model, config, pretrain_only=False) if resume else None
        adapter = model._adapter.fitted(X, y)
        data = adapter.read(X, y, lengths=lengths)
        held_out = None if monitor_data is None else _monitor_rows(adapter, monitor_data)
        sizes = data.rows, 0 if held_out is None else held_out.rows
        first: GenFitState | None = None
        if state is None:
            state = GenFitState(check_enough(check_monitored(config).with_sizes(*sizes)))
            if config.pretrain:
                check_texts(adapter.config, "pretrain")
                first = pretrain_state(state.config)
        else:
            state.whole.check_sizes(*sizes)
            if state.then is not None:
                first, state = state, state.whole
            elif state.finished:
                return nothing_left()
        functions = _functions(model, state if resume else None, monitor)
        if held_out is not None and not functions:
            raise ValueError(
                "monitor_data: got data without a monitor; expected monitor= to compare samples with them"
            )
        epoch_monitor = None
        if functions:
            reference: Any = data if held_out is None else held_out
            flat = adapter.flat(reference, ROWS) if isinstance(adapter, SequenceDataAdapter) else reference
            epoch_monitor = SampleMonitors(model, adapter.config, state, functions, flat)
        with model._adopt(adapter, data):
            if first is None:
                return train(model, data.arrays, state, callbacks, resume=resume, epoch_monitor=epoch_monitor)
            return both(
                run_pretrain(model, first, data, callbacks, resume=resume),
                lambda: train(
                    model, data.arrays, state, callbacks, resume=False, epoch_monitor=epoch_monitor
                ),
            )


def pretrain(
    model: GenModel,
    config: GenFitConfig,
    callbacks: list[Callback],
    X: Any,
    y: Any,
    lengths: Any,
    *,
    resume: bool,
) -> History:
    """Run the `pretrain` of a Gen."""
    check_texts(model._config, "pretrain")
    with model._lock.fit(model._core):
        state = _resumed(model, config, pretrain_only=True) if resume else None
        adapter = model._adapter.fitted(X, y)
        data = adapter.read(X, y, lengths=lengths)
        if state is None:
            state = GenFitState(config.with_sizes(data.rows, 0))
        else:
            state.check_sizes(data.rows, 0)
        with model._adopt(adapter, data):
            return run_pretrain(model, state, data, callbacks, resume=resume)


def partial_fit(model: GenModel, config: GenFitConfig, X: Any, y: Any, lengths: Any) -> dict[str, float]:
    """Run the `partial_fit` of a Gen: one epoch without history; return its metrics."""
    with model._lock.fit(model._core):
        adapter = model._adapter.fitted(X, y)
        data = adapter.read(X, y, lengths=lengths)
        sized = check_enough(config.with_sizes(data.rows, 0))
        with model._adopt(adapter, data):
            entry = train_once(model, data.arrays, sized)
    return {key: float(entry[key]) for key in model.logged if key not in ("phase", "epoch", "seconds")}


def _resumed(model: GenModel, config: GenFitConfig, *, pretrain_only: bool) -> GenFitState:
    """Return the state of the last fit or pretraining for its completion; raise ValueError if it was the other one."""
    state = model._fit_state
    if isinstance(state, GenFitState):
        if (state.config.phase == PRETRAIN and state.then is None) != pretrain_only:
            last, method = ("a fit", "fit") if pretrain_only else ("a pretraining", "pretrain")
            raise ValueError(
                f"resume: got True, but the last call was {last}; expected {method}(resume=True)"
            )
        if state.then is not None:
            state.whole.check_resumed(config)
            return state
    state = resumed(model, config)
    assert isinstance(state, GenFitState)
    return state


def _functions(model: GenModel, state: GenFitState | None, monitor: Any) -> dict[str, Any]:
    """Return the monitors of the call or, for a resumed fit, those of that fit."""
    if state is None or monitor is not None:
        return as_monitors(monitor, model.logged)
    callables = [name for name in state.config.monitor if name not in BUILT_IN]
    if callables:
        raise ValueError(
            f"monitor: got None, but the fit to resume had the callable {callables[0]!r}; expected it again, as files "
            "hold no callables"
        )
    return as_monitors(list(state.config.monitor), model.logged)


def _monitor_rows(adapter: DataAdapter, monitor_data: Any) -> Any:
    most = 3 if adapter.config.sequences else 2
    is_tuple = isinstance(monitor_data, tuple) and 2 <= len(monitor_data) <= most
    X, y, lengths = (*monitor_data, None)[:3] if is_tuple else (monitor_data, None, None)
    return adapter.read(X, y, "monitor_data's X", lengths)
