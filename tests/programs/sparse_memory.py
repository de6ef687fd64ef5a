"""Peak memory of a fit, a prediction and an evaluation on wide sparse rows: prints by how many MiB it has grown."""

from __future__ import annotations

import resource

import numpy as np
import scipy.sparse

import deepseek as ds

ROWS, COLUMNS, ENTRIES = 2_000, 300_000, 20
rng = np.random.default_rng(0)
columns = np.sort(rng.integers(0, COLUMNS // ENTRIES, (ROWS, ENTRIES)), axis=1) * ENTRIES + np.arange(ENTRIES)
X = scipy.sparse.csr_array(
    (np.ones(ROWS * ENTRIES, np.float32), columns.ravel(), np.arange(ROWS + 1) * ENTRIES),
    shape=(ROWS, COLUMNS),
)
y = rng.normal(size=ROWS)


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


before = peak()
net = ds.Net([COLUMNS, 4, 1], input_dropout=0.1)  # 5 MiB of weights; gradients and moments have the same size
net.fit(X, y, epochs=2, batch_size=256, validation_fraction=0.2, verbose=False)
net.predict(X)
net.evaluate(X, y)
print((peak() - before) / 1024)
