"""Loop over all rows, libraries and numbers of threads, in interleaved rounds."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import coldstart
from .machine import describe
from .processes import OTHER, WorkerError, WorkerProcess, processors
from .report import Entry, Result, Sheet
from .rows import Row, rows_of

OURS = "deepseek"
PEERS = ("torch", "jax", "sklearn")
_PROBE_SECONDS = 0.02
_IDLE_SECONDS = 0.03  # OpenBLAS and OpenMP threads spin for about this time after their last call


@dataclass
class Settings:
    """Settings of a benchmark run.

    Attributes
    ----------
    groups : sequence of str, default=("kernels", "net", "rec", "gen")
        Groups of rows.
    peers : sequence of str, default=("torch", "jax", "sklearn")
        Libraries to compare with; NumPy is always added in the kernel rows.
    threads : sequence of int, default=(1,)
        Numbers of threads.
    rounds : int, default=7
        Number of measured rounds, after one warm-up round.
    seconds : float, default=0.15
        Time of one library in a round, in seconds.
    patterns : sequence of str, default=()
        Names of rows, with wildcards; empty for all.
    against : str, default=None
        Python interpreter of another installation of this package, such as an older build, to compare with.
    """

    groups: Sequence[str] = ("kernels", "net", "rec", "gen")
    peers: Sequence[str] = PEERS
    threads: Sequence[int] = (1,)
    rounds: int = 7
    seconds: float = 0.15
    patterns: Sequence[str] = field(default_factory=tuple)
    against: str | None = None


def run(settings: Settings, on_row: Callable[[Sheet], None] = lambda sheet: None) -> Sheet:
    """Run the benchmarks.

    Parameters
    ----------
    settings : Settings
        Rows, libraries and rounds.
    on_row : callable
        Function that is called with the sheet after each row, to show or save the results so far.

    Returns
    -------
    Sheet
        All results.

    Raises
    ------
    ValueError
        If more threads than processors are requested, a pattern matches no row, or the other installation
        does not start.
    RuntimeError
        If the worker of this package does not start.
    """
    rows = rows_of(settings.groups, settings.patterns)
    available = len(processors())
    if max(settings.threads) > available:
        raise ValueError(
            f"threads: got {max(settings.threads)}; expected at most {available}, the processors of this process"
        )
    sheet = Sheet(describe(), [OURS], list(settings.threads))
    workers = _start(settings, sheet)
    try:
        cold = [row for row in rows if row.kind.startswith("cold_")]
        for row in rows:
            if row not in cold:
                sheet.results += _measure(row, workers, settings, sheet)
                on_row(sheet)
        for workload in dict.fromkeys(row.params["workload"] for row in cold):
            alike = [row for row in cold if row.params["workload"] == workload]
            sheet.results += _cold(alike, workers, settings, sheet)
            on_row(sheet)
    finally:
        for worker in workers:
            worker.close()
    return sheet


def _start(settings: Settings, sheet: Sheet) -> list[WorkerProcess]:
    """Start a process per library and number of threads; record missing libraries in the sheet."""
    names = [OURS, *(["numpy"] if "kernels" in settings.groups else []), *settings.peers]
    started: list[WorkerProcess] = []
    try:
        for name in dict.fromkeys(names):
            if importlib.util.find_spec(name) is None:
                sheet.missing[name] = "not installed"
                continue
            try:
                started += [WorkerProcess(name, threads) for threads in settings.threads]
            except WorkerError as error:
                if name == OURS:
                    raise RuntimeError(
                        f"worker of deepseek: got an error when it started ({error})"
                    ) from None
                sheet.missing[name] = str(error)
                continue
            sheet.versions[name] = started[-1].version
            if name not in sheet.libraries:
                sheet.libraries.append(name)
        if settings.against:
            try:
                started += [WorkerProcess(OURS, threads, settings.against) for threads in settings.threads]
            except (WorkerError, OSError) as error:
                raise ValueError(
                    f"against: got {settings.against!r}; expected a Python interpreter with deepseek ({error})"
                ) from None
            sheet.versions[OTHER] = started[-1].version
            sheet.libraries.append(OTHER)
    except BaseException:
        for worker in started:
            worker.close()
        raise
    return [worker for worker in started if worker.name in sheet.libraries]


def _measure(row: Row, workers: Sequence[WorkerProcess], settings: Settings, sheet: Sheet) -> list[Result]:
    """Measure one row; libraries that fail are removed from it and recorded in the notes."""
    results = {threads: Result(row, threads) for threads in settings.threads}
    active: list[WorkerProcess] = []

    def ask(worker: WorkerProcess, do: str, **details: Any) -> dict[str, Any]:
        try:
            return worker.ask(do, **details)
        except WorkerError as error:
            sheet.notes.append(f"{row.name}: {worker.name}, {worker.threads} threads: {error}")
            if worker in active:
                active.remove(worker)
            results[worker.threads].entries.pop(worker.name, None)
            return {}

    for worker in workers:
        if ask(worker, "open", row=row.to_json()).get("ok"):
            active.append(worker)
            results[worker.threads].entries[worker.name] = Entry()
    for number in range(settings.rounds + 1):
        shift = number % max(1, len(active))
        for worker in [*active[shift:], *active[:shift]]:
            result = results[worker.threads]
            answer = ask(worker, "measure", seconds=settings.seconds * row.time_factor)
            if answer and number:  # round 0 warms up
                result.entries[worker.name].add(answer["seconds"], answer.get("inner"))
            if worker.name == OURS and (row.flops or row.bytes_read) and number:
                what = "peak" if row.flops else "bandwidth"
                limit = ask(worker, "probe", what=what, size=int(row.bytes_read), seconds=_PROBE_SECONDS)
                result.limits += [limit["value"]] if limit else []
            if worker.threads > 1:
                time.sleep(_IDLE_SECONDS)
    for worker in active.copy():
        ask(worker, "close")
    return [result for result in results.values() if result.entries]


def _cold(
    rows: Sequence[Row], workers: Sequence[WorkerProcess], settings: Settings, sheet: Sheet
) -> list[Result]:
    """Measure the rows of whole processes of one workload; the same runs measure time and memory."""
    failed: dict[tuple[str, int], str] = {}
    entries = [(worker.name, worker.threads) for worker in workers]
    samples = coldstart.rounds(entries, settings.rounds, failed, rows[0].params["workload"])
    sheet.notes += [
        f"{rows[0].name}: {name}, {threads} threads: {text}" for (name, threads), text in failed.items()
    ]
    results = []
    for row in rows:
        for threads in settings.threads:
            result = Result(row, threads)
            for (name, count), pairs in samples.items():
                if count == threads:
                    result.entries[name] = Entry(
                        [pair[0 if row.kind == "cold_start" else 1] for pair in pairs]
                    )
            if result.entries:
                results.append(result)
    return results
