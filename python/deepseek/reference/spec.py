"""The configuration dict of a model with every default filled in. Mirrors the engine's ``spec.h``.

Unknown keys are refused, as in the engine; values are not validated.
"""

from __future__ import annotations

from typing import Any

from . import loss, optimizer

Spec = dict[str, Any]

_BASE: Spec = {"dtype": "float32", "seed": 0, "threads": 0}
_INPUTS: Spec = {**_BASE, "input_dropout": 0.0}
_NET: Spec = {**_INPUTS, "numeric_embedding": {}, "input_scale_rate": 0.0}
_EMBEDDING: Spec = {"features": 0, "frequencies": 16, "width": 4, "sigma": 0.1}
_STACK: Spec = {
    "cell": "gru",
    "cell_activation": "tanh",
    "bidirectional": False,
    "bias": True,
    "dropout": 0.0,
    "recurrent_dropout": 0.0,
    "layer_norm": False,
    "initialization": "auto",
}
_REC: Spec = {
    **_INPUTS,
    **_STACK,
    "output": "last",
    "input_size": 0,
    "vocabulary": 0,
    "embedding_size": 0,
    "bptt_steps": 0,
}
_GEN: Spec = {
    **_BASE,
    "latent_size": 32,
    "classes": 0,
    "embedding_size": 0,
    "output_blocks": [],
    "loss": "relativistic",
    "spectral_norm": False,
    "ema_decay": 0.999,
    "minibatch_std": 0,
    "pac": 1,
    "generator_steps": 1,
    "discriminator_steps": 1,
    "penalty": {},
    "instance_noise": {},
    "augmentation": {},
    "steps": 0,
}
_SEQUENCES: Spec = {"vocabulary": 0, "step_latent_size": 0}  # only with steps
_TEXTS: Spec = {"eos_token": -1, "pretrain": {}}  # only with a vocabulary
_TRAINING: Spec = {"optimizer": {}, "schedule": {}}
_PLAYER: Spec = {"input_dropout": 0.0}
_OUTPUT: Spec = {"activation": "identity", "alpha": 0.01, "temperature": 0.5, "hard": False}
_PENALTY: Spec = {"kind": "none", "weight": 1.0, "interval": 1}
_NOISE: Spec = {"std": 0.0, "epochs": 0}
_AUGMENT: Spec = {
    "target": 0.0,
    "interval": 4,
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
    "normalization": "none",
    "norm_eps": 1e-5,
    "norm_momentum": 0.1,
    "initialization": "glorot_uniform",
    "init_gain": 1.0,
}
_OPTIMIZER: Spec = {
    "name": "adam",
    "learning_rate": 1e-3,
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
    "interval": 10,
    "decay": 0.1,
    "final": 0.0,
    "peak": 0.3,
    "div": 25.0,
    "patience": 10,
    "factor": 0.1,
    "min_learning_rate": 0.0,
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
    """Return a Net's specification: a new dict with the given values, and defaults for the rest."""
    given = _complete(_NET, spec, "input_size")
    embedding = _fill("numeric_embedding.", _EMBEDDING, given["numeric_embedding"])
    return {**given, "numeric_embedding": embedding}


def complete_rec(spec: Spec) -> Spec:
    """Return a Rec's specification."""
    return _complete(_REC, spec, "hidden")


def complete_gen(spec: Spec) -> Spec:
    """Return a Gen's specification. Those of rows have no keys of sequences, those of series none of texts."""
    sequences = bool(spec.get("steps"))
    texts = sequences and bool(spec.get("vocabulary"))
    model = {**_GEN, **(_SEQUENCES if sequences else {}), **(_TEXTS if texts else {})}
    player = {**_PLAYER, **(_STACK if sequences else {}), **({"token_embedding_size": 0} if texts else {})}
    pooling = {"pooling": "last"} if sequences else {}
    needed = ["hidden"] if sequences else []
    given = _fill("", model, spec, "data_size", "generator", "discriminator")
    given |= {
        "output_blocks": _fill_list("output_blocks", _OUTPUT, given["output_blocks"]),
        "penalty": _fill("penalty.", _PENALTY, given["penalty"]),
        "instance_noise": _fill("instance_noise.", _NOISE, given["instance_noise"]),
        "augmentation": _fill("augmentation.", _AUGMENT, given["augmentation"]),
        "generator": _trained("generator.", player, given["generator"], *needed),
        "discriminator": _trained("discriminator.", player | pooling, given["discriminator"], *needed),
    }
    if texts:
        pretrain = _fill("pretrain.", _TRAINING, given["pretrain"])
        given |= {"data_size": given["vocabulary"], "pretrain": _training("pretrain.", pretrain)}
    return given


def complete_fit(options: Spec) -> Spec:
    """Return the options of a fit, with defaults."""
    return _fill("", _FIT, options)


def _complete(model: Spec, spec: Spec, *needed: str) -> Spec:
    given = _trained("", {**model, "loss": {}}, spec, *needed)
    name = given["loss"].get("name", "squared_error")
    own = {} if name == "ctc" else loss.LOSSES[name].options
    return {**given, "loss": _fill("loss.", {"name": name, **own}, given["loss"])}


def _trained(path: str, model: Spec, spec: Spec, *needed: str) -> Spec:
    """The options of `model`, its layers, and how they are trained."""
    given = _fill(path, {**model, **_TRAINING}, spec, "layers", *needed)
    return {
        **given,
        "layers": _fill_list(f"{path}layers", _LAYER, given["layers"]),
        **_training(path, given),
    }


def _training(path: str, given: Spec) -> Spec:
    name = given["optimizer"].get("name", _OPTIMIZER["name"])
    if name not in optimizer.OPTIONS:
        raise ValueError(
            f"{path}optimizer.name: got {name!r}; expected one of {', '.join(optimizer.OPTIONS)}"
        )
    own = {**_OPTIMIZER, **optimizer.OPTIONS[name]}
    return {
        "optimizer": _fill(f"{path}optimizer.", own, given["optimizer"]),
        "schedule": _fill(f"{path}schedule.", _SCHEDULE, given["schedule"]),
    }


def _fill_list(path: str, defaults: Spec, given: list[Spec]) -> list[Spec]:
    """Fill a list of layers or output blocks, which need their number of units."""
    return [_fill(f"{path}[{i}].", defaults, each, "units") for i, each in enumerate(given)]


def _fill(path: str, defaults: Spec, given: Spec, *needed: str) -> Spec:
    """Return defaults and given values; keys in `needed` have no default."""
    for key in given:
        if key not in defaults and key not in needed:
            known = ", ".join((*needed, *defaults))
            raise ValueError(f"{path}{key}: got an unknown key; expected one of {known}")
    return {**defaults, **given}
