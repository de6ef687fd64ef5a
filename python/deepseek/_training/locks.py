"""The locks of a model. They allow one fit at a time, and a fork only between two steps.

`fit_lock` is held for a whole fit. `state_lock` is held while the engine trains and its results are recorded,
and by readers that need a consistent state of engine and history; a fit releases it about every 0.03 seconds.
Predictions need neither: the engine has its own lock, and they use the weights of the last complete step.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

_PAUSE = 1e-4  # seconds for which a fit releases state_lock for other threads
_PAUSE_INTERVAL = 0.02  # seconds between two pauses
_TIMEOUT = 5.0  # seconds that a fork or the exit of the interpreter waits for an engine call


class ModelLock:
    """The two locks of one model."""

    def __init__(self) -> None:
        self.state_lock = threading.Lock()
        self.fit_lock = threading.Lock()
        self.owner: int | None = None
        self.engine_holds_data = False  # between begin and end of a fit
        self._last_pause = 0.0
        _locks.add(self)

    @contextmanager
    def fit(self, core: Any) -> Iterator[None]:
        """Hold the model for a fit; wait for the fit of another thread, raise RuntimeError inside the same fit."""
        if self.owner == threading.get_ident():
            raise RuntimeError(
                "fit: got a call during a fit of the same model in the same thread; expected none (a callback cannot "
                "fit or reset its model)"
            )
        with self.fit_lock:
            try:
                self._begin_fit(core)
                yield
            finally:
                self.owner = None

    def acquire_fit(self, core: Any, name: str) -> None:
        """Hold the model until `release_fit`; raise RuntimeError during another fit. `name` is that of the model."""
        if not self.fit_lock.acquire(blocking=False):
            raise RuntimeError(
                f"{name}: got a model in training in another call or thread; expected one whose fit has ended"
            )
        try:
            self._begin_fit(core)
        except BaseException:
            self.release_fit()
            raise

    def release_fit(self) -> None:
        """Release what `acquire_fit` holds."""
        self.owner = None
        self.fit_lock.release()

    def _begin_fit(self, core: Any) -> None:
        self.owner = threading.get_ident()
        if self.engine_holds_data:  # after a fork, or Ctrl-C at the end of a fit
            core.end()
            self.engine_holds_data = False

    def pause(self) -> None:
        """Let waiting threads acquire state_lock, if the interval has passed and there are other threads."""
        now = time.perf_counter()
        if now - self._last_pause > _PAUSE_INTERVAL:
            self._last_pause = now
            if threading.active_count() > 1:
                time.sleep(_PAUSE)

    def _reset_in_child(self) -> None:
        """Reset the locks in a forked child, where only the forking thread exists."""
        self.state_lock = threading.Lock()
        if self.owner != threading.get_ident():
            self.fit_lock = threading.Lock()
            self.owner = None


@contextmanager
def all_held(locks: Sequence[threading.Lock]) -> Iterator[None]:
    """Hold many locks. It waits for one lock only while it holds no other, so there is no deadlock."""
    first = 0
    while locks:
        held = [locks[first]]
        held[0].acquire()
        missed = None
        for number, lock in enumerate(locks):
            if number == first:
                continue
            if not lock.acquire(blocking=False):
                missed = number
                break
            held.append(lock)
        if missed is None:
            break
        for lock in held:
            lock.release()
        first = missed
    try:
        yield
    finally:
        for lock in locks:
            lock.release()


_locks: weakref.WeakSet[ModelLock] = weakref.WeakSet()
_acquired: list[Any] = []


def _before_fork() -> None:
    _acquired.extend(lock.state_lock for lock in list(_locks) if lock.state_lock.acquire(timeout=_TIMEOUT))


def _after_fork_in_parent() -> None:
    while _acquired:
        _acquired.pop().release()


def _after_fork_in_child() -> None:
    _acquired.clear()
    for lock in list(_locks):
        lock._reset_in_child()


def _at_exit() -> None:
    """Keep daemon threads from returning from the engine during the exit of the interpreter, which would abort."""
    for lock in list(_locks):
        if lock.owner not in (None, threading.get_ident()):
            lock.state_lock.acquire(timeout=_TIMEOUT)


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
    )
