"""argv[2] times everything a user does with a model of kind argv[1], mistakes included.

Prints by how many KiB the process grew.
"""

from __future__ import annotations

import contextlib
import copy
import ctypes
import gc
import os
import pickle
import sys
import tempfile

import deepseek as ds
from programs.kinds import KINDS, measured, outputs

kind = KINDS[sys.argv[1]]
X, y = kind.data(20)
bad = [x.astype(float) for x in X]  # tokens have to be whole numbers, values finite ones
bad[3].flat[2] = float("nan")
path = os.path.join(tempfile.mkdtemp(), "m")
kept = kind.make(threads=2)


class Heap(ctypes.Structure):
    """glibc's ``struct mallinfo2``."""

    names = (
        "arena",
        "ordblks",
        "smblks",
        "hblks",
        "hblkhd",
        "usmblks",
        "fsmblks",
        "uordblks",
        "fordblks",
        "keepcost",
    )
    _fields_ = [(name, ctypes.c_size_t) for name in names]


def in_use() -> int:
    """KiB allocated and not freed: unlike resident memory it knows no fragments and no caches of pages.

    Needs PYTHONMALLOC=malloc, and one arena.
    """
    libc = ctypes.CDLL(None)
    libc.mallinfo2.restype = Heap
    heap = libc.mallinfo2()
    return (heap.uordblks + heap.hblkhd) // 1024


def everything() -> None:
    """One round."""
    net = kind.make(threads=2, **kind.rich)
    net.fit(X, y, epochs=2, batch_size=16, **kind.watched)
    outputs(net, X)
    measured(net, X, y)
    kept.fit(X, y, epochs=1)
    kept.history.clear()
    for wrong in (
        lambda: net.fit(bad, y),
        lambda: outputs(net, [[[]]]),
        lambda: kind.make(**kind.wrong),
        lambda: ds.load("/"),
    ):
        with contextlib.suppress(ValueError, TypeError):
            wrong()
    with contextlib.suppress(ds.DivergenceError):
        kind.make(optimizer=ds.SGD(1e38), threads=2).fit(X, y, epochs=20)
    if isinstance(net, ds.Net):
        stopping = [ds.EarlyStopping(patience=1), None]
        rows = [None, [5, 3, 3, 8]]
        ds.fit_many([net, kept], X, y, rows=rows, epochs=2, early_stopping=stopping, callbacks=ds.Callback())
        kept.history.clear()
        with contextlib.suppress(ValueError):
            ds.fit_many([net, kept], X, y, rows=[None, [-1]])
    net.save(path)
    copied = pickle.loads(pickle.dumps(copy.deepcopy(ds.load(path))))
    copied.load_state_dict(net.state_dict())
    copied.reset()


rounds = int(sys.argv[2])
for _ in range(max(min(300, 2 * rounds), rounds // 10)):
    everything()
gc.collect()
before = in_use()
for _ in range(rounds):
    everything()
gc.collect()
print(in_use() - before)
