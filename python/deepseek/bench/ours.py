"""The rows by this package, through its public interface."""

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
    fit_sparse,
    function_data,
    gen_data,
    many_data,
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
    """Measure a limit of the machine: ``peak`` in float32 FLOP/s, or ``bandwidth`` in B/s for ``size`` bytes."""
    from deepseek import _core

    if what == "peak":
        return 1e9 * float(_core.kernels.peak("float32", seconds, threads))
    return 1e9 * float(_core.kernels.bandwidth(size, seconds, threads))


def _matmul(params: Mapping[str, Any], threads: int) -> Measure:
    """Time calls from Python, as for the peers, and one call that repeats the kernel inside."""
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


def _fit_many(params: Mapping[str, Any], threads: int) -> Measure:
    """Time new nets, per net: one call of `fit_many`, or `Net.fit` in a loop."""
    import deepseek as ds

    data = many_data(params)
    options = {"epochs": params["epochs"], "batch_size": params["batch"]}

    def run(count: int) -> None:
        nets = [ds.Net(params["layers"], threads=threads, seed=seed) for seed in range(count)]
        samples = [data.samples[i % len(data.samples)] for i in range(count)]
        if params["loop"]:
            for net, rows in zip(nets, samples, strict=True):
                net.fit(data.X[rows], data.y[rows], verbose=False, **options)
        else:
            ds.fit_many(nets, data.X, data.y, rows=samples, threads=threads, **options)

    return per_step(run)


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
        penalty=ds.Penalty("r1r2", params["penalty"]) if params["penalty"] else None,
        ema_decay=params["ema_decay"],
        optimizer=ds.SGD(params["learning_rate"])
        if params["optimizer"] == "sgd"
        else ds.Adam(params["learning_rate"], *params["betas"]),
        threads=threads,
        seed=0,
    )
    return per_step(
        lambda count: gen.fit(X, epochs=count, batch_size=params["batch"], verbose=False), params["batches"]
    )


def _fit_estimator(params: Mapping[str, Any], threads: int) -> Measure:
    from ..sklearn import NetClassifier, NetRegressor

    return fit_estimator(NetClassifier, NetRegressor, params)


def _fit_sparse(params: Mapping[str, Any], threads: int) -> Measure:
    from ..sklearn import NetClassifier

    return fit_sparse(NetClassifier, params)


def _predict_estimator(params: Mapping[str, Any], threads: int) -> Measure:
    from ..sklearn import NetClassifier

    return predict_estimator(NetClassifier, params)


BUILDERS: dict[str, Builder] = {
    "matmul": _matmul,
    "function": _function,
    "train_net": _train_net,
    "fit_many": _fit_many,
    "predict_net": _predict_net,
    "train_rec": _train_rec,
    "step_rec": _step_rec,
    "train_gen": _train_gen,
    "fit_estimator": _fit_estimator,
    "fit_sparse": _fit_sparse,
    "predict_estimator": _predict_estimator,
}
