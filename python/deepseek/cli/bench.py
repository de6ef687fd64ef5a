"""``deepseek bench``: this package beside its peers, as tables, JSON and a chart."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from .parser import InputError, name_list, number, whole, whole_list
from .terminal import heading, say, table

if TYPE_CHECKING:
    from ..bench.report import Sheet
    from .parser import Commands

_GROUPS = ("kernels", "net", "rec", "gen", "estimators")
_PEERS = ("torch", "jax", "sklearn")


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    p = commands.add_parser("bench", help="measure speed, beside peers if installed")
    p.add_argument("groups", nargs="*", metavar="GROUP", help=f"{' or '.join(_GROUPS)} (default: all)")
    p.add_argument(
        "--vs", type=name_list, default=list(_PEERS), metavar="A,B", help=f"of {', '.join(_PEERS)}; or none"
    )
    p.add_argument(
        "--threads", type=whole_list(1), default=[1], metavar="1,2", help="numbers of threads (default: 1)"
    )
    p.add_argument(
        "--rows", type=name_list, default=[], metavar="A,B", help="only these rows; * stands for anything"
    )
    p.add_argument(
        "--rounds", type=whole(1), default=7, metavar="N", help="rounds through all contestants (default: 7)"
    )
    p.add_argument(
        "--seconds", type=number(0, 60, open_low=True), default=0.15, metavar="S", help="length of a slice"
    )
    p.add_argument("--quick", action="store_true", help="3 short rounds: a first look, not a result")
    p.add_argument("--json", metavar="FILE", help="keep all samples")
    p.add_argument("--plot", metavar="FILE", help="draw the ratios (needs matplotlib)")
    p.set_defaults(run=run)


def _peers(names: list[str]) -> list[str]:
    if names == ["none"]:
        return []
    for name in names:
        if name not in _PEERS:
            raise InputError(f'--vs: no peer "{name}"; peers: {", ".join(_PEERS)}, or none')
    return names


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and keep."""
    from .. import bench

    groups = list(dict.fromkeys(arguments.groups)) or list(_GROUPS)
    for group in groups:
        if group not in bench.GROUPS:
            raise InputError(f'no group "{group}" of rows; groups: {", ".join(bench.GROUPS)}')
    settings = bench.Settings(
        groups=groups,
        peers=_peers(arguments.vs),
        threads=sorted(set(arguments.threads)),
        rounds=3 if arguments.quick else arguments.rounds,
        seconds=min(0.05, arguments.seconds) if arguments.quick else arguments.seconds,
        patterns=arguments.rows,
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
        say(f"samples: {arguments.json}")
    if arguments.plot:
        from ..bench.chart import save_bench

        save_bench(arguments.plot, sheet.to_json())
        say(f"chart: {arguments.plot}")
    return 0


def _show(sheet: Sheet, groups: list[str]) -> None:
    from ..bench.report import summary
    from ..bench.report import table as cells

    machine = sheet.machine
    say(f"{machine['cpu']}, {machine['cores']} cores, {machine['isa']}; load {machine['load'][:1]}")
    say(", ".join(f"{name} {version}" for name, version in sheet.versions.items()))
    for name, why in sheet.missing.items():
        say(f"{name} is left out: {why}")
    for threads in sheet.threads:
        for group in groups:
            header, rows = cells(sheet, group, threads)
            if rows:
                say()
                heading(f"{group}, {threads} thread{'s' * (threads > 1)}")
                for line in table(header, rows):
                    say(line)
    say()
    for line in [*summary(sheet, groups), *sheet.notes]:
        say(line)
