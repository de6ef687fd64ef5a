"""Plots with matplotlib: learning curves, confusion matrices, forecasts, images.

matplotlib is imported by the first call (extra ``[plot]``). A function with the argument ``ax`` draws there
and returns it; the default is a new figure of pyplot. The ``save_*`` functions write a file without pyplot.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "confusion_matrix",
    "forecast",
    "history",
    "image_grid",
    "save_demo",
    "save_rec_demo",
]

BLUE, ORANGE, RED, GREY = "#1f5fa8", "#d9782d", "#b3261e", "#6b6b6b"


def need_matplotlib() -> Any:
    """Return the module matplotlib; raise an ImportError that names the extra if it is not installed."""
    try:
        return import_module("matplotlib")
    except ImportError:
        raise ImportError("plots need matplotlib: pip install 'deepseek-nn[plot]'") from None


def _axes(ax: Any, size: tuple[float, float]) -> Any:
    if ax is not None:
        return ax
    need_matplotlib()
    return import_module("matplotlib.pyplot").subplots(figsize=size, layout="constrained")[1]


def bare_figure(size: tuple[float, float]) -> Any:
    """Return a figure that is not registered with pyplot."""
    need_matplotlib()
    return import_module("matplotlib.figure").Figure(figsize=size, layout="constrained")


def plain(ax: Any) -> None:
    """Apply the style of this module to axes."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(True, color="#e4e4e4", linewidth=0.7)
    ax.set_axisbelow(True)


