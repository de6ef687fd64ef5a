"""Promises E1, E4, E6, E8: threads, forks, exits, and other libraries in the same process."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time

import pytest

import deepseek as ds
from programs import models
from programs.harness import PROGRAMS, figure, run
from programs.kinds import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_many_threads_one_model(kind: str) -> None:
    """Predicting, and taking single steps."""
    predictions = figure("PREDICTIONS", 60)
    assert run("threads.py", kind, predictions, timeout=120 + predictions) == "fine\n"


def test_a_worker_that_is_late_changes_nothing() -> None:
    """Each step has another learning rate; a late worker must not see the next step's."""
    X, y = models.data(2000, 64, 10)
    answers = set()
    for threads in (1, 2, 3, 2, 2):
        optimizer = ds.Adam(1e-3, schedule=ds.Cosine())
        net = models.net((64, 256, 256, 10), threads=threads, optimizer=optimizer)
        net.fit(X, y, epochs=3, batch_size=64)
        answers.add(models.weights(net))
    assert len(answers) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_forks(kind: str) -> None:
    """After a fit, during one, nested, in a pool. The promise is five seconds a child; here it gets more."""
    count = figure("FORKS", 6)
    assert run("forks.py", kind, count, 60, timeout=120 + 20 * count) == "fine\n"


def test_exit_during_a_fit_in_a_daemon_thread() -> None:
    """The promise is two seconds."""
    for seed in range(figure("EXITS", 5)):
        assert run("exit_in_fit.py", seed, timeout=60) == "out\n"


def test_what_an_import_brings_along() -> None:
    report = json.loads(run("libraries.py"))
    assert report["threads"] == 0, "a thread was started by the import"
    system = ("libstdc++.so", "libgcc_s.so", "libm.so", "libpthread.so", "libdl.so", "librt.so", "libc.so")
    for library in report["libraries"]:
        own = ".cpython-" in library or ".abi3." in library  # extension modules: ours and the interpreter's
        assert own or library.startswith(system) or not library.startswith("lib"), library
        assert not any(word in library for word in ("gomp", "iomp", "omp.so", "blas", "mkl", "tbb")), library
    for name in ("safetensors", "sklearn", "torch", "matplotlib", "rich", "scipy", "argparse", "pandas"):
        assert name not in report["modules"], f"{name} was imported"
    assert report["seconds"] < 5  # the promise is a tenth; the benchmark measures it


USES = {
    "torch": "import torch; torch.ones(300, 300) @ torch.ones(300, 300)",
    "sklearn": "import sklearn.neural_network",
    "scipy": "import scipy.linalg; scipy.linalg.lu([[1.0, 2.0], [3.0, 4.0]])",
}


@pytest.mark.peers
@pytest.mark.parametrize("other", USES)
@pytest.mark.parametrize("first", [True, False])
def test_beside_another_library(other: str, first: bool) -> None:
    """Imported before or after, trained in between: no hang, and the bits of a process without it."""
    if importlib.util.find_spec(other) is None:
        pytest.skip(f"{other} is not installed")
    train = "net = models.net((6, 128, 128, 3), threads=2); net.fit(X, y, epochs=2, batch_size=64)"
    tell = "print(models.weights(net))"
    begin = "from programs import models; X, y = models.data(300)"
    lines = [USES[other], begin, train, tell] if first else [begin, train, USES[other], train, tell]
    answers = []
    for code in ("; ".join(lines), "; ".join((begin, train, tell))):
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            f"import sys; sys.path.append({str(PROGRAMS.parent)!r}); {code}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        answers.append(done.stdout)
    assert answers[0] == answers[1] and len(answers[0]) == 65


def test_a_process_ends_soon_after_training() -> None:
    start = time.monotonic()
    code = "import deepseek as d, numpy as n; d.Net([2, 3]).fit(n.ones((9, 2)), n.ones((9, 3)), epochs=2)"
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)
    assert time.monotonic() - start < 30
