"""The report's classifiers and regressors: small Nets with one setting for all, so that figures compare.

Each has some 3000 steps whatever the number of rows; what is compared is always trained alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets import fixed_order
from ..net import Net
from ..optimizers import AdamW
from ..schedules import Cosine
from .measures import area_under_curve

Array = NDArray[np.float64]

FOLDS = 3
_BATCH, _STEPS = 128, 3000


def detection(real: Array, synthetic: Array, seed: int) -> float:
    """Area under the curve of a classifier that tells synthetic rows from real ones; 0.5: it cannot.

    Cross-fitted: rows are scored by a Net that was trained on the others, in three parts; the mean of the parts. Equal
    rows are in one part. Otherwise a copy of a real row would be scored by a Net that knows the original as real, and
    copying would look like the opposite of what it is.
    """
    rows = np.vstack([real, synthetic]).astype(np.float32)
    positive = np.arange(len(rows)) >= len(real)
    _, same = np.unique(rows, axis=0, return_inverse=True)
    part = fixed_order(int(same.max()) + 1, seed)[same] % FOLDS
    found = []
    for fold in range(FOLDS):
        held = part == fold
        if (
            positive[held].all()
            or not positive[held].any()
            or positive[~held].all()
            or not positive[~held].any()
        ):
            continue
        net = _net(rows.shape[1], 1, "binary_cross_entropy", seed)
        _train(net, rows[~held], positive[~held].astype(np.float32)[:, None])
        found.append(area_under_curve(net.predict(rows[held])[:, 0], positive[held]))
    return float(np.mean(found)) if found else 0.5


def accuracy(
    train: Array, labels: NDArray[np.int64], test: Array, truth: NDArray[np.int64], classes: int, seed: int
) -> float:
    """Share of the test rows that a Net classifies rightly."""
    net = _net(train.shape[1], max(2, classes), "cross_entropy", seed)
    _train(net, train.astype(np.float32), labels)
    return float(np.mean(net.predict_classes(test.astype(np.float32)) == truth))


def determination(train: Array, values: Array, test: Array, truth: Array, seed: int) -> float:
    """R² of a Net on the test rows: 1 is perfect, 0 as good as their mean."""
    center, spread = float(values.mean()), float(values.std()) or 1.0
    net = _net(train.shape[1], 1, "squared_error", seed)
    _train(net, train.astype(np.float32), ((values - center) / spread).astype(np.float32)[:, None])
    predicted = net.predict(test.astype(np.float32))[:, 0] * spread + center
    around = float(np.square(truth - truth.mean()).sum())
    return 1.0 - float(np.square(truth - predicted).sum()) / around if around else 0.0


def _net(inputs: int, outputs: int, loss: str, seed: int) -> Net:
    optimizer = AdamW(rate=3e-3, weight_decay=0.01, schedule=Cosine())
    return Net([inputs, 64, outputs], loss=loss, optimizer=optimizer, dropout=0.2, seed=seed)


def _train(net: Net, X: NDArray[Any], y: NDArray[Any]) -> None:
    epochs = min(150, max(10, _STEPS * _BATCH // len(X)))
    net.fit(X, y, epochs=epochs, batch_size=_BATCH, verbose=False)