def history(
    history: Mapping[str, Sequence[float]], *, ax: Any = None, log: bool = True, held_out: str = "validation"
) -> Any:
    """Draw the learning curve.

    Parameters
    ----------
    history : mapping of str to sequence of float
        History returned by ``fit``: ``loss`` and, if present, ``val_loss`` and ``generator_loss``.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; default: a new figure.
    log : bool, default=True
        Whether the loss axis is logarithmic; it is linear if a loss is not positive.
    held_out : str, default="validation"
        Label of the curve of ``val_loss``.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    ax = _axes(ax, (6.0, 3.7))
    loss = np.asarray(history["loss"], dtype=np.float64)
    numbers = None if "phase" in history else history.get("epoch")  # every phase counts its epochs from 1
    epochs = np.asarray(numbers or np.arange(1, len(loss) + 1))
    marker = "o" if len(loss) == 1 else None
    is_gan = "generator_loss" in history
    ax.plot(
        epochs,
        loss,
        color=BLUE,
        linewidth=1.8,
        marker=marker,
        label="discriminator" if is_gan else "training",
    )
    if is_gan:
        ax.plot(
            epochs, history["generator_loss"], color=ORANGE, linewidth=1.8, marker=marker, label="generator"
        )
    if history.get("val_loss"):
        other = np.asarray(history["val_loss"], dtype=np.float64)
        ax.plot(epochs, other, color=ORANGE, linewidth=1.8, marker=marker, label=held_out)
        if np.isfinite(other).any():
            best = int(np.nanargmin(other))
            ax.plot(epochs[best], other[best], "o", color=ORANGE, markersize=5)
            ax.annotate(
                f"best {other[best]:.3g}, epoch {epochs[best]}",
                (epochs[best], other[best]),
                xytext=(0, 9),
                textcoords="offset points",
                ha="right" if best > len(loss) / 2 else "left",
                color=ORANGE,
                fontsize=9,
            )
    losses = [*loss, *history.get("val_loss", ()), *history.get("generator_loss", ())]
    if log and not any(value <= 0 for value in losses):  # NaN is allowed
        ax.set_yscale("log")
    ax.set_xlabel("epoch")
    ax.set_ylabel("loss")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend(frameon=False)
    plain(ax)
    return ax


def confusion_matrix(
    truth: ArrayLike, predicted: ArrayLike, *, labels: Sequence[str] | None = None, ax: Any = None
) -> Any:
    """Draw a confusion matrix with counts.

    Parameters
    ----------
    truth, predicted : array-like of int, shape (rows,)
        True and predicted class indices.
    labels : sequence of str, optional
        Names of the classes, in order; default: their indices.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the arrays are empty or of different shapes, or labels has another length than the number of
        classes.
    ImportError
        If matplotlib is not installed.
    """
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    if truth.shape != predicted.shape or truth.ndim != 1 or not truth.size:
        raise ValueError(
            f"truth, predicted: got shapes {truth.shape} and {predicted.shape}; expected one shape (rows,), not empty"
        )
    classes = max(int(max(truth.max(), predicted.max())) + 1, len(labels or ()))
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (truth, predicted), 1)
    names = list(labels) if labels is not None else [str(index) for index in range(classes)]
    if len(names) != classes:
        raise ValueError(f"labels: got {len(names)} names; expected {classes}, one per class")

    side = min(10.0, 2.0 + 0.45 * classes)
    ax = _axes(ax, (side, side))
    share = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    if classes <= 30:
        for row in range(classes):
            for column in range(classes):
                if counts[row, column]:
                    wrong = row != column
                    color = "white" if share[row, column] > 0.55 else RED if wrong else "black"
                    text = f"{counts[row, column]}"
                    ax.text(column, row, text, ha="center", va="center", color=color, fontsize=9)
    slant = max(map(len, names)) > 3
    ax.set_xticks(range(classes), names, rotation=45 if slant else 0, ha="right" if slant else "center")
    ax.set_yticks(range(classes), names)
    ax.set_xlabel("predicted")
    ax.set_ylabel("true")
    ax.set_title(f"{np.mean(truth == predicted):.1%} of {truth.size} correct", fontsize=11)
    ax.tick_params(length=0)
    return ax


def forecast(
    truth: ArrayLike,
    predicted: ArrayLike,
    *,
    x: ArrayLike | None = None,
    band: tuple[ArrayLike, ArrayLike] | None = None,
    labels: tuple[str, str] = ("truth", "forecast"),
    ax: Any = None,
) -> Any:
    """Draw a forecast and the true values.

    Parameters
    ----------
    truth : array-like of shape (steps,)
        True values; NaN where unknown.
    predicted : array-like of shape (steps,)
        Forecast of the same steps; NaN where there is none.
    x : array-like of shape (steps,), optional
        Positions of the steps, numbers or dates; default: 0, 1, …
    band : tuple of two array-like of shape (steps,), optional
        Lower and upper bound of the forecast, for example of two quantile models; default: none.
    labels : tuple of two str, default=("truth", "forecast")
        Labels of the two curves.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the arrays differ in length.
    ImportError
        If matplotlib is not installed.
    """
    series = {"truth": truth, "predicted": predicted}
    if x is not None:
        series["x"] = x
    if band is not None:
        series["band[0]"], series["band[1]"] = band
    arrays = {name: np.asarray(value) for name, value in series.items()}
    steps = len(arrays["truth"])
    for name, array in arrays.items():
        if array.shape != (steps,):
            raise ValueError(f"{name}: got shape {array.shape}; expected {(steps,)}, that of truth")
    ax = _axes(ax, (7.5, 3.7))
    positions = arrays.get("x", np.arange(steps))
    if band is not None:
        ax.fill_between(positions, arrays["band[0]"], arrays["band[1]"], color=BLUE, alpha=0.18, linewidth=0)
    ax.plot(positions, arrays["truth"], color="#b0b0b0", linewidth=0.9, label=labels[0])
    ax.plot(positions, arrays["predicted"], color=BLUE, linewidth=1.5, label=labels[1])
    ax.legend(frameon=False)
    plain(ax)
    return ax


def image_grid(
    images: ArrayLike,
    *,
    captions: Sequence[str] = (),
    marked: Sequence[bool] = (),
    columns: int | None = None,
    figure: Any = None,
) -> Any:
    """Draw grey images in a grid, dark on light.

    Parameters
    ----------
    images : array-like of shape (images, height, width)
        Images, at least one; all are scaled with their common range.
    captions : sequence of str, default=()
        Lines below the images, in order.
    marked : sequence of bool, default=()
        Flags of the images whose captions are red.
    columns : int, optional
        Number of images per row; default: that of an about square grid.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Figure to draw into; default: a new one.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure

    Raises
    ------
    ValueError
        For images of another shape.
    ImportError
        If matplotlib is not installed.
    """
    pixels: NDArray[Any] = np.asarray(images)
    if pixels.ndim != 3 or not len(pixels):
        raise ValueError(f"images: got shape {pixels.shape}; expected (images, height, width), not empty")
    columns = min(len(pixels), columns or math.ceil(math.sqrt(len(pixels))))
    rows = math.ceil(len(pixels) / columns)
    if figure is None:
        need_matplotlib()
        height = 1.15 + 0.2 * bool(captions)
        figure = import_module("matplotlib.pyplot").figure(
            figsize=(1.15 * columns, height * rows), layout="constrained"
        )
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    low, high = float(pixels.min()), float(pixels.max())
    for index, ax in enumerate(axes):
        if index >= len(pixels):
            ax.set_axis_off()
            continue
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set_visible(False)
        ax.imshow(pixels[index], cmap="gray_r", vmin=low, vmax=high)
        if index < len(captions):
            color = RED if index < len(marked) and marked[index] else "black"
            ax.set_xlabel(captions[index], fontsize=9, color=color, labelpad=2)
    return figure


def save_demo(
    path: str,
    curves: Mapping[str, Sequence[float]],
    images: ArrayLike,
    captions: Sequence[str],
    wrong: Sequence[bool],
) -> None:
    """Write the plot of ``deepseek demo net``: the learning curve, and some digits with their predictions.

    Parameters
    ----------
    path : str
        File to write; its ending determines the format.
    curves : mapping of str to sequence of float
        History of the fit.
    images : array-like of shape (images, height, width)
        Digits to show.
    captions : sequence of str
        Lines below the digits.
    wrong : sequence of bool
        Flags of the wrong predictions, whose captions are red.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    figure = bare_figure((7.2, 5.6))
    top, bottom = figure.subfigures(2, 1, height_ratios=(1.0, 1.05))
    ax = history(curves, ax=top.subplots(), held_out="test")
    ax.set_title("Handwritten digits: learning curve", fontsize=11, loc="left")
    image_grid(images, captions=captions, marked=wrong, columns=5, figure=bottom)
    figure.savefig(path, dpi=130)


