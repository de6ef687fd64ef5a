"""Whole trainings of GANs, for the comparison with the reference and for the promises about bits.

A case trains for some epochs of several batches, with turns of several updates where it says so.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepseek import _core
from deepseek.reference import Gen, activation, gan_losses
from parity.gen_cases import CLASSES, HIDDEN, OPTIONS, spec_of

Spec = dict[str, Any]
Array = NDArray[Any]
PENALTIES = ("r1", "r2", "r1r2", "interpolated")
SGD = {"optimizer": {"name": "sgd", "learning_rate": 0.05}}


class Case(NamedTuple):
    """What is trained, on how many rows, and how."""

    spec: Spec
    rows: int = 37
    batch: int = 8
    epochs: int = 2


def _built(**options: Any) -> Spec:
    spec = spec_of(**options)
    for player in ("generator", "discriminator"):
        spec[player] = {**SGD, **spec[player]}
    return spec


def _cases() -> dict[str, Case]:
    cases = {f"loss-{name}": Case(_built(loss=name, conditional=True)) for name in gan_losses.NAMES}
    for penalty in PENALTIES:
        for act in ("tanh", "leaky_relu"):
            cases[f"penalty-{penalty}-{act}"] = Case(_built(act=act, penalty=penalty, conditional=True))
    for act in HIDDEN:
        cases[f"act-{act}"] = Case(_built(act=act, penalty="r1r2"))
    assert set(HIDDEN) < set(activation.NAMES)
    for name, options in OPTIONS.items():
        for penalty in ("none", "r1", "interpolated"):
            cases[f"option-{name}-{penalty}"] = Case(_built(penalty=penalty, conditional=True, **options))
    for depth in (1, 2, 4):
        cases[f"depth-{depth}"] = Case(_built(depth=depth, penalty="r1r2"))
    cases["output-sigmoid"] = Case(_built(loss="least_squares", output="sigmoid", penalty="r1"))
    cases["batch-norm"] = Case(_built(generator={"normalization": "batch"}, conditional=True))
    cases["generator-dropout"] = Case(_built(generator={"dropout": 0.3}, blocks=True))
    hard = [{"activation": "gumbel", "units": 3, "hard": True}, {"activation": "silu", "units": 2}]
    cases["hard-blocks"] = Case(_built(top={"output_blocks": hard}, conditional=True))
    cases["no-average"] = Case(_built(top={"ema_decay": 0.0}))
    cases["noise"] = Case(_built(top={"instance_noise": {"std": 0.3, "epochs": 2}}, penalty="r1"))
    augment = {"target": 0.1, "interval": 2, "rows": 60, "limit": 0.8}
    cases["augment"] = Case(_built(top={"augmentation": augment}, conditional=True, pac=2), epochs=3)
    cases["augment-and-noise"] = Case(_built(top={"augmentation": augment, "instance_noise": {"std": 0.2}}))
    for name, (g, d) in {"turns-1-3": (1, 3), "turns-2-1": (2, 1), "turns-3-2": (3, 2)}.items():
        spec = _built(penalty="r1r2", conditional=True, discriminator_steps=d)
        spec["generator_steps"] = g
        cases[name] = Case(spec)
    adam = _built(penalty="r1r2", conditional=True)
    for player, rate in (("generator", 0.002), ("discriminator", 0.004)):
        adam[player]["optimizer"] = {"name": "adam", "learning_rate": rate, "beta1": 0.0, "beta2": 0.99}
        adam[player]["schedule"] = {"name": "cosine", "warmup": 0.3}
    adam["generator"]["optimizer"] = {
        **adam["generator"]["optimizer"],
        "clip_norm": 0.1,
        "weight_decay": 0.01,
    }
    cases["adam-cosine-clip"] = Case(adam)
    cases["whole-batch"] = Case(_built(loss="relativistic", penalty="r1r2"), rows=13, batch=64, epochs=4)
    return cases


CASES = _cases()


def _wide(
    made: tuple[int, ...] = (130,), read: tuple[int, ...] = (150, 64), batch: int = 96, **options: Any
) -> Case:
    spec = {**_built(conditional=True, **options), "data_size": 70, "latent_size": 33}
    for player, units, last in (("generator", made, 70), ("discriminator", read, 1)):
        hidden = [{"units": u, "activation": "leaky_relu", "alpha": 0.2} for u in units]
        spec[player] = {**spec[player], "layers": [*hidden, {"units": last}]}
    return Case(spec, rows=300, batch=batch)


# Wide enough that workers share tiles as well as rows, and that a run looks at the clock after every batch.
WIDE = {
    "wide": _wide(penalty="r1r2"),
    "wide-turns": _wide(penalty="interpolated", minibatch_std=4, spectral_norm=True, discriminator_steps=2),
    # Of both players' inner weights workers divide the columns.
    "wide-few-rows": _wide((260, 270), (270, 250), 60, penalty="r1r2", minibatch_std=4),
    "wide-few-plain": _wide((260, 270), (270, 250), 60, loss="relativistic"),
}
WIDE["wide-turns"].spec["generator_steps"] = 2
WIDE["wide-turns"].spec["augmentation"] = {"target": 0.1, "interval": 2, "rows": 300, "limit": 0.8}
ALL = {**CASES, **WIDE}


def data_of(case: Case, dtype: str) -> tuple[Array, Array | None]:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(case.rows, case.spec["data_size"])).astype(dtype)
    return x, rng.integers(0, CLASSES, case.rows) if case.spec.get("classes") else None


def core_of(case: Case, dtype: str, threads: int = 1) -> Any:
    return _core.GenCore({**case.spec, "dtype": dtype, "threads": threads})


def fit(
    core: Any,
    case: Case,
    x: Array,
    y: Array | None,
    epochs: int | None = None,
    budget: float = 10.0,
    **options: Any,
) -> list[Any]:
    """Train to the end, in pieces of `budget` seconds; the records of the epochs."""
    core.begin(x, y, {"epochs": epochs or case.epochs, "batch_size": case.batch, **options})
    records = []
    while True:
        block = core.run(1000, budget)
        assert not block["diverged"]
        records += block["epochs"]
        if block["finished"]:
            core.end()
            return records


def trained_reference(case: Case, dtype: str) -> tuple[Gen, list[dict[str, float]]]:
    gen = Gen({**case.spec, "dtype": dtype})
    x, y = data_of(case, dtype)
    return gen, gen.fit(x, y, epochs=case.epochs, batch_size=case.batch)


__all__ = ["ALL", "CASES", "CLASSES", "WIDE", "Case", "core_of", "data_of", "fit", "trained_reference"]
