"""From samples to a table and a JSON file: medians, spread, ratio to the best peer, share of the floor."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .._files.atomic import replace_file
from .rows import Row

_OURS = "deepseek"


@dataclass
class Entry:
    """One contestant's samples of one row: seconds a step (or seconds, or MiB); less is better."""

    samples: list[float] = field(default_factory=list)
    inner: list[float] = field(default_factory=list)

    def add(self, sample: float, inner: float | None = None) -> None:
        """Keep a sample, and the time without the call from Python where it was taken too."""
        self.samples.append(sample)
        if inner is not None:
            self.inner.append(inner)

    @property
    def median(self) -> float:
        """The middle sample."""
        return statistics.median(self.samples)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, as a fraction of the median."""
        if len(self.samples) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.samples, n=4, method="inclusive")
        return (high - low) / 2 / self.median


@dataclass
class Result:
    """A row at one number of threads."""

    row: Row
    threads: int
    entries: dict[str, Entry] = field(default_factory=dict)
    limits: list[float] = field(default_factory=list)

    def best_peer(self) -> str | None:
        """Return the fastest contestant that is not ours."""
        peers = [name for name in self.entries if name != _OURS and self.entries[name].samples]
        return min(peers, key=lambda name: self.entries[name].median, default=None)

    def ratio(self) -> float | None:
        """Return how many times we are better than the best peer."""
        best = self.best_peer()
        if best is None or _OURS not in self.entries:
            return None
        return self.entries[best].median / self.entries[_OURS].median

    def share(self) -> float | None:
        """Return the floor's time over ours: 1 is the machine's limit."""
        work = self.row.flops or self.row.read
        ours = self.entries.get(_OURS)
        if not (work and self.limits and ours):
            return None
        times = ours.inner or ours.samples
        return work / statistics.median(self.limits) / statistics.median(times)

    def to_json(self) -> dict[str, Any]:
        """Return the row, its samples and what follows from them as plain data."""
        return {
            "name": self.row.name,
            "group": self.row.group,
            "unit": self.row.unit,
            "threads": self.threads,
            "flops": self.row.flops,
            "limit": statistics.median(self.limits) if self.limits else None,
            "best_peer": self.best_peer(),
            "ratio": self.ratio(),
            "share": self.share(),
            "contestants": {
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
    """Everything one run found."""

    machine: dict[str, Any]
    contestants: list[str]
    threads: list[int]
    results: list[Result] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the sheet as plain data."""
        return {
            "format": "deepseek.bench",
            "version": 1,
            "machine": self.machine,
            "versions": self.versions,
            "missing": self.missing,
            "notes": self.notes,
            "rows": [result.to_json() for result in self.results],
        }

    def save(self, path: str) -> None:
        """Write the sheet as JSON, whole or not at all."""
        replace_file(path, (json.dumps(self.to_json(), indent=1) + "\n").encode())


def shown(row: Row, value: float) -> str:
    """Return a median in the row's unit."""
    match row.unit:
        case "GFLOP/s":
            return f"{row.flops / value / 1e9:.1f}"
        case "GB/s":
            return f"{row.moved / value / 1e9:.1f}"
        case "us":
            return _three_digits(value * 1e6)
        case _:
            return _three_digits(value)


def _three_digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def table(sheet: Sheet, group: str, threads: int) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of one table.

    Parameters
    ----------
    sheet : Sheet
        The results.
    group : str
        Whose rows.
    threads : int
        At how many threads.

    Returns
    -------
    tuple
        The header, and one list of cells per row.
    """
    results = [result for result in sheet.results if result.row.group == group and result.threads == threads]
    columns = [name for name in sheet.contestants if any(name in result.entries for result in results)]
    one = {result.row.name: result for result in sheet.results if result.threads == 1}
    compare = threads != 1 and 1 in sheet.threads
    header = [
        "row",
        "unit",
        *columns,
        "x best peer",
        "of floor",
        "spread",
        *(["x 1 thread"] if compare else []),
    ]
    rows = []
    for result in results:
        ours = result.entries.get(_OURS)
        cells = [result.row.name, result.row.unit]
        cells += [
            shown(result.row, result.entries[n].median) if n in result.entries else "-" for n in columns
        ]
        cells += [_times(result.ratio()), _percent(result.share()), _percent(ours.spread if ours else None)]
        if compare:
            alone = one.get(result.row.name)
            cells.append(_times(_speedup(alone, result)))
        rows.append(cells)
    return header, rows


def _speedup(alone: Result | None, together: Result) -> float | None:
    if alone is None or _OURS not in alone.entries or _OURS not in together.entries:
        return None
    return alone.entries[_OURS].median / together.entries[_OURS].median


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def summary(sheet: Sheet, groups: Sequence[str]) -> list[str]:
    """Return one line per number of threads: in how many rows we are ahead."""
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
            ahead = sum(ratio > 1 for ratio in ratios)
            lines.append(f"{threads} thread{'s' * (threads > 1)}: ahead in {ahead} of {len(ratios)} rows")
    return lines
