"""``deepseek bench``: speed of this package and of other libraries, as tables, JSON and a chart."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from . import bench_tables
from .outputs import check_outputs
from .parser import InputError, integer, integer_list, name_list, number
from .terminal import heading, say, table

if TYPE_CHECKING:
    from ..bench.report import Sheet
    from .parser import Commands

_GROUPS = ("kernels", "net", "rec", "gen", "estimators")
_PEERS = ("torch", "jax", "sklearn")


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    p = commands.add_parser("bench", help="measure the speed of deepseek and of other installed libraries")
    p.add_argument(
        "groups", nargs="*", metavar="GROUP", help=f"{', '.join(_GROUPS)} (default: all of these), or tables"
    )
    p.add_argument(
        "--vs",
        type=name_list,
        metavar="A,B",
        help=f"libraries to compare with, of {', '.join(_PEERS)}; of {', '.join(bench_tables.PEERS)} for tables;"
        " or none (default: all installed)",
    )
    p.add_argument(
        "--threads",
        type=integer_list(1),
        metavar="1,2",
        help="numbers of threads (default: 1; for tables, the CPUs available to the process)",
    )
    p.add_argument(
        "--rows",
        type=name_list,
        default=[],
        metavar="A,B",
        help="names of benchmarks, with * as wildcard (default: all)",
    )
    p.add_argument(
        "--rounds",
        type=integer(1),
        metavar="N",
        help="interleaved rounds of measurement (default: 7)",
    )
    p.add_argument(
        "--seconds",
        type=number(0, 60, open_low=True),
        metavar="S",
        help="seconds per measurement (default: 0.15)",
    )
    p.add_argument(
        "--against", metavar="PYTHON", help="interpreter of another installation of deepseek to compare with"
    )
    p.add_argument("--quick", action="store_true", help="3 short rounds, for a rough result")
    p.add_argument("--json", metavar="FILE", help="write all measurements to a JSON file")
    p.add_argument("--plot", metavar="FILE", help="write a chart of the speed-ups (needs matplotlib)")
    bench_tables.add_options(p)
    p.set_defaults(run=run)


def _peers(names: list[str] | None) -> list[str]:
    if names is None:
        return list(_PEERS)
    if names == ["none"]:
        return []
    for name in names:
        if name not in _PEERS:
            raise InputError(f'--vs: got "{name}"; expected names of {", ".join(_PEERS)}, or none')
    return names


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and save."""
    from .. import bench

    if "tables" in arguments.groups:
        if set(arguments.groups) != {"tables"}:
            raise InputError("GROUP: got tables with other groups; expected tables alone")
        return bench_tables.run(arguments)
    bench_tables.refuse_options(arguments)
    groups = list(dict.fromkeys(arguments.groups)) or list(_GROUPS)
    for group in groups:
        if group not in bench.GROUPS:
            raise InputError(f'GROUP: got "{group}"; expected one of {", ".join(bench.GROUPS)}')
    seconds = arguments.seconds or 0.15
    settings = bench.Settings(
        groups=groups,
        peers=_peers(arguments.vs),
        threads=sorted(set(arguments.threads or [1])),
        rounds=3 if arguments.quick else arguments.rounds or 7,
        seconds=min(0.05, seconds) if arguments.quick else seconds,
        patterns=arguments.rows,
        against=arguments.against,
    )
    check_outputs(
        {"--json": arguments.json, "--plot": arguments.plot},
        {"the interpreter of --against": arguments.against},
    )
    if arguments.plot:
        from ..plot import need_matplotlib

        need_matplotlib()

    def progress(sheet: Sheet) -> None:
        if arguments.json:
            sheet.save(arguments.json)
        if sys.stderr.isatty():
            print(
                f"\r\033[K{sheet.results[-1].row.name}" if sheet.results else "",
                end="",
                file=sys.stderr,
                flush=True,
            )

    sheet = bench.run(settings, progress)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    _show(sheet, groups)
    if arguments.json:
        sheet.save(arguments.json)
        say(f"measurements: {arguments.json}")
    if arguments.plot:
        from ..bench.chart import save_bench

        save_bench(arguments.plot, sheet.to_json())
        say(f"chart: {arguments.plot}")
    return 0


def _show(sheet: Sheet, groups: list[str]) -> None:
    from ..bench.report import LEGEND, summary
    from ..bench.report import table as cells

    machine = sheet.machine
    say(f"{machine['cpu']}, {machine['cores']} cores, {machine['isa']}; load {machine['load'][:1]}")
    say(", ".join(f"{name} {version}" for name, version in sheet.versions.items()))
    for name, reason in sheet.missing.items():
        say(f"without {name}: {reason}")
    for threads in sheet.threads:
        for group in groups:
            header, rows = cells(sheet, group, threads)
            if rows:
                say()
                heading(f"{group}, {threads} thread{'s' * (threads > 1)}")
                for line in table(header, rows):
                    say(line)
    say()
    for line in LEGEND if len(sheet.threads) > 1 else LEGEND[:-1]:
        say(line)
    say()
    for line in [*summary(sheet, groups), *sheet.notes]:
        say(line)
