"""``deepseek bench tables``: accuracy, loss and time of models for tables, on real files."""

from __future__ import annotations

import argparse
import ast
import sys
from typing import TYPE_CHECKING, Any

from .outputs import check_outputs
from .parser import InputError, integer, name_list, number
from .terminal import heading, say, table

if TYPE_CHECKING:
    from ..bench.tables import Observer, Table
    from ..bench.tables.registry import Task
    from ..bench.tables.results import TablesSheet

PEERS = ("sklearn", "lightgbm", "catboost", "xgboost", "pytabkit")
_SPEED_ONLY: dict[str, object] = {
    **dict.fromkeys(("rounds", "seconds", "against", "plot")),
    "rows": [],
    "quick": False,
}
"""Options of the other groups, with their defaults."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this group."""
    group = parser.add_argument_group(
        "tables", "The group tables compares models for tables. It runs alone, and never by default."
    )
    group.add_argument(
        "--tables", type=name_list, default=None, metavar="A,B", help="names of tables (default: all)"
    )
    group.add_argument(
        "--models",
        type=name_list,
        default=None,
        metavar="A,B",
        help="models to measure (default: deepseek and all of the libraries of --vs)",
    )
    group.add_argument(
        "--splits",
        type=integer(1, 100),
        default=None,
        metavar="N",
        help="splits of each table into training and test rows (default: 3)",
    )
    group.add_argument(
        "--timeout",
        type=number(0, 86400, open_low=True),
        default=None,
        metavar="S",
        help="limit of one fit with its predictions, in seconds (default: 600)",
    )
    group.add_argument(
        "--variant",
        type=_options,
        action="append",
        metavar="A=1,B=2",
        help="further model of deepseek with these options of TabularNet, for an ablation; may be repeated",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="keep the results in the file of --json and measure only what is not there",
    )
    group.add_argument(
        "--again",
        type=name_list,
        default=None,
        metavar="A,B",
        help="with --resume: models to measure again on the chosen tables",
    )


def _options(text: str) -> dict[str, Any]:
    """Parse options; this is an option type. A value is a Python literal, or else text."""
    options: dict[str, Any] = {}
    for name, equals, value in (part.strip().partition("=") for part in text.split(",")):
        if not name.isidentifier() or not equals:
            raise argparse.ArgumentTypeError(f"got {text!r}; expected options such as members=1")
        try:
            options[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            options[name] = value
    return options


def refuse_options(arguments: argparse.Namespace) -> None:
    """Raise an error if an option of this group is set for another group."""
    for name in ("tables", "models", "splits", "timeout", "variant", "resume", "again"):
        if getattr(arguments, name):
            raise InputError(f"--{name}: got a value without the group tables; run deepseek bench tables")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and save."""
    from ..bench import tables

    for name, default in _SPEED_ONLY.items():
        if getattr(arguments, name) != default:
            hint = "; --tables chooses tables" if name == "rows" else ""
            raise InputError(f"--{name}: got a value with the group tables, which has no use for it{hint}")
    if arguments.threads is not None and len(arguments.threads) > 1:
        raise InputError("--threads: got a list; expected one number with the group tables")
    if arguments.resume and not arguments.json:
        raise InputError("--resume: got no file; expected --json FILE with the results of an earlier run")
    if arguments.again and not arguments.resume:
        raise InputError("--again: got models without --resume; without it every model is measured")
    settings = tables.Settings(
        tables=tables.tables_of(arguments.tables or []),
        peers=_peers(arguments.vs),
        models=arguments.models or [],
        variants=arguments.variant or [],
        splits=arguments.splits or 3,
        threads=arguments.threads[0] if arguments.threads else None,
        timeout=arguments.timeout or 600.0,
        resume=arguments.json if arguments.resume else None,
        again=arguments.again or [],
    )
    check_outputs({"--json": arguments.json}, {})
    sheet = tables.run(settings, _observer(arguments.json))
    _show(sheet)
    if arguments.json:
        sheet.save(arguments.json)
        say(f"measurements: {arguments.json}")
    return 0


def _observer(path: str | None) -> Observer:
    """Return what happens during a run: a line of progress, the results saved, a table printed."""
    from ..bench import tables
    from ..bench.tables import report

    shown = sys.stderr.isatty()

    class Observer(tables.Observer):
        def before_fit(self, sheet: TablesSheet, step: str) -> None:
            if shown:
                print(f"\r\033[K{step}", end="", file=sys.stderr, flush=True)

        def after_fit(self, sheet: TablesSheet) -> None:
            if path:
                sheet.save(path)

        def after_table(self, sheet: TablesSheet, one: Table) -> None:
            if shown:
                print("\r\033[K", end="", file=sys.stderr, flush=True)
            title, (header, rows) = report.dataset(sheet, one)
            _say_table(title, header, rows)

    return Observer()


def _peers(names: list[str] | None) -> list[str]:
    if names is None:
        return list(PEERS)
    if names == ["none"]:
        return []
    for name in names:
        if name not in PEERS:
            raise InputError(f'--vs: got "{name}"; expected names of {", ".join(PEERS)}, or none')
    return names


def _show(sheet: TablesSheet) -> None:
    from ..bench.tables import report

    splits = f"mean of {sheet.splits} splits" if sheet.splits > 1 else "one split"
    tasks: dict[Task, tuple[str, ...]] = {"classes": ("score", "log_loss"), "number": ("score",)}
    for task, measures in tasks.items():
        for measure in measures:
            header, rows = report.overview(sheet, measure, task)
            if rows:
                what = "log loss" if measure == "log_loss" else report.score_name(task)
                _say_table(f"{what}, {splits}; *: best", header, rows)
    machine = sheet.machine
    say(f"{machine['cpu']}, {sheet.threads} of {machine['cores']} cores")
    for versions in (sheet.model_versions(), sheet.versions):
        say(", ".join(f"{name} {version}" for name, version in versions.items()))
    for name, reason in sheet.missing.items():
        say(f"{name}: {reason}")
    for line in [*report.summary(sheet), *sheet.notes()]:
        say(line)


def _say_table(title: str, header: list[str], rows: list[list[str]]) -> None:
    heading(title)
    for line in table(header, rows):
        say(line)
    say()
