"""Every allocation of every call fails once (argv[2] = "once"), or from the n-th on all do ("on").

argv[1] is the kind of model. The shim `allocations.c` has to be preloaded. Each time there has to be a MemoryError
and the model as it was, or, where the engine could do without, the right answer. Prints how many failures each
call met.
"""

from __future__ import annotations

import copy
import ctypes
import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
import safetensors.numpy  # noqa: F401  not while memory is short

import deepseek as ds
from deepseek._training import fit as fit_loop
from programs import models
from programs.kinds import KINDS, measured, outputs

# One block, however busy the machine is, so that a failing partial_fit fails as a whole.
fit_loop.BLOCK_SECONDS = 60.0
shim = ctypes.CDLL(None)
watch, watched = shim.watch_allocations, shim.watched_allocations
watch.argtypes, watched.restype = [ctypes.c_long, ctypes.c_long], ctypes.c_long
last = 2**40 if sys.argv[2] == "on" else 0

kind = KINDS[sys.argv[1]]
X, y = kind.data(24 if sys.argv[1] != "Net" else 300)
folder = tempfile.mkdtemp()
file, target = os.path.join(folder, "file"), os.path.join(folder, "target")


def make() -> Any:
    """A model in the middle of a training, with every kind of state there is."""
    net = kind.make(threads=2, **kind.rich)
    net.fit(X, y, epochs=3, **kind.watched)
    return net


def fit(net: Any, **options: Any) -> Any:
    """Two more epochs."""
    held = {"monitor_data": X} if isinstance(net, ds.Gen) else {"validation_data": (X, y)}
    watched = {key: value for key, value in kind.watched.items() if key != "validation_fraction"}
    net.fit(X, y, epochs=2, **watched, **held, **options)
    return net


def fit_many(net: ds.Net) -> ds.Net:
    """Two more epochs, beside two other nets."""
    nets = [net, *(kind.make(seed=seed) for seed in range(2))]
    ds.fit_many(
        nets, X, y, rows=[None, *ROWS], validation_data=(X, y), epochs=2, early_stopping=True, threads=2
    )
    return net


def unharmed(name: str, net: Any) -> bool:
    """Whether a failed call left all as it was; or, once training had begun, at a complete step."""
    if models.everything(net) == before:
        return True
    if name == "fit_many" and net._fit_state.finished:
        return models.weights(net) == models.weights(expected)
    if name in (
        "fit",
        "fit_many",
    ):  # the very model goes on: what a run did but could not tell is known to its engine alone
        fit(net, resume=True)
        same_history = all(net.history[key] == expected.history[key] for key in ("epoch", "loss"))
        return (same_history or name == "fit_many") and models.weights(net) == models.weights(expected)
    return name == "partial_fit" and models.weights(net) in (models.weights(make()), models.weights(expected))


def same(left: Any, right: Any) -> bool:
    """Whether two results are one."""
    if isinstance(left, ds.Net | ds.Rec | ds.Gen):
        return models.bits(left) == models.bits(right)
    if isinstance(left, np.ndarray):
        return left.tobytes() == right.tobytes()
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


other = kind.make(**kind.rich).state_dict()
CALLS: dict[str, Callable[[Any], Any]] = {
    "make": lambda net: kind.make(),
    "predict": lambda net: outputs(net, X),
    "predict one row": lambda net: outputs(net, X[:1]),
    "predict from a list": lambda net: outputs(net, [x.tolist() for x in X[:1]]),
    "evaluate": lambda net: measured(net, X, y),
    "state_dict": lambda net: net.state_dict(),
    "load_state_dict": lambda net: net.load_state_dict(other),
    "save": lambda net: net.save(target),
    "load": lambda net: ds.load(file),
    "deepcopy": copy.deepcopy,
    "reset": lambda net: net.reset(),
    "fit": lambda net: fit(net),
    "partial_fit": lambda net: (net.partial_fit(X, y), net)[1],
}

if sys.argv[1] == "Net":
    ROWS = [np.arange(100), np.arange(300) % 7 > 2]
    CALLS["fit_many"] = fit_many

make().save(file)
for name, call in CALLS.items():
    expected = call(make())
    net, failures, without = make(), 0, 0
    shim.watch_numpy(not (isinstance(net, ds.Gen) and name == "fit"))  # its monitors are NumPy's products
    for n in range(1, 10_000):
        result = error = None
        before = models.everything(net)
        watch(n, last or n)
        try:
            result = call(net)
        except (MemoryError, SystemError) as caught:  # the latter is what NumPy's indexing says
            error = caught
        met = watched() >= n
        if error is not None:
            assert met, f"{name}: {error} out of nothing"
            assert unharmed(name, net), f"{name}: the net is another after failure {n}"
            failures += 1
            if "fit" in name:
                net = make()
            continue
        assert same(result, expected), f"{name}: wrong result after failure {n}"
        if not met:
            break
        without += 1
        net = make()  # the call changed it, as it should
    print(f"{name}: {failures} failures, {without} done without")
