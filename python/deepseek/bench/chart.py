"""The benchmark as a picture: a bar per row, right of 1 where we are ahead of the best peer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..plot import BLUE, GREY, ORANGE, RED, bare_figure, plain


def save_bench(path: str, sheet: Mapping[str, Any]) -> None:
    """Write a chart of a benchmark: how many times faster than the best peer, by row.

    Parameters
    ----------
    path : str
        The file; its ending chooses the format.
    sheet : mapping
        What ``deepseek bench --json`` keeps.
    """
    rows = [row for row in sheet["rows"] if row["ratio"] is not None]
    if not rows:
        raise ValueError("no row has a peer to compare with; there is nothing to draw")
    names = list(dict.fromkeys(row["name"] for row in rows))
    threads = sorted({row["threads"] for row in rows})
    figure = bare_figure((8.4, 1.5 + 0.26 * len(names) * (0.6 + 0.4 * len(threads))))
    ax = figure.subplots()
    thick = 0.8 / len(threads)
    for position, count in enumerate(threads):
        found = {row["name"]: row for row in rows if row["threads"] == count}
        kept = [(index, found[name]) for index, name in enumerate(names) if name in found]
        places = [index + (position - (len(threads) - 1) / 2) * thick for index, _ in kept]
        ratios = [row["ratio"] for _, row in kept]
        color = (BLUE, ORANGE, GREY)[position % 3]
        label = f"{count} thread{'s' * (count > 1)}"
        # Bars grow from 1, so that a row where a peer is ahead points to the other side.
        ax.barh(places, [ratio - 1 for ratio in ratios], left=1, height=0.9 * thick, color=color, label=label)
        for place, ratio, (_, row) in zip(places, ratios, kept, strict=True):
            ahead = ratio >= 1
            ax.annotate(
                f"{ratio:.2f}× {row['best_peer']}",
                (ratio, place),
                xytext=(4 if ahead else -4, 0),
                textcoords="offset points",
                ha="left" if ahead else "right",
                va="center",
                fontsize=7.5,
                color=GREY if ahead else RED,
            )
    ratios = [row["ratio"] for row in rows]
    ax.set_xscale("log")
    ax.set_xlim(min(0.7, 0.45 * min(ratios)), max(1.5, 2.2 * max(ratios)))
    ticks = [tick for tick in (0.01, 0.1, 0.25, 0.5, 1, 2, 4, 10, 30, 100, 300, 1000) if _inside(ax, tick)]
    ax.set_xticks(ticks, [f"{tick:g}×" for tick in ticks])
    ax.minorticks_off()
    ax.axvline(1, color="black", linewidth=1)
    ax.set_yticks(range(len(names)), names, fontsize=8.5)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlabel("times the best peer (right of 1: deepseek is ahead)")
    ax.set_title(str(sheet["machine"]["cpu"]), fontsize=10, loc="left")
    if len(threads) > 1:
        ax.legend(
            frameon=False,
            loc="upper center",
            ncols=len(threads),
            bbox_to_anchor=(0.8, 1.0 + 0.9 / len(names)),
        )
    plain(ax)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    figure.savefig(path, dpi=130)


def _inside(ax: Any, value: float) -> bool:
    low, high = ax.get_xlim()
    return bool(low <= value <= high)
