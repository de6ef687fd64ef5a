"""A Gen's fit at the door: rows, labels and monitors, then the loop that all models share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._fit import nothing_left, resumed, train, train_once
from ._gen_data import Door, GenRows
from ._gen_plan import GenPlan, GenRun, check_enough, check_monitored
from ._gen_watch import OWN, Monitors, as_monitors
from .callbacks import Callback
from .history import History

if TYPE_CHECKING:
    from ._gen_model import GenModel


def fit(
    model: GenModel,
    plan: GenPlan,
    callbacks: list[Callback],
    X: Any,
    y: Any,
    monitor: Any,
    monitor_data: Any,
    *,
    resume: bool,
) -> History:
    """A model's `fit`.

    Parameters
    ----------
    model : GenModel
    plan : GenPlan
        What is asked for.
    callbacks : list of Callback
    X, y, monitor, monitor_data, resume
        As `fit` takes them.
    """
    with model._gate.fit(model._core):
        run = _resumed(model, plan) if resume else None
        door = model._door.opened(X, y)
        data = door.read(X, y)
        held = None if monitor_data is None else _monitor_rows(door, monitor_data)
        sizes = data.rows, 0 if held is None else held.rows
        if run is None:
            run = GenRun(check_enough(check_monitored(plan).with_sizes(*sizes)))
        else:
            run.check_sizes(*sizes)
            if run.finished:
                return nothing_left()
        functions = _functions(model, run if resume else None, monitor)
        if held is not None and not functions:
            raise ValueError("monitor_data is what monitors compare samples with: give a monitor")
        watch = None
        if functions:
            watch = Monitors(model, door.config, run, functions, data if held is None else held)
        with model._behind(door, data):
            return train(model, data.arrays, run, callbacks, resume=resume, watch=watch)


def partial_fit(model: GenModel, plan: GenPlan, X: Any, y: Any) -> dict[str, float]:
    """A model's `partial_fit`: one pass without history; its figures."""
    with model._gate.fit(model._core):
        door = model._door.opened(X, y)
        data = door.read(X, y)
        sized = check_enough(plan.with_sizes(data.rows, 0))
        with model._behind(door, data):
            entry = train_once(model, data.arrays, sized)
    return {key: float(entry[key]) for key in model.logged if key not in ("epoch", "seconds")}


def _resumed(model: GenModel, plan: GenPlan) -> GenRun:
    run = resumed(model, plan)
    assert isinstance(run, GenRun)
    return run


def _functions(model: GenModel, run: GenRun | None, monitor: Any) -> dict[str, Any]:
    """The monitors given or, of a resumed fit, its own."""
    if run is None or monitor is not None:
        return as_monitors(monitor, model.logged)
    foreign = [name for name in run.plan.monitor if name not in OWN]
    if foreign:
        raise ValueError(f"monitor: the fit to resume had {foreign[0]!r}, which no file holds; give it again")
    return as_monitors(list(run.plan.monitor), model.logged)


def _monitor_rows(door: Door, given: Any) -> GenRows:
    X, y = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
    return door.read(X, y, "monitor_data's X")
