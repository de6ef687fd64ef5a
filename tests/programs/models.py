"""Nets and data for the reliability tests, the same in every process; and what a net is, as a hash."""

from __future__ import annotations

import hashlib
import os
import pickle
import tempfile
from typing import Any

import numpy as np

import deepseek as ds
from deepseek import _core
from deepseek._io.reader import read_model

Array = np.ndarray[Any, np.dtype[Any]]

_core.share_small_work(True)  # nets as small as these would otherwise stay on one worker


def data(rows: int = 200, columns: int = 6, classes: int = 3, seed: int = 3) -> tuple[Array, Array]:
    """Rows around `classes` centres, and their class indices."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, rows)
    X = rng.normal(size=(classes, columns))[y] + rng.normal(size=(rows, columns))
    return X.astype(np.float32), y


def net(layers: tuple[int, ...] = (6, 16, 3), **options: Any) -> ds.Net:
    """A small classifier; options as `Net` takes them."""
    return ds.Net(list(layers), **{"activation": "tanh", "loss": "cross_entropy", "seed": 5, **options})


def epochs(model: Any) -> dict[str, list[Any]]:
    """The columns of a model's history but for the seconds, which a file leaves out."""
    return {name: column for name, column in model.history.items() if name != "seconds"}


def bits(model: ds.Net) -> str:
    """SHA-256 over everything a saved model holds, but for its history (which callbacks extend)."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m")
        model.save(path)
        return file_bits(path)


def everything(model: Any) -> bytes:
    """All that a model holds, its history too: for what must not have changed at all; quicker than `bits`."""
    return pickle.dumps(model)


def file_bits(path: str) -> str:
    """The same of a file."""
    config, tensors = read_model(path)
    digest = hashlib.sha256(repr(sorted((k, v) for k, v in config.items() if k != "history")).encode())
    for name, array in sorted(tensors.items()):
        if "history" not in name:
            digest.update(f"{name} {array.dtype} {array.shape}".encode() + array.tobytes())
    return digest.hexdigest()


def weights(model: ds.Net) -> str:
    """SHA-256 over the weights alone."""
    digest = hashlib.sha256()
    for name, array in model.state_dict().items():
        digest.update(f"{name} {array.dtype} {array.shape}".encode() + array.tobytes())
    return digest.hexdigest()
