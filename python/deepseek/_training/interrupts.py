"""Handling of Ctrl-C between two blocks of steps.

A signal during an engine call would raise KeyboardInterrupt when the call returns, and the losses of the
block would be lost. While the fit is shielded, the signal is therefore deferred until the results are
recorded, and the engine is asked to cancel a long step. Outside, for example in callbacks, the signal has its
usual effect.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any


class Interrupts:
    """Context manager of a fit that replaces the handler of SIGINT in the main thread and restores it at the end.

    Parameters
    ----------
    cancel : callable
        Function that asks the engine to return early.
    """

    def __init__(self, cancel: Callable[[], None]) -> None:
        self._cancel = cancel
        self._previous: Any = None
        self._shielded = False
        self._deferred: tuple[int, FrameType | None] | None = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            previous = signal.getsignal(signal.SIGINT)
            if callable(
                previous
            ):  # otherwise ignored, the default action, or a handler not installed from Python
                self._previous = previous
                signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)

    def shield(self) -> None:
        """Defer signals from now on."""
        self._shielded = True

    def deliver(self) -> None:
        """Handle signals immediately from now on, and a deferred one now; it usually raises KeyboardInterrupt."""
        self._shielded = False
        deferred, self._deferred = self._deferred, None
        if deferred is not None:
            self._previous(*deferred)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._shielded:
            self._deferred = (number, frame)
            self._cancel()
        else:
            self._previous(number, frame)
