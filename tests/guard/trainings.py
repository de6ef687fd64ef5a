"""What test_guard runs in a process of its own: golden trainings and the rest of a model's life, with one thread."""

from __future__ import annotations

import json
import sys

import numpy as np

import deepseek as ds
from parity import golden

# Those that reach other code than the rest, and are quick.
KEYS = [
    f"{name}-float32"
    for name in (
        "seed",
        "batch-norm-dropout",
        "layer-norm",
        "lion-clipped",
        "periodic-embedding",
        "adagrad-focal",
        "rnn",
        "gru",
        "lstm",
        "ctc",
        "embedding",
        "tokens",
        "gen-adam-cosine-clip",
        "gen-option-everything-interpolated",
        "gen-hard-blocks",
        "gen-batch-norm",
        "gen-series-gru-r1r2",
        "gen-series-rnn-interpolated",
        "gen-series-lstm-norm-drop",
        "gen-texts-lstm-soft",
        "gen-pretrained",
    )
]


def changed_hashes() -> list[str]:
    """Train, and return the keys whose weights are not the committed ones."""
    committed = json.loads(golden.PATH.read_text())
    return [key for key in KEYS if golden.train(key, threads=1) != committed[key]]


def lives() -> None:
    """Fit, validate, predict, evaluate, copy, restore and reset one model of each kind."""
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 5)).astype("f4")
    labels = random.integers(0, 3, 60)
    stopping = ds.EarlyStopping(patience=1)
    net = ds.Net([5, 7, 3], loss="cross_entropy", threads=1, normalization="batch")
    net.fit(x, labels, epochs=4, batch_size=16, validation_data=(x, labels), early_stopping=stopping)
    for rows in (x, x[:1]):
        net.predict(rows)
    net.evaluate(x, labels)
    net.load_state_dict(net.state_dict())
    net.reset()

    series = [random.normal(size=(length, 4)).astype("f4") for length in (3, 5, 2, 6)]
    y = random.normal(size=(4, 2)).astype("f4")
    rec = ds.Rec(input_size=4, hidden=[6, 5], cell="lstm", output="last", output_size=2, threads=1)
    rec.fit(series, y, epochs=2, batch_size=2, validation_data=(series, y))
    rec.predict(series)
    _, state = rec.step(series[0][:2], rec.initial_state(2))
    rec.step(series[0][:2], state)
    rec.load_state_dict(rec.state_dict())

    gen = ds.Gen(data_size=5, latent_size=4, generator=[6], discriminator=[6], threads=1)
    gen.fit(x, epochs=2, batch_size=8)
    gen.sample(10, seed=0)


if __name__ == "__main__":
    lives()
    sys.exit("\n".join(changed_hashes()) or 0)
