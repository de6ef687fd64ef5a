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
def trained_reference(name: str, dtype: str) -> engine.Training:
    case = CASES[name]
    train, held_out = rec_trainings.data_of(case, dtype)
    net = Rec({**case.spec, "dtype": dtype})
    history = engine.columns(net.fit(*train, held_out, **rec_trainings.options_of(case)))
    return engine.Training(history, net.get_params(), outputs_of(net, train.x), net.evaluate(*train))


def check(name: str, dtype: str, threads: int) -> None:
    case = CASES[name]
    train, held_out = rec_trainings.data_of(case, dtype)
    expected = trained_reference(name, dtype)
    tolerance = (SIGNED if "lion" in name else TRAINED)[dtype]

    def run() -> engine.Training:
        core = _core.RecCore({**case.spec, "dtype": dtype, "threads": threads})
        validation = held_out and held_out.arrays()
        records = engine.fit(core, *train.arrays(), validation, **rec_trainings.options_of(case))
        params = core.get_params()
        assert list(params) == [row[0] for row in core.layout()]
        history = engine.columns(records)
        loss = core.evaluate(*train.arrays())
        return engine.Training(history, params, core.predict(*packed(train.x)), loss)

    engine.on_every_isa(run, lambda found: engine.compare_trainings(found, expected, dtype, tolerance))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_training(name: str, dtype: str) -> None:
    check(name, dtype, 1)


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", THREADED)
def test_training_by_several_threads(name: str, dtype: str, threads: int) -> None:
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
    spec = make(
        cell, (17, 5), "sequence", tokens=True, embedding_size=9, bidirectional=True, initialization=name
    )
    spec |= {"dtype": dtype, "layer_norm": True}
    spec["layers"] = [{"units": 8, "initialization": "he_normal"}, *spec["layers"]]
    params, expected = _core.RecCore(spec).get_params(), Rec(spec).get_params()
    assert set(params) == set(expected)
    for key, want in expected.items():
        assert_close(params[key], want, INITIAL[dtype], key)


def plain_spec(name: str, dtype: str) -> dict[str, Any]:
    """The case's network, whose weights one step moves by their gradients."""
    plain = {"optimizer": {"name": "sgd", "learning_rate": 1.0}, "schedule": {"name": "constant"}}
    return {**CASES[name].spec, "dtype": dtype, **plain}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.spec.get("bptt_steps")])
def test_one_step_of_gradients(name: str, dtype: str) -> None:
    case, spec = CASES[name], plain_spec(name, dtype)
    train = rec_trainings.data_of(case, dtype)[0]
    before = _core.RecCore(spec).get_params()
    net = Rec(spec)
    net.set_params(before)
    loss, grads = net.gradients(*train)[:2]
    options = {"epochs": 1, "batch_size": len(case.lengths), "shuffle": False}

    def run() -> tuple[float, dict[str, Any], dict[str, Any]]:
        core = _core.RecCore(spec)
        start = core.get_params()
        record = engine.fit(core, *train.arrays(), **options)[0]
        return record["loss"], start, core.get_params()

    def compare(found: tuple[float, dict[str, Any], dict[str, Any]]) -> None:
        got, start, after = found
        assert engine.bits(start) == engine.bits(before), "initial weights depend on the instruction set"
        assert_close(got, loss, STEP[dtype], "loss")
        for key, want in grads.items():
            moved = before[key].astype(np.float64) - after[key].astype(np.float64)
            if not want.any():  # of W_hh, where no sequence has a second step
                assert not moved.any()
                continue
            # The difference is exact up to the weights' own rounding.
            slack = float(np.abs(before[key]).max() / np.abs(want).max()) * np.finfo(dtype).eps
            step = (STEEP if case.spec.get("layer_norm") else STEP)[dtype]
            assert_close(moved, want, step + slack, key)

    engine.on_every_isa(run, compare)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("tokens", [False, True])
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("cell", CELLS)
def test_streaming(cell: str, output: str, tokens: bool, dtype: str) -> None:
    """Steps from a state that is not zero: outputs and states, layer by layer and h before c."""
    spec = make(cell, (17, 4), output, tokens=tokens, layer_norm=output == "max", head=({"units": 6},))
    spec["dtype"] = dtype
    net = Rec(spec)
    net.set_params(_core.RecCore(spec).get_params())
    x = rec_trainings.data(spec, EVEN, dtype).x
    steps = [np.array([s[t] for s in x]) for t in range(3)]
    start = engine.numbers(len(x), net.initial_state(1).shape[1], 4, dtype)
    expected, state = [], start
    for step in steps:
        want, state = net.step(step, state)
        expected.append((want, state))

    def run() -> list[tuple[Any, Any]]:
        core = _core.RecCore(spec)
        assert start.shape == (len(x), core.state_size)
        state, found = start, []
        for step in steps:
            y, state = core.step(step, state)
            found.append((y, state))
        return found

    def compare(found: list[tuple[Any, Any]]) -> None:
        for (y, state), (want, expected_state) in zip(found, expected, strict=True):
            assert_close(y, want, STEP[dtype], "outputs")
            assert_close(state, expected_state, STEP[dtype], "state")

    engine.on_every_isa(run, compare)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_long_sequence(dtype: str) -> None:
    """Rounding neither grows with the steps nor piles up in a memory."""
    spec = {**make("lstm", (30,), "sequence"), "dtype": dtype}
    net = Rec(spec)
    net.set_params(_core.RecCore(spec).get_params())
    x = rec_trainings.data(spec, (400, 30), dtype).x
    want = outputs_of(net, x)
    engine.on_every_isa(
        lambda: _core.RecCore(spec).predict(*packed(x)),
        lambda found: assert_close(found, want, STEP[dtype], "outputs"),
    )


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
