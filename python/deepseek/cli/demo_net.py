"""``deepseek demo net``: a Net classifies handwritten digits."""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .terminal import heading, say, shaded, show_losses, side_by_side

_SHIFTS = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))


def shifted(images: NDArray[Any]) -> NDArray[Any]:
    """Return flat 8 by 8 images unshifted and shifted by one pixel in each direction."""
    padded = np.pad(images.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    shifts = [padded[:, 1 - down : 9 - down, 1 - right : 9 - right] for down, right in _SHIFTS]
    return np.concatenate(shifts).reshape(-1, 64)


def nearest_mean(X: NDArray[Any], y: NDArray[Any], X_test: NDArray[Any]) -> NDArray[Any]:
    """Return the baseline: the class with the nearest mean training image."""
    means = np.stack([X[y == label].mean(axis=0) for label in range(10)])
    distances = np.square(X_test[:, None, :] - means).sum(axis=2)
    nearest: NDArray[Any] = distances.argmin(axis=1)
    return nearest


def run(arguments: argparse.Namespace) -> int:
    """Train on the digits, compare with a baseline and draw."""
    import deepseek as ds
    from deepseek.datasets import load_digits, train_test_split

    digits = load_digits()
    X, y, X_test, y_test = train_test_split((digits.data / 16).astype(np.float32), digits.target)
    heading(f"Classifying handwritten digits: {len(X)} training and {len(X_test)} test images of 8x8 pixels")
    baseline = float(np.mean(nearest_mean(X, y, X_test) == y_test))

    X, y = shifted(X), np.tile(y, len(_SHIFTS))
    net = ds.Net(
        [64, 256, 128, 10],
        activation="relu",
        loss="cross_entropy",
        optimizer=ds.Adam(2e-3, schedule=ds.Cosine()),
        seed=arguments.seed,
        threads=arguments.threads,
        device=arguments.device,
    )
    start = time.perf_counter()
    history = net.fit(X, y, epochs=arguments.epochs, batch_size=64, validation_data=(X_test, y_test))
    seconds = time.perf_counter() - start
    probabilities = net.predict(X_test)
    accuracy = float(np.mean(probabilities.argmax(axis=1) == y_test))

    if arguments.png:
        _draw_png(arguments.png, history, X_test, y_test, probabilities)
    else:
        _draw_terminal(history, X_test, y_test, probabilities)
    say("accuracy on the test images:")
    say(f"  baseline (nearest class mean)  {baseline:6.1%}")
    say(f"  Net 64-256-128-10              {accuracy:6.1%}")
    rate = arguments.epochs * len(X) / max(seconds, 1e-9)
    say(
        f"{arguments.epochs} epochs of {len(X)} images (unshifted and shifted by one pixel) in {seconds:.2f} s: "
        f"{rate:,.0f} images/s"
    )
    if arguments.png:
        say(f"picture: {arguments.png}")
    return 0


def _rows_to_show(probabilities: NDArray[Any], truth: NDArray[Any], count: int) -> list[int]:
    """Return rows to show: correct predictions of different digits, then errors, which are at most half."""
    correct = probabilities.argmax(axis=1) == truth
    errors = [int(row) for row in np.flatnonzero(~correct)[: count // 2]]
    by_digit: dict[int, int] = {}
    for row in np.flatnonzero(correct):
        by_digit.setdefault(int(truth[row]), int(row))
    return [*sorted(by_digit.values())[: count - len(errors)], *errors]


def _caption(probabilities: NDArray[Any], truth: int) -> str:
    predicted = int(probabilities.argmax())
    mark = "" if predicted == truth else f" (is {truth})"
    return f"{predicted}{mark} {probabilities[predicted]:.0%}"


def _draw_terminal(history: Any, X: NDArray[Any], y: NDArray[Any], probabilities: NDArray[Any]) -> None:
    say()
    show_losses(history, 24)
    rows = _rows_to_show(probabilities, y, 4)
    blocks = [[*shaded(X[row].reshape(8, 8)), _caption(probabilities[row], int(y[row]))] for row in rows]
    for line in side_by_side(blocks):
        say(line)
    say()


def _draw_png(path: str, history: Any, X: NDArray[Any], y: NDArray[Any], probabilities: NDArray[Any]) -> None:
    from .. import plot

    rows = _rows_to_show(probabilities, y, 10)
    captions = [_caption(probabilities[row], int(y[row])) for row in rows]
    wrong = [probabilities[row].argmax() != y[row] for row in rows]
    plot.save_demo(path, history, X[rows].reshape(-1, 8, 8), captions, wrong)
