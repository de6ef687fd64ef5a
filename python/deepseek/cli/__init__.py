"""The command line: ``deepseek info|demo|train|predict|sample|export|bench`` (also ``python -m deepseek``).

This file has the entry point and converts errors to exit codes: 0 success, 1 failure of the work, 2 invalid
input (one line of standard error for each problem), 130 interrupted. Each command is a module with
``add(commands)``.
"""

from __future__ import annotations

import os
import shlex
import sys
import warnings
from collections.abc import Sequence

from . import bench, demo, export, info, predict, sample, train
from .parser import InputError, Parser, printable

__all__ = ["main"]


def build_parser() -> Parser:
    """Return the parser with every command."""
    from .. import __version__

    parser = Parser(
        prog="deepseek",
        description="Train neural networks on plain arrays and CSV files, fast and reproducibly.",
        epilog="deepseek COMMAND --help shows the options of a command.",
    )
    parser.add_argument("--version", action="version", version=f"deepseek {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for command in (info, demo, train, predict, sample, export, bench):
        command.add(commands)
    return parser


def _lines(error: BaseException) -> list[str]:
    """Return the problems that an error reports, each on one line."""
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
    else:
        text = str(error) or type(error).__name__
    return [printable(" ".join(line.split())) for line in text.splitlines()]


def _report(error: BaseException, before: str = "", after: str = "") -> None:
    for line in _lines(error):
        print(f"deepseek: {before}{line}{after}", file=sys.stderr)


class _Warnings:
    """Printer of warnings: each text once, on one line of standard error."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def show(self, message: Warning | str, *_: object) -> None:
        """Print a warning; this is a function for `warnings.showwarning`."""
        text = printable(" ".join(str(message).split()))
        if text not in self.seen:
            self.seen.add(text)
            print(f"deepseek: warning: {text}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the name of the program; default: those of the process.

    Returns
    -------
    int
        Exit code.
    """
    from .. import DivergenceError

    try:
        argv = sys.argv[1:] if argv is None else argv
        arguments = build_parser().parse_args(argv)
        arguments.command = shlex.join(["deepseek", *argv])
        with warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = _Warnings().show  # type: ignore[assignment]
            code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("deepseek: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader closed the pipe (`deepseek info | head -1`). The flush at exit must not raise again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except DivergenceError as error:
        _report(error, "the training diverged: ", " (try a smaller --learning-rate)")
        return 1
    except (InputError, OSError, ValueError, ImportError) as error:
        _report(error)
        return 2
