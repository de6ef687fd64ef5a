"""The recurrent networks that the parity tests train, and their sequences as engine and reference take them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from parity import engine
from parity.cases import LOSS_OPTIONS, OUTPUT_OF

Spec = dict[str, Any]
Array = NDArray[Any]

CELLS = ("rnn", "gru", "lstm")
POOLED = ("last", "mean", "max")
OUTPUTS = (*POOLED, "sequence", "next", "ctc")
INPUTS, UNITS, VOCABULARY, EMBEDDING = 5, 3, 11, 6
RAGGED = (6, 3, 9, 1, 4, 4, 12, 2, 7, 5, 1, 8, 3)
LONGER = (6, 3, 9, 2, 4, 4, 12, 2, 7, 5, 2, 8, 3)  # each has a next step
EVEN = (7,) * 13


class Case(NamedTuple):
    """Sequences of `lengths` in batches of `batch`, `epochs` times; weights a "row" or a "step"; some held out."""

    spec: Spec
    lengths: tuple[int, ...] = RAGGED
    batch: int = 5
    epochs: int = 3
    weights: str = ""
    held_out: tuple[int, ...] = ()
    fit: Mapping[str, Any] = MappingProxyType({})  # further options of the fit


class Data(NamedTuple):
    """Sequences, targets and weights as lists, which the reference takes."""

    x: list[Array]
    y: Any
    w: Any

    def arrays(self) -> tuple[Any, Any, Any]:
        """As the engine takes them: sequences one behind the other, where each starts, how long it is."""
        return packed(self.x), self._targets(), self._weights()

    def _targets(self) -> Any:
        if not isinstance(self.y, list):
            return None if self.y is None else (self.y, None, None)
        values, starts, lengths = packed(self.y)
        is_ctc = any(len(y) != len(x) for x, y in zip(self.x, self.y, strict=True))
        return values, starts, lengths if is_ctc else None

    def _weights(self) -> Any:
        if not isinstance(self.w, list):
            return None if self.w is None else (self.w, None)
        return packed(self.w)[:2]


def packed(sequences: list[Array]) -> tuple[Array, Array, Array]:
    lengths = np.array([len(s) for s in sequences], np.int64)
    return np.concatenate(sequences), np.cumsum(lengths) - lengths, lengths


def spec(
    cell: str = "gru",
    hidden: tuple[int, ...] = (7,),
    output: str = "last",
    loss: str = "",
    head: tuple[Spec, ...] = (),
    tokens: bool = False,
    optimizer: Spec | None = None,
    **options: Any,
) -> Spec:
    """A network with `head` between the stack and its output layer; all sizes differ."""
    units = {"next": VOCABULARY if tokens else INPUTS, "ctc": UNITS + 1}.get(output, UNITS)
    name = "ctc" if output == "ctc" else loss or ("cross_entropy" if tokens else "squared_error")
    last: Spec = {"units": units, "activation": "softmax" if output == "ctc" else OUTPUT_OF[name]}
    if "bias" in options:
        last["bias"] = options["bias"]
    return {
        "seed": 12345678901234567890,
        "cell": cell,
        "hidden": list(hidden),
        "output": output,
        "layers": [*head, last],
        "loss": {"name": name, **LOSS_OPTIONS.get(name, {})},
        "optimizer": optimizer or {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9},
        **({"vocabulary": VOCABULARY} if tokens else {"input_size": INPUTS}),
        **options,
    }


def data(of: Spec, lengths: tuple[int, ...], dtype: str, key: int = 1, weights: str = "") -> Data:
    """The same on every machine. Labels of "ctc": none, equal neighbours, and more than fit are among them."""
    total, n = sum(lengths), len(lengths)
    cuts = np.cumsum(lengths)[:-1].tolist()
    raw = engine.numbers(total, of.get("input_size") or 1, key, dtype)
    if of.get("vocabulary"):
        raw = np.floor((raw[:, 0] + 2) / 4 * of["vocabulary"]).astype(np.int64)
    w: Any = None
    if weights:
        w = np.abs(engine.numbers(total if weights == "step" else n, 1, key + 7, dtype)[:, 0])
        w = np.split(w, cuts) if weights == "step" else w
    y: Any = None
    if of["output"] == "ctc":
        some = np.floor(np.abs(engine.numbers(n, 5, key + 1000)) * 1.49).astype(np.int64) + 1
        y = [row[: i % 5] for i, row in enumerate(some)]
    elif of["output"] != "next":
        y = engine.targets(of, total if of["output"] == "sequence" else n, key, dtype)
        y = np.split(y, cuts) if of["output"] == "sequence" else y
    return Data(np.split(raw, cuts), y, w)


def data_of(case: Case, dtype: str) -> tuple[Data, Data | None]:
    """What a case learns from and what it is validated on."""
    train = data(case.spec, case.lengths, dtype, 1, case.weights)
    return train, data(case.spec, case.held_out, dtype, 2, case.weights) if case.held_out else None


def options_of(case: Case) -> dict[str, Any]:
    return {"epochs": case.epochs, "batch_size": case.batch, **case.fit}


def lengths_for(output: str) -> tuple[int, ...]:
    return LONGER if output == "next" else RAGGED


SLOW = {"name": "sgd", "learning_rate": 0.002}  # layer normalisation of four units can be steep
DROPPED = {"input_dropout": 0.2, "dropout": 0.3, "recurrent_dropout": 0.25}
HEAD = (
    {"units": 9, "activation": "gelu", "normalization": "layer", "dropout": 0.2},
    {"units": 8, "activation": "tanh", "dropout": 0.3},
)


def _cases() -> dict[str, Case]:
    cases: dict[str, Case] = {}
    for cell in CELLS:
        for output in OUTPUTS:
            one = lengths_for(output)
            cases[f"{cell}-{output}"] = Case(spec(cell, output=output), one)
            if output != "next":
                both = spec(cell, (7, 4), output, bidirectional=True)
                cases[f"{cell}-{output}-both"] = Case(both, one, held_out=(3, 1, 8))
        cases[f"{cell}-deep"] = Case(spec(cell, (7, 4, 6)))
        cases[f"{cell}-deep-even"] = Case(spec(cell, (7, 4, 6), "sequence"), EVEN)
        cases[f"{cell}-one-step"] = Case(spec(cell, (7, 4), bidirectional=True), (1,) * 7)
        cases[f"{cell}-tokens"] = Case(spec(cell, output="next", tokens=True), LONGER)
        cases[f"{cell}-embedding"] = Case(
            spec(cell, (7, 4), "next", tokens=True, embedding_size=EMBEDDING), LONGER
        )
        cases[f"{cell}-embedding-both"] = Case(
            spec(cell, output="mean", tokens=True, embedding_size=EMBEDDING, bidirectional=True, **DROPPED)
        )
        cases[f"{cell}-tokens-both"] = Case(spec(cell, output="last", tokens=True, bidirectional=True), EVEN)
        dropped = spec(cell, (7, 4), "sequence", bidirectional=True, **DROPPED)
        cases[f"{cell}-dropout"] = Case(dropped, held_out=(3, 1, 8))
        cases[f"{cell}-dropout-even"] = Case(spec(cell, (70, 40), "last", **DROPPED), EVEN)
        cases[f"{cell}-dropout-recurrent"] = Case(spec(cell, (7, 4), "max", recurrent_dropout=0.5))
        normed: Spec = {"layer_norm": True, "optimizer": SLOW}
        cases[f"{cell}-norm"] = Case(spec(cell, (7, 4), "sequence", bidirectional=True, **normed))
        cases[f"{cell}-norm-no-bias"] = Case(spec(cell, (7, 4), bias=False, **normed), EVEN)
        cases[f"{cell}-norm-dropout"] = Case(spec(cell, (7, 4), "sequence", seed=7, **normed, **DROPPED))
        cases[f"{cell}-no-bias"] = Case(spec(cell, (7, 4), "sequence", bias=False, bidirectional=True))
        for k in (1, 4, 100):
            cases[f"{cell}-pieces-{k}"] = Case(spec(cell, (7, 4), "sequence", bptt_steps=k))
        cases[f"{cell}-pieces-even"] = Case(spec(cell, output="sequence", bptt_steps=3, **DROPPED), EVEN)
        cases[f"{cell}-pieces-next"] = Case(
            spec(cell, (7, 4), "next", bptt_steps=3, **normed, **DROPPED), LONGER, weights="step"
        )
        cases[f"{cell}-pieces-tokens"] = Case(
            spec(cell, (7, 4), "next", tokens=True, embedding_size=EMBEDDING, bptt_steps=4, **DROPPED),
            LONGER,
            held_out=(5, 2, 6),
        )
        cases[f"{cell}-init-orthogonal"] = Case(spec(cell, initialization="orthogonal", bidirectional=True))
    for activation in ("relu", "sigmoid"):
        for output in ("last", "sequence"):
            named = spec("rnn", (7, 4), output, cell_activation=activation, layer_norm=output == "last")
            cases[f"cell-activation-{activation}-{output}"] = Case(named)

    for output in OUTPUTS:
        headed, one = spec("gru", (7,), output, head=HEAD, dropout=0.3), lengths_for(output)
        cases[f"head-{output}"] = Case(headed, one, held_out=(3, 2, 8))
        cases[f"weights-row-{output}"] = Case(
            spec("lstm", (7,), output), one, weights="row", held_out=(3, 2, 8)
        )
    for output in ("sequence", "next"):
        cases[f"weights-step-{output}"] = Case(
            spec("gru", (7,), output), lengths_for(output), weights="step", held_out=(3, 2, 8)
        )
    for loss in OUTPUT_OF:
        cases[f"loss-{loss}"] = Case(spec(loss=loss, output="last"), weights="row")
        cases[f"loss-{loss}-sequence"] = Case(spec("lstm", loss=loss, output="sequence"), held_out=(3, 1, 8))
    smooth = spec(output="sequence", loss="cross_entropy")
    smooth["loss"] |= {"label_smoothing": 0.1}
    cases["loss-smoothing"] = Case(smooth)

    optimizers: dict[str, Spec] = {
        "nesterov": {"name": "sgd", "learning_rate": 0.05, "momentum": 0.8, "nesterov": True},
        "adam": {"name": "adam", "learning_rate": 0.01, "clip_norm": 0.3},
        "adamw": {"name": "adamw", "learning_rate": 0.01, "weight_decay": 0.1},
        "rmsprop": {"name": "rmsprop", "learning_rate": 0.003, "momentum": 0.5},
        "adagrad": {"name": "adagrad", "learning_rate": 0.05, "clip_value": 0.02},
        "lion": {"name": "lion", "learning_rate": 0.002, "beta2": 0.99},
        "l1-l2": {
            "name": "sgd",
            "learning_rate": 0.1,
            "l1": 1e-3,
            "l2": 1e-2,
            "clip_norm": 0.5,
            "clip_value": 0.05,
        },
    }
    for name, o in optimizers.items():
        cases[f"optimizer-{name}"] = Case(
            spec("lstm", (7, 4), "next", tokens=True, embedding_size=EMBEDDING, optimizer=o), LONGER
        )
        cases[f"optimizer-{name}-pieces"] = Case(
            spec("gru", (7,), "sequence", layer_norm=True, bptt_steps=4, optimizer=o)
        )
    schedules: dict[str, Spec] = {
        "warmup": {"name": "constant", "warmup": 5.0},
        "step": {"name": "step", "interval": 2, "decay": 0.3},
        "exponential": {"name": "exponential", "decay": 0.7},
        "cosine": {"name": "cosine", "warmup": 0.2, "final": 0.05},
        "one_cycle": {"name": "one_cycle", "peak": 0.4, "div": 10.0, "final": 0.01},
        "plateau": {"name": "plateau", "patience": 0, "factor": 0.5, "threshold": 0.2},
    }
    for name, s in schedules.items():
        held = (3, 1, 8) if name == "plateau" else ()
        cases[f"schedule-{name}"] = Case(spec(schedule=s), epochs=5, held_out=held)
        pieces = spec(output="sequence", bptt_steps=5, schedule=s)
        cases[f"schedule-{name}-pieces"] = Case(pieces, epochs=5, held_out=held)
    cases["batch-1"] = Case(spec("lstm", output="ctc"), batch=1)
    cases["batch-1-pieces"] = Case(spec("lstm", output="sequence", bptt_steps=4), batch=1)
    cases["full-batch"] = Case(spec("gru", (7, 4), "max", bidirectional=True), batch=1000, epochs=6)
    cases["in-order"] = Case(spec("rnn"), fit={"shuffle": False})
    cases["early-stopping"] = Case(
        spec(optimizer={"name": "adam", "learning_rate": 0.1}),
        epochs=40,
        held_out=(3, 1, 8),
        fit={"patience": 4, "min_delta": 1e-4},
    )
    # Large enough for several workers, and for sums in pieces.
    adam = {"name": "adam", "learning_rate": 1e-3, "clip_norm": 1.0}
    long = tuple(5 + 7 * i % 23 for i in range(30))
    for cell in CELLS:
        cases[f"big-{cell}"] = Case(
            spec(cell, (37, 18), "sequence", bidirectional=True, optimizer=adam, **DROPPED), long, 17, 2
        )
    cases["big-ctc"] = Case(spec("lstm", (37,), "ctc", optimizer=adam, layer_norm=True), long, 17, 2)
    cases["big-tokens"] = Case(
        spec("gru", (37, 18), "next", tokens=True, embedding_size=EMBEDDING, bptt_steps=9, optimizer=adam),
        long,
        17,
        2,
    )
    cases["big-sums"] = Case(spec("gru", (270,), "last", optimizer=adam), (3, 2), 2, 1)
    return cases


CASES = _cases()
