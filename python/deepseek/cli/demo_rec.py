"""``deepseek demo rec``: a Rec recognises speakers, also frame by frame while a recording goes on."""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .terminal import heading, say, shaded, show_losses

_SPEAKERS = 9


def nearest_mean(X: list[NDArray[Any]], y: NDArray[Any], X_test: list[NDArray[Any]]) -> NDArray[Any]:
    """Return the baseline: the speaker with the nearest mean frame."""
    frames, frames_test = (np.stack([sequence.mean(axis=0) for sequence in part]) for part in (X, X_test))
    means = np.stack([frames[y == speaker].mean(axis=0) for speaker in range(_SPEAKERS)])
    nearest: NDArray[Any] = np.square(frames_test[:, None] - means).sum(axis=2).argmin(axis=1)
    return nearest


def stream(rec: Any, sequence: NDArray[Any]) -> NDArray[Any]:
    """Return the probabilities of the speakers after each frame (frames, speakers)."""
    state = rec.initial_state(1)
    probabilities = []
    for frame in sequence:
        y, state = rec.step(frame[None], state)
        probabilities.append(y[0])
    return np.stack(probabilities)


def run(arguments: argparse.Namespace) -> int:
    """Train on the vowels, compare with a baseline and draw."""
    import deepseek as ds
    from deepseek.datasets import load_japanese_vowels

    vowels = load_japanese_vowels()
    cut = vowels.training
    frames = np.concatenate(vowels.data[:cut])
    mean, spread = frames.mean(axis=0), frames.std(axis=0)
    sequences = [((sequence - mean) / spread).astype(np.float32) for sequence in vowels.data]
    X, y, X_test, y_test = sequences[:cut], vowels.target[:cut], sequences[cut:], vowels.target[cut:]
    heading(
        f"Recognising nine speakers: {len(X)} training and {len(X_test)} test recordings of /ae/, "
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
        optimizer=ds.AdamW(learning_rate=3e-3, weight_decay=0.01, schedule=ds.Cosine()),
        dropout=0.3,
        input_dropout=0.1,
        seed=arguments.seed,
        threads=arguments.threads,
        device=arguments.device,
    )
    start = time.perf_counter()
    history = rec.fit(X, y, epochs=arguments.epochs, batch_size=16, validation_data=(X_test, y_test))
    seconds = time.perf_counter() - start
    predicted = rec.predict_classes(X_test)
    accuracy = float(np.mean(predicted == y_test))

    example = _hardest([stream(rec, sequence) for sequence in X_test], y_test)
    if arguments.png:
        from .. import plot

        plot.save_rec_demo(arguments.png, history, y_test, predicted, *example)
    else:
        _draw_terminal(history, *example)
    say("accuracy on the test recordings:")
    say(f"  baseline (nearest mean frame)  {baseline:6.1%}")
    say(f"  Rec, a GRU of 64 units         {accuracy:6.1%}")
    rate = arguments.epochs * sum(map(len, X)) / max(seconds, 1e-9)
    say(f"{arguments.epochs} epochs of {len(X)} recordings in {seconds:.2f} s: {rate:,.0f} frames/s")
    if arguments.png:
        say(f"picture: {arguments.png}")
    return 0


def _hardest(probabilities: list[NDArray[Any]], truth: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """Return the correctly recognised recording with the latest wrong frame, and its speaker."""

    def last_error(row: int) -> int:
        correct = probabilities[row].argmax(axis=1) == truth[row]
        return int(np.flatnonzero(~correct).max(initial=-1)) if correct[-1] else -2

    row = max(range(len(probabilities)), key=last_error)
    return probabilities[row], int(truth[row])


def _draw_terminal(history: Any, probabilities: NDArray[Any], speaker: int) -> None:
    say()
    show_losses(history, 30)
    say()
    say(f"One recording of speaker {speaker + 1}: probability of each speaker by frame, and at the end")
    for index, line in enumerate(shaded(probabilities.T)):
        mark = "*" if index == speaker else " "
        say(f"{mark}{index + 1} │{line}│ {probabilities[-1, index]:4.0%}")
    say()
