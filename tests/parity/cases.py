"""The table of networks that the parity tests train: a name, a specification, and how it is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from deepseek.reference import activation
from deepseek.reference import loss as loss_reference

Spec = dict[str, Any]

HIDDEN_ACTIVATIONS = [a for a in activation.NAMES if a not in ("softmax", "exp")]
OUTPUT_OF = {name: next(iter(t.targets)) or "identity" for name, t in loss_reference.LOSSES.items()}
LOSS_OPTIONS = {"huber": {"delta": 0.7}, "quantile": {"quantile": 0.3}, "focal": {"gamma": 1.5}}


class Case(NamedTuple):
    """`rows` rows in batches of `batch`, `epochs` times; `weighted` rows; `held_out` rows to validate on."""

    spec: Spec
    rows: int = 45
    batch: int = 16
    epochs: int = 4
    weighted: bool = False
    held_out: int = 0
    fit: Mapping[str, Any] = MappingProxyType({})  # further options of the fit


def spec(
    units: tuple[int, ...] = (13, 7, 3),
    act: str = "tanh",
    loss: str = "squared_error",
    output: str | None = None,
    optimizer: Spec | None = None,
    input_size: int = 5,
    schedule: Spec | None = None,
    **layer: Any,
) -> Spec:
    """A net whose hidden layers share `layer`, all sizes different."""
    hidden = [{"units": u, "activation": act, "alpha": 0.3, **layer} for u in units[:-1]]
    last = {k: v for k, v in layer.items() if k in ("bias", "initialization", "init_gain")}
    made: Spec = {
        "seed": 12345678901234567890,
        "input_size": input_size,
        "layers": [
            *hidden,
            {"units": units[-1], "activation": output or OUTPUT_OF[loss], "alpha": 0.3, **last},
        ],
        "loss": {"name": loss, **LOSS_OPTIONS.get(loss, {})},
        "optimizer": optimizer or {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9},
    }
    if schedule:
        made["schedule"] = schedule
    return made


def embedded(made: Spec, features: int, **options: Any) -> Spec:
    """The net with a periodic embedding of its first `features` inputs."""
    return {**made, "numeric_embedding": {"features": features, **options}}


def _cases() -> dict[str, Case]:
    cases: dict[str, Case] = {}
    for a in HIDDEN_ACTIVATIONS:
        cases[f"activation-{a}"] = Case(spec(act=a))
        cases[f"output-{a}"] = Case(spec(output=a))
    for name in OUTPUT_OF:
        cases[f"loss-{name}"] = Case(spec(loss=name))
        cases[f"loss-{name}-weighted"] = Case(spec(loss=name), weighted=True, held_out=20)
    smooth = spec(loss="cross_entropy")
    smooth["loss"] |= {"label_smoothing": 0.1}
    cases["loss-smoothing"] = Case(smooth)
    binary = spec(loss="focal", output="sigmoid")
    binary["loss"] |= {"alpha": 0.25, "gamma": 2.0}
    cases["loss-focal-binary"] = Case(binary)

    optimizers: dict[str, Spec] = {
        "sgd": {"name": "sgd", "learning_rate": 0.1},
        "nesterov": {"name": "sgd", "learning_rate": 0.05, "momentum": 0.8, "nesterov": True},
        "adam": {"name": "adam", "learning_rate": 0.01},
        "adamw": {"name": "adamw", "learning_rate": 0.01, "weight_decay": 0.1},
        "rmsprop": {"name": "rmsprop", "learning_rate": 0.003, "rho": 0.9},
        "rmsprop-momentum": {"name": "rmsprop", "learning_rate": 0.003, "momentum": 0.5},
        "adagrad": {"name": "adagrad", "learning_rate": 0.05},
        "lion": {"name": "lion", "learning_rate": 0.002, "beta2": 0.99},
        "l1-l2": {"name": "adam", "learning_rate": 0.01, "l1": 1e-3, "l2": 1e-2},
        "decay": {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.05},
        "clip-norm": {"name": "sgd", "learning_rate": 0.1, "clip_norm": 0.2},
        "clip-value": {"name": "sgd", "learning_rate": 0.1, "clip_value": 0.02},
        "clip-both": {
            "name": "sgd",
            "learning_rate": 0.1,
            "clip_norm": 0.3,
            "clip_value": 0.03,
            "momentum": 0.5,
            "l2": 0.01,
        },
    }
    for name, o in optimizers.items():
        cases[f"optimizer-{name}"] = Case(spec(optimizer=o))

    schedules: dict[str, Spec] = {
        "warmup": {"name": "constant", "warmup": 4.0},
        "step": {"name": "step", "interval": 2, "decay": 0.3},
        "exponential": {"name": "exponential", "decay": 0.7},
        "cosine": {"name": "cosine", "warmup": 0.2, "final": 0.05},
        "cosine-horizon": {"name": "cosine", "epochs": 10},
        "one_cycle": {"name": "one_cycle", "peak": 0.4, "div": 10.0, "final": 0.01},
        "plateau": {
            "name": "plateau",
            "patience": 0,
            "factor": 0.5,
            "min_learning_rate": 1e-3,
            "threshold": 0.05,
        },
    }
    for name, s in schedules.items():
        cases[f"schedule-{name}"] = Case(spec(schedule=s), epochs=6, held_out=15 if name == "plateau" else 0)

    cases["norm-batch"] = Case(spec(normalization="batch", bias=False))
    cases["norm-layer"] = Case(spec(normalization="layer"))
    cases["norm-batch-gelu"] = Case(
        spec(act="gelu", normalization="batch", norm_momentum=0.3, norm_eps=1e-3), held_out=9
    )
    cases["norm-layer-relu"] = Case(spec(act="relu", normalization="layer", norm_eps=1e-3), held_out=9)
    cases["dropout"] = Case(spec(act="silu", dropout=0.3))
    dropped = spec((70, 130, 3), act="leaky_relu", dropout=0.5, normalization="batch")
    dropped["input_dropout"] = 0.2
    cases["dropout-wide-norm-input"] = Case(dropped)
    cases["embedding"] = Case(embedded(spec(), features=3, frequencies=6, width=3, sigma=0.4), held_out=9)
    wide = embedded(spec((64, 50, 3), input_size=37, dropout=0.2), 33, frequencies=5, width=6, sigma=0.2)
    wide["input_dropout"] = 0.1
    cases["embedding-wide-input-dropout"] = Case(wide, 120, 64, 2, weighted=True)
    cases["input-scale"] = Case({**spec((13, 3)), "input_scale_rate": 6.0}, held_out=9)
    cases["embedding-input-scale"] = Case(
        {**embedded(spec(optimizer=optimizers["adamw"]), 4), "input_scale_rate": 3.0, "input_dropout": 0.2}
    )
    cases["no-bias"] = Case(spec(bias=False, act="sigmoid"))
    cases["depth-1"] = Case(spec((3,)))
    cases["depth-4"] = Case(spec((11, 9, 6, 2), act="elu"))
    cases["one-output"] = Case(spec((12, 1), loss="binary_cross_entropy"))
    cases["batch-1"] = Case(spec(), batch=1, rows=20)
    cases["full-batch"] = Case(spec(), batch=1000, epochs=8)
    cases["in-order"] = Case(spec(), fit={"shuffle": False})
    cases["early-stopping"] = Case(
        spec(optimizer={"name": "adam", "learning_rate": 0.1}),
        epochs=60,
        held_out=12,
        fit={"patience": 4, "min_delta": 1e-4},
    )
    cases["long-sums"] = Case(
        spec((300, 3), input_size=600, optimizer={"name": "sgd", "learning_rate": 0.001}), batch=40
    )
    # Large enough for several workers.
    big = {"rows": 200, "batch": 64, "epochs": 2}
    adam = {"name": "adam", "learning_rate": 1e-3, "clip_norm": 1.0}
    cases["big"] = Case(
        spec((64, 50, 3), input_size=70, loss="cross_entropy", optimizer=adam), **big, held_out=70
    )
    cases["big-batch-norm"] = Case(
        spec((64, 50, 3), input_size=70, normalization="batch", dropout=0.2), **big, weighted=True
    )
    cases["big-layer-norm"] = Case(spec((64, 50, 3), input_size=70, normalization="layer", act="gelu"), **big)
    return cases


CASES = _cases()
