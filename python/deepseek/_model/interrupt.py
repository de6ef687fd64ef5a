"""Ctrl-C between two steps, never inside the bookkeeping.

The engine returns every few hundredths of a second. A signal that arrives meanwhile would be raised the
moment the call returns, and the block's result (its losses) would be lost. So during an engine call and what
belongs to it the signal is only noted, and delivered right after; a long step is asked to break off. Outside
of those, in callbacks say, it works as ever.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any


class Interrupts:
    """Context of a fit: takes over SIGINT in the main thread, gives it back at the end.

    Parameters
    ----------
    cancel : callable
        Asks the engine to return before its budget is spent.
    """

    def __init__(self, cancel: Callable[[], None]) -> None:
        self._cancel = cancel
        self._previous: Any = None
        self._shielded = False
        self._noted: tuple[int, FrameType | None] | None = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            previous = signal.getsignal(signal.SIGINT)
            if callable(previous):  # else ignored, the system's own, or not Python's to give back
                self._previous = previous
                signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)

    def shield(self) -> None:
        """From here on a signal waits."""
        self._shielded = True

    def deliver(self) -> None:
        """From here on it does not; one that waited is delivered, by raising KeyboardInterrupt as a rule."""
        self._shielded = False
        noted, self._noted = self._noted, None
        if noted is not None:
            self._previous(*noted)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._shielded:
            self._noted = (number, frame)
            self._cancel()
        else:
            self._previous(number, frame)
