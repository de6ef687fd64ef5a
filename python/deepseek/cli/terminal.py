"""Pictures and tables for the terminal: text in, lines of text out.

Block characters where the output can carry them, ASCII where it cannot.  rich, when installed, only paints
headings; every line reads the same without it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BARS = " ▁▂▃▄▅▆▇█"
_SHADES = " ░▒▓█"
_PLAIN = str.maketrans("▁▂▃▄▅▆▇█░▒▓│└─×·–…", "..::||##.:*|+-x--.")


def say(text: str = "") -> None:
    """Print a line, in ASCII if standard output has no block characters."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    print(text)


def heading(text: str) -> None:
    """Print a heading: bold where rich is installed and the output is a terminal."""
    if sys.stdout.isatty():
        try:
            from rich.console import Console
        except ImportError:
            pass
        else:
            Console(highlight=False).print(text, style="bold", markup=False)
            return
    say(text)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return aligned lines: the first column to the left, all others to the right."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = []
    for index, row in enumerate(cells):
        first, rest = row[0].ljust(widths[0]), [c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([first, *rest]).rstrip())
        if index == 0:
            lines.append("─" * (sum(widths) + 2 * (len(widths) - 1)))
    return lines


def chart(
    values: Sequence[float], title: str, *, low: float, high: float, width: int = 34, rows: int = 5
) -> list[str]:
    """Return a small bar chart on a logarithmic scale.

    Parameters
    ----------
    values : sequence of float
        Positive values in order; more than ``width`` are averaged in groups.
    title : str
        The line above the chart.
    low, high : float
        The ends of the scale.
    width, rows : int
        Size of the plotting area in characters.

    Returns
    -------
    list of str
        ``rows + 2`` lines of equal length.
    """
    series = np.asarray(values, dtype=np.float64)
    if series.size > width:
        series = np.array([part.mean() for part in np.array_split(series, width)])
    per_value = max(1, width // max(1, series.size))
    bottom, top = math.log(low), math.log(high)
    share = (np.log(np.clip(series, low, high)) - bottom) / max(top - bottom, 1e-12)
    eighths = np.maximum(1, np.rint(share * rows * 8)).astype(int)
    lines = [title.ljust(width + 9)]
    for row in range(rows - 1, -1, -1):
        label = f"{high:7.3g}" if row == rows - 1 else f"{low:7.3g}" if row == 0 else " " * 7
        bars = "".join(_BARS[min(8, max(0, int(e) - 8 * row))] * per_value for e in eighths)
        lines.append(f"{label} │{bars.ljust(width)}")
    lines.append(f"{' ' * 7} └{'─' * width}")
    return lines


def picture(image: NDArray[Any]) -> list[str]:
    """Return a grey image as shaded characters, two to a pixel.

    Parameters
    ----------
    image : ndarray
        Two dimensions, values 0 (blank) to 1 (full).

    Returns
    -------
    list of str
        One line per row of pixels.
    """
    levels = np.rint(np.clip(image, 0.0, 1.0) * (len(_SHADES) - 1)).astype(int)
    return ["".join(_SHADES[level] * 2 for level in row) for row in levels]


def beside(blocks: Sequence[Sequence[str]], gap: int = 3) -> list[str]:
    """Join blocks of lines from left to right."""
    height = max(len(block) for block in blocks)
    widths = [max(len(line) for line in block) for block in blocks]
    padded = [list(block) + [""] * (height - len(block)) for block in blocks]
    joined = (
        (" " * gap).join(b[i].ljust(w) for b, w in zip(padded, widths, strict=True)) for i in range(height)
    )
    return [line.rstrip() for line in joined]
