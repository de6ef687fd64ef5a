"""``deepseek demo gen``: a Gen generates handwritten digits, and a Net trained on real ones classifies them."""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import png
from .terminal import heading, say, shaded, side_by_side

_SAMPLES = 100  # per digit
_PICTURE = "gen.png"  # default, in the working folder


def shuffled_pixels(X: NDArray[Any], y: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
    """Return the baseline: images in which every pixel comes from a random image of the label."""
    rng = np.random.default_rng(0)
    images = np.empty((len(labels), X.shape[1]), X.dtype)
    for row, label in enumerate(labels):
        same = X[y == label]
        images[row] = same[rng.integers(0, len(same), X.shape[1]), np.arange(X.shape[1])]
    return images


def run(arguments: argparse.Namespace) -> int:
    """Train on the digits, classify the samples and draw them."""
    import deepseek as ds
    from deepseek.datasets import load_digits, train_test_split
    from deepseek.metrics import frechet_distance

    digits = load_digits()
    X, y, X_test, y_test = train_test_split((digits.data / 8 - 1).astype(np.float32), digits.target)
    heading(f"Generating handwritten digits: {len(X)} training images of 8x8 pixels")
    gen = ds.Gen(
        data_size=64,
        classes=10,
        generator=[128, 256],
        discriminator=[256, 128],
        output_activation="tanh",
        optimizer=ds.Adam(1e-3, beta1=0.0, beta2=0.99, schedule=ds.Cosine()),
        seed=arguments.seed,
        threads=arguments.threads,
        device=arguments.device,
    )
    start = time.perf_counter()
    gen.fit(X, y, epochs=arguments.epochs, batch_size=64)
    seconds = time.perf_counter() - start
    classifier = ds.Net(
        [64, 128, 10],
        loss="cross_entropy",
        seed=arguments.seed,
        threads=arguments.threads,
        device=arguments.device,
    )
    classifier.fit(X, y, epochs=30, verbose=False)

    labels = np.repeat(np.arange(10), _SAMPLES)
    samples = gen.sample(len(labels), labels, seed=arguments.seed)
    by_digit = samples.reshape(10, _SAMPLES, 8, 8)
    _draw_terminal(by_digit)
    say("Accuracy of a Net trained on the same real images, and Fréchet distance of the pixels to them:")
    for name, images, truth in (
        ("held-out real images", X_test, y_test),
        ("samples of Gen 32-128-256-64", samples, labels),
        ("baseline (pixels of random images)", shuffled_pixels(X, y, labels), labels),
    ):
        accuracy = float(np.mean(classifier.predict_classes(images) == truth))
        distance = frechet_distance(X, images, scaled=False)
        say(f"  {name:<36}{accuracy:6.1%}  {distance:6.2f}")
    rate = arguments.epochs * len(X) / max(seconds, 1e-9)
    say(f"{arguments.epochs} epochs of {len(X)} images in {seconds:.2f} s: {rate:,.0f} images/s")
    path = arguments.png or _PICTURE
    png.save(path, png.sheet((by_digit[:, :10].transpose(1, 0, 2, 3) + 1) / 2, scale=6))
    say(f"picture with ten samples per digit: {path}")
    return 0


def _draw_terminal(samples: NDArray[Any]) -> None:
    say()
    for first in (0, 5):
        blocks = [[*shaded((samples[d, 0] + 1) / 2), f"a {d}"] for d in range(first, first + 5)]
        for line in side_by_side(blocks):
            say(line)
        say()
