"""Speaker identification: nine speakers by their pronunciation of two vowels, and two baselines without time.

    python examples/rec_speakers.py [--plot speakers.png]

Data: Japanese Vowels, which comes with the package (M. Kudo, J. Toyama and M. Shimbo, UCI, CC BY 4.0, see
deepseek/datasets/data/README.md): 640 recordings of /ae/, 7 to 29 frames of twelve coefficients.  270 are training
data; the 370 of the test set were recorded on other occasions.  Baselines: the speaker with the nearest mean frame, and
logistic regression on mean and standard deviation of the frames.  The test set is small: another seed changes the
result of the Rec by a few recordings.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray

import deepseek as ds
from deepseek import datasets

EPOCHS = 40


def load() -> tuple[datasets.SequenceDataset, list[NDArray[np.float32]]]:
    """Return the data set, and its sequences with every coefficient standardised by the training part."""
    vowels = datasets.load_japanese_vowels()
    frames = np.concatenate(vowels.data[: vowels.training])
    mean, std = frames.mean(axis=0), frames.std(axis=0)
    return vowels, [((sequence - mean) / std).astype(np.float32) for sequence in vowels.data]


def nearest_mean(
    X: NDArray[np.float32], y: NDArray[np.int64], X_test: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Return the speaker with the nearest mean."""
    means = np.stack([X[y == speaker].mean(axis=0) for speaker in range(9)])
    nearest: NDArray[np.int64] = np.square(X_test[:, None] - means).sum(axis=2).argmin(axis=1)
    return nearest


def logistic_regression(
    X: NDArray[np.float32], y: NDArray[np.int64], X_test: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Return the most probable speaker by a Net without hidden layers."""
    optimizer = ds.AdamW(learning_rate=1e-2, weight_decay=0.1, schedule=ds.Cosine())
    net = ds.Net([X.shape[1], 9], loss="cross_entropy", optimizer=optimizer, seed=0)
    net.fit(X, y, epochs=200, batch_size=32, verbose=False)
    return net.predict_classes(X_test)


def main() -> None:
    """Train and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plot", metavar="FILE", help="draw the confusion matrix (needs matplotlib)")
    options = parser.parse_args()

    vowels, sequences = load()
    cut = vowels.training
    X, y, X_test, y_test = sequences[:cut], vowels.target[:cut], sequences[cut:], vowels.target[cut:]
    means = np.stack([sequence.mean(axis=0) for sequence in sequences])
    deviations = np.stack([sequence.std(axis=0) for sequence in sequences])
    both = np.hstack([means, deviations])

    rec = ds.Rec(
        input_size=12,
        hidden=64,
        cell="gru",
        bidirectional=True,
        output="last",
        output_size=9,
        loss="cross_entropy",
        optimizer=ds.AdamW(learning_rate=3e-3, weight_decay=0.01, schedule=ds.Cosine()),
        dropout=0.5,
        input_dropout=0.2,
        seed=0,
    )
    print(rec)
    start = time.perf_counter()
    rec.fit(X, y, epochs=EPOCHS, batch_size=16)
    seconds = time.perf_counter() - start

    predicted = rec.predict_classes(X_test)
    answers = {
        "baseline, nearest mean frame:  ": nearest_mean(means[:cut], y, means[cut:]),
        "baseline, logistic regression: ": logistic_regression(both[:cut], y, both[cut:]),
        "Rec:                           ": predicted,
    }
    print(f"{len(X)} training recordings, {len(X_test)} test recordings, trained in {seconds:.2f} s")
    for name, answer in answers.items():
        print(f"{name}{np.mean(answer == y_test):.1%} accuracy, {np.sum(answer != y_test)} errors")

    if options.plot:
        from deepseek import plot

        labels = [name.removeprefix("speaker_") for name in vowels.target_names]
        plot.confusion_matrix(y_test, predicted, labels=labels).figure.savefig(options.plot, dpi=120)
        print(f"confusion matrix: {options.plot}")


if __name__ == "__main__":
    main()
