"""Loads mutated model files under an audit hook: each load may open its own path, once, and do nothing else.

argv[1] files of a small model, as `read_model` reads it, and a tenth as many of a Gen of a table, as `load` does.

Prints how many files were read and what came of them; fails on any other event and on any exception that is
not a ModelFileError.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import deepseek as ds
from deepseek._io.format import ModelFileError
from deepseek._io.reader import read_model
from deepseek._io.writer import write_model
from mutate import mutant

events: list[tuple[str, tuple[Any, ...]]] = []
watching = False


def hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Remember what happens while a file is loaded."""
    if watching:
        events.append((event, arguments))


def load(path: str, reader: Callable[[str], Any]) -> str:
    """What came of one load: "read" or "refused"."""
    global watching
    events.clear()
    watching = True
    try:
        reader(path)
        return "read"
    except ModelFileError:
        return "refused"
    finally:
        watching = False
        others = [event for event in events if event[0] != "open" or event[1][0] != path]
        assert not others and len(events) <= 1, events


def try_mutants(path: str, reader: Callable[[str], Any], count: int) -> None:
    """Load that many mutants of the file."""
    whole = Path(path).read_bytes()
    assert load(path, reader) == "read"
    assert len(events) == 1, "the hook does not see the open"
    outcomes = {"read": 0, "refused": 0}
    for seed in range(count):
        Path(path).write_bytes(mutant(random.Random(seed), whole))
        try:
            outcomes[load(path, reader)] += 1
        except BaseException:
            print(f"seed {seed}", file=sys.stderr)
            raise
    print(f"{count} files: {outcomes}")


with tempfile.TemporaryDirectory() as folder:
    path, table = folder + "/model", folder + "/gen"
    tensors = {"a": np.arange(6, dtype="f4").reshape(2, 3), "b": np.array(True), "c": np.zeros((0, 3))}
    write_model(path, {"layers": [1, 2], "learning_rate": 0.5, "best": float("inf"), "name": "x"}, tensors)
    gen = ds.Gen(transformer="auto", generator=[4], discriminator=[4])
    gen.fit({"a": np.arange(20.0), "b": np.array(["x", "y"] * 10), "c": np.arange(20) % 3}, "b", epochs=2)
    gen.save(table)
    ds.load(table)  # imports what it needs
    sys.addaudithook(hook)
    try_mutants(path, read_model, int(sys.argv[1]))
    try_mutants(table, ds.load, int(sys.argv[1]) // 10)
