"""Maximum-likelihood pretraining of a Gen of texts: its generator learns to predict each next token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._config.gen import GenConfig
from .._config.gen_sequences import SequenceGenConfig
from .._training.fit import nothing_left, train
from ..callbacks import Callback
from ..history import History
from .fit_state import PRETRAIN, GenFitConfig, GenFitState

if TYPE_CHECKING:
    from .model import GenModel


def check_texts(config: GenConfig, name: str) -> None:
    """Raise ValueError for a Gen that is not of texts."""
    if not (isinstance(config, SequenceGenConfig) and config.texts):
        raise ValueError(
            f"{name}: got a Gen without Texts; expected sequences=Texts(...), whose generator reads the tokens before"
        )


def pretrain_state(config: GenFitConfig) -> GenFitState:
    """Return the state of the pretraining of a fit."""
    before = replace(
        config,
        epochs=config.pretrain,
        phase=PRETRAIN,
        pretrain=0,
        early_stopping=None,
        monitor=(),
        batch_multiple=1,
    )
    return GenFitState(before.with_sizes(config.rows, 0), then=config)


def run_pretrain(
    model: GenModel, state: GenFitState, data: Any, callbacks: list[Callback], *, resume: bool
) -> History:
    """Run a pretraining, or complete it."""
    if resume and state.finished:
        return nothing_left()
    history = train(model, data.arrays, state, callbacks, resume=resume)
    if state.then is not None and model._stop and history.outcome == "finished":
        history.outcome = "stopped"  # stopped in the last epoch of the pretraining
    return history


def both(first: History, second: Callable[[], History]) -> History:
    """Run the second phase unless the first was stopped; return one history of both."""
    if first.outcome != "finished":
        return first
    joined, last = History(), second()
    for history in (first, last):
        for epoch in range(history.epochs):
            joined.add({key: values[epoch] for key, values in history.items()})
    joined.outcome = last.outcome
    return joined
