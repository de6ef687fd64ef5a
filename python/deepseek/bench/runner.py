"""The rounds: every row, every contestant, every number of threads, in turn."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import coldstart
from .machine import describe
from .processes import Contestant, WorkerError, processors
from .report import Entry, Result, Sheet
from .rows import Row, rows_of

OURS = "deepseek"
PEERS = ("torch", "jax", "sklearn")
_PROBE_SECONDS = 0.02
_CALM_SECONDS = 0.03  # OpenBLAS and OpenMP pools spin for about so long after their last call


@dataclass
class Settings:
    """What to run.

    Attributes
    ----------
    groups : sequence of str
        Groups of rows.
    peers : sequence of str
        Peers to compare with; NumPy always takes part in the kernel rows.
    threads : sequence of int
        Numbers of threads.
    rounds : int
        Kept rounds; one more warms up.
    seconds : float
        Length of one contestant's slice in a round.
    patterns : sequence of str
        Names of rows, with wildcards; all if empty.
    """

    groups: Sequence[str] = ("kernels", "net", "rec", "gen")
    peers: Sequence[str] = PEERS
    threads: Sequence[int] = (1,)
    rounds: int = 7
    seconds: float = 0.15
    patterns: Sequence[str] = field(default_factory=tuple)


def run(settings: Settings, on_row: Callable[[Sheet], None] = lambda sheet: None) -> Sheet:
    """Measure.

    Parameters
    ----------
    settings : Settings
        What to run.
    on_row : callable
        Called with the sheet after each row, to show or keep what is there.

    Returns
    -------
    Sheet
        All results.
    """
    rows = rows_of(settings.groups, settings.patterns)
    most = len(processors())
    if max(settings.threads) > most:
        raise ValueError(
            f"{max(settings.threads)} threads asked for, but this process may use {most} processors"
        )
    sheet = Sheet(describe(), [OURS], list(settings.threads))
    contestants = _start(settings, sheet)
    try:
        cold = [row for row in rows if row.kind.startswith("cold_")]
        for row in rows:
            if row not in cold:
                sheet.results += _measure(row, contestants, settings, sheet)
                on_row(sheet)
        if cold:
            sheet.results += _cold(cold, contestants, settings, sheet)
            on_row(sheet)
    finally:
        for contestant in contestants:
            contestant.close()
    return sheet


def _start(settings: Settings, sheet: Sheet) -> list[Contestant]:
    """Start a process per contestant and number of threads; note in the sheet who is missing."""
    wanted = [OURS, *(["numpy"] if "kernels" in settings.groups else []), *settings.peers]
    started: list[Contestant] = []
    try:
        for name in dict.fromkeys(wanted):
            if importlib.util.find_spec(name) is None:
                sheet.missing[name] = "not installed"
                continue
            try:
                started += [Contestant(name, threads) for threads in settings.threads]
            except WorkerError as error:
                if name == OURS:
                    raise RuntimeError(f"our own worker does not start: {error}") from None
                sheet.missing[name] = str(error)
                continue
            sheet.versions[name] = started[-1].version
            if name not in sheet.contestants:
                sheet.contestants.append(name)
    except BaseException:
        for contestant in started:
            contestant.close()
        raise
    return [contestant for contestant in started if contestant.name in sheet.contestants]


def _measure(row: Row, contestants: Sequence[Contestant], settings: Settings, sheet: Sheet) -> list[Result]:
    """Measure one row; a contestant that fails is left out and noted."""
    results = {threads: Result(row, threads) for threads in settings.threads}
    taking_part: list[Contestant] = []

    def ask(contestant: Contestant, do: str, **details: Any) -> dict[str, Any]:
        try:
            return contestant.ask(do, **details)
        except WorkerError as error:
            sheet.notes.append(f"{row.name}: {contestant.name}, {contestant.threads} threads: {error}")
            if contestant in taking_part:
                taking_part.remove(contestant)
            results[contestant.threads].entries.pop(contestant.name, None)
            return {}

    for contestant in contestants:
        if ask(contestant, "open", row=row.to_json()).get("ok"):
            taking_part.append(contestant)
            results[contestant.threads].entries[contestant.name] = Entry()
    for turn in range(settings.rounds + 1):
        shift = turn % max(1, len(taking_part))
        for contestant in [*taking_part[shift:], *taking_part[:shift]]:
            result = results[contestant.threads]
            answer = ask(contestant, "measure", seconds=settings.seconds * row.slice)
            if answer and turn:
                result.entries[contestant.name].add(answer["seconds"], answer.get("inner"))
            if contestant.name == OURS and (row.flops or row.read) and turn:
                what = "peak" if row.flops else "bandwidth"
                limit = ask(contestant, "probe", what=what, size=int(row.read), seconds=_PROBE_SECONDS)
                result.limits += [limit["value"]] if limit else []
            if contestant.threads > 1:
                time.sleep(_CALM_SECONDS)
    for contestant in taking_part.copy():
        ask(contestant, "close")
    return [result for result in results.values() if result.entries]


def _cold(
    rows: Sequence[Row], contestants: Sequence[Contestant], settings: Settings, sheet: Sheet
) -> list[Result]:
    """Measure the rows of whole processes: one set of runs gives both seconds and memory."""
    failed: dict[tuple[str, int], str] = {}
    entries = [(contestant.name, contestant.threads) for contestant in contestants]
    samples = coldstart.rounds(entries, settings.rounds, failed)
    sheet.notes += [
        f"cold start: {name}, {threads} threads: {text}" for (name, threads), text in failed.items()
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
