"""``deepseek demo net``: a Net learns handwritten digits."""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .terminal import beside, chart, heading, picture, say

_SHIFTS = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))


def shifted(images: NDArray[Any]) -> NDArray[Any]:
    """Return flat 8 by 8 images five times: as they are, and one pixel to each side."""
    padded = np.pad(images.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    moved = [padded[:, 1 - down : 9 - down, 1 - right : 9 - right] for down, right in _SHIFTS]
    return np.concatenate(moved).reshape(-1, 64)


def nearest_mean(X: NDArray[Any], y: NDArray[Any], X_test: NDArray[Any]) -> NDArray[Any]:
    """Return the class whose mean training image is nearest: the baseline."""
    means = np.stack([X[y == label].mean(axis=0) for label in range(10)])
    distances = np.square(X_test[:, None, :] - means).sum(axis=2)
    nearest: NDArray[Any] = distances.argmin(axis=1)
    return nearest


def run(arguments: argparse.Namespace) -> int:
    """Train on the digits, compare and draw."""
    import deepseek as ds
    from deepseek.datasets import load_digits, train_test_split

    digits = load_digits()
    X, y, X_test, y_test = train_test_split((digits.data / 16).astype(np.float32), digits.target)
    heading(f"Handwritten digits: {len(X)} images to learn from, {len(X_test)} to test on, 8x8 pixels")
    baseline = float(np.mean(nearest_mean(X, y, X_test) == y_test))

    X, y = shifted(X), np.tile(y, len(_SHIFTS))
    net = ds.Net(
        [64, 256, 128, 10],
        activation="relu",
        loss="cross_entropy",
        optimizer=ds.Adam(2e-3, schedule=ds.Cosine()),
        seed=arguments.seed,
        threads=arguments.threads,
    )
    start = time.perf_counter()
    history = net.fit(X, y, epochs=arguments.epochs, batch_size=64, validation_data=(X_test, y_test))
    seconds = time.perf_counter() - start
    chances = net.predict(X_test)
    accuracy = float(np.mean(chances.argmax(axis=1) == y_test))

    if arguments.png:
        _draw_png(arguments.png, history, X_test, y_test, chances)
    else:
        _draw_terminal(history, X_test, y_test, chances)
    say(f"baseline (nearest class mean)  {baseline:6.1%} of the test images right")
    say(f"Net 64-256-128-10              {accuracy:6.1%} of the test images right")
    rate = arguments.epochs * len(X) / max(seconds, 1e-9)
    say(
        f"{arguments.epochs} epochs of {len(X)} images (each also moved by one pixel) in {seconds:.2f} s: "
        f"{rate:,.0f} a second"
    )
    if arguments.png:
        say(f"picture: {arguments.png}")
    return 0


def _interesting(chances: NDArray[Any], truth: NDArray[Any], count: int) -> list[int]:
    """Return rows to show: at most half mistakes, then the first digits answered right."""
    right = chances.argmax(axis=1) == truth
    wrong = [int(row) for row in np.flatnonzero(~right)[: count // 2]]
    good: dict[int, int] = {}
    for row in np.flatnonzero(right):
        good.setdefault(int(truth[row]), int(row))
    return [*sorted(good.values())[: count - len(wrong)], *wrong]


def _caption(chances: NDArray[Any], truth: int) -> str:
    answer = int(chances.argmax())
    mark = "" if answer == truth else f" (is {truth})"
    return f"{answer}{mark} {chances[answer]:.0%}"


def _draw_terminal(history: Any, X: NDArray[Any], y: NDArray[Any], chances: NDArray[Any]) -> None:
    every = [*history["loss"], *history["val_loss"]]
    low, high = max(min(every), 1e-6), max(every)
    say()
    curves = [
        chart(history["loss"], "training loss, by epoch", low=low, high=high, width=24),
        chart(history["val_loss"], "test loss, by epoch", low=low, high=high, width=24),
    ]
    for line in beside(curves):
        say(line)
    rows = _interesting(chances, y, 4)
    blocks = [[*picture(X[row].reshape(8, 8)), _caption(chances[row], int(y[row]))] for row in rows]
    for line in beside(blocks):
        say(line)
    say()


def _draw_png(path: str, history: Any, X: NDArray[Any], y: NDArray[Any], chances: NDArray[Any]) -> None:
    from .. import plot

    rows = _interesting(chances, y, 10)
    captions = [_caption(chances[row], int(y[row])) for row in rows]
    wrong = [chances[row].argmax() != y[row] for row in rows]
    plot.save_demo(path, history, X[rows].reshape(-1, 8, 8), captions, wrong)
