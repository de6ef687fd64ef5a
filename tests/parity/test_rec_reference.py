"""Whole trainings of recurrent networks: the compiled core against the NumPy reference, and what both draw."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from deepseek import _core
from deepseek.reference import Rec, init
from deepseek.reference.spec import complete_rec
from parity import engine, rec_trainings
from parity.rec_trainings import CASES, CELLS, EVEN, OUTPUTS, RAGGED, packed
from parity.rec_trainings import spec as make
from parity.tolerances import INITIAL, SIGNED, STEEP, STEP, TRAINED, assert_close

DTYPES = ("float32", "float64")
THREADED = [name for name in CASES if name.startswith("big")]


def outputs_of(net: Rec, x: Any) -> Any:
    found = net.predict(x)
    return np.concatenate(found) if isinstance(found, list) else found


@functools.cache
def trained_reference(name: str, dtype: str) -> tuple[Rec, list[dict[str, float]], Any, float]:
    case = CASES[name]
    train, held_out = rec_trainings.data_of(case, dtype)
    net = Rec({**case.spec, "dtype": dtype})
    history = net.fit(*train, held_out, **rec_trainings.options_of(case))
    return net, history, outputs_of(net, train.x), net.evaluate(*train)


def check(name: str, dtype: str, threads: int) -> None:
    case = CASES[name]
    train, held_out = rec_trainings.data_of(case, dtype)
    net, history, outputs, loss = trained_reference(name, dtype)
    core = _core.RecCore({**case.spec, "dtype": dtype, "threads": threads})
    validation = held_out and held_out.arrays()
    records = engine.fit(core, *train.arrays(), validation, **rec_trainings.options_of(case))
    tolerance = (SIGNED if "lion" in name else TRAINED)[dtype]
    assert [r["epoch"] for r in records] == [h["epoch"] for h in history]
    for key in ("loss", "val_loss", "rate"):
        got, want = (np.array([r[key] for r in rs]) for rs in (records, history))
        assert (np.isnan(got) == np.isnan(want)).all()
        assert_close(np.nan_to_num(got), np.nan_to_num(want), tolerance, key)
    params, wanted = core.get_params(), net.get_params()
    assert list(params) == [row[0] for row in core.layout()]
    assert set(params) == set(wanted)
    for key, want in wanted.items():
        assert params[key].dtype == dtype
        assert_close(params[key], want, tolerance, key)
    assert_close(core.predict(*packed(train.x)), outputs, tolerance, "predict")
    assert_close(core.evaluate(*train.arrays()), loss, tolerance, "evaluate")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_training(name: str, dtype: str, isa: str) -> None:
    check(name, dtype, 1)


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", THREADED)
def test_training_by_several_threads(name: str, dtype: str, threads: int, isa: str) -> None:
    check(name, dtype, threads)


@pytest.mark.parametrize("name", CASES)
def test_specification_is_completed_alike(name: str) -> None:
    spec = CASES[name].spec
    assert _core.RecCore(spec).spec() == complete_rec(spec)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("name", ["auto", *init.NAMES])
def test_initial_weights(name: str, cell: str, dtype: str) -> None:
    """A draw for each gate, of any shape; the embedding and the head have their own."""
    spec = make(cell, (17, 5), "sequence", tokens=True, embedding=9, bidirectional=True, init=name)
    spec |= {"dtype": dtype, "layer_norm": True}
    spec["layers"] = [{"units": 8, "init": "he_normal"}, *spec["layers"]]
    params, wanted = _core.RecCore(spec).get_params(), Rec(spec).get_params()
    assert set(params) == set(wanted)
    for key, want in wanted.items():
        assert_close(params[key], want, INITIAL[dtype], key)


def plain_spec(name: str, dtype: str) -> dict[str, Any]:
    """The case's network, whose weights one step moves by their gradients."""
    plain = {"optimizer": {"name": "sgd", "rate": 1.0}, "schedule": {"name": "constant"}}
    return {**CASES[name].spec, "dtype": dtype, **plain}


