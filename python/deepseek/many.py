"""Training of many small Nets at once."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._config.checks import MOST_THREADS, integer
from ._config.hints import explain_keywords
from ._data.selected import SharedData, as_entries
from ._threads import get_num_threads
from ._training import many
from ._training.fit_state import FitConfig, make_fit_config
from .callbacks import Callback, as_callbacks
from .history import History
from .net import Net
from .stopping import EarlyStopping, as_early_stopping

__all__ = ["fit_many"]


@explain_keywords()
def fit_many(
    nets: Sequence[Net],
    X: ArrayLike,
    y: ArrayLike,
    *,
    rows: Sequence[ArrayLike | None] | ArrayLike | None = None,
    validation_rows: Sequence[ArrayLike | None] | ArrayLike | None = None,
    epochs: int | Sequence[int] = 10,
    batch_size: int | Sequence[int | None] | None = 32,
    validation_data: tuple[Any, ...] | None = None,
    validation_fraction: float = 0.0,
    sample_weight: ArrayLike | None = None,
    class_weight: Mapping[int, float] | Sequence[float] | str | None = None,
    early_stopping: EarlyStopping | bool | Sequence[EarlyStopping | bool | None] | None = None,
    callbacks: Callback | Sequence[Callback | Iterable[Callback] | None] = (),
    shuffle: bool = True,
    threads: int | None = None,
) -> list[History]:
    """Train many Nets of any shapes on the same data, each on its own rows.

    It is for ensembles, folds and searches over small Nets. Every thread trains one Net after another, without
    waiting for other threads; the longest fits come first. The data are validated once and read in place. Each Net
    gets the bits of ``net.fit(X[rows[i]], y[rows[i]], ...)`` with the same options.

    Parameters
    ----------
    nets : sequence of Net
        Nets to train, each listed once. They may differ in layers, options, dtype and seed, but all have
        the inputs of `X` and outputs for `y`.
    X : array-like of shape (rows, inputs)
        Inputs, see `Net.fit`. All of them must be finite, also rows that no Net selects.
    y : array-like of shape (rows,) or (rows, outputs)
        Targets, see `Net.fit`.
    rows : sequence of array-like, optional
        Rows of each net: row numbers from 0, possibly repeated, a mask of shape (rows,), or None for all rows.
        Default: all rows for every net.
    validation_rows : sequence of array-like, optional
        Rows of `X` on which the loss of each net is evaluated after each epoch, in the form of `rows`; None for
        a net without validation. The sample weights apply to them. Default: none.
    epochs : int or list of int, default=10
        Number of passes of a net over its rows, one for all nets or one per net.
    batch_size : int, None or list of these, default=32
        Rows per mini-batch, one for all nets or one per net; None, or a value above the number of rows of the
        net, uses the full batch.
    validation_data : tuple (X, y) or (X, y, sample_weight), optional
        Data on which the loss of each net is evaluated after each epoch; default: none.
    validation_fraction : float, default=0.0
        Fraction of its rows that each net holds out for validation, in [0, 1). The choice is a function of the seed
        of the net and the number of its rows.
    sample_weight : array-like of shape (rows,), optional
        Weights of the rows of `X`, at least 0; default: 1.
    class_weight : mapping, list or "balanced", optional
        Weights by class index, see `Net.fit`; default: 1. "balanced" counts the classes in the training rows of each
        net.
    early_stopping : EarlyStopping, bool or list of these, optional
        Rule for ending the fit of a net before the last epoch, one for all nets or one per net; default: none.
        True is ``EarlyStopping()``.
    callbacks : Callback or list, default=()
        A callback for all nets, or a list with the callbacks of each net: a callback, a list of callbacks or None.
        They run in the calling thread. Before each call, ``callback.model`` is set to the net concerned. A call of
        `Net.stop` ends the fit of that net; a net that has not begun stays unchanged.
    shuffle : bool, default=True
        Whether the rows are shuffled before each epoch.
    threads : int, optional
        Largest number of threads, and of nets in training at a time. Default: the number of
        `set_num_threads`. The option `threads` of the nets has no effect here. It never changes a result.

    Returns
    -------
    list of History
        Epochs of this call, one history per net. `Net.history` has the epochs of all fits of a net.

    Raises
    ------
    TypeError, ValueError
        For invalid data or arguments, or a net that is listed twice; all nets are unchanged.
    RuntimeError
        If a net is in training in another call or thread; all nets are unchanged.
    KeyboardInterrupt
        On Ctrl-C, within 0.1 seconds. Completed nets stay trained. A net in training is at its last complete
        step; ``net.fit(X[rows[i]], y[rows[i]], resume=True)`` completes it. The other nets are unchanged. An
        exception in a callback has the same effect.

    Warns
    -----
    RuntimeWarning
        If the loss or a weight of a net becomes infinite or NaN. That net keeps its last finite weights, and the
        outcome of its history is "diverged"; all other nets are trained to the end.

    Examples
    --------
    >>> nets = [Net([30, 32, 1], seed=seed) for seed in range(100)]  # doctest: +SKIP
    >>> samples = [rng.integers(0, len(X), len(X)) for _ in nets]  # doctest: +SKIP
    >>> histories = fit_many(nets, X, y, rows=samples, epochs=20)  # doctest: +SKIP
    >>> mean = np.mean([net.predict(X) for net in nets], axis=0)  # doctest: +SKIP
    """
    listed = _checked_nets(nets)
    configs = _fit_configs(len(listed), epochs, batch_size, shuffle, validation_fraction, early_stopping)
    observers = _callbacks_per_net(callbacks, len(listed))
    workers = get_num_threads() if threads is None else integer("threads", threads, 1, MOST_THREADS)
    if not listed:
        return []
    histories = many.fit_many(
        listed,
        configs,
        observers,
        lambda: SharedData(
            [net._config for net in listed],
            configs,
            X,
            y,
            rows,
            validation_rows,
            sample_weight=sample_weight,
            class_weight=class_weight,
            validation_data=validation_data,
        ),
        threads=workers,
    )
    _warn_of_divergence(histories)
    return histories


def _per_net(name: str, value: Any, count: int) -> list[Any]:
    """Return one value per net: those of a list, or the same value for all."""
    if not isinstance(value, (list, tuple, np.ndarray)):
        return [value] * count
    if len(value) != count:
        raise ValueError(
            f"{name}: got {len(value)} values for {count} nets; expected one per net, or one for all nets that is "
            "not a list"
        )
    return list(value)


def _fit_configs(
    count: int, epochs: Any, batch_size: Any, shuffle: Any, fraction: Any, early_stopping: Any
) -> list[FitConfig]:
    values = zip(
        _per_net("epochs", epochs, count),
        _per_net("batch_size", batch_size, count),
        _per_net("early_stopping", early_stopping, count),
        strict=True,
    )
    known: dict[tuple[int, ...], FitConfig] = {}
    configs = []
    for number, own in enumerate(values):
        key = tuple(map(id, own))
        if key not in known:
            try:
                known[key] = make_fit_config(own[0], own[1], shuffle, fraction, as_early_stopping(own[2]))
            except (TypeError, ValueError) as error:
                if number:  # the values of the other Nets are valid
                    error.add_note(f"It concerns nets[{number}].")
                raise
        configs.append(known[key])
    return configs


def _callbacks_per_net(callbacks: Any, count: int) -> list[list[Callback]]:
    if isinstance(callbacks, Callback):
        return [[callbacks]] * count
    if callbacks is None or (isinstance(callbacks, (list, tuple)) and not callbacks):
        return [[]] * count
    found = []
    for number, entry in enumerate(
        as_entries(callbacks, count, "callbacks", "a callback, a list of callbacks or None")
    ):
        try:
            found.append([] if entry is None else as_callbacks(entry))
        except TypeError as error:
            error.add_note(f"It concerns nets[{number}].")
            raise
    return found


def _checked_nets(nets: Any) -> list[Net]:
    if isinstance(nets, Net) or not hasattr(nets, "__iter__"):
        raise TypeError(f"nets: got a value of type {type(nets).__name__}; expected a list of Nets")
    listed = list(nets)
    places: dict[int, int] = {}
    for number, net in enumerate(listed):
        if not isinstance(net, Net):
            raise TypeError(f"nets[{number}]: got a value of type {type(net).__name__}; expected a Net")
        first = places.setdefault(id(net), number)
        if first != number:
            raise ValueError(
                f"nets[{number}]: got the net of nets[{first}]; expected each net once (copy.deepcopy makes another)"
            )
    return listed


def _warn_of_divergence(histories: Sequence[History]) -> None:
    diverged = [number for number, history in enumerate(histories) if history.outcome == "diverged"]
    if not diverged:
        return
    names = ", ".join(f"nets[{number}]" for number in diverged[:5]) + (", …" if len(diverged) > 5 else "")
    warnings.warn(
        f"training diverged in {len(diverged)} of {len(histories)} nets ({names}); they keep their last finite "
        "weights, and the outcome of their histories is 'diverged'. A smaller learning_rate, clip_norm= or scaled "
        "inputs usually help",
        RuntimeWarning,
        stacklevel=4,
    )
