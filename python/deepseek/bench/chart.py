"""Chart of a benchmark: one bar per row, to the right of 1 where deepseek is faster than the fastest peer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..plot import BLUE, GREY, ORANGE, RED, bare_figure, plain


def save_bench(path: str, sheet: Mapping[str, Any]) -> None:
    """Write a chart of the speed relative to the fastest peer, by row.

    Parameters
    ----------
    path : str
        File name; its extension sets the format.
    sheet : mapping
        Content of a file of ``deepseek bench --json``.

    Raises
    ------
    ValueError
        If no row was measured with a peer.
    """
    rows = [row for row in sheet["rows"] if row["ratio"] is not None]
    if not rows:
        raise ValueError(
            "sheet: got no row that a peer ran too; expected at least one (install a peer, see --vs)"
        )
    names = list(dict.fromkeys(row["name"] for row in rows))
    threads = sorted({row["threads"] for row in rows})
    figure = bare_figure((8.4, 1.5 + 0.26 * len(names) * (0.6 + 0.4 * len(threads))))
    ax = figure.subplots()
    bar_height = 0.8 / len(threads)
    for position, count in enumerate(threads):
        by_name = {row["name"]: row for row in rows if row["threads"] == count}
        indexed = [(index, by_name[name]) for index, name in enumerate(names) if name in by_name]
        heights = [index + (position - (len(threads) - 1) / 2) * bar_height for index, _ in indexed]
        ratios = [row["ratio"] for _, row in indexed]
        color = (BLUE, ORANGE, GREY)[position % 3]
        label = f"{count} thread{'s' * (count > 1)}"
        # Bars start at 1: those of rows where a peer is faster point to the left.
        ax.barh(
            heights,
            [ratio - 1 for ratio in ratios],
            left=1,
            height=0.9 * bar_height,
            color=color,
            label=label,
        )
        for height, ratio, (_, row) in zip(heights, ratios, indexed, strict=True):
            ahead = ratio >= 1
            ax.annotate(
                f"{ratio:.2f}× {row['fastest_peer']}",
                (ratio, height),
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
    ax.set_xlabel("speed relative to the fastest peer (right of 1: deepseek is faster)")
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
