"""predict and predict_classes without the dimension of outputs, for models with one output."""

from __future__ import annotations

import numpy as np
import pytest

import deepseek as ds
from programs import models


def test_predictions_of_a_net() -> None:
    X, _ = models.data()
    values, yes = ds.Net([6, 4, 1]), ds.Net([6, 1], loss="binary_cross_entropy")
    for net in (values, yes):
        outputs = net.predict(X)
        assert outputs.shape == (len(X), 1)
        squeezed = net.predict(X, squeeze=True)
        assert squeezed.shape == (len(X),) and squeezed.tobytes() == outputs.tobytes()
    values.fit(X, X[:, 0], epochs=1)
    assert (values.predict(X, squeeze=True) - X[:, 0]).shape == (len(X),)
    assert values.predict(X[:0], squeeze=True).shape == (0,)
    np.testing.assert_array_equal(yes.predict_classes(X, squeeze=True), yes.predict_classes(X)[:, 0])
    classes = ds.Net([6, 3], loss="cross_entropy")
    np.testing.assert_array_equal(classes.predict_classes(X, squeeze=True), classes.predict_classes(X))
    several = ds.Net([6, 3], loss="binary_cross_entropy")
    for predict in (classes.predict, several.predict_classes):
        with pytest.raises(
            ValueError, match="squeeze: got True for a model with 3 outputs; expected one output"
        ):
            predict(X, squeeze=True)
    with pytest.raises(TypeError, match="squeeze: got 1; expected True or False"):
        values.predict(X, squeeze=1)  # type: ignore[arg-type]


def test_predictions_of_a_rec() -> None:
    array = np.random.default_rng(0).normal(size=(5, 4, 2))
    ragged = [array[0], array[1, :2]]
    last = ds.Rec(input_size=2, hidden=3, output_size=1)
    assert last.predict(array, squeeze=True).tobytes() == last.predict(array)[:, 0].tobytes()  # type: ignore
    steps = ds.Rec(input_size=2, hidden=3, output="sequence", output_size=1, loss="binary_cross_entropy")
    found = steps.predict(array, squeeze=True)
    np.testing.assert_array_equal(found, steps.predict(array)[..., 0])  # type: ignore[call-overload]
    assert [p.shape for p in steps.predict(ragged, squeeze=True)] == [(4,), (2,)]
    assert [p.shape for p in steps.predict_classes(ragged, squeeze=True)] == [(4,), (2,)]
    with pytest.raises(ValueError, match="squeeze: got True for a model with 2 outputs"):
        ds.Rec(input_size=2, hidden=3, output_size=2).predict(array, squeeze=True)
