"""Mutated files against the safetensors library: what we read, it reads alike.

The other direction does not hold and is not meant to: we refuse much that the library lets pass.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import safetensors.numpy

from deepseek._io.format import ModelFileError
from deepseek._io.reader import read_model
from deepseek._io.writer import write_model
from mutate import mutant
from programs.harness import figure


def test_what_we_read_the_library_reads_too(tmp_path: Path) -> None:
    path = tmp_path / "m"
    tensors = {"a": np.arange(6, dtype="f4").reshape(2, 3), "b": np.array(5, "u1"), "c": np.zeros((0, 3))}
    write_model(path, {"layers": [1, 2], "learning_rate": 0.5}, tensors)
    whole = path.read_bytes()
    read = 0
    for seed in range(figure("FUZZ", 3000)):
        data = mutant(random.Random(seed), whole)
        path.write_bytes(data)
        try:
            _, ours = read_model(path)
        except ModelFileError:
            continue
        theirs = safetensors.numpy.load(data)
        assert sorted(theirs) == list(ours)
        for name, array in ours.items():
            assert array.dtype == theirs[name].dtype and array.shape == theirs[name].shape
            assert array.tobytes() == theirs[name].tobytes()
        read += 1
    assert read > 0, "no mutant was readable: the fuzzer no longer reaches past the digest"
