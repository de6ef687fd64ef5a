"""``deepseek demo gen``: a Gen learns to write digits, and a Net that learnt real ones reads them."""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import png
from .terminal import beside, heading, picture, say

_EACH = 100  # samples a digit that are read
_PICTURE = "gen.png"  # in the working folder


def shuffled_pixels(X: NDArray[Any], y: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
    """Return images whose every pixel is taken from another image of the label: the baseline."""
    rng = np.random.default_rng(0)
    made = np.empty((len(labels), X.shape[1]), X.dtype)
    for row, label in enumerate(labels):
        own = X[y == label]
        made[row] = own[rng.integers(0, len(own), X.shape[1]), np.arange(X.shape[1])]
    return made


def run(arguments: argparse.Namespace) -> int:
    """Train on the digits, let the samples be read and draw them."""
    import deepseek as ds
    from deepseek.datasets import load_digits, train_test_split
    from deepseek.metrics import frechet_distance

    digits = load_digits()
    X, y, X_test, y_test = train_test_split((digits.data / 8 - 1).astype(np.float32), digits.target)
    heading(f"Writing digits: {len(X)} images to learn from, 8x8 pixels")
    gen = ds.Gen(
        data_size=64,
        classes=10,
        generator=[128, 256],
        discriminator=[256, 128],
        output_activation="tanh",
        optimizer=ds.Adam(1e-3, beta1=0.0, beta2=0.99, schedule=ds.Cosine()),
        seed=arguments.seed,
        threads=arguments.threads,
    )
    start = time.perf_counter()
    gen.fit(X, y, epochs=arguments.epochs, batch_size=64)
    seconds = time.perf_counter() - start
    reader = ds.Net([64, 128, 10], loss="cross_entropy", seed=arguments.seed, threads=arguments.threads)
    reader.fit(X, y, epochs=30, verbose=False)

    labels = np.repeat(np.arange(10), _EACH)
    samples = gen.sample(len(labels), labels, seed=arguments.seed)
    shown = samples.reshape(10, _EACH, 8, 8)
    _draw_terminal(shown)
    say("How many a Net that learnt the same images reads as the digit they should be, and how far they are")
    say("from those images (Fréchet distance of pixels):")
    for name, images, truth in (
        ("other real images", X_test, y_test),
        ("Gen 32-128-256-64", samples, labels),
        ("baseline (pixels of several images)", shuffled_pixels(X, y, labels), labels),
    ):
        right = float(np.mean(reader.predict_classes(images) == truth))
        far = frechet_distance(X, images, scaled=False)
        say(f"  {name:<36}{right:6.1%}  {far:6.2f}")
    rate = arguments.epochs * len(X) / max(seconds, 1e-9)
    say(f"{arguments.epochs} epochs of {len(X)} images in {seconds:.2f} s: {rate:,.0f} a second")
    path = arguments.png or _PICTURE
    png.save(path, png.sheet((shown[:, :10].transpose(1, 0, 2, 3) + 1) / 2, scale=6))
    say(f"picture of ten of each: {path}")
    return 0


def _draw_terminal(samples: NDArray[Any]) -> None:
    say()
    for first in (0, 5):
        blocks = [[*picture((samples[d, 0] + 1) / 2), f"a {d}"] for d in range(first, first + 5)]
        for line in beside(blocks):
            say(line)
        say()
