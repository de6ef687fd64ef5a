"""The command line: ``deepseek info|demo|train|predict|sample|export|bench`` (also ``python -m deepseek``).

This file holds the way in and the one place where errors become exit codes: 0 done, 1 the work failed, 2 bad input
(one line on standard error), 130 interrupted.  Each command is a module with ``add(commands)``.  Nothing here trains
or computes; a command calls the same public interface as a user's script.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from . import bench, demo, export, info, predict, sample, train
from .parser import InputError, Parser

__all__ = ["main"]


def build_parser() -> Parser:
    """Return the parser with every command."""
    from .. import __version__

    parser = Parser(
        prog="deepseek",
        description="Train neural networks on plain arrays and CSV files, fast and reproducibly.",
        epilog="deepseek COMMAND --help says more about each.",
    )
    parser.add_argument("--version", action="version", version=f"deepseek {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for command in (info, demo, train, predict, sample, export, bench):
        command.add(commands)
    return parser


def _one_line(error: BaseException) -> str:
    """Return what an error says, on one line."""
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
    else:
        text = str(error) or type(error).__name__
    return " ".join(text.split())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process if omitted.

    Returns
    -------
    int
        The exit code.
    """
    from .. import DivergenceError

    try:
        arguments = build_parser().parse_args(argv)
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("deepseek: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output went away (`deepseek info | head -1`); keep the exit from complaining too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except DivergenceError as error:
        print(f"deepseek: the training diverged: {_one_line(error)} (try a smaller --rate)", file=sys.stderr)
        return 1
    except (InputError, OSError, ValueError, ImportError) as error:
        print(f"deepseek: {_one_line(error)}", file=sys.stderr)
        return 2
