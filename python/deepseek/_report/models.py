"""Classifiers and regressors of the report: small Nets with fixed settings, so that their metrics can be compared.

Each trains about 3000 steps, independent of the number of rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._metrics.tabular import area_under_curve
from ..datasets import fixed_order
from ..net import Net
from ..optimizers import AdamW
from ..schedules import Cosine

Array = NDArray[np.float64]

FOLDS = 3
_BATCH, _STEPS = 128, 3000


def detection(real: Array, synthetic: Array, seed: int) -> float:
    """Return the area under the ROC curve of a classifier of synthetic against real rows; 0.5 is chance.

    The classifier is cross-fitted in three folds, and the areas are averaged. Equal rows belong to one fold:
    otherwise a copy would be scored by a Net that was trained on its original as real.
    """
    rows = np.vstack([real, synthetic]).astype(np.float32)
    positive = np.arange(len(rows)) >= len(real)
    _, same = np.unique(rows, axis=0, return_inverse=True)
    folds = fixed_order(int(same.max()) + 1, seed)[same] % FOLDS
    areas = []
    for fold in range(FOLDS):
        test = folds == fold
        if any(len(np.unique(positive[part])) < 2 for part in (test, ~test)):
            continue
        net = _net(rows.shape[1], 1, "binary_cross_entropy", seed)
        _train(net, rows[~test], positive[~test].astype(np.float32)[:, None])
        areas.append(area_under_curve(net.predict(rows[test])[:, 0], positive[test]))
    return float(np.mean(areas)) if areas else 0.5


def accuracy(
    train: Array, labels: NDArray[np.int64], test: Array, truth: NDArray[np.int64], classes: int, seed: int
) -> float:
    """Return the accuracy of a Net on the test rows."""
    net = _net(train.shape[1], max(2, classes), "cross_entropy", seed)
    _train(net, train.astype(np.float32), labels)
    return float(np.mean(net.predict_classes(test.astype(np.float32)) == truth))


def determination(train: Array, values: Array, test: Array, truth: Array, seed: int) -> float:
    """Return the R² of a Net on the test rows: 1 is perfect, 0 is the accuracy of predicting their mean."""
    center, spread = float(values.mean()), float(values.std()) or 1.0
    net = _net(train.shape[1], 1, "squared_error", seed)
    _train(net, train.astype(np.float32), ((values - center) / spread).astype(np.float32)[:, None])
    predicted = net.predict(test.astype(np.float32))[:, 0] * spread + center
    total = float(np.square(truth - truth.mean()).sum())
    return 1.0 - float(np.square(truth - predicted).sum()) / total if total else 0.0


def _net(inputs: int, outputs: int, loss: str, seed: int) -> Net:
    optimizer = AdamW(learning_rate=3e-3, weight_decay=0.01, schedule=Cosine())
    return Net([inputs, 64, outputs], loss=loss, optimizer=optimizer, dropout=0.2, seed=seed)


def _train(net: Net, X: NDArray[Any], y: NDArray[Any]) -> None:
    epochs = min(150, max(10, _STEPS * _BATCH // len(X)))
    net.fit(X, y, epochs=epochs, batch_size=_BATCH, verbose=False)
