"""Our own package as a contestant, through the interface its users call."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from .timing import (
    Builder,
    Measure,
    calls,
    fit_estimator,
    function_data,
    gen_data,
    matmul_data,
    matrix,
    net_data,
    per_step,
    predict_estimator,
    rec_data,
)


def setup(threads: int) -> str:
    """Set the number of threads; return the version."""
    import deepseek

    warnings.filterwarnings("ignore")
    deepseek.set_num_threads(threads)
    return str(deepseek.__version__)


def probe(what: str, threads: int, size: int, seconds: float) -> float:
    """Measure a limit of the machine: ``peak`` in FLOP/s of float32, or ``bandwidth`` in B/s over ``size`` bytes."""
    from deepseek import _core

    if what == "peak":
        return 1e9 * float(_core.kernels.peak("float32", seconds, threads))
    return 1e9 * float(_core.kernels.bandwidth(size, seconds, threads))


def _matmul(params: Mapping[str, Any], threads: int) -> Measure:
    """Time calls from Python, as the peers', and beside them the kernel alone: one call that repeats inside."""
    from deepseek._core import kernels

    a, b = matmul_data(params)
    c = matrix(params["m"], params["n"])
    from_python = per_step(calls(lambda: kernels.gemm(a, b, c, threads)))
    inside = per_step(lambda count: kernels.gemm(a, b, c, threads, count))

    def measure(seconds: float) -> dict[str, float]:
        return from_python(seconds / 2) | {"inner": inside(seconds / 2)["seconds"]}

    return measure


def _function(params: Mapping[str, Any], threads: int) -> Measure:
    from deepseek._core import kernels

    x, name = function_data(params), params["function"]
    if name == "exp":
        return per_step(calls(lambda: kernels.function("exp", x)))
    return per_step(calls(lambda: kernels.activation(name, x, 0.0)))


def _train_net(params: Mapping[str, Any], threads: int) -> Measure:
    import deepseek as ds

    X, y = net_data(params)
    sigmoid = params["activation"] == "sigmoid"
    net = ds.Net(
        params["layers"],
        activation=params["activation"],
        output_activation="sigmoid" if sigmoid else None,
        loss=params["loss"],
        optimizer=ds.SGD(1e-3) if params["optimizer"] == "sgd" else ds.Adam(1e-4),
        threads=threads,
        seed=0,
    )
    return per_step(
        lambda count: net.fit(X, y, epochs=count, batch_size=params["batch"], verbose=False),
        params["batches"],
    )


def _predict_net(params: Mapping[str, Any], threads: int) -> Measure:
    import deepseek as ds

    net = ds.Net(params["layers"], activation="relu", loss="cross_entropy", threads=threads, seed=0)
    x = np.random.default_rng(0).standard_normal((1, params["layers"][0]), dtype=np.float32)
    return per_step(calls(lambda: net.predict(x)))


def _train_rec(params: Mapping[str, Any], threads: int) -> Measure:
    import deepseek as ds

    data = rec_data(params)
    rec = ds.Rec(
        input_size=params["inputs"],
        hidden=params["hidden"],
        cell=params["cell"],
        output="last",
        output_size=params["outputs"],
        optimizer=ds.Adam(1e-4),
        threads=threads,
        seed=0,
    )
    return per_step(
        lambda count: rec.fit(
            data.X, data.y, lengths=data.lengths, epochs=count, batch_size=params["batch"], verbose=False
        ),
        params["batches"],
    )


def _step_rec(params: Mapping[str, Any], threads: int) -> Measure:
    import deepseek as ds

    rec = ds.Rec(
        input_size=params["inputs"],
        hidden=params["hidden"],
        cell=params["cell"],
        output_size=params["outputs"],
        threads=threads,
        seed=0,
    )
    x = np.random.default_rng(0).standard_normal((1, params["inputs"]), dtype=np.float32)
    state = rec.initial_state(1)

    def step() -> None:
        nonlocal state
        _, state = rec.step(x, state)

    return per_step(calls(step))


def _train_gen(params: Mapping[str, Any], threads: int) -> Measure:
    import deepseek as ds

    X = gen_data(params)
    (latent, *generator, data), (_, *discriminator, _) = params["players"]
    hidden = [
        ds.LeakyReLU(0.2) if activation == "leaky_relu" else activation
        for activation in params["activations"]
    ]
    outputs = ["sigmoid" if activation == "sigmoid" else "identity" for activation in params["activations"]]
    gen = ds.Gen(
        data_size=data,
        latent_size=latent,
        generator=generator,
        discriminator=discriminator,
        activation=hidden[0],
        output_activation=outputs[0],
        discriminator_activation=hidden[1],
        discriminator_output_activation=outputs[1],
        bias=params["bias"],
        loss=params["loss"],
        penalty="r1r2" if params["penalty"] else None,
        penalty_weight=params["penalty"] or None,
        average=params["average"],
        optimizer=ds.SGD(params["rate"])
        if params["optimizer"] == "sgd"
        else ds.Adam(params["rate"], *params["betas"]),
        threads=threads,
        seed=0,
    )
    return per_step(
        lambda count: gen.fit(X, epochs=count, batch_size=params["batch"], verbose=False), params["batches"]
    )


def _fit_estimator(params: Mapping[str, Any], threads: int) -> Measure:
    from ..sklearn import NetClassifier, NetRegressor

    return fit_estimator(NetClassifier, NetRegressor, params)


def _predict_estimator(params: Mapping[str, Any], threads: int) -> Measure:
    from ..sklearn import NetClassifier

    return predict_estimator(NetClassifier, params)


BUILDERS: dict[str, Builder] = {
    "matmul": _matmul,
    "function": _function,
    "train_net": _train_net,
    "predict_net": _predict_net,
    "train_rec": _train_rec,
    "step_rec": _step_rec,
    "train_gen": _train_gen,
    "fit_estimator": _fit_estimator,
    "predict_estimator": _predict_estimator,
}
