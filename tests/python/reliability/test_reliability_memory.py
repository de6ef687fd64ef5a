"""Promises D4 and F2, and that the training loop allocates nothing.

A small library stands before malloc (`programs/allocations.c`, compiled here) and counts what the engine
allocates, or says no.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from programs.harness import PROGRAMS, figure, run
from programs.kinds import KINDS
from programs.selection import slow_except

COMPILER = next(filter(None, map(shutil.which, (os.environ.get("CC", "cc"), "cc", "gcc", "clang"))), None)
needs_shim = pytest.mark.skipif(
    COMPILER is None or sys.platform != "linux", reason="no C compiler, or no glibc to stand before"
)


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The library to preload."""
    path = tmp_path_factory.mktemp("shim") / "allocations.so"
    source = PROGRAMS / "allocations.c"
    subprocess.run([str(COMPILER), "-O1", "-shared", "-fPIC", "-o", path, source, "-ldl"], check=True)
    return str(path)


@needs_shim
@pytest.mark.parametrize("which", slow_except(["once", "on"], "once"))
@pytest.mark.parametrize("kind", KINDS)
def test_out_of_memory_is_an_exception(shim: str, kind: str, which: str) -> None:
    """Each allocation in turn fails, alone or with all after it: MemoryError, and the model as it was."""
    lines = run("fail_allocations.py", kind, which, timeout=600, LD_PRELOAD=shim).splitlines()
    failures = {line.split(":")[0]: int(line.split(":")[1].split()[0]) for line in lines}
    calls = ["make", "predict", "evaluate", "state_dict", "load", "deepcopy", "fit", "partial_fit"]
    for call in [*calls, "fit_many"] if kind == "Net" else calls:
        assert failures[call] > 0, f"no allocation of {call} was seen"


@needs_shim
def test_the_training_loop_allocates_nothing(shim: str) -> None:
    lines = run("count_allocations.py", LD_PRELOAD=shim).splitlines()
    assert len(lines) >= 12
    for line in lines:
        name, few, many = line.split()
        assert few == many, f"{name}: {few} allocations in 10 steps, {many} in many"


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="asks glibc 2.33 what is allocated")
@pytest.mark.parametrize("kind", slow_except(KINDS, "Net", "Gen"))
def test_nothing_leaks(kind: str) -> None:
    rounds = figure("LEAK", 150) // (1 if kind == "Net" else 3)
    heap = {"MALLOC_ARENA_MAX": "1", "PYTHONMALLOC": "malloc"}
    assert int(run("leak.py", kind, rounds, timeout=300 + rounds, **heap)) < 64  # KiB


def test_training_needs_little_more_than_its_data(tmp_path: Path) -> None:
    """The peak of a process that trains on 100 MB is that and a few, for the rows are read in place."""
    code = """
import resource, numpy as np, deepseek as ds
X = np.ones((250_000, 100), "f4")
y = np.zeros(250_000, "i8")
net = ds.Net([100, 16, 2], loss="cross_entropy")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
net.fit(X, y, epochs=1, batch_size=1024)
net.evaluate(X, y)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 30


def test_training_of_many_nets_needs_little_more_than_their_data() -> None:
    """The rows of each net are read in place: 100 nets on 50 MB, each on nine tenths of them, chosen by a mask.

    A fixed threshold makes glibc return large freed blocks at once, so the peak is that of the memory in use.
    """
    code = """
import resource, numpy as np, deepseek as ds
X = np.ones((125_000, 100), "f4")
y = np.zeros(125_000, "i8")
nets = [ds.Net([100, 4, 2], loss="cross_entropy", seed=i) for i in range(100)]
folds = [np.arange(len(X)) % 10 != i for i in range(10)]
rows = [folds[i % 10] for i in range(100)]
others = [~folds[i % 10] for i in range(100)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
ds.fit_many(nets, X, y, rows=rows, validation_rows=others, epochs=1, batch_size=4096, threads=2)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    heap = {**os.environ, "MALLOC_MMAP_THRESHOLD_": str(1 << 17)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=heap)
    assert int(done.stdout) < 40
