"""Players and rows for the tests of the reference; all dimensions differ."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from deepseek.reference import Gen, activation

Spec = dict[str, Any]
Array = NDArray[Any]
AnyGen = TypeVar("AnyGen", bound=Gen)

ROWS, DATA, LATENT, CLASSES, EMBEDDING = 8, 5, 4, 3, 2
GENERATOR, DISCRIMINATOR = (10, 11), (7, 6, 9, 13)
PLACE = (2, 5)  # epoch and step
HIDDEN = [a for a in activation.NAMES if a not in ("softmax", "exp")]
KINKS = {
    "elu": (0,),
    "hard_sigmoid": (-3, 3),
    "hard_swish": (-3, 3),
    "leaky_relu": (0,),
    "relu": (0,),
    "selu": (0,),
}
CONDITIONAL = {"classes": CLASSES, "embedding_size": EMBEDDING}
BLOCKS = [
    {"activation": "tanh", "units": 1},
    {"activation": "gumbel", "units": 4, "temperature": 0.7},
]

# What a discriminator may have, besides its layers' activation: `layer` goes to its hidden layers.
OPTIONS: dict[str, Spec] = {
    "plain": {},
    "no-bias": {"layer": {"bias": False}},
    "dropout": {"layer": {"dropout": 0.3}, "input_dropout": 0.2},
    "layer-norm": {"layer": {"normalization": "layer"}},
    "spectral": {"spectral_norm": True},
    "group": {"minibatch_std": 4},
    "pac": {"pac": 2},
    "everything": {
        "layer": {"normalization": "layer", "dropout": 0.3},
        "input_dropout": 0.2,
        "spectral_norm": True,
        "minibatch_std": 4,
        "pac": 2,
    },
}


def lifted(spec: Spec) -> Spec:
    """With those options at the top that the tables above list beside a discriminator's layers."""
    for name in ("spectral_norm", "minibatch_std", "pac", "discriminator_steps"):
        if name in spec["discriminator"]:
            spec[name] = spec["discriminator"].pop(name)
    return spec


def spec_of(
    act: str = "tanh",
    loss: str = "non_saturating",
    penalty: str = "none",
    depth: int = 3,
    output: str = "identity",
    layer: Spec | None = None,
    conditional: bool = False,
    blocks: bool = False,
    generator: Spec | None = None,
    top: Spec | None = None,
    **discriminator: Any,
) -> Spec:
    """`depth` counts the discriminator's layers."""
    hidden = [
        {"units": u, "activation": act, "alpha": 0.3, **(layer or {})} for u in DISCRIMINATOR[: depth - 1]
    ]
    last = {"units": 1, "activation": output, "alpha": 0.3, "bias": (layer or {}).get("bias", True)}
    made = {
        "dtype": "float64",
        "seed": 11,
        "data_size": DATA,
        "latent_size": LATENT,
        "generator": {
            "layers": [
                *({"units": u, "activation": "tanh", **(generator or {})} for u in GENERATOR),
                {"units": DATA},
            ]
        },
        "discriminator": {"layers": [*hidden, last], **discriminator},
        "output_blocks": BLOCKS if blocks else [],
        "loss": loss,
        "penalty": {"kind": penalty, "weight": 0.7, "interval": 2},
        **(CONDITIONAL if conditional else {}),
        **(top or {}),
    }
    return lifted(made)


def scattered(spec: Spec, rng: np.random.Generator) -> Gen:
    """A Gen with every parameter away from its special initial value."""
    return scatter(Gen(spec), rng)


def scatter(gen: AnyGen, rng: np.random.Generator) -> AnyGen:
    """Move every parameter of both players away from its initial value."""
    for player in (gen.generator, gen.discriminator):
        for value in player.params.values():
            value += rng.normal(size=value.shape) * 0.3
    gen.discriminator.update_singular_vectors()
    return gen


def rows(gen: Gen, rng: np.random.Generator, n: int = ROWS) -> tuple[Array, Array | None]:
    """Rows, and their labels one-hot."""
    labels = rng.integers(0, CLASSES, n) if gen.spec["classes"] else None
    return rng.normal(size=(n, DATA)), gen._labels(labels)


def has_small_stddev(tape: Any, margin: float) -> bool:
    """Whether a standard deviation is small, but not the exact 0 of dropped units."""
    stddev = tape.minibatch_stddev
    return bool(stddev and ((stddev.t > 2e-4) & (stddev.t < 2 * margin)).any())


def near_kink(gen: Gen, tape: Any, margin: float = 1e-2) -> bool:
    """Whether a pass came near a kink of an activation of the discriminator."""
    layers = gen.spec["discriminator"]["layers"]
    if has_small_stddev(tape, margin):
        return True
    found = [*(t["z"] for t in tape.layers), tape.z]
    points = [KINKS.get(layer["activation"], ()) for layer in layers]
    return any(np.abs(z - k).min() < margin for z, at in zip(found, points, strict=True) for k in at)
