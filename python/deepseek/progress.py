"""Progress line of a fit: epoch, losses, learning rate, samples per second; drawn by rich if it is installed."""

from __future__ import annotations

import math
import sys
import time
from typing import Any, TextIO

from ._config.checks import flag
from .callbacks import Callback, Progress
from .history import History

__all__ = ["ProgressBar"]

_WIDTH = 24  # characters of the plain bar
_TERMINAL_PERIOD = 0.1  # seconds between two updates on a terminal
_FILE_PERIOD = 1.0  # seconds between two lines in a file or pipe


class ProgressBar(Callback):
    """Shows the progress of a fit in one line.

    On a terminal the line is updated in place, by rich if that is installed, otherwise as plain text. In a
    file or pipe a plain line is written at most once per second and at the end.

    Parameters
    ----------
    stream : text file, optional
        Stream to write to; default: ``sys.stderr`` at the start of the fit.
    rich : bool, optional
        Whether to draw with rich; default: True on a terminal if rich is installed.

    Raises
    ------
    TypeError
        If `rich` is not a bool.
    ImportError
        At the start of a fit, if ``rich=True`` and rich is not installed.
    """

    def __init__(self, stream: TextIO | None = None, *, rich: bool | None = None) -> None:
        self.stream = stream
        self.rich = rich if rich is None else flag("rich", rich)
        self._line: _PlainLine | _RichLine | None = None
        self._last: Progress | None = None
        self._next_update = 0.0

    def on_fit_begin(self) -> None:
        """Create the line; it is drawn at the first update."""
        self._last, self._line = None, self._make_line()
        self._next_update = time.perf_counter() + self._line.delay

    def on_block_end(self, progress: Progress) -> None:
        """Update the line if its period has passed."""
        self._last = progress
        now = time.perf_counter()
        if self._line is not None and now >= self._next_update:
            self._line.update(progress)
            self._next_update = now + self._line.period

    def on_fit_end(self, history: History) -> None:
        """Show the final progress and end the line."""
        if self._line is not None and self._last is not None:
            self._line.finish(self._last, history.outcome)
        self._line = None

    def _make_line(self) -> _PlainLine | _RichLine:
        stream = self.stream or sys.stderr
        use_rich = is_terminal(stream) if self.rich is None else self.rich
        if use_rich:
            try:
                return _RichLine(stream)
            except ImportError:
                if self.rich:
                    raise
        return _PlainLine(stream)


def is_terminal(stream: Any) -> bool:
    """Whether a stream is a terminal."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def describe(progress: Progress) -> str:
    """Return the metrics part of the line."""
    parts = [f"loss {progress.loss:.4g}"]
    if not math.isnan(progress.val_loss):
        parts.append(f"val_loss {progress.val_loss:.4g}")
    if not math.isnan(progress.learning_rate):
        parts.append(f"learning_rate {progress.learning_rate:.3g}")
    parts += [f"{key} {value:.4g}" for key, value in progress.metrics.items() if not math.isnan(value)]
    parts.append(f"{_short_number(progress.samples_per_second)} samples/s")
    return "  ".join(parts)


class _PlainLine:
    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.in_place = is_terminal(stream)
        self.period = _TERMINAL_PERIOD if self.in_place else _FILE_PERIOD
        self.delay = 0.0 if self.in_place else _FILE_PERIOD
        self._written = 0

    def update(self, progress: Progress, ending: str = "") -> None:
        line = f"epoch {_epochs(progress)}"
        if self.in_place:
            filled = round(_WIDTH * _fraction(progress))
            line += f" [{'#' * filled}{'.' * (_WIDTH - filled)}]"
        line += f"  {describe(progress)}{ending}"
        if self.in_place:
            line, self._written = f"\r{line:<{self._written}}", len(line)
        self.stream.write(line if self.in_place and not ending else line + "\n")
        self.stream.flush()

    def finish(self, progress: Progress, outcome: str) -> None:
        self.update(progress, f"  {outcome}, {progress.seconds:.1f} s")


class _RichLine:
    period, delay = _TERMINAL_PERIOD, 0.0

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("epoch {task.fields[epochs]}"),
            BarColumn(),
            TextColumn("{task.fields[metrics]}"),
            TimeRemainingColumn(),
        )
        self._bar = Bar(*columns, console=Console(file=stream), auto_refresh=False)  # no thread of its own
        self._task: Any = None

    def update(self, progress: Progress) -> None:
        fields: dict[str, Any] = {"epochs": _epochs(progress), "metrics": describe(progress)}
        if self._task is None:
            self._bar.start()
            self._task = self._bar.add_task("", total=1.0, **fields)
        self._bar.update(self._task, completed=_fraction(progress), refresh=True, **fields)

    def finish(self, progress: Progress, outcome: str) -> None:
        self.update(progress)
        self._bar.stop()


def _epochs(progress: Progress) -> str:
    return f"{progress.epoch}/{progress.epochs}"


def _fraction(progress: Progress) -> float:
    """Return the completed fraction of all epochs of the model, including those of earlier fits."""
    completed = progress.epoch - 1 + progress.step / max(progress.steps, 1)
    return min(1.0, completed / max(progress.epochs, 1))


def _short_number(number: float) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.3g}"
