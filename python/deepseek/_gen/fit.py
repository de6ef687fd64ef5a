"""A Gen's fit at the door: rows, labels and monitors, then the loop that all models share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._model.fit import nothing_left, resumed, train, train_once
from ..callbacks import Callback
from ..history import History
from .data import Door
from .plan import LIKELIHOOD, GenPlan, GenRun, check_enough, check_monitored
from .pretrain import both, check_texts, taught, teach
from .sequences import SequenceDoor
from .watch import OWN, ROWS, Monitors, as_monitors

if TYPE_CHECKING:
    from .model import GenModel


def fit(
    model: GenModel,
    plan: GenPlan,
    callbacks: list[Callback],
    X: Any,
    y: Any,
    lengths: Any,
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
    X, y, lengths, monitor, monitor_data, resume
        As `fit` takes them.
    """
    with model._gate.fit(model._core):
        run = _resumed(model, plan, taught_alone=False) if resume else None
        door = model._door.opened(X, y)
        data = door.read(X, y, lengths=lengths)
        held = None if monitor_data is None else _monitor_rows(door, monitor_data)
        sizes = data.rows, 0 if held is None else held.rows
        first: GenRun | None = None
        if run is None:
            run = GenRun(check_enough(check_monitored(plan).with_sizes(*sizes)))
            if plan.pretrain:
                check_texts(door.config, "pretrain")
                first = taught(run.plan)
        else:
            run.whole.check_sizes(*sizes)
            if run.then is not None:
                first, run = run, run.whole
            elif run.finished:
                return nothing_left()
        functions = _functions(model, run if resume else None, monitor)
        if held is not None and not functions:
            raise ValueError("monitor_data is what monitors compare samples with: give a monitor")
        watch = None
        if functions:
            seen: Any = data if held is None else held
            flat = door.flat(seen, ROWS) if isinstance(door, SequenceDoor) else seen
            watch = Monitors(model, door.config, run, functions, flat)
        with model._behind(door, data):
            if first is None:
                return train(model, data.arrays, run, callbacks, resume=resume, watch=watch)
            return both(
                teach(model, first, data, callbacks, resume=resume),
                lambda: train(model, data.arrays, run, callbacks, resume=False, watch=watch),
            )


def pretrain(
    model: GenModel, plan: GenPlan, callbacks: list[Callback], X: Any, y: Any, lengths: Any, *, resume: bool
) -> History:
    """A model's `pretrain`."""
    check_texts(model._config, "pretrain")
    with model._gate.fit(model._core):
        run = _resumed(model, plan, taught_alone=True) if resume else None
        door = model._door.opened(X, y)
        data = door.read(X, y, lengths=lengths)
        if run is None:
            run = GenRun(plan.with_sizes(data.rows, 0))
        else:
            run.check_sizes(data.rows, 0)
        with model._behind(door, data):
            return teach(model, run, data, callbacks, resume=resume)


def partial_fit(model: GenModel, plan: GenPlan, X: Any, y: Any, lengths: Any) -> dict[str, float]:
    """A model's `partial_fit`: one pass without history; its figures."""
    with model._gate.fit(model._core):
        door = model._door.opened(X, y)
        data = door.read(X, y, lengths=lengths)
        sized = check_enough(plan.with_sizes(data.rows, 0))
        with model._behind(door, data):
            entry = train_once(model, data.arrays, sized)
    return {key: float(entry[key]) for key in model.logged if key not in ("phase", "epoch", "seconds")}


def _resumed(model: GenModel, plan: GenPlan, *, taught_alone: bool) -> GenRun:
    """The last fit, or pretrain, which is to be completed; refuses the other, and another plan than its own."""
    run = model._run
    if isinstance(run, GenRun):
        if (run.plan.phase == LIKELIHOOD and run.then is None) != taught_alone:
            raise ValueError(
                "resume=True completes a fit, and the last was pretrain: take pretrain(resume=True)"
                if not taught_alone
                else "resume=True completes pretrain, and the last was a fit: take fit(resume=True)"
            )
        if run.then is not None:
            run.whole.check_resumed(plan)
            return run
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


def _monitor_rows(door: Door, given: Any) -> Any:
    most = 3 if door.config.sequences else 2
    whole = isinstance(given, tuple) and 2 <= len(given) <= most
    X, y, lengths = (*given, None)[:3] if whole else (given, None, None)
    return door.read(X, y, "monitor_data's X", lengths)
