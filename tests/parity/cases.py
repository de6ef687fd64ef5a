"""The table of networks that the parity tests train: a name, a specification, and how it is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from deepseek.reference import activation

Spec = dict[str, Any]

HIDDEN_ACTIVATIONS = [a for a in activation.NAMES if a not in ("softmax", "exp")]
OUTPUT_OF = {
    "squared_error": "identity",
    "absolute_error": "identity",
    "huber": "identity",
    "quantile": "identity",
    "poisson": "exp",
    "binary_cross_entropy": "sigmoid",
    "cross_entropy": "softmax",
    "focal": "softmax",
}


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
    inputs: int = 5,
    schedule: Spec | None = None,
    **layer: Any,
) -> Spec:
    """A net whose hidden layers share `layer`, all sizes different."""
    hidden = [{"units": u, "activation": act, "alpha": 0.3, **layer} for u in units[:-1]]
    last = {k: v for k, v in layer.items() if k in ("bias", "init", "init_gain")}
    made: Spec = {
        "seed": 12345678901234567890,
        "inputs": inputs,
        "layers": [
            *hidden,
            {"units": units[-1], "activation": output or OUTPUT_OF[loss], "alpha": 0.3, **last},
        ],
        "loss": {"name": loss, "delta": 0.7, "quantile": 0.3, "gamma": 1.5},
        "optimizer": optimizer or {"name": "sgd", "rate": 0.05, "momentum": 0.9},
    }
    if schedule:
        made["schedule"] = schedule
    return made


def _cases() -> dict[str, Case]:
    cases: dict[str, Case] = {}
    for a in HIDDEN_ACTIVATIONS:
        cases[f"activation-{a}"] = Case(spec(act=a))
        cases[f"output-{a}"] = Case(spec(output=a))
    for name in OUTPUT_OF:
        cases[f"loss-{name}"] = Case(spec(loss=name))
        cases[f"loss-{name}-weighted"] = Case(spec(loss=name), weighted=True, held_out=20)
    smooth = spec(loss="cross_entropy")
    smooth["loss"] |= {"smoothing": 0.1}
    cases["loss-smoothing"] = Case(smooth)
    binary = spec(loss="focal", output="sigmoid")
    binary["loss"] |= {"alpha": 0.25, "gamma": 2.0}
    cases["loss-focal-binary"] = Case(binary)

    optimizers: dict[str, Spec] = {
        "sgd": {"name": "sgd", "rate": 0.1},
        "nesterov": {"name": "sgd", "rate": 0.05, "momentum": 0.8, "nesterov": True},
        "adam": {"name": "adam", "rate": 0.01},
        "adamw": {"name": "adamw", "rate": 0.01, "weight_decay": 0.1},
        "rmsprop": {"name": "rmsprop", "rate": 0.003, "rho": 0.9},
        "rmsprop-momentum": {"name": "rmsprop", "rate": 0.003, "momentum": 0.5},
        "adagrad": {"name": "adagrad", "rate": 0.05},
        "lion": {"name": "lion", "rate": 0.002, "beta2": 0.99},
        "l1-l2": {"name": "adam", "rate": 0.01, "l1": 1e-3, "l2": 1e-2},
        "decay": {"name": "sgd", "rate": 0.05, "momentum": 0.9, "weight_decay": 0.05},
        "clip-norm": {"name": "sgd", "rate": 0.1, "clip_norm": 0.2},
        "clip-value": {"name": "sgd", "rate": 0.1, "clip_value": 0.02},
        "clip-both": {
            "name": "sgd",
            "rate": 0.1,
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
        "step": {"name": "step", "every": 2, "gamma": 0.3},
        "exponential": {"name": "exponential", "gamma": 0.7},
        "cosine": {"name": "cosine", "warmup": 0.2, "final": 0.05},
        "cosine-horizon": {"name": "cosine", "epochs": 10},
        "one_cycle": {"name": "one_cycle", "peak": 0.4, "div": 10.0, "final": 0.01},
        "plateau": {"name": "plateau", "patience": 0, "factor": 0.5, "min_rate": 1e-3, "threshold": 0.05},
    }
    for name, s in schedules.items():
        cases[f"schedule-{name}"] = Case(spec(schedule=s), epochs=6, held_out=15 if name == "plateau" else 0)

    cases["norm-batch"] = Case(spec(norm="batch", bias=False))
    cases["norm-layer"] = Case(spec(norm="layer"))
    cases["norm-batch-gelu"] = Case(
        spec(act="gelu", norm="batch", norm_momentum=0.3, norm_eps=1e-3), held_out=9
    )
    cases["norm-layer-relu"] = Case(spec(act="relu", norm="layer", norm_eps=1e-3), held_out=9)
    cases["dropout"] = Case(spec(act="silu", dropout=0.3))
    dropped = spec((70, 130, 3), act="leaky_relu", dropout=0.5, norm="batch")
    dropped["input_dropout"] = 0.2
    cases["dropout-wide-norm-input"] = Case(dropped)
    cases["no-bias"] = Case(spec(bias=False, act="sigmoid"))
    cases["depth-1"] = Case(spec((3,)))
    cases["depth-4"] = Case(spec((11, 9, 6, 2), act="elu"))
    cases["one-output"] = Case(spec((12, 1), loss="binary_cross_entropy"))
    cases["batch-1"] = Case(spec(), batch=1, rows=20)
    cases["full-batch"] = Case(spec(), batch=1000, epochs=8)
    cases["in-order"] = Case(spec(), fit={"shuffle": False})
    cases["early-stopping"] = Case(
        spec(optimizer={"name": "adam", "rate": 0.1}),
        epochs=60,
        held_out=12,
        fit={"patience": 4, "min_delta": 1e-4},
    )
    cases["long-sums"] = Case(spec((300, 3), inputs=600, optimizer={"name": "sgd", "rate": 0.001}), batch=40)
    # Large enough for several workers.
    big = {"rows": 200, "batch": 64, "epochs": 2}
    adam = {"name": "adam", "rate": 1e-3, "clip_norm": 1.0}
    cases["big"] = Case(
        spec((64, 50, 3), inputs=70, loss="cross_entropy", optimizer=adam), **big, held_out=70
    )
    cases["big-batch-norm"] = Case(
        spec((64, 50, 3), inputs=70, norm="batch", dropout=0.2), **big, weighted=True
    )
    cases["big-layer-norm"] = Case(spec((64, 50, 3), inputs=70, norm="layer", act="gelu"), **big)
    return cases


CASES = _cases()
