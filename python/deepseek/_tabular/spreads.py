"""Size of the errors of a `TabularNet` at each row: small nets that make its prediction intervals wide or narrow.

The residuals of conformal prediction are divided by the predicted size of the error at their row, and multiplied by
that at a new row (Papadopoulos et al. 2002, "Inductive confidence machines for regression"; Lei et al. 2018,
"Distribution-free predictive inference for regression"). The coverage stays valid, because the net for the rows that a
member held out has not seen the residuals of these rows either.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..many import fit_many
from ..net import Net
from ..optimizers import AdamW
from ..schedules import Cosine
from ..stopping import EarlyStopping

Array = NDArray[Any]
Floats = NDArray[np.float64]

_HIDDEN = 32
_MAX_ROWS = 20_000
_ROW_VISITS = 60_000  # about as many rows in all epochs together
_MIN_EPOCHS, _MAX_EPOCHS = 10, 60
_MIN_BATCH, _MAX_BATCH = 8, 64
_SMALLEST, _LARGEST = 0.05, 20.0  # bounds of a spread, whose mean is about 1
_LEVELS = (0.025, 0.1, 0.25, 0.75, 0.9, 0.975)
_LEAST_GAIN = 0.01
"""Share by which spreads must lower the pinball loss to be kept: below it, constant widths are the simpler answer."""


def fit_spreads(
    inputs: NDArray[np.float32],
    residuals: Floats,
    member: NDArray[np.int64],
    *,
    seed: int,
    threads: int | None,
    device: str,
) -> list[Net]:
    """Train a net for the rows of each member, without these rows.

    Parameters
    ----------
    inputs : ndarray of float32, shape (n, inputs)
        Plain inputs of rows that a member held out.
    residuals : ndarray of shape (n,)
        Out-of-fold residuals.
    member : ndarray of int64, shape (n,)
        Member that held the row out.
    seed : int
        Seed of the first net.
    threads : int or None
        Largest number of threads.
    device : str
        Device of the nets.

    Returns
    -------
    list of Net
        One net per member with residuals, in their order; none if constant widths are as good.
    """
    inputs, residuals, member = inputs[:_MAX_ROWS], residuals[:_MAX_ROWS], member[:_MAX_ROWS]
    count = int(member.max(initial=-1)) + 1
    sizes = np.abs(residuals)
    mean = math.fsum(sizes) / max(len(sizes), 1)
    rows = [member != i for i in range(count)]
    if count < 2 or not mean > 0.0 or min(int(mask.sum()) for mask in rows) < 2 * _MIN_BATCH:
        return []
    nets = [
        _net(inputs.shape[1], seed=(seed + i) % 2**64, threads=threads, device=device) for i in range(count)
    ]
    epochs = min(max(_ROW_VISITS // len(sizes), _MIN_EPOCHS), _MAX_EPOCHS)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=RuntimeWarning)  # of divergence, which is handled below
        histories = fit_many(
            nets,
            inputs,
            (sizes / mean).astype(np.float32)[:, None],
            rows=rows,
            validation_fraction=0.2,
            epochs=epochs,
            batch_size=min(max(len(sizes) // 10, _MIN_BATCH), _MAX_BATCH),
            # A patience of all epochs never stops the fit, but restores the weights of the best epoch.
            early_stopping=EarlyStopping(patience=epochs),
            threads=threads,
        )
    if any(history.outcome == "diverged" for history in histories):
        return []
    spreads = spreads_of(nets, inputs)[np.arange(len(member)), member]
    divided = _pinball(residuals, spreads)
    return nets if divided < (1.0 - _LEAST_GAIN) * _pinball(residuals, np.ones(len(spreads))) else []


def spreads_of(nets: Sequence[Net], inputs: NDArray[np.float32]) -> Floats:
    """Return the predicted size of the error at each row, relative to the mean, shape (rows, nets)."""
    outputs = [np.asarray(net.predict(inputs[:, : net.layers[0]]))[:, 0] for net in nets]
    return np.clip(np.stack(outputs, axis=1).astype(np.float64), _SMALLEST, _LARGEST)


def _net(inputs: int, *, seed: int, threads: int | None, device: str) -> Net:
    """Return an untrained net; the loss of counts suits positive targets of unequal size."""
    return Net(
        [inputs, _HIDDEN, 1],
        activation="mish",
        loss="poisson",
        optimizer=AdamW(learning_rate=3e-3, weight_decay=0.1, schedule=Cosine(warmup=0.05)),
        dropout=0.1,
        seed=seed,
        threads=threads,
        device=device,
    )


def _pinball(residuals: Floats, spreads: Floats) -> float:
    """Return the sum of the pinball losses of quantiles that are constant multiples of the spreads."""
    order = np.sort(residuals / spreads)
    total = 0.0
    for level in _LEVELS:
        error = residuals - order[int(level * (len(order) - 1))] * spreads
        total += math.fsum(np.maximum(level * error, (level - 1.0) * error))
    return total
