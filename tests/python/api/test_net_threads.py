"""Models among threads, forks and signals."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from programs import models
from programs.kinds import KINDS

LONG = 10**6
"""Epochs that no test waits for."""


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Run `work` in some threads; the first exception of any is raised."""
    errors: list[BaseException] = []

    def run(i: int) -> None:
        try:
            work(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    if errors:
        raise errors[0]


def test_many_threads_predict_with_one_model() -> None:
    X, _ = models.data(50)
    net = models.net((6, 64, 64, 3))
    expected = net.predict(X)
    rows = [net.predict(X[i : i + 1]) for i in range(50)]

    def work(thread: int) -> None:
        for i in range(100):
            np.testing.assert_array_equal(net.predict(X[i % 50 : i % 50 + 1]), rows[i % 50])
            np.testing.assert_array_equal(net.predict(X), expected)

    in_threads(8, work)


def test_threads_train_models_of_their_own() -> None:
    X, y = models.data()
    alone = models.net(dropout=0.1)
    alone.fit(X, y, epochs=5)
    found: dict[int, str] = {}

    def work(thread: int) -> None:
        net = models.net(dropout=0.1)
        net.fit(X, y, epochs=5)
        found[thread] = models.weights(net)

    in_threads(6, work)
    assert set(found.values()) == {models.weights(alone)}


@pytest.mark.parametrize("kind", KINDS)
def test_the_number_of_threads_may_change_during_a_fit(kind: str) -> None:
    """More than there were at its beginning are not for this fit, but the next."""
    X, y = KINDS[kind].data(100)
    one, other = (KINDS[kind].make(**KINDS[kind].rich) for _ in range(2))
    watched = KINDS[kind].watched
    one.fit(X, y, epochs=12, **watched)
    before = ds.get_num_threads()
    change = ds.LambdaCallback(on_epoch_end=lambda epoch, logs: ds.set_num_threads(1 + epoch * 5 % 9))
    try:
        ds.set_num_threads(1)
        other.fit(X, y, epochs=12, **watched, callbacks=change)
    finally:
        ds.set_num_threads(before)
    assert models.weights(one) == models.weights(other)


def test_fits_of_one_model_wait_for_each_other() -> None:
    X, y = models.data()
    one, shared = models.net(), models.net()
    one.fit(X, y, epochs=8)
    in_threads(4, lambda thread: shared.fit(X, y, epochs=2) and None)
    assert models.weights(one) == models.weights(shared)
    assert shared.history["epoch"] == list(range(1, 9))


def test_others_get_in_while_a_model_is_fitted() -> None:
    """Predictions, copies and evaluations of other threads see complete steps; one of them stops the fit."""
    X, y = models.data()
    net = models.net((6, 64, 3), normalization="batch")
    begun = threading.Event()

    def visit() -> None:
        begun.wait(30)
        for _ in range(20):
            assert np.isfinite(net.predict(X)).all()
            assert np.isfinite(net.evaluate(X, y)["loss"])
            twin = pickle.loads(pickle.dumps(net))
            assert {len(values) for values in twin.history.values()} <= {twin.history.epochs}
            assert np.isfinite(twin.predict(X)).all()
        net.stop()

    visitor = threading.Thread(target=visit, daemon=True)
    visitor.start()
    tell = ds.LambdaCallback(on_block_end=lambda progress: begun.set())
    history = net.fit(X, y, epochs=LONG, callbacks=tell)
    visitor.join(60)
    assert history.outcome == "stopped"
    assert 0 < history.epochs < LONG


def test_ctrl_c_raises_and_leaves_the_last_complete_step() -> None:
    X, y = models.data()
    whole = models.net((6, 64, 3), dropout=0.1)
    net = models.net((6, 64, 3), dropout=0.1)
    before = signal.getsignal(signal.SIGINT)
    first: list[Any] = []

    def once(progress: ds.Progress) -> None:
        if not first:
            first.append(threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)))
            first[0].start()

    with pytest.raises(KeyboardInterrupt):
        net.fit(X, y, epochs=LONG, callbacks=ds.LambdaCallback(on_block_end=once))
    assert signal.getsignal(signal.SIGINT) is before
    done = net.history.epochs
    assert {len(values) for values in net.history.values()} == {done}
    # what is recorded is what was trained: the next epoch carries the next number and the very same weights
    stop = ds.LambdaCallback(on_epoch_end=lambda epoch, logs: net.stop())
    net.fit(X, y, epochs=LONG, resume=True, callbacks=stop)
    assert net.history["epoch"] == list(range(1, done + 2))
    whole.fit(X, y, epochs=done + 1)
    assert models.weights(whole) == models.weights(net)
    assert whole.history["loss"] == net.history["loss"]


