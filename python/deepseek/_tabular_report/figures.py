"""Figures of a report, drawn with matplotlib as SVG text: confusion, calibration, residuals, learning curves."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._tabular.weights import effective_rows
from ..plot import BLUE, GREY, ORANGE, bare_figure, confusion_matrix, need_matplotlib, plain
from .assessment import ClassPredictions, ValuePredictions
from .page import FONTS

Array = NDArray[Any]

MAX_CLASSES = 20
"""Most classes of a confusion matrix; the rarest are shown as one."""
MAX_POINTS = 2000
"""Most rows that are drawn as points."""
MAX_CURVES = 20
"""Most members whose learning curves are drawn."""
_BINS = 10
_MIN_ROWS_PER_BIN = 10
_LONGEST_LABEL = 18
_LIGHT = "#b9c2cd"


def confusion(test: ClassPredictions) -> str:
    """Return the confusion matrix; of many classes, the rarest are one."""
    labels, truth, predicted = [_short(label) for label in test.labels], test.truth, test.predicted
    if len(labels) > MAX_CLASSES:
        counts = np.bincount(truth, minlength=len(labels))
        kept = np.sort(np.argsort(-counts, kind="stable")[: MAX_CLASSES - 1])
        position = np.full(len(labels), len(kept))
        position[kept] = np.arange(len(kept))
        labels = [*(labels[i] for i in kept), f"{len(labels) - len(kept)} others"]
        truth, predicted = position[truth], position[predicted]
    side = min(8.0, 3.4 + 0.32 * len(labels))

    def draw(figure: Any) -> None:
        ax = confusion_matrix(truth, predicted, labels=labels, ax=figure.subplots())
        ax.set_title("")
        ax.spines[:].set_visible(False)

    return _svg((side, side), draw)


def calibration_bins(test: ClassPredictions) -> tuple[Array, Array, Array, Array]:
    """Return the bins of a calibration plot, of about equally many rows each.

    Of two classes it compares the probability of the second one with its share; of more, the probability of the
    predicted class with the share of right predictions.

    Returns
    -------
    probability, share, weight, rows : ndarray of shape (bins,)
        Mean predicted probability, share of the weight of the rows in which the class is the true one, sum of the
        weights, and number of rows of equal weight that are as good.
    """
    if len(test.labels) == 2:
        probability, hit = test.probabilities[:, 1], test.truth == 1
    else:
        probability, hit = test.probabilities.max(axis=1), test.predicted == test.truth
    bins = int(np.clip(len(hit) // _MIN_ROWS_PER_BIN, 1, _BINS))
    order = np.argsort(probability, kind="stable")
    ordered = probability[order]
    # A bin begins where the probability changes, so that equal probabilities share a bin.
    starts = np.unique(np.searchsorted(ordered, ordered[np.arange(1, bins) * len(hit) // bins]))
    parts = [part for part in np.split(order, starts) if len(part)]
    weights = np.ones(len(hit)) if test.weights is None else test.weights
    bins_found = [
        [
            np.average(probability[part], weights=weights[part]),
            np.average(hit[part], weights=weights[part]),
            weights[part].sum(),
            effective_rows(weights[part]),
        ]
        for part in parts
    ]
    probabilities, shares, sums, rows = np.array(bins_found).T
    return probabilities, shares, sums, rows


def calibration_error(test: ClassPredictions) -> float:
    """Return the expected calibration error: the mean difference of probability and share over the rows."""
    probability, share, weight, _ = calibration_bins(test)
    return float(np.average(np.abs(probability - share), weights=weight))


def calibration(test: ClassPredictions) -> str:
    """Return the calibration plot, with 95 % intervals (Wilson 1927) of the shares."""
    probability, share, _, rows = calibration_bins(test)
    low, high = wilson_interval(share, rows)
    two = len(test.labels) == 2
    name = f'"{_short(test.labels[1])}"' if two else "the predicted class"

    def draw(figure: Any) -> None:
        ax = figure.subplots()
        ax.plot([0, 1], [0, 1], color=_LIGHT, linewidth=1.2, zorder=1)
        ax.vlines(probability, low, high, color=BLUE, linewidth=1.2, alpha=0.55)
        ax.plot(probability, share, "o-", color=BLUE, linewidth=1.6, markersize=5)
        ax.set_xlim(-0.03, 1.03)
        ax.set_ylim(-0.03, 1.03)
        ax.set_aspect("equal")
        ax.set_xlabel(f"predicted probability of {name}")
        ax.set_ylabel("share of the rows" if two else "share of right predictions")
        plain(ax)

    return _svg((4.2, 4.2), draw)


def wilson_interval(share: Array, rows: Array, z: float = 1.96) -> tuple[Array, Array]:
    """Return the limits of the 95 % interval of shares of `rows` rows (Wilson 1927)."""
    centre = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * np.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    return np.minimum(centre - half, share), np.maximum(centre + half, share)


def residuals(test: ValuePredictions, target: str) -> str:
    """Return true against predicted numbers, residuals against predicted numbers, and their distribution."""
    step = -(-len(test.truth) // MAX_POINTS)
    truth, predicted = test.truth[::step], test.predicted[::step]
    points = {"s": 14, "color": BLUE, "alpha": 0.35, "linewidths": 0, "rasterized": len(truth) > 300}

    def draw(figure: Any) -> None:
        left, middle, right = figure.subplots(1, 3, width_ratios=(1.15, 1.15, 0.8))
        limits = [min(truth.min(), predicted.min()), max(truth.max(), predicted.max())]
        left.plot(limits, limits, color=ORANGE, linewidth=1.2)
        left.scatter(predicted, truth, **points)
        left.set_ylabel(f"true {_short(target)}")
        middle.axhline(0.0, color=ORANGE, linewidth=1.2)
        middle.scatter(predicted, truth - predicted, **points)
        middle.set_ylabel("true − predicted")
        for ax in (left, middle):
            ax.set_xlabel(f"predicted {_short(target)}")
        errors = test.truth - test.predicted
        bins = min(40, max(8, len(errors) // 8))
        right.hist(errors, bins=bins, weights=test.weights, orientation="horizontal", color=BLUE, alpha=0.75)
        right.axhline(0.0, color=ORANGE, linewidth=1.2)
        right.set_xlabel("rows" if test.weights is None else "weight")
        right.sharey(middle)
        for ax in (left, middle, right):
            plain(ax)
            ax.locator_params(nbins=5)
            _plain_ticks(ax)

    return _svg((10.2, 3.7), draw)


def learning_curves(histories: Sequence[Mapping[str, Sequence[float]]]) -> str:
    """Return the losses of the members over the epochs: those of the training, and of the rows that chose the epoch."""

    def draw(figure: Any) -> None:
        ax = figure.subplots()
        for history in histories[:MAX_CURVES]:
            epochs, loss, other = history["epoch"], history["loss"], history.get("val_loss")
            first = history is histories[0]
            marker = "o" if len(epochs) == 1 else None
            ax.plot(
                epochs,
                loss,
                color=GREY,
                linewidth=0.9,
                alpha=0.6,
                marker=marker,
                label=None if not first else "training",
            )
            if other is None or not np.isfinite(other).any():
                continue
            best = int(np.nanargmin(other))
            ax.plot(
                epochs, other, color=BLUE, linewidth=1.2, alpha=0.7, label="validation" if first else None
            )
            ax.plot(
                epochs[best],
                other[best],
                "o",
                color=ORANGE,
                markersize=5,
                label="best epoch" if first else None,
            )
        drawn = [*histories[0]["loss"], *histories[0].get("val_loss", ())]
        low, high = np.nanmin(drawn), np.nanmax(drawn)
        if 0 < 10 * low < high < np.inf:
            ax.set_yscale("log")
        ax.set_xlabel("epoch")
        ax.set_ylabel("loss")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend(frameon=False)
        plain(ax)
        _plain_ticks(ax)

    return _svg((9.0, 3.4), draw)


def _plain_ticks(ax: Any) -> None:
    """Label ticks as numbers without powers of ten."""
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:,.10g}")


def _short(text: str) -> str:
    text = "".join(c if c.isprintable() else "·" for c in text)
    return text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 1] + "…"


def _svg(size: tuple[float, float], draw: Callable[[Any], None]) -> str:
    """Return a figure as SVG; the same data give the same text."""
    options = {
        "svg.fonttype": "none",  # text stays text, so that the reader's fonts show every script
        "svg.hashsalt": "deepseek",
        "text.parse_math": False,  # a name with two dollars is no formula
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 10.5,
        "axes.edgecolor": _LIGHT,
        "axes.labelcolor": "#5b6675",
        "xtick.color": "#5b6675",
        "ytick.color": "#5b6675",
    }
    file = io.StringIO()
    with need_matplotlib().rc_context(options), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = bare_figure(size)
        draw(figure)
        metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(file, format="svg", dpi=180, transparent=True, metadata=metadata)
    return re.sub(r"(font: [^;]*?)'DejaVu Sans'[^;\"]*", lambda match: match[1] + FONTS, file.getvalue())
