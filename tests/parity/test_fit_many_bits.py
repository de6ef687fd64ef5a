"""Nets trained by `fit_many` have the bits of each alone on its rows, for every instruction set and thread count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from parity import engine

Options = dict[str, Any]
N, FEATURES = 143, 7

SHAPES: list[Callable[[int], ds.Net]] = [
    lambda seed: ds.Net([FEATURES, 12, 2], activation="tanh", seed=seed),
    lambda seed: ds.Net([FEATURES, 2], optimizer=ds.SGD(0.01, momentum=0.9), seed=seed),
    lambda seed: ds.Net(
        [FEATURES, 33, 17, 2],
        dropout=0.3,
        input_dropout=0.1,
        normalization="batch",
        dtype="float64",
        seed=seed,
    ),
    lambda seed: ds.Net(
        [FEATURES, 130, 2],
        activation="gelu",
        normalization="layer",
        loss="huber",
        optimizer=ds.AdamW(0.01, clip_norm=0.5, schedule=ds.Cosine(warmup=0.2)),
        threads=3,
        seed=seed,
    ),
    lambda seed: ds.Net(
        [FEATURES, 10, 2], numeric_embedding=ds.PeriodicEmbedding(), input_scale_rate=3.0, seed=seed
    ),
    lambda seed: ds.Net(
        [FEATURES, 64, 64, 64, 2], optimizer=ds.Adam(schedule=ds.Plateau(patience=0)), seed=seed
    ),
]
CASES: dict[str, Options] = {
    "plain": {"epochs": 4, "batch_size": 16},
    "in order": {"epochs": 3, "batch_size": 16, "shuffle": False},
    "batches of 1": {"epochs": 2, "batch_size": 1},
    "full batch": {"epochs": 4, "batch_size": None},
    "held out": {"epochs": 4, "batch_size": 17, "validation_fraction": 0.3},
    "stopping": {
        "epochs": 30,
        "batch_size": 16,
        "validation_fraction": 0.2,
        "early_stopping": ds.EarlyStopping(patience=1, min_delta=1e-3),
    },
    "given": {"epochs": 3, "batch_size": 32, "validation_data": True},
}


def numbers(rows: int, columns: int, key: int) -> Any:
    return engine.numbers(rows, columns, key, "float32")


X, Y, W = numbers(N, FEATURES, 1), numbers(N, 2, 2), np.abs(numbers(N, 1, 3)[:, 0])
HELD_OUT = numbers(29, FEATURES, 4), numbers(29, 2, 5), np.abs(numbers(29, 1, 6)[:, 0])


def selections(count: int) -> list[Any]:
    """Rows of each net: all, a fold, a bootstrap sample, a mask."""
    rng = np.random.default_rng(7)
    kinds: list[Any] = [
        None,
        np.flatnonzero(np.arange(N) % 3),
        rng.integers(0, N, 101),
        rng.random(N) < 0.6,
        rng.permutation(N)[:50].astype(np.int32),
    ]
    return [kinds[i % len(kinds)] for i in range(count)]


def results(net: ds.Net, history: ds.History) -> bytes:
    """Weights, optimizer state, outputs and history; without times."""
    columns = {key: values for key, values in history.items() if key != "seconds"}
    state = {k: v for k, v in net._core.get_state().items() if isinstance(v, np.ndarray)}
    return engine.bits([net.state_dict(), state, net.predict(X), columns, history.outcome.encode().hex()])


def options_of(name: str) -> Options:
    options = dict(CASES[name])
    return options | ({"validation_data": HELD_OUT} if "validation_data" in options else {})


def make(count: int) -> list[ds.Net]:
    return [SHAPES[i % len(SHAPES)](i) for i in range(count)]


def alone(name: str, weighted: bool, count: int) -> list[bytes]:
    found = []
    for net, rows in zip(make(count), selections(count), strict=True):
        index = slice(None) if rows is None else rows
        weights = {"sample_weight": W[index]} if weighted else {}
        found.append(results(net, net.fit(X[index], Y[index], **weights, **options_of(name), verbose=False)))
    return found


def together(name: str, weighted: bool, count: int, threads: int) -> list[bytes]:
    nets = make(count)
    weights = {"sample_weight": W} if weighted else {}
    histories = ds.fit_many(
        nets, X, Y, rows=selections(count), threads=threads, **weights, **options_of(name)
    )
    assert [net.history["loss"] for net in nets] == [history["loss"] for history in histories]
    return [results(net, history) for net, history in zip(nets, histories, strict=True)]


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("name", CASES)
def test_each_has_the_bits_of_a_fit_alone(name: str, weighted: bool, isa: str) -> None:
    assert together(name, weighted, 10, 3) == alone(name, weighted, 10)


@pytest.mark.parametrize("name", CASES)
def test_threads_and_instruction_sets(name: str) -> None:
    expected = alone(name, True, 6)
    for _ in engine.each_isa(engine.FUSED_ISAS):
        for threads in (1, 2, 5, 8):
            assert together(name, True, 6, threads) == expected, threads


STOPPINGS = [ds.EarlyStopping(patience=1, min_delta=1e-3), None, True, ds.EarlyStopping(monitor="loss")]


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
def test_each_net_has_its_own_options_and_validation_rows(weighted: bool, isa: str) -> None:
    count = 12
    rng = np.random.default_rng(8)
    samples = selections(count)
    held_out: list[Any] = [None if i % 4 == 2 else rng.integers(0, N, 20 + i) for i in range(count)]
    held_out[3] = rng.random(N) < 0.4
    epochs, batch_sizes = [3 + i for i in range(count)], [None if i % 5 == 4 else 8 + i for i in range(count)]
    stopping = [STOPPINGS[i % 4] for i in range(count)]
    expected = []
    for i, net in enumerate(make(count)):
        index = slice(None) if samples[i] is None else samples[i]
        options: Options = {"sample_weight": W[index]} if weighted else {}
        if held_out[i] is not None:
            parts = (X, Y, W) if weighted else (X, Y)
            options["validation_data"] = tuple(part[held_out[i]] for part in parts)
        history = net.fit(
            X[index],
            Y[index],
            epochs=epochs[i],
            batch_size=batch_sizes[i],
            early_stopping=stopping[i],
            verbose=False,
            **options,
        )
        expected.append(results(net, history))
    for threads in (1, 2, 5):
        nets = make(count)
        histories = ds.fit_many(
            nets,
            X,
            Y,
            rows=samples,
            validation_rows=held_out,
            epochs=epochs,
            batch_size=batch_sizes,
            early_stopping=stopping,
            sample_weight=W if weighted else None,
            threads=threads,
        )
        assert [results(net, history) for net, history in zip(nets, histories, strict=True)] == expected


@pytest.mark.parametrize("class_weight", [{0: 2.0, 2: 0.5}, [1.0, 3.0, 0.25], "balanced"])
@pytest.mark.parametrize("fraction", [0.0, 0.25])
def test_classes_and_their_weights(class_weight: Any, fraction: float) -> None:
    y = np.arange(N) * 7 % 5 % 3
    options: Options = {"epochs": 3, "validation_fraction": fraction, "class_weight": class_weight}

    def nets() -> list[ds.Net]:
        kinds: list[Options] = [{}, {"dtype": "float64"}, {"loss": "focal"}]
        return [
            ds.Net([FEATURES, 9, 3], **{"loss": "cross_entropy", **kind}, seed=i)
            for i, kind in enumerate(kinds)
        ]

    many, one, rows = nets(), nets(), selections(5)[:3]
    found = ds.fit_many(many, X, y, rows=rows, sample_weight=W, threads=2, **options)
    for i, net in enumerate(one):
        index = slice(None) if rows[i] is None else rows[i]
        history = net.fit(X[index], y[index], sample_weight=W[index], **options, verbose=False)
        assert results(many[i], found[i]) == results(net, history)


def test_a_second_call_continues_like_a_second_fit() -> None:
    many, one = make(5), make(5)
    for epochs in (2, 3):
        ds.fit_many(many, X, Y, epochs=epochs, threads=2)
        for net in one:
            net.fit(X, Y, epochs=epochs, verbose=False)
    for left, right in zip(many, one, strict=True):
        assert results(left, left.history) == results(right, right.history)
        assert left._fit_state == right._fit_state


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits that are suspended after every few steps, and get another worker, have the same bits."""
    expected = alone("stopping", True, 6)
    monkeypatch.setattr("deepseek._training.many.BLOCK_SECONDS", 1e-5)
    assert together("stopping", True, 6, 3) == expected
