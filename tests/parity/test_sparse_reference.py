"""Training on sparse rows: the compiled core against the NumPy reference, which multiplies entry by entry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deepseek import _core
from deepseek.reference.sparse import as_inputs
from parity import engine
from parity.cases import Case
from parity.cases import spec as make
from parity.sparse import rows_of, thinned
from parity.tolerances import STEP, TRAINED, assert_close

ADAM = {"name": "adam", "learning_rate": 1e-3}
CASES: dict[str, Case] = {
    "plain": Case(make((13, 3), input_size=60), 45, 16, 3),
    "adam": Case(
        make((30, 3), "relu", "cross_entropy", input_size=600, optimizer=ADAM), 60, 16, 3, weighted=True
    ),
    "dropout": Case({**make((13, 3), "silu", input_size=80, dropout=0.2), "input_dropout": 0.3}, 45, 16, 3),
    "norm": Case(make((13, 3), "gelu", input_size=80, normalization="batch"), 45, 16, 3, held_out=15),
}


def rows(case: Case, count: int, key: int, dtype: str) -> Any:
    return rows_of(thinned(engine.numbers(count, case.spec["input_size"], key, dtype), 0.2, key + 1))


def test_rows_are_the_dense_rows() -> None:
    x = thinned(engine.numbers(9, 20, 1), 0.3, 2)
    sparse, w, order = as_inputs(rows_of(x)), engine.numbers(20, 4, 3), np.array([8, 0, 0, 4, 2])
    assert_close(sparse @ w, x @ w, STEP["float64"], "x @ w")
    assert_close(w[:9].T @ sparse, w[:9].T @ x, STEP["float64"], "w.T @ x")
    assert_close(sparse[order] @ w, x[order] @ w, STEP["float64"], "selected rows")
    mask = (engine.numbers(9, 20, 5) > 0).astype(np.float64)
    assert_close((sparse * mask) @ w, (x * mask) @ w, STEP["float64"], "masked rows")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_trainings(name: str, dtype: str) -> None:
    case = CASES[name]
    x, y = rows(case, case.rows, 1, dtype), engine.targets(case.spec, case.rows, 1, dtype)
    w = np.abs(engine.numbers(case.rows, 1, 5, dtype)[:, 0]) if case.weighted else None
    held_out = None
    if case.held_out:
        held_out = (
            rows(case, case.held_out, 2, dtype),
            engine.targets(case.spec, case.held_out, 2, dtype),
            None,
        )
    options = {"epochs": case.epochs, "batch_size": case.batch}
    net = engine.reference_of({**case.spec, "dtype": dtype})
    history = engine.columns(net.fit(x, y, w, held_out, **options))
    expected = engine.Training(history, net.get_params(), net.predict(x), net.evaluate(x, y, w))

    def run() -> engine.Training:
        core = _core.NetCore({**case.spec, "dtype": dtype})
        records = engine.fit(core, x, y, w, held_out, **options)
        return engine.Training(
            engine.columns(records), core.get_params(), core.predict(x), core.evaluate(x, y, w)
        )

    engine.on_every_isa(run, lambda found: engine.compare_trainings(found, expected, dtype, TRAINED[dtype]))
