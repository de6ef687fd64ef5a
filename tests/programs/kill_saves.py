"""Kills a process that saves over and over, argv[2] times; after each the file has to be whole.

The killer forks the saver rather than starting it, so that the time goes into saving. Prints how many of the
kills fell inside a save: those that left a temporary file behind.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
import safetensors.numpy  # noqa: F401  once, not in every child

from deepseek._io.reader import read_model
from deepseek._io.writer import write_model

folder, kills = Path(sys.argv[1]), int(sys.argv[2])
path = folder / "m"
rng = random.Random(1)
inside = 0
write_model(path, {"n": 0}, {"a": np.zeros(60_000)})
for _ in range(kills):
    saver = os.fork()
    if saver == 0:
        start = read_model(path)[0]["n"]
        for n in itertools.count(start + 1):
            write_model(path, {"n": n}, {"a": np.full(60_000, float(n))})
    time.sleep(rng.uniform(0.001, 0.03))
    os.kill(saver, signal.SIGKILL)
    _, status = os.waitpid(saver, 0)
    assert os.WIFSIGNALED(status), "the saver ended by itself"
    config, tensors = read_model(path)
    assert (tensors["a"] == config["n"]).all(), "neither the old file nor the new one"
    left = [name for name in os.listdir(folder) if name != "m"]
    assert len(left) <= 1, left
    inside += len(left)
    for name in left:
        (folder / name).unlink()
assert read_model(path)[0]["n"] > 0, "no save was ever finished"
print(inside)