def test_ctrl_c_in_a_callback_is_raised_there() -> None:
    X, y = models.data()
    net = models.net()
    reached: list[str] = []

    def interrupt(epoch: int, logs: dict[str, Any]) -> None:
        signal.raise_signal(signal.SIGINT)
        reached.append("behind the signal")

    with pytest.raises(KeyboardInterrupt):
        net.fit(X, y, epochs=4, callbacks=ds.LambdaCallback(on_epoch_end=interrupt))
    assert reached == []
    assert net.history.epochs == 1


def test_a_handler_of_ones_own_is_called_and_kept() -> None:
    X, y = models.data()
    net = models.net()
    caught: list[int] = []

    def handler(number: int, frame: Any) -> None:
        caught.append(number)
        net.stop()

    before = signal.signal(signal.SIGINT, handler)
    try:
        timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
        begin = ds.LambdaCallback(on_fit_begin=timer.start)
        assert net.fit(X, y, epochs=LONG, callbacks=begin).outcome == "stopped"
        assert caught == [signal.SIGINT]
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_fit_in_a_thread_leaves_signals_alone() -> None:
    X, y = models.data()
    seen: list[Any] = []
    look = ds.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(signal.getsignal(signal.SIGINT)))
    in_threads(1, lambda thread: models.net().fit(X, y, epochs=1, callbacks=look) and None)
    assert seen == [signal.default_int_handler]


def in_fork(work: Callable[[], None]) -> int:
    """Run `work` in a forked child; 0 if it went well, 1 if it raised, 2 if it hung."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.signal(signal.SIGALRM, lambda *_: os._exit(2))
            signal.alarm(30)
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


# Python warns of a fork among threads, and so does JAX once anything has imported it.
forks = pytest.mark.filterwarnings(
    "ignore:.*multi-threaded.*fork:DeprecationWarning", "ignore:os.fork.*JAX:RuntimeWarning"
)


@forks
def test_a_child_goes_on_where_its_parent_stands() -> None:
    X, y = models.data()
    whole, net = models.net(), models.net()
    whole.fit(X, y, epochs=4)
    net.fit(X, y, epochs=2)

    def work() -> None:
        net.fit(X, y, epochs=2)
        assert models.weights(net) == models.weights(whole)
        assert in_fork(lambda: net.partial_fit(X, y) and None) == 0

    assert in_fork(work) == 0
    net.fit(X, y, epochs=2)
    assert models.weights(net) == models.weights(whole)


@forks
def test_a_fork_while_another_thread_fits_finds_a_usable_model() -> None:
    X, y = models.data()
    net = models.net((6, 64, 3))
    begun = threading.Event()
    tell = ds.LambdaCallback(on_block_end=lambda progress: begun.set())
    fitting = threading.Thread(target=net.fit, args=(X, y), kwargs={"epochs": LONG, "callbacks": tell})
    fitting.start()
    begun.wait(30)

    def work() -> None:
        assert np.isfinite(net.predict(X)).all()
        net.fit(X, y, epochs=1)
        net.reset().fit(X, y, epochs=1)
        fresh = models.net((6, 64, 3))
        fresh.fit(X, y, epochs=1)
        assert models.weights(net) == models.weights(fresh)

    codes = [in_fork(work) for _ in range(5)]
    net.stop()
    fitting.join(60)
    assert codes == [0] * 5
    assert not fitting.is_alive()


IMPORT = """
import sys, threading
import numpy
import safetensors
before = set(sys.modules)
import deepseek
heavy = {"matplotlib", "rich", "torch", "sklearn", "pandas", "json", "safetensors.numpy", "deepseek.reference"}
heavy |= {"deepseek._io.reader", "deepseek._io.writer", "deepseek._io.digest", "deepseek._io.canonical_json"}
heavy |= {"deepseek.datasets", "deepseek.plot", "deepseek.cli"}
print(sorted(heavy & (set(sys.modules) - before)), threading.active_count(), len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts threads through /proc")
def test_import_is_light_and_starts_no_thread() -> None:
    script = "import os\n" + IMPORT.replace("import safetensors\n", "")
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["[]", "1", "1"]
