"""Mutated model files: damage at random, and damage by someone who knows the format.

`mutant(rng, data)` gives one. Half are changed as bytes; half in the header's JSON, where single values are
replaced by ones that have broken other readers; and of those half get the digest that fits, so that the
checks behind it are reached as well. `try_mutants` loads mutants of one file and uses those that load.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import deepseek as ds
from deepseek._io.format import ModelFileError
from deepseek._io.reader import read_model
from deepseek._io.writer import write_model
from programs.harness import container, deadline, figure, metadata

NASTY: list[Any] = [
    None, True, -1, 0, 1, 2**31, 2**32, 2**53 + 1, 2**62, 2**63 - 1, 2**63, 2**64, 10**40, 0.5, "", "F32",
    "U8", "BOOL", "C64", "__metadata__", "\0", "\ud7ff", "../x", "a" * 5000, [], [0], [-1], [2**63], [1] * 40,
    [2**32, 2**32], [[1]], {}, {"a": 1}, {"$float": "nan"}, {"__class__": "os.system"},
]  # fmt: skip
SNIPPETS = [*(bytes([c]) for c in b'{}[]"\\,: \0'), b"\\u0000", b"\xff" * 8, b"NaN", b"1e999"]


def mutant(rng: random.Random, data: bytes) -> bytes:
    """A changed copy of a model file."""
    return _bytes_changed(rng, data) if rng.random() < 0.5 else _fields_changed(rng, data)


def _bytes_changed(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        length = int.from_bytes(data[:8], "little") + 8
        position = rng.randrange(rng.choice((8, length, len(changed))))
        position = min(position, len(changed) - 1)
        kind = rng.randrange(6)
        if kind == 0:
            changed[position] ^= 1 << rng.randrange(8)
        elif kind == 1:
            changed[position] = rng.randrange(256)
        elif kind == 2:
            changed[position:position] = rng.choice(SNIPPETS)
        elif kind == 3:
            del changed[position : position + rng.choice((1, 2, 8, 100))]
        elif kind == 4:
            end = position + rng.randrange(60)
            other = rng.randrange(len(changed))
            changed[other:other] = changed[position:end]
        else:
            del changed[max(position, 1) :]
        if not changed:
            return b""
    return bytes(changed)


def _fields_changed(rng: random.Random, data: bytes) -> bytes:
    length = int.from_bytes(data[:8], "little")
    fields = json.loads(data[8 : 8 + length])
    body = data[8 + length :]
    own = json.loads(fields["__metadata__"]["deepseek"])
    if rng.random() < 0.5:
        own = changed(rng, own)
    else:
        fields = changed(rng, fields)
    if rng.random() < 0.3:
        body = body[: rng.randrange(len(body) + 1)]
    if isinstance(fields, dict) and isinstance(fields.get("__metadata__"), dict):
        text = json.dumps(own, sort_keys=True, separators=(",", ":"))
        if rng.random() < 0.5 and isinstance(own, dict):
            text = _sealed_anew(own, fields, body) or text
        fields["__metadata__"]["deepseek"] = text
    return container(json.dumps(fields).encode("utf-8", "surrogatepass"), body)


def _sealed_anew(own: dict[str, Any], fields: dict[str, Any], body: bytes) -> str | None:
    parts = []
    try:
        for name, field in fields.items():
            if name != "__metadata__":
                begin, end = field["data_offsets"]
                parts.append((name, field["dtype"], tuple(field["shape"]), body[begin:end]))
        return metadata(json.dumps(own["config"], sort_keys=True, separators=(",", ":")), parts)
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
        return None


def changed(rng: random.Random, tree: Any) -> Any:
    """A copy with one value, somewhere, replaced, removed or doubled."""
    tree = copy.deepcopy(tree)
    node = tree
    while isinstance(node, (dict, list)) and node:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = rng.choice(keys)
        if isinstance(node[key], (dict, list)) and node[key] and rng.random() < 0.8:
            node = node[key]
            continue
        kind = rng.randrange(4)
        if kind == 0:
            del node[key]
        elif kind == 1 and isinstance(node, dict):
            node[str(rng.choice(NASTY))] = node.pop(key)
        else:
            node[key] = copy.deepcopy(rng.choice(NASTY))
        return tree
    return copy.deepcopy(rng.choice(NASTY))


def load(path: Path) -> Any:
    """Return the model of a file; None if a ModelFileError that names the file refuses it."""
    try:
        return ds.load(path)
    except ModelFileError as error:
        assert str(path) in str(error)
        return None


def try_mutants(path: Path, use: Callable[[Any], None]) -> None:
    """Load mutants of the model file at `path`, which they overwrite, and call `use` with each that loads.

    Every second mutant has the right digest and one wrong value in the model's configuration.
    """
    whole, (config, tensors) = path.read_bytes(), read_model(path)
    read = refused = 0
    for seed in range(figure("FUZZ", 3000) // 10):
        rng = random.Random(seed)
        if seed % 2:
            path.write_bytes(mutant(rng, whole))
        else:
            other = changed(rng, config)
            if not isinstance(other, dict):
                continue
            try:
                write_model(path, copy.deepcopy(other), tensors)
            except (ValueError, TypeError):  # nothing that a file can hold
                continue
        try:
            with deadline(20):
                model = load(path)
                if model is None:
                    refused += 1
                else:
                    use(model)
                    read += 1
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
    assert read > 0 and refused > 0, f"{read} mutants were read, {refused} refused"
