"""Who may use a model when: one fit at a time, and a fork finds the model between two steps.

`busy` is held for a whole fit. `room` is held while the engine trains and what it returned is written down,
and by whoever needs both engine and history as they were at one moment; a fit leaves it every few hundredths
of a second. Predictions need neither: the engine has a lock of its own, and they see the weights of the last
complete step.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_PAUSE = 1e-4  # seconds the room stays empty for others
_TURN = 0.02  # seconds of work between two pauses
_PATIENCE = 5.0  # seconds a fork or the interpreter's end waits for an engine call


class Gate:
    """The two locks of one model."""

    def __init__(self) -> None:
        self.room = threading.Lock()
        self.busy = threading.Lock()
        self.owner: int | None = None
        self.open = False  # the engine holds a fit's data
        self._last_pause = 0.0
        _gates.add(self)

    @contextmanager
    def fit(self, core: Any) -> Iterator[None]:
        """Hold the model for a fit; waits for another thread's, refuses one inside another."""
        if self.owner == threading.get_ident():
            raise RuntimeError(
                "the model is being fitted by this very thread (a callback cannot fit or reset it)"
            )
        with self.busy:
            self.owner = threading.get_ident()
            try:
                if self.open:  # left behind by a fork, or by a Ctrl-C at the very end of a fit
                    core.end()
                    self.open = False
                yield
            finally:
                self.owner = None

    def pause(self) -> None:
        """Let waiting threads into the room, now and then, if there are any threads at all."""
        now = time.perf_counter()
        if now - self._last_pause > _TURN:
            self._last_pause = now
            if threading.active_count() > 1:
                time.sleep(_PAUSE)

    def _forget(self) -> None:
        """In a forked child: only the forking thread lives on."""
        self.room = threading.Lock()
        if self.owner != threading.get_ident():
            self.busy = threading.Lock()
            self.owner = None


_gates: weakref.WeakSet[Gate] = weakref.WeakSet()
_held: list[Any] = []


def _before_fork() -> None:
    _held.extend(gate.room for gate in list(_gates) if gate.room.acquire(timeout=_PATIENCE))


def _after_fork_in_parent() -> None:
    while _held:
        _held.pop().release()


def _after_fork_in_child() -> None:
    _held.clear()
    for gate in list(_gates):
        gate._forget()


def _at_exit() -> None:
    """Let no daemon thread come back from the engine into an interpreter that is going down: that would abort."""
    for gate in list(_gates):
        if gate.owner not in (None, threading.get_ident()):
            gate.room.acquire(timeout=_PATIENCE)


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
    )
