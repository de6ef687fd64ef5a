"""Golden hashes: SHA-256 of trained weights, equal on every machine with fused multiply-add.

python tests/parity/golden.py          compare
python tests/parity/golden.py --write  rewrite golden.json; a changed hash is a line in CHANGELOG.md
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from deepseek import _core
from parity import engine, gen_sequence_trainings, gen_trainings, rec_trainings
from parity.cases import embedded
from parity.cases import spec as make
from parity.rec_trainings import spec as recurrent

PATH = Path(__file__).with_name("golden.json")

_SEED_LAYER = {"activation": "sigmoid", "bias": False, "initialization": "normal"}
_ADAM = {"name": "adam", "learning_rate": 1e-3}
_SEED: dict[str, Any] = {
    "input_size": 10,
    "seed": 0,
    "layers": [{"units": 50, **_SEED_LAYER}, {"units": 1, **_SEED_LAYER}],
    "optimizer": {"name": "sgd", "learning_rate": 1.0},
}


def _tabular(**options: Any) -> dict[str, Any]:
    return make((128, 128, 1), "relu", input_size=32, optimizer=_ADAM, initialization="he_uniform", **options)


# name: specification, rows, batch, epochs
NETS: dict[str, tuple[dict[str, Any], int, int, int]] = {
    "seed": (_SEED, 100, 10, 5),
    "seed-batch-1": (_SEED, 30, 1, 2),
    "tabular": (_tabular(), 300, 32, 2),
    "digits": (
        make(
            (64, 10),
            "relu",
            "cross_entropy",
            input_size=300,
            optimizer=_ADAM,
            schedule={"name": "cosine", "warmup": 0.1},
        ),
        200,
        64,
        2,
    ),
    "batch-norm-dropout": (
        make(
            (70, 33, 5),
            "gelu",
            "cross_entropy",
            input_size=40,
            normalization="batch",
            dropout=0.3,
            optimizer={"name": "adamw"},
        ),
        150,
        40,
        2,
    ),
    "layer-norm": (make((70, 33, 5), "mish", input_size=40, normalization="layer"), 150, 40, 2),
    "lion-clipped": (
        make(
            (40, 3),
            "elu",
            "huber",
            input_size=20,
            optimizer={"name": "lion", "learning_rate": 1e-3, "beta2": 0.999, "clip_norm": 0.5},
            initialization="orthogonal",
        ),
        100,
        16,
        3,
    ),
    "rmsprop-poisson": (
        make(
            (40, 3),
            "softplus",
            "poisson",
            optimizer={"name": "rmsprop", "learning_rate": 1e-3, "rho": 0.99, "momentum": 0.5},
            initialization="he_normal",
        ),
        100,
        16,
        3,
    ),
    "periodic-embedding": (
        embedded(make((70, 3), "selu", "cross_entropy", input_size=21, optimizer=_ADAM), 19)
        | {"input_scale_rate": 6.0},
        200,
        64,
        3,
    ),
    "adagrad-focal": (
        make(
            (40, 4), "hard_swish", "focal", optimizer={"name": "adagrad", "learning_rate": 0.01, "eps": 1e-8}
        ),
        100,
        16,
        3,
    ),
}
_REC: dict[str, Any] = {"optimizer": {**_ADAM, "clip_norm": 1.0}}
_LENGTHS = tuple(1 + 7 * i % 23 for i in range(60))
_LONGER = tuple(length + 1 for length in _LENGTHS)

RECS: dict[str, rec_trainings.Case] = {
    "rnn": rec_trainings.Case(
        recurrent("rnn", (40,), "sequence", bptt_steps=8, **_REC), _LENGTHS, 16, 2, "step"
    ),
    "gru": rec_trainings.Case(
        recurrent("gru", (40, 33), "mean", head=rec_trainings.HEAD, **rec_trainings.DROPPED, **_REC),
        _LENGTHS,
        16,
        2,
    ),
    "lstm": rec_trainings.Case(
        recurrent("lstm", (40, 33), loss="cross_entropy", bidirectional=True, layer_norm=True, **_REC),
        _LENGTHS,
        16,
        2,
    ),
    "ctc": rec_trainings.Case(
        recurrent("lstm", (40,), "ctc", bidirectional=True, input_size=26, **_REC), _LENGTHS, 16, 2
    ),
    "embedding": rec_trainings.Case(
        recurrent("gru", (70,), "next", tokens=True, embedding_size=24, bptt_steps=8, **_REC), _LONGER, 16, 2
    ),
    "tokens": rec_trainings.Case(recurrent("lstm", (40,), "next", tokens=True, **_REC), (20,) * 40, 16, 2),
}
GENS: dict[str, gen_trainings.Case] = {
    f"gen-{name}": gen_trainings.ALL[name]
    for name in (
        "wide",
        "wide-turns",
        "adam-cosine-clip",
        "option-everything-interpolated",
        "hard-blocks",
        "batch-norm",
    )
}
SEQUENCE_GENS: dict[str, gen_sequence_trainings.Case] = {
    f"gen-{name}": gen_sequence_trainings.CASES[name]
    for name in (
        "series-gru-r1r2",
        "series-rnn-interpolated",
        "series-lstm-norm-drop",
        "texts-lstm-soft",
        "pretrained",
        "wide-series",
        "wide-texts",
    )
}
KEYS = [
    f"{name}-{dtype}" for name in (*NETS, *RECS, *GENS, *SEQUENCE_GENS) for dtype in ("float32", "float64")
]


def train(key: str, threads: int = 0, device: int = -1, **pieces: Any) -> str:
    """The digest after training one of the nets, which may be on a CUDA device."""
    name, _, dtype = key.rpartition("-")
    if name in RECS:
        return train_rec(RECS[name], dtype, threads, **pieces)
    if name in GENS:
        return train_gen(GENS[name], dtype, threads)
    if name in SEQUENCE_GENS:
        return train_sequence_gen(SEQUENCE_GENS[name], dtype, threads)
    spec, rows, batch, epochs = NETS[name]
    core = _core.NetCore({**spec, "dtype": dtype, "threads": threads}, device)
    x = engine.numbers(rows, spec["input_size"], 21, dtype)
    y = engine.targets(spec, rows, 22, dtype)
    if name.startswith("seed"):
        y = (y > 0).astype(dtype)
    w = np.abs(engine.numbers(rows, 1, 23, dtype)[:, 0]) if name == "layer-norm" else None
    engine.fit(core, x, y, w, epochs=epochs, batch_size=batch, **pieces)
    return engine.digest(core)


def train_rec(case: rec_trainings.Case, dtype: str, threads: int, **pieces: Any) -> str:
    core = _core.RecCore({**case.spec, "dtype": dtype, "threads": threads})
    data, _ = rec_trainings.data_of(case, dtype)
    engine.fit(core, *data.arrays(), **rec_trainings.options_of(case), **pieces)
    return engine.digest(core)


def train_gen(case: gen_trainings.Case, dtype: str, threads: int) -> str:
    core = gen_trainings.core_of(case, dtype, threads)
    rows, width = case.rows, case.spec["data_size"]
    y = np.arange(rows) % gen_trainings.CLASSES if case.spec.get("classes") else None
    gen_trainings.fit(core, case, engine.numbers(rows, width, 31, dtype), y)
    return engine.digest(core)


def train_sequence_gen(case: gen_sequence_trainings.Case, dtype: str, threads: int) -> str:
    core = gen_sequence_trainings.core_of(case, dtype, threads)
    lengths = 1 + 5 * np.arange(case.count) % case.spec["steps"]
    x = engine.numbers(int(lengths.sum()), case.spec["data_size"], 41, dtype)
    if "vocabulary" in case.spec:  # the last token may be the one that stops
        x = np.argmax(x[:, :-1], axis=1)
    data = gen_sequence_trainings.packed(x, lengths, np.arange(case.count) % gen_sequence_trainings.CLASSES)
    gen_sequence_trainings.fit(core, case, data)
    return engine.digest(core)


def main() -> int:
    found = {key: train(key) for key in KEYS}
    if "--write" in sys.argv[1:]:
        PATH.write_text(json.dumps(found, indent=1) + "\n")
        return 0
    changed = [key for key, value in found.items() if json.loads(PATH.read_text()).get(key) != value]
    print("\n".join(f"{key}: changed" for key in changed) or "all as they were")
    return 1 if changed else 0


if __name__ == "__main__":
    raise SystemExit(main())
