"""Kills a checkpointed fit again and again and starts it anew, until argv[3] kills are done and it is over.

argv[1] is the kind of model, argv[2] a folder.

Every fit that was finished in spite of it has to give the bits of one that nobody disturbed. The killer forks
the trainer rather than starting it, so that the time goes into training. Prints the number of kills.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import safetensors.numpy  # noqa: F401  once, not in every child

import deepseek as ds
from programs import models
from programs.kinds import KINDS

kind, folder, enough = KINDS[sys.argv[1]], Path(sys.argv[2]), int(sys.argv[3])
X, y = kind.data(400)
rng = random.Random(2)


def train(path: Path) -> None:
    """Begin, or go on from the last checkpoint."""
    optimizer = ds.Adam(1e-3, schedule=ds.OneCycle())
    there = path.exists()
    net = ds.load(path) if there else kind.make(optimizer=optimizer, **kind.rich)
    net.fit(X, y, epochs=60, batch_size=16, resume=there, checkpoint=path)


def in_child(path: Path) -> int:
    """A process that trains."""
    child = os.fork()
    if child == 0:
        train(path)
        os._exit(0)
    return child


def finished_before(child: int, seconds: float) -> bool:
    """Whether it ends by itself, and well; else it is killed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert status == 0, "the trainer failed"
            return True
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


assert finished_before(in_child(folder / "whole"), 300), "the undisturbed fit takes too long"
expected = models.file_bits(str(folder / "whole"))
kills = 0
while kills < enough:
    path = folder / "part"
    path.unlink(missing_ok=True)
    while not finished_before(in_child(path), rng.uniform(0.005, 0.15) if kills < enough else 300):
        kills += 1
    assert models.file_bits(str(path)) == expected
for left in folder.glob(".deepseek-*.tmp"):
    left.unlink()
print(kills)
