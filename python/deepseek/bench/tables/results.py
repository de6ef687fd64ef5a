"""Results of a run: one record for each fit, means over the splits, and the JSON file that a later run continues."""

from __future__ import annotations

import json
import statistics
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..._io.atomic import replace_file
from .registry import Table

FORMAT = "deepseek.bench.tables"


@dataclass(frozen=True)
class Fit:
    """One fit of one model to one split of one table.

    Attributes
    ----------
    table, model : str
        Names of the table and the model.
    split : int
        Number of the split, from 0.
    version : str
        Version of the model's library.
    cpu : str
        Processor on which the fit ran.
    measures : mapping
        Score, losses, seconds, rows and columns, as the worker returns them; empty after an error.
    error : str, optional
        Why the fit has no measures.
    timed_out : bool, default=False
        Whether the fit exceeded the limit.
    """

    table: str
    model: str
    split: int
    version: str
    cpu: str
    measures: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    timed_out: bool = False


@dataclass
class TablesSheet:
    """Results of one run and of the runs that it continues.

    Attributes
    ----------
    machine : dict
        Description of this machine.
    splits, threads : int
        Number of splits of each table, and of threads of each model.
    tables : list of Table
        Tables that are shown.
    models : list of str
        Models that are shown, in order.
    fits : dict
        All fits by table, model and split; those of a continued file may have further tables and models.
    versions : dict
        Version of each package that contains tables.
    missing : dict
        What is left out, with the reason and the command that installs it.
    """

    machine: dict[str, Any]
    splits: int
    threads: int
    tables: list[Table] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    fits: dict[tuple[str, str, int], Fit] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def add(self, fit: Fit) -> None:
        """Add a fit, in place of an earlier one of the same split."""
        self.fits[fit.table, fit.model, fit.split] = fit

    def of(self, table: str, model: str) -> list[Fit]:
        """Return the fits of a model to a table in the order of the splits."""
        found = (self.fits.get((table, model, split)) for split in range(self.splits))
        return [fit for fit in found if fit is not None]

    def failure(self, table: str, model: str) -> Fit | None:
        """Return the fit that failed, after which the model gets no further split of the table."""
        return next((fit for fit in self.of(table, model) if fit.error), None)

    def is_done(self, table: str, model: str) -> bool:
        """Whether nothing is left to measure: all splits, or an error."""
        return len(self.of(table, model)) == self.splits or self.failure(table, model) is not None

    def mean(self, table: str, model: str, measure: str) -> float | None:
        """Return the mean over all splits; None after an error, before the last split, or for the other task."""
        fits = self.of(table, model)
        values = [value for fit in fits if (value := fit.measures.get(measure)) is not None]
        return statistics.fmean(values) if len(values) == self.splits else None

    def shape(self, table: str) -> tuple[int, int]:
        """Return the numbers of rows and columns of a table; zeros before its first fit."""
        fits = (fit.measures for (name, _, _), fit in self.fits.items() if name == table and fit.measures)
        return next(((one["rows"], one["columns"]) for one in fits), (0, 0))

    def model_versions(self) -> dict[str, str]:
        """Return the version of the library of each shown model; several after a continued run with a newer one."""
        versions: dict[str, set[str]] = {model: set() for model in self.models}
        for fit in self._shown():
            versions[fit.model].add(fit.version)
        return {model: ", ".join(sorted(found)) for model, found in versions.items() if found}

    def notes(self) -> list[str]:
        """Return lines about failed fits and other processors."""
        lines = [f"{f.table}: {f.model}, split {f.split + 1}: {f.error}" for f in self._shown() if f.error]
        cpus = sorted({fit.cpu for fit in self._shown()})
        if len(cpus) > 1:
            lines.append(f"times of several processors, not comparable: {'; '.join(cpus)}")
        return lines

    def _shown(self) -> list[Fit]:
        tables = {table.name for table in self.tables}
        return [
            fit for _, fit in sorted(self.fits.items()) if fit.table in tables and fit.model in self.models
        ]

    def save(self, path: str) -> None:
        """Write all fits as JSON, atomically."""
        content = {
            "format": FORMAT,
            "version": 1,
            "machine": self.machine,
            "splits": self.splits,
            "threads": self.threads,
            "versions": self.versions,
            "missing": self.missing,
            "fits": [asdict(self.fits[key]) for key in sorted(self.fits)],
        }
        replace_file(path, (json.dumps(content, indent=1) + "\n").encode())

    def resume(self, path: str, again: Collection[str] = ()) -> None:
        """Take over the fits of an earlier run; a file that does not exist has none.

        Parameters
        ----------
        path : str
            File that `save` wrote.
        again : collection of str, default=()
            Models whose fits to the shown tables are measured again.

        Raises
        ------
        ValueError
            If the file is something else, or has another number of splits or threads.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return
        except ValueError:
            content = None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ValueError(f"{path}: got no results of deepseek bench tables; choose another file")
        for name in ("splits", "threads"):
            kept, asked = content[name], getattr(self, name)
            if kept != asked:
                raise ValueError(f"{name}: got {asked}; expected {kept}, as in {path}, or another file")
        shown = {table.name for table in self.tables}
        for one in content["fits"]:
            if one["model"] not in again or one["table"] not in shown:
                self.add(Fit(**one))
