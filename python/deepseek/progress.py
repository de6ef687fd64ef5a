"""The progress line: epoch, losses, rate, samples per second. Painted by rich when it is installed."""

from __future__ import annotations

import math
import sys
import time
from typing import Any, TextIO

from ._checks import flag
from .callbacks import Callback, Progress
from .history import History

__all__ = ["ProgressBar"]

_WIDTH = 24  # characters of the plain bar
_TERMINAL_PERIOD = 0.1  # seconds between two paints
_FILE_PERIOD = 1.0  # seconds between two lines where nothing can be painted over


class ProgressBar(Callback):
    """One line that shows where a fit stands.

    On a terminal it is painted in place: by rich if that is installed, as plain text otherwise. Elsewhere (a
    file, a pipe) a plain line is written at most once a second and at the end.

    Parameters
    ----------
    stream : text file, optional
        Where to; default: ``sys.stderr`` at the time.
    rich : bool, optional
        Whether rich paints; default: on a terminal, if it is installed.
    """

    def __init__(self, stream: TextIO | None = None, *, rich: bool | None = None) -> None:
        self.stream = stream
        self.rich = rich if rich is None else flag("rich", rich)
        self._painter: _Plain | _Rich | None = None
        self._last: Progress | None = None
        self._due = 0.0

    def on_fit_begin(self) -> None:
        """Choose how to paint; nothing is painted before there is something to tell."""
        self._last, self._painter = None, self._choose()
        self._due = time.perf_counter() + self._painter.patience

    def on_block_end(self, progress: Progress) -> None:
        """Paint, if the last time is long enough ago."""
        self._last = progress
        now = time.perf_counter()
        if self._painter is not None and now >= self._due:
            self._painter.paint(progress)
            self._due = now + self._painter.period

    def on_fit_end(self, history: History) -> None:
        """Paint the last state and leave the line."""
        if self._painter is not None and self._last is not None:
            self._painter.finish(self._last, history.outcome)
        self._painter = None

    def _choose(self) -> _Plain | _Rich:
        stream = self.stream or sys.stderr
        wanted = is_terminal(stream) if self.rich is None else self.rich
        if wanted:
            try:
                return _Rich(stream)
            except ImportError:
                if self.rich:
                    raise
        return _Plain(stream)


def is_terminal(stream: Any) -> bool:
    """Whether a stream can be painted over."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def describe(progress: Progress) -> str:
    """The figures of a line."""
    parts = [f"loss {progress.loss:.4g}"]
    if not math.isnan(progress.val_loss):
        parts.append(f"val_loss {progress.val_loss:.4g}")
    if not math.isnan(progress.rate):
        parts.append(f"rate {progress.rate:.3g}")
    parts += [f"{key} {value:.4g}" for key, value in progress.figures.items() if not math.isnan(value)]
    parts.append(f"{_counted(progress.samples_per_second)} samples/s")
    return "  ".join(parts)


class _Plain:
    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.in_place = is_terminal(stream)
        self.period = _TERMINAL_PERIOD if self.in_place else _FILE_PERIOD
        self.patience = 0.0 if self.in_place else _FILE_PERIOD
        self._written = 0

    def paint(self, progress: Progress, ending: str = "") -> None:
        line = f"epoch {_epochs(progress)}"
        if self.in_place:
            done = round(_WIDTH * _share(progress))
            line += f" [{'#' * done}{'.' * (_WIDTH - done)}]"
        line += f"  {describe(progress)}{ending}"
        if self.in_place:
            line, self._written = f"\r{line:<{self._written}}", len(line)
        self.stream.write(line if self.in_place and not ending else line + "\n")
        self.stream.flush()

    def finish(self, progress: Progress, outcome: str) -> None:
        self.paint(progress, f"  {outcome}, {progress.seconds:.1f} s")


class _Rich:
    period, patience = _TERMINAL_PERIOD, 0.0

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("epoch {task.fields[epochs]}"),
            BarColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
        )
        self._bar = Bar(*columns, console=Console(file=stream), auto_refresh=False)  # no thread of its own
        self._task: Any = None

    def paint(self, progress: Progress) -> None:
        fields: dict[str, Any] = {"epochs": _epochs(progress), "figures": describe(progress)}
        if self._task is None:
            self._bar.start()
            self._task = self._bar.add_task("", total=1.0, **fields)
        self._bar.update(self._task, completed=_share(progress), refresh=True, **fields)

    def finish(self, progress: Progress, outcome: str) -> None:
        self.paint(progress)
        self._bar.stop()


def _epochs(progress: Progress) -> str:
    return f"{progress.epoch}/{progress.epochs}"


def _share(progress: Progress) -> float:
    """Of the epochs up to the last one; a fit that goes on from another starts part of the way."""
    done = progress.epoch - 1 + progress.step / max(progress.steps, 1)
    return min(1.0, done / max(progress.epochs, 1))


def _counted(number: float) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.3g}"