@functools.cache
def reference_gradients(name: str, dtype: str) -> tuple[float, dict[str, Any]]:
    spec = plain_spec(name, dtype)
    net = Rec(spec)
    net.set_params(_core.RecCore(spec).get_params())
    return net.gradients(*rec_trainings.data_of(CASES[name], dtype)[0])[:2]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.spec.get("bptt")])
def test_one_step_of_gradients(name: str, dtype: str, isa: str) -> None:
    case = CASES[name]
    core = _core.RecCore(plain_spec(name, dtype))
    before = core.get_params()
    loss, grads = reference_gradients(name, dtype)
    options = {"epochs": 1, "batch_size": len(case.lengths), "shuffle": False}
    arrays = rec_trainings.data_of(case, dtype)[0].arrays()
    record = engine.fit(core, *arrays, **options)[0]
    after = core.get_params()
    assert_close(record["loss"], loss, STEP[dtype], "loss")
    for key, want in grads.items():
        moved = before[key].astype(np.float64) - after[key].astype(np.float64)
        if not want.any():  # of W_hh, where no sequence has a second step
            assert not moved.any()
            continue
        # The difference is exact up to the weights' own rounding.
        slack = float(np.abs(before[key]).max() / np.abs(want).max()) * np.finfo(dtype).eps
        step = (STEEP if case.spec.get("layer_norm") else STEP)[dtype]
        assert_close(moved, want, step + slack, key)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("tokens", [False, True])
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("cell", CELLS)
def test_streaming(cell: str, output: str, tokens: bool, dtype: str, isa: str) -> None:
    """Steps from a state that is not zero: outputs and states, layer by layer and h before c."""
    spec = make(cell, (17, 4), output, tokens=tokens, layer_norm=output == "max", head=({"units": 6},))
    spec["dtype"] = dtype
    core, net = _core.RecCore(spec), Rec(spec)
    net.set_params(core.get_params())
    x = rec_trainings.data(spec, EVEN, dtype).x
    state = engine.numbers(len(x), core.state_size, 4, dtype)
    assert state.shape == net.initial_state(len(x)).shape
    mine = state
    for t in range(3):
        now = np.array([s[t] for s in x])
        y, mine = core.step(now, mine)
        want, state = net.step(now, state)
        assert_close(y, want, STEP[dtype], "outputs")
        assert_close(mine, state, STEP[dtype], "state")


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_long_sequence(dtype: str, isa: str) -> None:
    """Rounding neither grows with the steps nor piles up in a memory."""
    spec = {**make("lstm", (30,), "sequence"), "dtype": dtype}
    core, net = _core.RecCore(spec), Rec(spec)
    net.set_params(core.get_params())
    x = rec_trainings.data(spec, (400, 30), dtype).x
    assert_close(core.predict(*packed(x)), outputs_of(net, x), STEP[dtype], "outputs")


def test_what_ctc_cannot_align_counts_for_nothing(isa: str) -> None:
    """Alone, beside others, and weighted."""
    spec = {**make("gru", output="ctc"), "dtype": "float64"}
    core = _core.RecCore(spec)
    data = rec_trainings.data(spec, RAGGED, "float64")
    possible = [
        i
        for i, (x, y) in enumerate(zip(data.x, data.y, strict=True))
        if len(x) >= len(y) + (y[1:] == y[:-1]).sum()
    ]
    assert 0 < len(possible) < len(data.x)
    kept = rec_trainings.Data([data.x[i] for i in possible], [data.y[i] for i in possible], None)
    assert core.evaluate(*data.arrays()) == core.evaluate(*kept.arrays())
    impossible = rec_trainings.Data(data.x[3:4], [np.array([1, 1])], None)
    before = engine.digest(core)
    assert core.evaluate(*impossible.arrays()) == 0
    assert engine.fit(core, *impossible.arrays(), epochs=1)[0]["loss"] == 0
    assert engine.digest(core) == before
