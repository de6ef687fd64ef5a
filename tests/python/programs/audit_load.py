"""Loads mutated model files under an audit hook: each load may open its own path, once, and do nothing else.

Prints how many files were read and what came of them; fails on any other event and on any exception that is
not a ModelFileError.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from deepseek._files import ModelFileError, read_model, write_model
from mutate import mutant

events: list[tuple[str, tuple[Any, ...]]] = []
watching = False


def hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Remember what happens while a file is loaded."""
    if watching:
        events.append((event, arguments))


def load(path: str) -> str:
    """What came of one load: "read" or "refused"."""
    global watching
    events.clear()
    watching = True
    try:
        read_model(path)
        return "read"
    except ModelFileError:
        return "refused"
    finally:
        watching = False
        others = [event for event in events if event[0] != "open" or event[1][0] != path]
        assert not others and len(events) <= 1, events


with tempfile.TemporaryDirectory() as folder:
    path = folder + "/model"
    tensors = {"a": np.arange(6, dtype="f4").reshape(2, 3), "b": np.array(True), "c": np.zeros((0, 3))}
    write_model(path, {"layers": [1, 2], "rate": 0.5, "best": float("inf"), "name": "x"}, tensors)
    whole = Path(path).read_bytes()
    sys.addaudithook(hook)
    assert load(path) == "read"
    assert len(events) == 1, "the hook does not see the open"
    count = int(sys.argv[1])
    outcomes = {"read": 0, "refused": 0}
    for seed in range(count):
        Path(path).write_bytes(mutant(random.Random(seed), whole))
        try:
            outcomes[load(path)] += 1
        except BaseException:
            print(f"seed {seed}", file=sys.stderr)
            raise
print(f"{count} files: {outcomes}")
