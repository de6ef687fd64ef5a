"""Argument parsing with one-line errors, and the shared types of options."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction["Parser"]


def printable(text: str) -> str:
    """Return text whose control characters are escaped, which a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class InputError(Exception):
    """Invalid input of the user; each line of its text is one problem."""


class Parser(argparse.ArgumentParser):
    """Argument parser that reports an error on one line and exits with code 2.

    Attributes
    ----------
    retired : dict of str to str
        Options that earlier versions had, and what they are now.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.retired: dict[str, str] = {}

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse arguments; an unknown option is an error that names the right one."""
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            self.error(f"unrecognized arguments: {' '.join(rest)}{self._right_option(rest)}")
        return found, rest

    def _right_option(self, rest: Sequence[str]) -> str:
        names = [text.partition("=")[0] for text in rest if text.startswith("-")]
        for name in names:
            if name in self.retired:
                return f" ({name} is now {self.retired[name]})"
            close = get_close_matches(name, list(self._option_string_actions), 1, 0.65)
            if close:
                return f" (did you mean {close[0]}?)"
        return "" if names else " (quote a name that has blanks)"

    def error(self, message: str) -> NoReturn:
        """Print the message on one line and exit.

        Parameters
        ----------
        message : str
            Error message.
        """
        self.exit(2, f"{self.prog}: {printable(' '.join(message.split()))}\n")


def add_machine(parser: argparse._ActionsContainer) -> None:
    """Add the options ``--threads`` and ``--device``."""
    parser.add_argument(
        "--threads",
        type=integer(1, 1024),
        metavar="N",
        help="largest number of threads (default: the CPUs available to the process)",
    )
    parser.add_argument(
        "--device",
        type=_device,
        default="cpu",
        metavar="D",
        help="cpu, cuda, cuda:1 for the second device, or auto (default: cpu)",
    )


def _device(text: str) -> str:
    from ..cuda import choose

    try:
        return choose(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("device: ")) from None


def integer(low: int, high: int | None = None) -> Callable[[str], int]:
    """Return an option type: an integer from ``low`` to ``high``."""
    expected = f"an integer from {low} to {high}" if high is not None else f"an integer of at least {low}"

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"got {text!r}; expected {expected}") from None
        if value < low or (high is not None and value > high):
            raise argparse.ArgumentTypeError(f"got {text}; expected {expected}")
        return value

    return parse


def number(
    low: float, high: float, *, open_low: bool = False, open_high: bool = False
) -> Callable[[str], float]:
    """Return an option type: a number between two bounds, each of which may be excluded."""
    if math.isinf(high):
        expected = f"a number {'above' if open_low else 'of at least'} {low:g}"
    else:
        expected = f"a number {'above' if open_low else 'from'} {low:g} {'and below' if open_high else 'to'} {high:g}"

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"got {text!r}; expected {expected}") from None
        valid = (value > low if open_low else value >= low) and (value < high if open_high else value <= high)
        if not valid or not math.isfinite(value):
            raise argparse.ArgumentTypeError(f"got {text}; expected {expected}")
        return value

    return parse


def integer_list(low: int) -> Callable[[str], list[int]]:
    """Return an option type: integers of at least ``low``, separated by commas."""
    one = integer(low)

    def parse(text: str) -> list[int]:
        return [one(part.strip()) for part in text.split(",")]

    return parse


def name_list(text: str) -> list[str]:
    """Split names at commas; this is an option type."""
    return [part.strip() for part in text.split(",") if part.strip()]
