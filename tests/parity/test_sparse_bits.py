"""Sparse rows give the bits of the same dense rows: products, trainings, predictions, on every instruction set."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import deepseek as ds
from deepseek import _core
from parity import engine
from parity.cases import Case
from parity.cases import spec as make
from parity.sparse import rows_of, thinned

Array = NDArray[Any]
DTYPES = ("float32", "float64")
ADAM = {"name": "adam", "learning_rate": 1e-2, "l2": 1e-3}
KERNELS = _core.kernels

# Rows, values of k, columns: chunks of 256 values of k, registers and groups of registers, and one more or less.
SHAPES = [
    (1, 1, 1), (3, 1, 4), (5, 7, 1), (2, 0, 5), (9, 300, 3), (8, 255, 8), (7, 256, 33), (6, 257, 130), (17, 513, 37),
    (4, 1100, 70),
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("share", [0.0, 0.03, 0.4, 1.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_products(shape: tuple[int, int, int], share: float, dtype: str, isa: str) -> None:
    m, k, n = shape
    a = (
        engine.numbers(m, k, 1, dtype)
        if share == 1.0 or k == 0
        else thinned(engine.numbers(m, k, 1, dtype), share, 2)
    )
    b, bias = engine.numbers(k, n, 3, dtype), engine.numbers(1, n, 4, dtype)[0]
    for row in (None, bias, -np.zeros_like(bias)):
        expected = KERNELS.gemm(a, b, bias=row).tobytes()
        assert KERNELS.sparse_product(rows_of(a), b, bias=row).tobytes() == expected
        if k != 1:  # the dense product of one k adds a zero
            assert KERNELS.sparse_product(rows_of(a), b, bias=row, multiply_zeros=True).tobytes() == expected


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("share", [0.05, 0.2, 0.9])
@pytest.mark.parametrize(("m", "k", "n"), [(40, 12, 37), (40, 256, 21), (20, 300, 3), (40, 9, 1)])
def test_sums_that_are_negative_zero(m: int, k: int, n: int, share: float, dtype: str, isa: str) -> None:
    """Products that underflow leave -0, which a missing +0 · b may turn into +0."""
    small = np.finfo(dtype).tiny
    a = thinned(engine.numbers(m, k, 1, dtype), share, 2) * small
    b = engine.numbers(k, n, 3, dtype) * small
    b[engine.numbers(k, n, 5) < 0] = 0.0
    a[::2], b[:, ::2] = np.abs(a[::2]), -np.abs(b[:, ::2])
    expected = KERNELS.gemm(a, b)
    assert not expected.any()
    negative = np.signbit(expected).sum()
    assert negative < expected.size
    # Without fma a product rounds to -0 before it is added to +0, which gives +0.
    assert negative > 0 if isa in engine.FUSED_ISAS else negative == 0
    assert KERNELS.sparse_product(rows_of(a), b).tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_zeros_count_where_a_factor_is_not_finite(dtype: str, isa: str) -> None:
    a, b = thinned(engine.numbers(11, 300, 1, dtype), 0.1, 2), engine.numbers(300, 19, 3, dtype)
    b[7, 3], b[270, 18], b[100, 0] = np.inf, -np.inf, np.nan
    with np.errstate(invalid="ignore"):
        found, expected = KERNELS.sparse_product(rows_of(a), b, multiply_zeros=True), KERNELS.gemm(a, b)
    assert (np.isnan(found) == np.isnan(expected)).all()
    assert np.isnan(expected[5, [0, 3, 18]]).all(), "a row of zeros"
    assert np.nan_to_num(found, nan=1.0).tobytes() == np.nan_to_num(expected, nan=1.0).tobytes()


def test_stored_zeros_are_numbers_like_others(isa: str) -> None:
    a = thinned(engine.numbers(6, 40, 1, "float32"), 0.3, 2)
    rows = rows_of(np.where(a == 0.0, np.float32(1.0), a))
    rows.data[a.ravel() == 0.0] = 0.0
    b = engine.numbers(40, 9, 3, "float32")
    assert KERNELS.sparse_product(rows, b).tobytes() == KERNELS.gemm(a, b).tobytes()


# More than a chunk of inputs; weights whose gradients are made by rows, and whole ones; every kind of layer behind.
CASES: dict[str, Case] = {
    "narrow": Case(make((13, 7, 3), input_size=40), 45, 16, 3),
    "wide": Case(make((67, 5), "relu", "cross_entropy", input_size=901, optimizer=ADAM), 231, 100, 2),
    "clip": Case(make((67, 5), input_size=901, optimizer={**ADAM, "clip_norm": 0.1}), 231, 100, 2),
    "long-batch": Case(make((33, 5), "relu", input_size=601, optimizer=ADAM), 700, 600, 2),
    "full-batch": Case(make((33, 5), "gelu", input_size=301), 300, 1000, 3),
    "batch-1": Case(make((20, 3), input_size=301), 30, 1, 2),
    "linear": Case(make((1,), loss="binary_cross_entropy", input_size=701), 90, 32, 3),
    "no-bias": Case(make((20, 3), "relu", bias=False, input_size=301), 90, 32, 3),
    "dropout": Case(
        {**make((40, 9, 3), "silu", input_size=301, dropout=0.3), "input_dropout": 0.4},
        130,
        50,
        3,
        weighted=True,
    ),
    "narrow-dropout": Case({**make((8, 3), input_size=21), "input_dropout": 0.4}, 60, 25, 3),
    "batch-norm": Case(make((40, 5), "gelu", input_size=301, normalization="batch"), 130, 50, 2, held_out=40),
    "layer-norm": Case(
        make((40, 5), "mish", input_size=301, normalization="layer"), 130, 50, 2, weighted=True
    ),
    "in-order": Case(make((20, 3), input_size=301), 90, 32, 3, fit={"shuffle": False}),
    "early-stopping": Case(
        make((9, 3), input_size=50, optimizer={"name": "adam", "learning_rate": 0.1}),
        45,
        16,
        30,
        held_out=9,
        fit={"patience": 3},
    ),
}


def data(case: Case, dtype: str, sparse: bool) -> tuple[Any, ...]:
    """X, y, w and the validation data."""

    def some(rows: int, key: int) -> tuple[Any, Any, Any]:
        w = np.abs(engine.numbers(rows, 1, key + 7, dtype)[:, 0]) if case.weighted else None
        x = thinned(engine.numbers(rows, case.spec["input_size"], key, dtype), 0.15, key + 2)
        return rows_of(x) if sparse else x, engine.targets(case.spec, rows, key, dtype), w

    return (*some(case.rows, 1), some(case.held_out, 2) if case.held_out else None)


def trained(name: str, dtype: str, threads: int, sparse: bool, **pieces: Any) -> tuple[bytes, bytes]:
    """Everything that a training leaves, its history, outputs and loss."""
    case = CASES[name]
    core = _core.NetCore({**case.spec, "dtype": dtype, "threads": threads})
    x, y, w, validation = data(case, dtype, sparse)
    records = engine.fit(
        core, x, y, w, validation, epochs=case.epochs, batch_size=case.batch, **case.fit, **pieces
    )
    history = engine.columns(records)
    state = {key: value for key, value in core.get_state().items() if key != "seconds"}
    return engine.bits([core.get_params(), history, core.predict(x), core.evaluate(x, y, w)]), engine.bits(
        {key: value for key, value in state.items() if isinstance(value, np.ndarray)}
    )


@engine.with_threads([1, 2, 3])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_trainings(name: str, dtype: str, isa: str, threads: int) -> None:
    assert trained(name, dtype, threads, True) == trained(name, dtype, 1, False)


@pytest.mark.parametrize("name", ["wide", "dropout", "batch-norm"])
def test_small_work_on_many_workers(name: str) -> None:
    _core.share_small_work(True)
    try:
        for threads in (2, 3, 5, 8):
            assert trained(name, "float32", threads, True) == trained(name, "float32", 1, False), threads
    finally:
        _core.share_small_work(False)


@pytest.mark.parametrize("name", ["wide", "dropout"])
def test_run_in_pieces(name: str) -> None:
    assert trained(name, "float64", 1, True, budget=0.0) == trained(name, "float64", 1, True)


def test_stopped_carried_over_and_resumed() -> None:
    """In another core from the middle of an epoch on; sparse and dense rows may take turns."""
    case = CASES["dropout"]
    spec = {**case.spec, "dtype": "float64"}
    options = {"epochs": case.epochs, "batch_size": case.batch}
    sets = [data(case, "float64", sparse)[:3] for sparse in (True, False)]
    core, turns, block = _core.NetCore(spec), 0, {"finished": False}
    while not block["finished"]:
        core.begin(*sets[turns % 2], None, None, None, {**options, "resume": turns > 0})
        block = core.run(1, 0.0)
        params, state = core.get_params(), core.get_state()
        core.end()
        core = _core.NetCore(spec)
        core.set_params(params)
        core.set_state(state)
        turns += 1
    assert turns >= case.epochs * 3
    assert engine.bits(core.get_params()) in trained("dropout", "float64", 1, True)[0]


@pytest.mark.parametrize("threads", [1, 2])
def test_divergence_leaves_the_same_weights(threads: int) -> None:
    """A gradient that is infinite beside a finite loss: 0 · inf is NaN, also for inputs that are not stored."""
    spec = {**make((6, 2), "identity", input_size=700), "dtype": "float32", "threads": threads}
    x = thinned(engine.numbers(40, 700, 1, "float32"), 0.05, 3)
    y = engine.numbers(40, 2, 2, "float32")
    x[3], y[3] = 0.0, 1e17
    left = []
    for rows in (x, rows_of(x)):
        core = _core.NetCore(spec)
        params = core.get_params()
        params["1.weight"][:] = 1e25
        params["0.weight"][:] *= 1e-25
        core.set_params(params)
        core.begin(rows, y, None, None, None, None, {"epochs": 1, "batch_size": 40})
        block = core.run(1, 10.0)
        core.end()
        assert block["diverged"]
        left.append(engine.bits(core.get_params()))
    assert left[0] == left[1]


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_alone_is_the_row_in_any_batch(dtype: str, isa: str) -> None:
    core = _core.NetCore({**CASES["wide"].spec, "dtype": dtype})
    x = thinned(engine.numbers(64, 901, 3, dtype), 0.1, 4)
    whole = core.predict(rows_of(x)).tobytes()
    assert whole == core.predict(x).tobytes()
    for size in (1, 2, 7, 33):
        parts = np.concatenate([core.predict(rows_of(x[i : i + size])) for i in range(0, 64, size)])
        assert parts.tobytes() == whole


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_many_nets_on_selected_rows(share: float) -> None:
    """`fit_many` reads the selected rows in place, those of the validation data too."""
    x, y = thinned(engine.numbers(120, 400, 1, "float32"), 0.1, 2), engine.numbers(120, 2, 3, "float32")
    index = [np.arange(119, 30, -1), np.arange(5, 100, 3).repeat(2), None]
    options: dict[str, Any] = {"epochs": 3, "batch_size": 16, "validation_fraction": share}
    nets = [ds.Net([400, 9, 2], seed=seed, input_dropout=0.1 * seed) for seed in range(3)]
    ds.fit_many(nets, rows_of(x), y, rows=index, **options)
    for seed, rows in enumerate(index):
        alone = ds.Net([400, 9, 2], seed=seed, input_dropout=0.1 * seed)
        chosen = slice(None) if rows is None else rows
        alone.fit(x[chosen], y[chosen], verbose=False, **options)
        assert engine.bits(nets[seed].state_dict()) == engine.bits(alone.state_dict())
        assert (
            nets[seed].history["val_loss" if share else "loss"]
            == alone.history["val_loss" if share else "loss"]
        )