def save_rec_demo(
    path: str,
    curves: Mapping[str, Sequence[float]],
    truth: ArrayLike,
    predicted: ArrayLike,
    probabilities: NDArray[Any],
    speaker: int,
) -> None:
    """Write the plot of ``deepseek demo rec``: learning curve, confusion matrix, and one recording over time.

    Parameters
    ----------
    path : str
        File to write; its ending determines the format.
    curves : mapping of str to sequence of float
        History of the fit.
    truth, predicted : array-like of int, shape (recordings,)
        True and predicted speakers.
    probabilities : ndarray of shape (frames, speakers)
        Probabilities of the speakers after each frame of one recording.
    speaker : int
        True speaker of that recording.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    figure = bare_figure((10.0, 6.6))
    left, right = figure.subfigures(1, 2, width_ratios=(1.0, 1.1))
    top, bottom = left.subplots(2, 1)
    history(curves, ax=top, held_out="test")
    top.set_title("Speaker recognition: learning curve", fontsize=11, loc="left")
    for index, column in enumerate(probabilities.T):
        correct = index == speaker
        bottom.plot(
            np.arange(1, len(column) + 1),
            column,
            color=BLUE if correct else GREY,
            linewidth=2.0 if correct else 0.8,
            label=f"speaker {index + 1} (true)" if correct else None,
        )
    bottom.set_title("One recording: probabilities of the speakers", fontsize=11, loc="left")
    bottom.set_xlabel("frame")
    bottom.xaxis.get_major_locator().set_params(integer=True)
    bottom.set_ylabel("probability")
    bottom.legend(frameon=False)
    plain(bottom)
    labels = [str(index + 1) for index in range(probabilities.shape[1])]
    confusion_matrix(truth, predicted, labels=labels, ax=right.subplots())
    figure.savefig(path, dpi=130)
