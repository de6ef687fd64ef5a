"""Trainings of GANs on sequences, for the comparison with the reference and for the promises about bits."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepseek import _core
from deepseek.reference import SequenceGen
from parity.gen_cases import lifted

Spec = dict[str, Any]
Array = NDArray[Any]
LENGTH, FEATURES, VOCABULARY, CLASSES = 6, 3, 5, 3
SGD = {"optimizer": {"name": "sgd", "learning_rate": 0.05}}
GUMBEL = {"activation": "gumbel", "units": VOCABULARY, "temperature": 0.8}


class Case(NamedTuple):
    """What is trained, and how; `pretrain` epochs come first."""

    spec: Spec
    count: int = 21
    batch: int = 8
    epochs: int = 2
    pretrain: int = 0


def series(cell: str = "gru", **options: Any) -> Spec:
    """`options` of a player are under "generator" and "discriminator", those of both under "both"."""
    return _spec(cell, {"data_size": FEATURES, "latent_size": 2, "step_latent_size": 3}, 0, FEATURES, options)


def texts(cell: str = "gru", hard: bool = True, eos_token: int = -1, **options: Any) -> Spec:
    whole = {
        "vocabulary": VOCABULARY,
        "data_size": VOCABULARY,
        "latent_size": 1,
        "step_latent_size": 2,
        "eos_token": eos_token,
        "output_blocks": [{**GUMBEL, "hard": hard}],
        "pretrain": {"optimizer": {"name": "adam", "learning_rate": 0.01}},
    }
    return _spec(cell, whole, 4, VOCABULARY, options)


def _spec(cell: str, whole: Spec, tokens: int, width: int, options: Spec) -> Spec:
    embedded = {"token_embedding_size": tokens} if tokens else {}
    stack = {"cell": cell, **embedded, **SGD, **options.pop("both", {})}
    top = options.pop("top", {})
    generator = {"hidden": [7], "layers": [{"units": 9, "activation": "tanh"}, {"units": width}]}
    discriminator = {
        "hidden": [5],
        "pooling": "mean",
        "layers": [{"units": 4, "activation": "leaky_relu", "alpha": 0.2}, {"units": 1}],
    }
    players = {
        "generator": {**stack, **generator, **options.pop("generator", {})},
        "discriminator": {**stack, **discriminator, **options.pop("discriminator", {})},
    }
    labels = {"classes": CLASSES, "embedding_size": 2} if options.pop("labels", True) else {}
    penalty = {"kind": options.pop("penalty", "r1r2"), "weight": 0.5, "interval": 2}
    assert not options
    made = {
        "seed": 13,
        "steps": LENGTH,
        "loss": "relativistic",
        "penalty": penalty,
        "ema_decay": 0.9,
        **whole,
        **labels,
        **players,
        **top,
    }
    return lifted(made)


DROPPED = {"dropout": 0.3, "recurrent_dropout": 0.2, "input_dropout": 0.1}


def _cases() -> dict[str, Case]:
    cases = {}
    for cell in ("rnn", "gru", "lstm"):
        for penalty in ("none", "r1r2", "interpolated"):
            cases[f"series-{cell}-{penalty}"] = Case(series(cell, penalty=penalty))
        cases[f"series-{cell}-norm-drop"] = Case(
            series(cell, both={**DROPPED, "layer_norm": True, "bidirectional": True}, penalty="r1")
        )
        for hard in (True, False):
            cases[f"texts-{cell}-{'hard' if hard else 'soft'}"] = Case(texts(cell, hard))
    # A smooth head: where a whole sequence leaves relu at 0, a kink above it would lie on the sign of rounding errors.
    smooth = {"layers": [{"units": 4, "activation": "tanh"}, {"units": 1}]}
    relu = {"cell_activation": "relu"}
    for name, both in {
        "": relu,
        "-drop": {**relu, **DROPPED, "bidirectional": True, "hidden": [6, 4]},
    }.items():
        for penalty in ("r1r2", "interpolated"):
            spec = series("rnn", both=both, discriminator=dict(smooth), penalty=penalty)
            cases[f"series-relu{name}-{penalty}"] = Case(spec)
    normed = {**relu, "layer_norm": True, "bidirectional": True}
    cases["series-relu-norm"] = Case(series("rnn", both=normed, discriminator=dict(smooth), penalty="r1"))
    cases["texts-relu"] = Case(texts("rnn", both=relu, discriminator=dict(smooth)))
    for pooling in ("last", "max"):
        cases[f"pooling-{pooling}"] = Case(series(discriminator={"pooling": pooling, "bidirectional": True}))
    cases["stacked"] = Case(series("lstm", both={"hidden": [5, 4]}, generator={"hidden": [6, 3]}))
    cases["spectral-group"] = Case(
        series(discriminator={"spectral_norm": True, "minibatch_std": 4}, penalty="r2")
    )
    corrupted = {
        "instance_noise": {"std": 0.2, "epochs": 3},
        "augmentation": {"target": 0.1, "interval": 1, "rows": 40},
    }
    cases["corrupted"] = Case(series(top=corrupted, labels=False), epochs=3)
    blocks = [{"activation": "tanh", "units": 1}, {"activation": "gumbel", "units": 2}]
    cases["blocks"] = Case(series(top={"output_blocks": blocks}, penalty="none"))
    cases["turns"] = Case(series(top={"generator_steps": 2, "discriminator_steps": 2}))
    cases["eos_token"] = Case(texts(eos_token=VOCABULARY - 1))
    cases["stop-zero"] = Case(texts(eos_token=0), pretrain=1)
    cases["stop-soft"] = Case(texts("lstm", False, VOCABULARY - 1, penalty="r2"))
    cases["texts-drop"] = Case(
        texts("gru", both=DROPPED, discriminator={"spectral_norm": True}, penalty="r1")
    )
    cases["pretrained"] = Case(texts("gru", eos_token=VOCABULARY - 1), pretrain=2)
    cases["pretrained-ragged"] = Case(texts("lstm", both=DROPPED), pretrain=1)
    # Wider than any vector.
    wide = {"generator": {"hidden": [40, 33]}, "discriminator": {"hidden": [37], "pooling": "mean"}}
    cases["wide-series"] = Case(series("gru", **copy.deepcopy(wide)), count=70, batch=30)
    cases["wide-texts"] = Case(texts("lstm", False, **copy.deepcopy(wide)), count=70, batch=30, pretrain=1)
    for hard in (True, False):  # and the tables' vectors too
        spec = texts("gru", hard, both={"token_embedding_size": 40}, **copy.deepcopy(wide))
        cases[f"wide-tokens-{'hard' if hard else 'soft'}"] = Case(spec, count=70, batch=30, pretrain=1)
    return cases


CASES = _cases()


class Data(NamedTuple):
    """Packed sequences; the same as a list; labels."""

    x: Array
    starts: Array
    lengths: Array
    y: Array | None
    sequences: list[Array]


def packed(x: Array, lengths: Array, y: Array | None) -> Data:
    """Sequences of these lengths that lie in `x` one after another."""
    starts = (np.cumsum(lengths) - lengths).astype(np.int64)
    return Data(x, starts, lengths.astype(np.int64), y, np.split(x, starts[1:]))


def data_of(case: Case, dtype: str) -> Data:
    rng = np.random.default_rng(8)
    spec = case.spec
    most = spec["steps"]
    lengths = rng.integers(1, most + 1, case.count)
    if spec.get("vocabulary"):
        stop = spec["eos_token"]  # the last token, or the first
        found = [rng.integers(0, spec["vocabulary"] - (stop >= 0), n) + (stop == 0) for n in lengths]
    else:
        found = [rng.normal(size=(n, spec["data_size"])).astype(dtype) for n in lengths]
    y = rng.integers(0, CLASSES, case.count) if spec.get("classes") else None
    return packed(np.concatenate(found), lengths, y)


def core_of(case: Case, dtype: str, threads: int = 1) -> Any:
    return _core.GenCore({**case.spec, "dtype": dtype, "threads": threads})


def fit(core: Any, case: Case, data: Data, budget: float = 10.0) -> tuple[list[Any], list[Any]]:
    """(records of the pretraining's epochs, of the others)."""
    phases = []
    for phase, epochs in (("pretrain", case.pretrain), ("adversarial", case.epochs)):
        records: list[Any] = []
        if epochs:
            options = {"epochs": epochs, "batch_size": case.batch, "phase": phase}
            core.begin(data.x, data.starts, data.lengths, data.y, options)
            finished = False
            while not finished:
                block = core.run(1000, budget)
                assert not block["diverged"]
                records += block["epochs"]
                finished = block["finished"]
            core.end()
        phases.append(records)
    return phases[0], phases[1]


def trained_reference(case: Case, dtype: str) -> tuple[SequenceGen, list[Any], list[Any]]:
    gen = SequenceGen({**case.spec, "dtype": dtype})
    data = data_of(case, dtype)
    pretrained = (
        gen.pretrain(data.sequences, data.y, epochs=case.pretrain, batch_size=case.batch)
        if case.pretrain
        else []
    )
    return gen, pretrained, gen.fit(data.sequences, data.y, epochs=case.epochs, batch_size=case.batch)
