"""The likelihood phase of a Gen of texts: its generator learns each next token, before or without a discriminator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._model.fit import nothing_left, train
from ..callbacks import Callback
from ..history import History
from .config import GenConfig
from .plan import LIKELIHOOD, GenPlan, GenRun
from .sequence_config import SequenceGenConfig

if TYPE_CHECKING:
    from .model import GenModel


def check_texts(config: GenConfig, name: str) -> None:
    """Refuse what has no likelihood."""
    if not (isinstance(config, SequenceGenConfig) and config.vocabulary):
        raise ValueError(
            f"{name} is for texts (vocabulary=): no other generator has an input that says what came before"
        )


def taught(plan: GenPlan) -> GenRun:
    """The run that comes before a fit's own."""
    before = replace(
        plan, epochs=plan.pretrain, phase=LIKELIHOOD, pretrain=0, early_stopping=None, monitor=(), together=1
    )
    return GenRun(before.with_sizes(plan.rows, 0), then=plan)


def teach(model: GenModel, run: GenRun, data: Any, callbacks: list[Callback], *, resume: bool) -> History:
    """Train, or what is left of it."""
    if resume and run.finished:
        return nothing_left()
    history = train(model, data.arrays, run, callbacks, resume=resume)
    if run.then is not None and model._stop and history.outcome == "finished":
        history.outcome = "stopped"  # in its last epoch
    return history


def both(first: History, second: Callable[[], History]) -> History:
    """One phase after another, unless the first was stopped; their epochs in one history."""
    if first.outcome != "finished":
        return first
    whole, after = History(), second()
    for history in (first, after):
        for epoch in range(history.epochs):
            whole.add({key: values[epoch] for key, values in history.items()})
    whole.outcome = after.outcome
    return whole
