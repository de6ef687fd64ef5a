"""The configuration dict of a model with every default filled in. Mirrors ``train/spec``; checks nothing."""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]

_BASE: Spec = {"dtype": "float32", "seed": 0, "threads": 0}
_NET: Spec = {**_BASE, "input_dropout": 0.0}
_STACK: Spec = {
    "cell": "gru",
    "cell_activation": "tanh",
    "bidirectional": False,
    "bias": True,
    "dropout": 0.0,
    "recurrent_dropout": 0.0,
    "layer_norm": False,
    "output": "last",
    "init": "auto",
}
_REC: Spec = {**_NET, **_STACK, "inputs": 0, "vocabulary": 0, "embedding": 0, "bptt": 0}
_GEN: Spec = {
    **_BASE,
    "latent": 32,
    "classes": 0,
    "embedding": 0,
    "outputs": [],
    "loss": {"name": "relativistic"},
    "average": 0.999,
    "length": 0,
    "vocabulary": 0,
    "stop": -1,
    "step_latent": 0,
    "pretrain": {},
}
_PLAYER: Spec = {"input_dropout": 0.0, "steps": 1}
_DISCRIMINATOR: Spec = {**_PLAYER, "spectral": False, "group": 0, "pack": 1}
_OUTPUT: Spec = {"activation": "identity", "alpha": 0.01, "temperature": 0.5, "hard": False}
_PENALTY: Spec = {"name": "none", "weight": 1.0, "every": 1}
_NOISE: Spec = {"deviation": 0.0, "epochs": 0}
_AUGMENT: Spec = {
    "target": 0.0,
    "every": 4,
    "rows": 100000,
    "limit": 0.8,
    "scale": 0.2,
    "cutout": 0.25,
    "jitter": 0.1,
}
_LAYER: Spec = {
    "activation": "identity",
    "alpha": 0.01,
    "bias": True,
    "dropout": 0.0,
    "norm": "none",
    "norm_eps": 1e-5,
    "norm_momentum": 0.1,
    "init": "glorot_uniform",
    "init_gain": 1.0,
}
_LOSS: Spec = {
    "name": "squared_error",
    "delta": 1.0,
    "quantile": 0.5,
    "gamma": 2.0,
    "alpha": -1.0,
    "smoothing": 0.0,
}
_OPTIMIZER: Spec = {
    "name": "adam",
    "rate": 1e-3,
    "momentum": 0.0,
    "nesterov": False,
    "beta1": 0.9,
    "beta2": 0.999,
    "rho": 0.99,
    "eps": 1e-8,
    "weight_decay": 0.0,
    "l1": 0.0,
    "l2": 0.0,
    "clip_norm": 0.0,
    "clip_value": 0.0,
}
_SCHEDULE: Spec = {
    "name": "constant",
    "warmup": 0.0,
    "epochs": 0,
    "every": 10,
    "gamma": 0.1,
    "final": 0.0,
    "peak": 0.3,
    "div": 25.0,
    "patience": 10,
    "factor": 0.1,
    "min_rate": 0.0,
    "threshold": 1e-4,
}
_FIT: Spec = {
    "epochs": 1,
    "batch_size": 32,
    "shuffle": True,
    "patience": 0,
    "min_delta": 0.0,
    "restore_best": True,
    "monitor": "val_loss",
}


def complete(spec: Spec) -> Spec:
    """A Net's: a new dict, the given values and defaults for the rest."""
    return _complete(_NET, spec)


def complete_rec(spec: Spec) -> Spec:
    """A Rec's."""
    return _complete(_REC, spec)


def complete_gen(spec: Spec) -> Spec:
    """A Gen's."""
    sequences = {**_STACK, "tokens": 0} if spec.get("length") else {}
    return {
        **_GEN,
        **spec,
        "data": spec.get("data") or spec["vocabulary"],
        "pretrain": _optimized(spec.get("pretrain", {})),
        "outputs": [{**_OUTPUT, **block} for block in spec.get("outputs", [])],
        "penalty": {**_PENALTY, **spec.get("penalty", {})},
        "noise": {**_NOISE, **spec.get("noise", {})},
        "augment": {**_AUGMENT, **spec.get("augment", {})},
        "generator": _trained({**_PLAYER, **sequences}, spec["generator"]),
        "discriminator": _trained({**_DISCRIMINATOR, **sequences}, spec["discriminator"]),
    }


def _complete(model: Spec, spec: Spec) -> Spec:
    return {**_trained(model, spec), "loss": {**_LOSS, **spec.get("loss", {})}}


def _trained(model: Spec, spec: Spec) -> Spec:
    """Layers, and how they are trained."""
    return {
        **model,
        **spec,
        "layers": [{**_LAYER, **layer} for layer in spec["layers"]],
        **_optimized(spec),
    }


def _optimized(spec: Spec) -> Spec:
    return {
        "optimizer": {**_OPTIMIZER, **spec.get("optimizer", {})},
        "schedule": {**_SCHEDULE, **spec.get("schedule", {})},
    }


def complete_fit(options: Spec) -> Spec:
    """The options of a fit, with defaults."""
    return {**_FIT, **options}
