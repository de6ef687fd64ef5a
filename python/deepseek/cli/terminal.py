"""Charts, images and tables as lines of text for the terminal.

Block characters are used if the encoding of the output has them, otherwise ASCII. rich, if installed, only
makes headings bold.
"""

from __future__ import annotations

import math
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .parser import printable

_BARS = " ▁▂▃▄▅▆▇█"
_SHADES = " ░▒▓█"
_ASCII = str.maketrans("▁▂▃▄▅▆▇█░▒▓│└─×·–…", "..::||##.:*|+-x--.")


def say(text: str = "", *, error: bool = False) -> None:
    """Print a line to standard output or standard error, in ASCII if that has no block characters."""
    stream = sys.stderr if error else sys.stdout
    encoding = getattr(stream, "encoding", None) or "ascii"
    text = printable(text)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_ASCII).encode(encoding, "replace").decode(encoding)
    print(text, file=stream)


def say_wrapped(text: str) -> None:
    """Print a paragraph, indented by two; on a terminal its lines end between words."""
    if not sys.stdout.isatty():
        say(f"  {text}")
        return
    width = max(40, shutil.get_terminal_size().columns)
    filler = textwrap.TextWrapper(
        width, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
    for line in filler.wrap(text):
        say(line)


def heading(text: str) -> None:
    """Print a heading, bold if rich is installed and the output is a terminal."""
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
    """Return lines of a table: the first column aligned to the left, the others to the right."""
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
        Positive values in order; if there are more than ``width``, groups of them are averaged.
    title : str
        Line above the chart.
    low, high : float
        Limits of the scale.
    width, rows : int, default=34, 5
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


def show_losses(history: Mapping[str, Sequence[float]], width: int) -> None:
    """Print bar charts of the training and the test loss by epoch, side by side on one scale."""
    losses = [*history["loss"], *history["val_loss"]]
    low, high = max(min(losses), 1e-6), max(losses)
    curves = [
        chart(history[name], f"{what} loss, by epoch", low=low, high=high, width=width)
        for name, what in (("loss", "training"), ("val_loss", "test"))
    ]
    for line in side_by_side(curves):
        say(line)


def shaded(image: NDArray[Any]) -> list[str]:
    """Return a grey image as shaded characters, two per pixel.

    Parameters
    ----------
    image : ndarray of shape (height, width)
        Values from 0 (blank) to 1 (full).

    Returns
    -------
    list of str
        One line per row of pixels.
    """
    levels = np.rint(np.clip(image, 0.0, 1.0) * (len(_SHADES) - 1)).astype(int)
    return ["".join(_SHADES[level] * 2 for level in row) for row in levels]


def side_by_side(blocks: Sequence[Sequence[str]], gap: int = 3) -> list[str]:
    """Join blocks of lines from left to right."""
    height = max(len(block) for block in blocks)
    widths = [max(len(line) for line in block) for block in blocks]
    padded = [list(block) + [""] * (height - len(block)) for block in blocks]
    joined = (
        (" " * gap).join(b[i].ljust(w) for b, w in zip(padded, widths, strict=True)) for i in range(height)
    )
    return [line.rstrip() for line in joined]
