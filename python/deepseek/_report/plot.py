"""Plot of a report: the distribution of each column, synthetic over real, and the correlations of both."""

from __future__ import annotations

import math
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from ..plot import BLUE, GREY, bare_figure, need_matplotlib, plain

if TYPE_CHECKING:
    from .report import Marginal, Report

_MAX_COLUMNS = 24  # columns drawn; those with the largest distance
_MAX_CATEGORIES = 10  # bars per column
_MAX_NAMED = 25  # most columns with tick labels at the correlations


def draw(report: Report, path: Any = None) -> Any:
    """Draw a report; see `Report.plot`."""
    shown = sorted(report.marginals, key=lambda column: -column.distance)[:_MAX_COLUMNS]
    columns = min(6, max(3, math.ceil(math.sqrt(len(shown)))))
    rows = math.ceil(len(shown) / columns)
    size = (2.5 * columns, 2.0 * rows + 4.4)
    if path is None:
        need_matplotlib()
        figure = import_module("matplotlib.pyplot").figure(figsize=size, layout="constrained")
    else:
        figure = bare_figure(size)
    top, bottom = figure.subfigures(2, 1, height_ratios=(2.0 * rows + 0.5, 3.9))
    selection = "" if len(shown) == len(report.marginals) else f", the {len(shown)} that differ most"
    top.suptitle(f"Columns{selection}: real (grey), synthetic (blue)", fontsize=11)
    axes = top.subplots(rows, columns, squeeze=False).ravel()
    for i, ax in enumerate(axes):
        column = shown[i] if i < len(shown) else None
        if column is None:
            ax.set_axis_off()
        elif column.labels:
            _categories(ax, column)
        else:
            _numbers(ax, column)
    _correlations(bottom, report)
    if path is not None:
        figure.savefig(path, dpi=130)
    return figure


def _numbers(ax: Any, column: Marginal) -> None:
    edges = np.array(column.edges)
    ax.stairs(column.shares_real, edges, fill=True, color=GREY, alpha=0.35)
    ax.stairs(column.shares, edges, color=BLUE, linewidth=1.5)
    _set_title(ax, column)


def _categories(ax: Any, column: Marginal) -> None:
    labels = [label if len(label) < 9 else label[:7] + "…" for label in column.labels[:_MAX_CATEGORIES]]
    real, synthetic = (
        [
            *shares[:_MAX_CATEGORIES],
            *([sum(shares[_MAX_CATEGORIES:])] if len(shares) > _MAX_CATEGORIES else []),
        ]
        for shares in (column.shares_real, column.shares)
    )
    if len(column.labels) > _MAX_CATEGORIES:
        labels.append("others")
    x = np.arange(len(labels))
    ax.bar(x, real, width=0.85, color=GREY, alpha=0.35)
    ax.bar(x, synthetic, width=0.45, color=BLUE, alpha=0.9)
    slant = max(map(len, labels)) * len(labels) > 24
    ax.set_xticks(
        x, labels, rotation=60 if slant else 0, ha="right" if slant else "center", rotation_mode="anchor"
    )
    _set_title(ax, column)


def _set_title(ax: Any, column: Marginal) -> None:
    name = str(column.name)
    ax.set_title(
        f"{name if len(name) < 22 else name[:20] + '…'}  {column.measure} {column.distance:.3f}", fontsize=8
    )
    ax.set_yticks([])
    ax.tick_params(labelsize=7)
    plain(ax)


def _correlations(figure: Any, report: Report) -> None:
    axes = figure.subplots(1, 3)
    difference = report.associations - report.associations_real
    parts = ("real", report.associations_real), ("synthetic", report.associations), ("difference", difference)
    names = [str(column.name) for column in report.marginals]
    few = len(names) <= _MAX_NAMED
    for ax, (title, values) in zip(axes, parts, strict=True):
        image = ax.imshow(values, cmap="RdBu_r", vmin=-1, vmax=1)
        mean = f", mean {report.association_difference:.3f}" if title == "difference" else ""
        ax.set_title(f"correlations, {title}{mean}", fontsize=9)
        ax.tick_params(length=0, labelsize=7)
        ax.set_xticks([])
        ax.set_yticks(
            range(len(names)) if few and ax is axes[0] else [], names if few and ax is axes[0] else []
        )
    bar = figure.colorbar(image, ax=axes, shrink=0.8)
    bar.ax.tick_params(labelsize=7)
