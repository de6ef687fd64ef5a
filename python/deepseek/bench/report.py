"""Results of a benchmark as a table and a JSON file: medians, spread, speed-up over the fastest peer, roofline."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .._io.atomic import replace_file
from .rows import Row

_OURS = "deepseek"


@dataclass
class Entry:
    """Samples of one library in one row: seconds per step, seconds, or MiB. Lower is better."""

    samples: list[float] = field(default_factory=list)
    inner: list[float] = field(default_factory=list)

    def add(self, sample: float, inner: float | None = None) -> None:
        """Append a sample and, if measured, the time of the kernel without the call from Python."""
        self.samples.append(sample)
        if inner is not None:
            self.inner.append(inner)

    @property
    def median(self) -> float:
        """Median of the samples."""
        return statistics.median(self.samples)

    @property
    def spread(self) -> float:
        """Half the interquartile range, as a fraction of the median."""
        if len(self.samples) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.samples, n=4, method="inclusive")
        return (high - low) / 2 / self.median


@dataclass
class Result:
    """Results of all libraries in one row with one number of threads."""

    row: Row
    threads: int
    entries: dict[str, Entry] = field(default_factory=dict)
    limits: list[float] = field(default_factory=list)

    def fastest_peer(self) -> str | None:
        """Return the name of the fastest library other than deepseek."""
        peers = [name for name in self.entries if name != _OURS and self.entries[name].samples]
        return min(peers, key=lambda name: self.entries[name].median, default=None)

    def ratio(self) -> float | None:
        """Return the speed-up: the median of the fastest peer divided by that of deepseek."""
        best = self.fastest_peer()
        if best is None or _OURS not in self.entries:
            return None
        return self.entries[best].median / self.entries[_OURS].median

    def roofline(self) -> float | None:
        """Return the time at the measured peak or bandwidth (roofline model) divided by the time of deepseek."""
        work = self.row.flops or self.row.bytes_read
        ours = self.entries.get(_OURS)
        if not (work and self.limits and ours):
            return None
        times = ours.inner or ours.samples
        return work / statistics.median(self.limits) / statistics.median(times)

    def to_json(self) -> dict[str, Any]:
        """Return the row, its samples and their statistics as plain data."""
        return {
            "name": self.row.name,
            "group": self.row.group,
            "unit": self.row.unit,
            "threads": self.threads,
            "flops": self.row.flops,
            "limit": statistics.median(self.limits) if self.limits else None,
            "fastest_peer": self.fastest_peer(),
            "ratio": self.ratio(),
            "roofline": self.roofline(),
            "libraries": {
                name: {
                    "median": entry.median,
                    "spread": entry.spread,
                    "samples": entry.samples,
                    **({"inner": entry.inner} if entry.inner else {}),
                }
                for name, entry in self.entries.items()
            },
        }


@dataclass
class Sheet:
    """All results of one run."""

    machine: dict[str, Any]
    libraries: list[str]
    threads: list[int]
    results: list[Result] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the sheet as plain data."""
        return {
            "format": "deepseek.bench",
            "version": 2,
            "machine": self.machine,
            "versions": self.versions,
            "missing": self.missing,
            "notes": self.notes,
            "rows": [result.to_json() for result in self.results],
        }

    def save(self, path: str) -> None:
        """Write the sheet as JSON, atomically."""
        replace_file(path, (json.dumps(self.to_json(), indent=1) + "\n").encode())


def shown(row: Row, value: float) -> str:
    """Return a median in the row's unit."""
    match row.unit:
        case "GFLOP/s":
            return f"{row.flops / value / 1e9:.1f}"
        case "GB/s":
            return f"{row.bytes_accessed / value / 1e9:.1f}"
        case "us":
            return _three_digits(value * 1e6)
        case _:
            return _three_digits(value)


def _three_digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value < 100 else f"{value:.0f}"


LEGEND = (
    "speed-up: time of the fastest other library divided by that of deepseek",
    "roofline: least time at this machine's measured FLOP rate or bandwidth, divided by that of deepseek",
    "spread: half the interquartile range of deepseek's times, divided by their median",
    "vs 1 thread: speed of deepseek relative to its speed on one thread",
)
"""Meaning of the columns of `table`."""


def table(sheet: Sheet, group: str, threads: int) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of one table.

    Parameters
    ----------
    sheet : Sheet
        Results of a run.
    group : str
        Group of rows.
    threads : int
        Number of threads.

    Returns
    -------
    header : list of str
        Names of the columns.
    rows : list of list of str
        Cells of each row.
    """
    results = [result for result in sheet.results if result.row.group == group and result.threads == threads]
    columns = [name for name in sheet.libraries if any(name in result.entries for result in results)]
    single_thread = {result.row.name: result for result in sheet.results if result.threads == 1}
    compare = threads != 1 and 1 in sheet.threads
    header = [
        "row",
        "unit",
        *columns,
        "speed-up",
        "roofline",
        "spread",
        *(["vs 1 thread"] if compare else []),
    ]
    rows = []
    for result in results:
        ours = result.entries.get(_OURS)
        cells = [result.row.name, result.row.unit]
        cells += [
            shown(result.row, result.entries[n].median) if n in result.entries else "-" for n in columns
        ]
        cells += [
            _times(result.ratio()),
            _percent(result.roofline()),
            _percent(ours.spread if ours else None),
        ]
        if compare:
            cells.append(_times(_speedup(single_thread.get(result.row.name), result)))
        rows.append(cells)
    return header, rows


def _speedup(single_thread: Result | None, result: Result) -> float | None:
    if single_thread is None or _OURS not in single_thread.entries or _OURS not in result.entries:
        return None
    return single_thread.entries[_OURS].median / result.entries[_OURS].median


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def summary(sheet: Sheet, groups: Sequence[str]) -> list[str]:
    """Return one line per number of threads with the number of rows in which deepseek is fastest."""
    lines = []
    for threads in sheet.threads:
        ratios = [
            ratio
            for result in sheet.results
            if result.threads == threads
            and result.row.group in groups
            and (ratio := result.ratio()) is not None
        ]
        if ratios:
            fastest = sum(ratio > 1 for ratio in ratios)
            lines.append(f"{threads} thread{'s' * (threads > 1)}: fastest in {fastest} of {len(ratios)} rows")
    return lines
