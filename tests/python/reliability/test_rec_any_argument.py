"""Promise D6 for Rec: any argument gives the right answer, or a ValueError or TypeError that says what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import deepseek as ds
from deepseek._config.rec import OUTPUTS
from programs import recs
from programs.arguments import ANY, EXAMPLES, JUNK, check_said

PARAMETERS = [
    "hidden", "cell", "cell_activation", "embedding_size", "bidirectional", "output", "output_size", "head",
    "head_activation", "output_activation", "loss", "optimizer", "bias", "dropout", "input_dropout",
    "recurrent_dropout", "layer_norm", "bptt_steps", "initialization", "dtype", "device", "threads", "seed",
    "no_such_parameter",
]  # fmt: skip
FIT = ["lengths", "validation_data", "validation_fraction", "sample_weight", "class_weight", "batch_size"]
CELLS = st.sampled_from(["rnn", "lstm", "gru", *OUTPUTS])
RAGGED = st.lists(st.lists(st.integers(-1, 4) | st.floats(), max_size=3) | JUNK, max_size=3)
SHAPED = st.sampled_from([
    np.ones((2, 3)), np.ones((2, 3, 3)), np.zeros((2, 3), int), np.zeros((0, 3, 3)), np.zeros((2, 0, 3)), np.zeros(2),
    np.zeros((2, 3, 3), "f2"), [np.ones((2, 3)), np.ones((4, 3))], [[1, 2], [1]], np.array([None, [1]], object),
])  # fmt: skip
VALUES = JUNK | RAGGED | SHAPED


@given(
    st.fixed_dictionaries({}, optional={"input_size": JUNK | st.just(3), "vocabulary": JUNK | st.just(3)}),
    st.dictionaries(st.sampled_from(PARAMETERS), ANY | CELLS, max_size=3),
)
@settings(max_examples=EXAMPLES * 3)
def test_any_rec(inputs: dict[str, Any], options: dict[str, Any]) -> None:
    try:
        rec = ds.Rec(**{"hidden": 3, **inputs, **options})
    except (ValueError, TypeError) as error:
        check_said(error)
        return
    repr(rec)
    rec.predict([])


@given(
    st.sampled_from(list(recs.OUTPUTS)),
    VALUES,
    VALUES,
    st.dictionaries(st.sampled_from(FIT), VALUES, max_size=2),
)
@settings(max_examples=EXAMPLES * 3)
def test_any_data(kind: str, X: Any, y: Any, options: dict[str, Any]) -> None:
    rec = recs.rec(kind)
    calls = [
        lambda: rec.predict(X),
        lambda: rec.evaluate(X, y),
        lambda: rec.fit(X, y, epochs=1, **options),
        lambda: rec.fit(*recs.lists(kind, 4), epochs=1, **options),
        lambda: rec.step(X, y),
        lambda: rec.generate(X, y),
        lambda: rec.forecast(X, 2),
        lambda: rec.decode(X, beam=y),
    ]
    for call in calls:
        try:
            call()
        except (ValueError, TypeError) as error:
            check_said(error)
    assert all(np.isfinite(array).all() for array in rec.state_dict().values())
