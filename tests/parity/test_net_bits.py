"""The numerics contract of Net, byte by byte: threads, instruction sets, pieces of a run, batch sizes, layouts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import deepseek as ds
from deepseek import _core
from parity import engine
from parity.cases import Case, embedded
from parity.cases import spec as make

DTYPES = ("float32", "float64")
ADAM = {"name": "adam", "learning_rate": 1e-3, "clip_norm": 0.5, "l2": 1e-3}

# Nothing a multiple of anything.
WIDE: dict[str, Case] = {
    "plain": Case(make((131, 67, 5), "relu", "cross_entropy", input_size=301, optimizer=ADAM), 231, 100, 2),
    "batch-norm": Case(
        make((131, 67, 5), "gelu", input_size=301, normalization="batch", dropout=0.3), 231, 100, 2
    ),
    "layer-norm": Case(
        make((131, 67, 5), "mish", input_size=301, normalization="layer"), 231, 100, 2, weighted=True
    ),
    "embedding": Case(
        {
            **embedded(make((131, 67, 5), "selu", input_size=43), 37, frequencies=7, width=4, sigma=0.3),
            "input_scale_rate": 6.0,
        },
        600,
        280,
        2,
    ),
    # Workers divide the columns of both hidden layers.
    "few-rows": Case(make((270, 250, 5), "gelu", "cross_entropy", input_size=301, dropout=0.3), 231, 80, 2),
}
SMALL: dict[str, Case] = {
    "sgd": Case(make(), 45, 16, 4),
    "adam-dropout": Case(
        make(dropout=0.4, optimizer=ADAM, schedule={"name": "cosine", "warmup": 0.2}), 45, 16, 4
    ),
    "embedding": Case(embedded(make(optimizer=ADAM), 3, frequencies=4, width=3, sigma=0.5), 45, 16, 4),
    "plateau": Case(
        make(normalization="batch", schedule={"name": "plateau", "patience": 0, "factor": 0.5}),
        45,
        16,
        6,
        held_out=9,
    ),
    "early": Case(
        make(optimizer={"name": "adam", "learning_rate": 0.1}), 45, 16, 40, held_out=9, fit={"patience": 3}
    ),
}


TABLES = {"wide": WIDE, "small": SMALL}


def arrays(case: Case, dtype: str) -> tuple[Any, ...]:
    """X, y, w and the validation data."""

    def some(rows: int, key: int) -> tuple[Any, Any, Any]:
        w = np.abs(engine.numbers(rows, 1, key + 7, dtype)[:, 0]) if case.weighted else None
        return (
            engine.numbers(rows, case.spec["input_size"], key, dtype),
            engine.targets(case.spec, rows, key, dtype),
            w,
        )

    return (*some(case.rows, 1), some(case.held_out, 2) if case.held_out else None)


def trained(case: Case, dtype: str, threads: int = 1, **pieces: Any) -> str:
    core = _core.NetCore({**case.spec, "dtype": dtype, "threads": threads})
    engine.fit(core, *arrays(case, dtype), epochs=case.epochs, batch_size=case.batch, **case.fit, **pieces)
    return engine.digest(core)


@engine.kept
def expected(table: str, name: str, dtype: str) -> str:
    """The digest of the instruction set in use, by one thread, in one piece."""
    return trained(TABLES[table][name], dtype)


@engine.with_threads(range(1, 9), engine.FUSED_ISAS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", WIDE)
def test_threads_and_instruction_sets(name: str, dtype: str, isa: str, threads: int) -> None:
    assert trained(WIDE[name], dtype, threads) == expected("wide", name, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SMALL)
def test_instruction_sets_on_small_nets(name: str, dtype: str, fused_isa: str) -> None:
    assert trained(SMALL[name], dtype) == expected("small", name, dtype)


@pytest.mark.parametrize("pieces", [{"max_epochs": 1}, {"max_epochs": 3}, {"budget": 0.0}, {"budget": 1e-4}])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SMALL)
def test_run_in_pieces(name: str, dtype: str, pieces: dict[str, Any]) -> None:
    assert trained(SMALL[name], dtype, **pieces) == expected("small", name, dtype)


@pytest.mark.parametrize("threads", [1, 3])
def test_wide_run_in_pieces(threads: int) -> None:
    assert trained(WIDE["batch-norm"], "float32", threads, budget=0.0) == expected(
        "wide", "batch-norm", "float32"
    )


@pytest.mark.parametrize(("table", "name"), [("small", n) for n in SMALL] + [("wide", n) for n in WIDE])
def test_stopped_carried_over_and_resumed(table: str, name: str) -> None:
    """Parameters and state taken out, in the middle of an epoch too, put into a new core, and the fit resumed there."""
    case = TABLES[table][name]
    x, y, w, validation = arrays(case, "float64")
    data = (x, y, w, *(validation or (None, None, None)))
    spec = {**case.spec, "dtype": "float64"}
    options = {"epochs": case.epochs, "batch_size": case.batch, **case.fit}
    core = _core.NetCore(spec)
    core.begin(*data, options)
    block = core.run(1, 0.0)
    steps = {block["step"]}
    while not block["finished"]:
        params, state = core.get_params(), core.get_state()
        core.end()
        core = _core.NetCore(spec)
        core.set_params(params)
        core.set_state(state)
        core.begin(*data, {**options, "resume": True})
        block = core.run(1, 0.0)
        steps.add(block["step"])
    core.end()
    assert steps == ({0} if table == "small" else {0, 1, 2})
    assert engine.digest(core) == expected(table, name, "float64")


BATCHES = (1, 2, 3, 7, 8, 16, 17, 64, 256)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("output", ["identity", "softmax", "sigmoid", "exp"])
@pytest.mark.parametrize("norm", ["none", "batch", "layer", "embedding"])
def test_a_row_alone_is_the_row_in_any_batch(norm: str, output: str, dtype: str, isa: str) -> None:
    losses = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy", "exp": "poisson"}
    options = {} if norm == "embedding" else {"normalization": norm}
    spec = make((300, 37, 5), "silu", losses.get(output, "squared_error"), input_size=70, **options)
    if norm == "embedding":
        spec = {**embedded(spec, 45), "input_scale_rate": 6.0}
    core = _core.NetCore({**spec, "dtype": dtype})
    x = engine.numbers(256, 70, 3, dtype)
    engine.fit(core, x, engine.targets(spec, 256, 3, dtype), epochs=1, batch_size=64)
    whole = core.predict(x)
    for size in BATCHES:
        parts = np.concatenate([core.predict(x[i : i + size]) for i in range(0, 256, size)])
        assert parts.tobytes() == whole.tobytes(), f"batches of {size}"


@pytest.mark.parametrize("size", [1e4, 1e7, 1e12, 1e37])
@pytest.mark.parametrize("dtype", DTYPES)
def test_large_angles(dtype: str, size: float) -> None:
    """Angles of any size, up to those that overflow, have one set of bits; no wave of a finite input is NaN."""
    core = _core.NetCore({**embedded(make((7, 3), input_size=21), 19, sigma=40.0), "dtype": dtype})
    x = (engine.numbers(30, 21, 3) * size).astype(dtype)

    def finite(outputs: NDArray[Any]) -> None:
        assert np.isfinite(outputs).all()

    engine.on_every_isa(lambda: core.predict(x), finite)


@engine.with_threads([2, 3, 8])
def test_predict_and_evaluate_by_threads(isa: str, threads: int) -> None:
    case = WIDE["plain"]
    x, y, _, _ = arrays(case, "float32")
    one, many = (_core.NetCore({**case.spec, "threads": t}) for t in (1, threads))
    assert one.predict(x).tobytes() == many.predict(x).tobytes()
    assert one.evaluate(x, y, None) == many.evaluate(x, y, None)


def layouts(a: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """The same values, laid out otherwise."""
    rows, cols = a.shape
    padded = np.full((rows, cols + 3), np.nan, a.dtype)
    padded[:, :cols] = a
    strided = np.full((rows * 2, cols * 3), np.nan, a.dtype)
    strided[::2, ::3] = a
    raw = np.zeros(a.nbytes + 1, np.uint8)
    unaligned = raw[1:].view(a.dtype).reshape(a.shape)
    unaligned[...] = a
    locked = a.copy()
    locked.flags.writeable = False
    return {
        "columns first": np.asfortranarray(a),
        "padded": padded[:, :cols],
        "strided": strided[::2, ::3],
        "reversed": a[::-1, ::-1].copy()[::-1, ::-1],
        "swapped": a.astype(a.dtype.newbyteorder()),
        "unaligned": unaligned,
        "read-only": locked,
        "wider": a.astype(np.float64),
    }


def fitted(x: Any, y: Any) -> tuple[dict[str, bytes], bytes]:
    net = ds.Net([9, 12, 2], activation="tanh", seed=4)
    net.fit(x, y, epochs=3, batch_size=8)
    return {k: v.tobytes() for k, v in net.state_dict().items()}, net.predict(x).tobytes()


def test_layout_does_not_matter() -> None:
    x, y = engine.numbers(30, 9, 1, "float32"), engine.numbers(30, 2, 2, "float32")
    kept = x.tobytes(), y.tobytes()
    want = fitted(x, y)
    ys = layouts(y)
    for name, other in layouts(x).items():
        assert fitted(other, ys[name]) == want, name
    assert fitted(x.tolist(), y.tolist()) == want
    assert (x.tobytes(), y.tobytes()) == kept
