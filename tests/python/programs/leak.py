"""argv[1] times everything a user does, mistakes included. Prints by how many KiB the process grew."""

from __future__ import annotations

import contextlib
import copy
import gc
import os
import pickle
import sys
import tempfile

import numpy as np

import deepseek as ds
from programs import models

X, y = models.data(64)
bad = X.copy()
bad[3, 2] = np.nan
path = os.path.join(tempfile.mkdtemp(), "m")
kept = models.net(threads=2)


def resident() -> int:
    """KiB in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * (os.sysconf("SC_PAGE_SIZE") // 1024)


def everything() -> None:
    """One round."""
    net = models.net(normalization="batch", dropout=0.1, threads=2)
    net.fit(X, y, epochs=2, batch_size=16, validation_fraction=0.2, early_stopping=True)
    net.predict(X)
    net.evaluate(X, y)
    kept.fit(X, y, epochs=1)
    kept.history.clear()
    for wrong in (
        lambda: net.fit(bad, y),
        lambda: net.predict(X[:, :2]),
        lambda: ds.Net([3, 0]),
        lambda: ds.load("/"),
    ):
        with contextlib.suppress(ValueError):
            wrong()
    diverging = ds.Net([6, 8, 1], optimizer=ds.SGD(1e9))
    with contextlib.suppress(ds.DivergenceError):
        diverging.fit(X * 1e6, X[:, :1], epochs=20)
    net.save(path)
    copied = pickle.loads(pickle.dumps(copy.deepcopy(ds.load(path))))
    copied.load_state_dict(net.state_dict())
    copied.reset()


rounds = int(sys.argv[1])
for _ in range(max(300, rounds // 10)):
    everything()
gc.collect()
before = resident()
for _ in range(rounds):
    everything()
gc.collect()
print(resident() - before)
