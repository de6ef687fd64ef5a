"""``deepseek demo rec``: a Rec learns who speaks, and names the speaker while he is still speaking."""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .terminal import beside, chart, heading, picture, say

_SPEAKERS = 9


def nearest_mean(X: list[NDArray[Any]], y: NDArray[Any], X_test: list[NDArray[Any]]) -> NDArray[Any]:
    """Return the speaker whose mean frame is nearest: the baseline."""
    frames = np.stack([sequence.mean(axis=0) for sequence in X])
    asked = np.stack([sequence.mean(axis=0) for sequence in X_test])
    means = np.stack([frames[y == speaker].mean(axis=0) for speaker in range(_SPEAKERS)])
    nearest: NDArray[Any] = np.square(asked[:, None] - means).sum(axis=2).argmin(axis=1)
    return nearest


def listen(rec: Any, sequence: NDArray[Any]) -> NDArray[Any]:
    """Return the chances of the speakers after each frame (frames, speakers)."""
    state = rec.initial_state(1)
    chances = []
    for frame in sequence:
        y, state = rec.step(frame[None], state)
        chances.append(y[0])
    return np.stack(chances)


def run(arguments: argparse.Namespace) -> int:
    """Train on the vowels, compare and draw."""
    import deepseek as ds
    from deepseek.datasets import load_japanese_vowels

    vowels = load_japanese_vowels()
    cut = vowels.training
    frames = np.concatenate(vowels.data[:cut])
    mean, spread = frames.mean(axis=0), frames.std(axis=0)
    sequences = [((sequence - mean) / spread).astype(np.float32) for sequence in vowels.data]
    X, y, X_test, y_test = sequences[:cut], vowels.target[:cut], sequences[cut:], vowels.target[cut:]
    heading(
        f"Nine speakers say /ae/: {len(X)} recordings to learn from, {len(X_test)} to test on, "
        "7 to 29 frames of 12 coefficients"
    )
    baseline = float(np.mean(nearest_mean(X, y, X_test) == y_test))

    rec = ds.Rec(
        input_size=12,
        hidden=64,
        cell="gru",
        output="last",
        output_size=_SPEAKERS,
        loss="cross_entropy",
        optimizer=ds.AdamW(rate=3e-3, weight_decay=0.01, schedule=ds.Cosine()),
        dropout=0.3,
        input_dropout=0.1,
        seed=arguments.seed,
        threads=arguments.threads,
    )
    start = time.perf_counter()
    history = rec.fit(X, y, epochs=arguments.epochs, batch_size=16, validation_data=(X_test, y_test))
    seconds = time.perf_counter() - start
    predicted = rec.predict_classes(X_test)
    accuracy = float(np.mean(predicted == y_test))

    shown = _interesting([listen(rec, sequence) for sequence in X_test], y_test)
    if arguments.png:
        from .. import plot

        plot.save_rec_demo(arguments.png, history, y_test, predicted, *shown)
    else:
        _draw_terminal(history, *shown)
    say(f"baseline (nearest mean frame)  {baseline:6.1%} of the test recordings right")
    say(f"Rec, a GRU of 64 units         {accuracy:6.1%} of the test recordings right")
    rate = arguments.epochs * sum(map(len, X)) / max(seconds, 1e-9)
    say(f"{arguments.epochs} epochs of {len(X)} recordings in {seconds:.2f} s: {rate:,.0f} frames a second")
    if arguments.png:
        say(f"picture: {arguments.png}")
    return 0


def _interesting(heard: list[NDArray[Any]], truth: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """Return a recording that is told right in the end, after the longest doubt, and its speaker."""

    def doubt(row: int) -> int:
        right = heard[row].argmax(axis=1) == truth[row]
        return int(np.flatnonzero(~right).max(initial=-1)) if right[-1] else -2

    row = max(range(len(heard)), key=doubt)
    return heard[row], int(truth[row])


def _draw_terminal(history: Any, chances: NDArray[Any], speaker: int) -> None:
    every = [*history["loss"], *history["val_loss"]]
    low, high = max(min(every), 1e-6), max(every)
    say()
    curves = [
        chart(history["loss"], "training loss, by epoch", low=low, high=high, width=30),
        chart(history["val_loss"], "test loss, by epoch", low=low, high=high, width=30),
    ]
    for line in beside(curves):
        say(line)
    say()
    say(f"Speaker {speaker + 1} is heard, frame by frame: how likely the Rec takes each of the nine to be")
    for index, line in enumerate(picture(chances.T)):
        mark = "*" if index == speaker else " "
        say(f"{mark}{index + 1} │{line}│ {chances[-1, index]:4.0%}")
    say()
