"""Argument parsing with one-line errors, and the types that options share."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction["Parser"]


class InputError(Exception):
    """Something the user gave is wrong; its text is the one line to print."""


class Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line and exits with 2."""

    def error(self, message: str) -> NoReturn:
        """Print one line and exit.

        Parameters
        ----------
        message : str
            What is wrong.
        """
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")


def whole(low: int, high: int | None = None) -> Callable[[str], int]:
    """Return an option type: a whole number from ``low`` to ``high``."""
    wanted = f"a whole number from {low}" + (f" to {high}" if high is not None else " up")

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{wanted} expected, got {text!r}") from None
        if value < low or (high is not None and value > high):
            raise argparse.ArgumentTypeError(f"{wanted} expected, got {text}")
        return value

    return parse


def number(
    low: float, high: float, *, open_low: bool = False, open_high: bool = False
) -> Callable[[str], float]:
    """Return an option type: a number between two bounds, each of which may be excluded."""
    if math.isinf(high):
        wanted = f"a number {'above' if open_low else 'of at least'} {low:g}"
    else:
        wanted = f"a number {'above' if open_low else 'from'} {low:g} {'and below' if open_high else 'to'} {high:g}"

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{wanted} expected, got {text!r}") from None
        good = (value > low if open_low else value >= low) and (value < high if open_high else value <= high)
        if not good or not math.isfinite(value):
            raise argparse.ArgumentTypeError(f"{wanted} expected, got {text}")
        return value

    return parse


def whole_list(low: int) -> Callable[[str], list[int]]:
    """Return an option type: whole numbers from ``low`` up, separated by commas."""
    one = whole(low)

    def parse(text: str) -> list[int]:
        return [one(part.strip()) for part in text.split(",")]

    return parse


def name_list(text: str) -> list[str]:
    """Split names at commas; an option type."""
    return [part.strip() for part in text.split(",") if part.strip()]
