"""Promise C2: damage to a model file is found, wherever it is; what is still read is the very same model."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepseek._io.format import ModelFileError
from deepseek._io.reader import read_model
from deepseek._io.writer import write_model

MODELS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "empty": ({}, {}),
    "mixed": (
        {"learning_rate": 1e-3, "best": float("inf"), "names": ["a", "ü"], "on": True},
        {
            "b": np.array([True, False, True]),
            "n": np.array(-3, "i8"),
            "z": np.zeros((0, 4)),
            "f": np.ones(2, "f2"),
        },
    ),
    "net": (
        {"layers": [2, 3, 1], "activation": "relu", "seed": 7},
        {
            "0.weight": np.linspace(-1, 1, 6, dtype="f4").reshape(3, 2),
            "0.bias": np.zeros(3, "f4"),
            "1.weight": np.linspace(0, 1, 3).reshape(1, 3),
            "1.bias": np.full(1, 0.5),
        },
    ),
}


def flips(data: bytes) -> Iterator[bytes]:
    for position in range(len(data)):
        for bit in range(8):
            yield data[:position] + bytes([data[position] ^ (1 << bit)]) + data[position + 1 :]


def truncations(data: bytes) -> Iterator[bytes]:
    return (data[:length] for length in range(len(data)))


def insertions(data: bytes) -> Iterator[bytes]:
    for position in range(len(data) + 1):
        neighbour = data[position : position + 1] or data[-1:]
        for byte in (b"\0", b" ", b"0", b"\xff", neighbour):
            yield data[:position] + byte + data[position:]


def deletions(data: bytes) -> Iterator[bytes]:
    return (data[:position] + data[position + 1 :] for position in range(len(data)))


def overwritten_bytes(data: bytes) -> Iterator[bytes]:
    for position in range(len(data)):
        for byte in (0, 0x20, 0x22, 0xFF):
            if data[position] != byte:
                yield data[:position] + bytes([byte]) + data[position + 1 :]


def bits(model: tuple[dict[str, Any], dict[str, Any]]) -> tuple[Any, ...]:
    config, tensors = model
    arrays = [(name, a.dtype.str, a.shape, a.tobytes()) for name, a in sorted(tensors.items())]
    return repr(sorted(config.items())), arrays


@pytest.mark.parametrize("kind", [flips, truncations, insertions, deletions, overwritten_bytes])
@pytest.mark.parametrize("name", MODELS)
def test_damage_is_found(tmp_path: Path, name: str, kind: Any) -> None:
    path = tmp_path / "m"
    write_model(path, *MODELS[name])
    whole, expected = path.read_bytes(), bits(read_model(path))
    tried = found = 0
    descriptor = os.open(path, os.O_RDWR)
    try:
        for damaged in kind(whole):
            os.truncate(descriptor, len(damaged))
            os.pwrite(descriptor, damaged, 0)
            tried += 1
            try:
                model = read_model(path)
            except ModelFileError as error:
                assert str(path) in str(error)
                found += 1
            else:
                assert bits(model) == expected
    finally:
        os.close(descriptor)
    assert tried >= len(whole)
    # What reads back unharmed is white space: bytes put in beside the header's padding, for the most part.
    assert found >= 0.99 * tried


def test_a_swap_of_two_tensors_is_found(tmp_path: Path) -> None:
    """Both tensors whole, each in the other's place: only a digest over names and bytes together sees it."""
    path = tmp_path / "m"
    write_model(path, {}, {"a": np.arange(4.0), "b": np.arange(4.0) + 9})
    data = bytearray(path.read_bytes())
    data[-64:] = data[-32:] + data[-64:-32]
    path.write_bytes(data)
    with pytest.raises(ModelFileError, match="SHA-256"):
        read_model(path)
