"""Sequences: the same numbers give the same bits in every form; everything else is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek._config.rec import RecConfig
from deepseek._data.sequences import as_sequences
from programs import models, recs

Array = np.ndarray[Any, np.dtype[Any]]

CUBE = (np.arange(60).reshape(4, 5, 3) % 7 - 3).astype(np.float32)
"""Numbers that every type below holds exactly."""


def objects(x: Array) -> Array:
    out = np.empty(len(x), object)
    out[:] = list(x)
    return out


FORMS: dict[str, Callable[[Array], Any]] = {
    "array": lambda x: x,
    "Fortran order": np.asfortranarray,
    "every second step": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "steps first": lambda x: np.ascontiguousarray(x.swapaxes(0, 1)).swapaxes(0, 1),
    "backwards": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "big-endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
    "wider": lambda x: x.astype(np.float64 if x.dtype.kind == "f" else np.uint64),
    "integers": lambda x: x.astype(np.int16),
    "list": list,
    "tuple": tuple,
    "array of objects": objects,
    "nested lists": lambda x: x.tolist(),
    "list of types": lambda x: [x[0].astype(np.int8), *x[1:]],
    "__array__": lambda x: type("Frame", (), {"__array__": lambda self, dtype=None, copy=None: x})(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["last", "tokens"])
def test_forms_do_not_matter(kind: str, form: str) -> None:
    if kind == "tokens":
        X = np.arange(20).reshape(4, 5) % 5
        options: dict[str, Any] = {"vocabulary": 5, "hidden": 4, "output_size": 3, "loss": "cross_entropy"}
    else:
        X, options = CUBE, {"input_size": 3, "hidden": 4, "output_size": 3, "loss": "cross_entropy"}
    rec, expected = ds.Rec(**options), ds.Rec(**options)
    y, before = [0, 1, 2, 1], X.tobytes()
    expected.fit(X, y, epochs=2)
    rec.fit(FORMS[form](X), y, epochs=2)
    assert models.weights(rec) == models.weights(expected)
    np.testing.assert_array_equal(rec.predict(FORMS[form](X)), expected.predict(X))
    assert rec.evaluate(FORMS[form](X), y) == expected.evaluate(X, y)
    assert X.tobytes() == before


@pytest.mark.parametrize("kind", recs.OUTPUTS)
def test_ragged_sequences_padded_or_not(kind: str) -> None:
    X, y = recs.lists(kind)
    array, lengths = recs.padded(X, filler=99 if kind == "next token" else np.nan)
    one, other = recs.rec(kind), recs.rec(kind)
    one.fit(X, y, epochs=2, batch_size=5)
    if kind == "sequence":
        y = recs.padded(y, filler=-1)[0]
    elif kind == "sequence of values":
        y = recs.padded(y, filler=np.nan)[0]
    other.fit(array, y, lengths=lengths, epochs=2, batch_size=5)
    assert models.weights(one) == models.weights(other)
    for a, b in zip(one.predict(X), other.predict(array, lengths=lengths), strict=True):
        np.testing.assert_array_equal(a, b)
    assert other.evaluate(array, y, lengths=lengths)["loss"] == one.evaluate(X, recs.lists(kind)[1])["loss"]


def test_one_feature_needs_no_dimension() -> None:
    rec = ds.Rec(input_size=1, hidden=4)
    x = np.linspace(0, 1, 12).reshape(3, 4)
    expected = rec.predict(x[:, :, None])
    for form in (x, list(x), x.tolist(), list(x[:, :, None]), [x[0], x[1][:, None], x[2]]):
        np.testing.assert_array_equal(rec.predict(form), expected)


@pytest.mark.parametrize("kind", ["bool", "i1", "u1", "i2", ">u2", "i4", ">i4", "u4", "i8", "u8"])
def test_tokens_of_every_integer_type(kind: str) -> None:
    rec = ds.Rec(vocabulary=5, hidden=4)
    tokens = np.arange(20).reshape(4, 5) % (2 if kind == "bool" else 5)
    np.testing.assert_array_equal(rec.predict(tokens.astype(kind)), rec.predict(tokens))
    np.testing.assert_array_equal(rec.predict(list(tokens.astype(kind))), rec.predict(tokens))


def test_what_can_be_is_read_in_place() -> None:
    real, tokens = RecConfig(input_size=3), RecConfig(vocabulary=5)
    some = np.arange(20).reshape(4, 5) % 5
    for X, config in ((CUBE, real), (some, tokens)):
        for lengths in (None, [1, 2, 3, 5]):
            found = as_sequences(X, config, lengths)
            assert np.shares_memory(found.values, X)
            assert found.starts.tolist() == [0, 5, 10, 15]
            assert found.lengths.tolist() == (lengths or [5] * 4)
        assert np.shares_memory(as_sequences([X[0]], config).values, X)
        assert as_sequences([X[0], X[1][:2]], config).starts.tolist() == [0, 5]


REAL: dict[str, tuple[Any, type[Exception], str]] = {
    "1-D": (
        np.ones(3),
        ValueError,
        r"X: got shape \(3,\); expected 3-D \(sequences, steps, 3\) or a list of sequences",
    ),
    "2-D": (np.ones((4, 3)), ValueError, r"X: got shape \(4, 3\); .*Use X\[None\] for a single sequence"),
    "4-D": (np.ones((1, 1, 4, 3)), ValueError, r"got shape \(1, 1, 4, 3\)"),
    "features": (np.ones((4, 5, 2)), ValueError, "X: got 2 features per step; expected 3"),
    "no steps": (np.ones((4, 0, 3)), ValueError, r"X: got sequences without steps, shape \(4, 0, 3\)"),
    "ragged features": (
        [np.ones((2, 3)), np.ones((2, 4))],
        ValueError,
        r"X\[1\]: got 4 features per step; expected 3",
    ),
    "flat item": (
        [np.ones((2, 3)), np.ones(3)],
        ValueError,
        r"X\[1\]: got shape \(3,\); expected \(steps, 3\)",
    ),
    "number": ([1, 2, 3], ValueError, r"X\[0\]: got shape \(\); expected \(steps, 3\)"),
    "empty item": ([np.ones((2, 3)), np.ones((0, 3))], ValueError, r"X\[1\]: got no steps, shape \(0, 3\)"),
    "empty list item": ([[[1, 2, 3]], []], ValueError, r"X\[1\]: got shape \(0,\); expected \(steps, 3\)"),
    "ragged rows": ([[[1, 2, 3], [1, 2]]], ValueError, r"X\[0\]: got a value of type list; expected an"),
    "text": ([np.array([["a"] * 3])], TypeError, r"X\[0\]: got text \(dtype <U.*\); expected real numbers"),
    "complex": (
        np.ones((1, 2, 3), complex),
        TypeError,
        r"X: got complex numbers \(dtype complex128\); expected real numbers",
    ),
    "none": (None, TypeError, "X: got a value of type NoneType; expected an array of numbers"),
    "generator": ((x for x in CUBE), TypeError, "X: got a value of type generator; expected an array of"),
    "too large": (
        np.full((1, 2, 3), 1e39),
        ValueError,
        r"X: got 1e\+39 in sequence 0, step 0, feature 0, which is too large for float32; expected",
    ),
}


@pytest.mark.parametrize("name", REAL)
def test_what_is_refused(name: str) -> None:
    X, error, said = REAL[name]
    refused(recs.rec(), X, np.zeros(4, int), error, said)


TOKENS: dict[str, tuple[Any, type[Exception], str]] = {
    "1-D": ([1, 2], ValueError, r"X\[0\]: got shape \(\); expected 1-D \(steps,\) of tokens"),
    "1-D array": (np.arange(3), ValueError, r"2-D \(sequences, steps\) of tokens .* Use X\[None\]"),
    "3-D": (
        np.zeros((2, 3, 1), int),
        ValueError,
        r"X: got shape \(2, 3, 1\); expected 2-D \(sequences, steps\) of tokens or a list of sequences",
    ),
    "floats": (np.ones((2, 3)), TypeError, "X: got float64; expected integer tokens"),
    "float item": ([[1, 2], [1.0, 2.0]], TypeError, r"X\[1\]: got float64; expected integer tokens"),
    "too high": ([[1, 2], [1, 0, 5]], ValueError, "X: got 5 in sequence 1, step 2; expected tokens 0 to 4"),
    "below 0": (np.array([[0, 1], [-1, 2]]), ValueError, "X: got -1 in sequence 1, step 0; .*0 to 4"),
    "huge": (
        np.array([[0, 2**64 - 1]], np.uint64),
        ValueError,
        "X: got 18446744073709551615 in sequence 0, step 1",
    ),
    "text": (["ab"], TypeError, r"X\[0\]: got text \(dtype <U.*\); expected real numbers"),
    "empty": ([[1, 2], np.zeros(0, int)], ValueError, r"X\[1\]: got no steps, shape \(0,\); expected at"),
}


@pytest.mark.parametrize("name", TOKENS)
def test_tokens_that_are_refused(name: str) -> None:
    X, error, said = TOKENS[name]
    refused(ds.Rec(vocabulary=5, hidden=4), X, np.zeros(2), error, said)


def refused(rec: ds.Rec, X: Any, y: Any, error: type[Exception], said: str) -> None:
    before = models.bits(rec)
    calls: list[Callable[[], Any]] = [
        lambda: rec.fit(X, y),
        lambda: rec.partial_fit(X, y),
        lambda: rec.evaluate(X, y),
        lambda: rec.predict(X),
    ]
    for call in calls:
        with pytest.raises(error, match=said):
            call()
    assert models.bits(rec) == before


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0, 0), (2, 1, 2), (3, 4, 1)])
def test_nan_and_infinity_by_sequence_step_and_feature(value: float, place: tuple[int, int, int]) -> None:
    X = CUBE.copy()
    X[place] = value
    X[3, 4, 2] = value  # the first one is named
    rec = recs.rec()
    said = (
        f"X: got {value} in sequence {place[0]}, step {place[1]}, feature {place[2]}; expected finite numbers"
    )
    for form in (X, np.asfortranarray(X), X.astype(np.float64), list(X), X.tolist()):
        with pytest.raises(ValueError, match=said):
            rec.predict(form)
    later = np.concatenate([np.full((1, 5, 3), np.nan, np.float32), X])  # and what is padding is passed over
    said = said.replace(f"sequence {place[0]}", f"sequence {place[0] + 1}")
    if place[1] or place[2]:
        later[0, 0] = 0.0
        with pytest.raises(ValueError, match=said):
            rec.predict(later, lengths=[1, 5, 5, 5, 5])


@pytest.mark.parametrize(
    ("lengths", "error", "said"),
    [
        ([5, 5, 5, 0], ValueError, r"lengths\[3\]: got 0; expected 1 to 5, the steps of X"),
        ([5, 6, 5, 5], ValueError, r"lengths\[1\]: got 6; expected 1 to 5, the steps of X"),
        ([5, -1, 5, 5], ValueError, r"lengths\[1\]: got -1; expected 1 to 5, the steps of X"),
        ([5, 5, 5], ValueError, r"lengths: got shape \(3,\); expected \(4,\), one length per sequence"),
        (5, ValueError, r"lengths: got shape \(\); expected \(4,\), one length per sequence"),
        ([5.0] * 4, TypeError, "lengths: got float64; expected integers"),
        (["5"] * 4, TypeError, r"lengths: got text \(dtype <U1\); expected real numbers"),
    ],
)
def test_lengths(lengths: Any, error: type[Exception], said: str) -> None:
    rec = recs.rec()
    for call in (lambda: rec.predict(CUBE, lengths=lengths), lambda: rec.fit(CUBE, [0] * 4, lengths=lengths)):
        with pytest.raises(error, match=said):
            call()
    with pytest.raises(ValueError, match="lengths: got a value beside a list of sequences; expected None"):
        rec.predict(list(CUBE), lengths=[5] * 4)


def test_no_sequences() -> None:
    rec = recs.rec()
    for empty in ([], CUBE[:0]):
        for call in (rec.fit, rec.partial_fit, rec.evaluate):
            with pytest.raises(ValueError, match="X: got no sequences; expected at least one"):
                call(empty, [])


Y: dict[str, tuple[str, Any, type[Exception], str]] = {
    "none": ("last", None, TypeError, r"y: got None; expected targets for output='last' .*'next' needs none"),
    "too few": ("last", [0, 1], ValueError, "y: got 2 rows; expected 4, as many as X has"),
    "class": ("last", [0, 1, 2, 3], ValueError, r"y: got 3 in row 3; expected class indices 0 to 2 \(the"),
    "any": ("next", [0] * 4, ValueError, "y: got a value for output='next'; expected None, as the target"),
    "1-D": (
        "sequence",
        [0, 1, 2, 0],
        ValueError,
        r"y\[0\]: got a single number; expected 5 steps, as many as sequence 0 of X has",
    ),
    "1-D array": ("sequence", np.zeros(4, int), ValueError, r"y: got shape \(4,\); expected 2-D or 3-D"),
    "rows": ("sequence", np.zeros((3, 5), int), ValueError, "y: got 3 sequences; expected 4, as many as"),
    "steps": ("sequence", np.zeros((4, 6), int), ValueError, "y: got 6 steps in sequence 0; expected 5,"),
    "list": ("sequence", [[0] * 5] * 3, ValueError, "y: got 3 sequences; expected 4, as many as X has"),
    "long": (
        "sequence",
        [[0] * 5] * 3 + [[0] * 6],
        ValueError,
        r"y\[3\]: got 6 steps; expected 5 steps, as many as sequence 3 of X has",
    ),
    "step class": (
        "sequence",
        [[0] * 5] * 3 + [[0, 0, 3, 0, 0]],
        ValueError,
        "y: got 3 in sequence 3, step 2",
    ),
    "half": ("sequence", np.full((4, 5), 0.5), ValueError, r"y: got 0\.5 in sequence 0, step 0; .*0 to 2"),
    "width": (
        "sequence",
        np.zeros((4, 5, 2)),
        ValueError,
        r"y: got shape \(2,\) per step; expected \(sequences, steps\) class indices",
    ),
    "mixed": (
        "sequence",
        [np.zeros((5, 3)), np.zeros(5), np.zeros(5), np.zeros(5)],
        ValueError,
        r"y\[1\]: got shape \(\) per step; expected \(3,\), that of .*y\[0\]",
    ),
    "nan": (
        "sequence of values",
        np.full((4, 5, 2), np.nan),
        ValueError,
        "y: got nan in sequence 0, step 0, column 0; expected finite numbers",
    ),
    "values": (
        "sequence of values",
        np.zeros((4, 5)),
        ValueError,
        r"y: got shape \(\) per step; expected \(sequences, steps, 2\)",
    ),
    "one array": ("ctc", 3, TypeError, "y: got int; expected a list of integer arrays, one per sequence"),
    "few labels": ("ctc", [[1]] * 3, ValueError, "y: got 3 sequences; expected 4, as many as X has"),
    "blank": (
        "ctc",
        [[1], [2, 0], [1], []],
        ValueError,
        r"y\[1\]\[1\]: got 0; expected labels 1 to 3 \(class 0 is the blank\)",
    ),
    "label": ("ctc", [[1], [2], [1, 4], []], ValueError, r"y\[2\]\[1\]: got 4; expected labels 1 to 3"),
    "float": ("ctc", [[1], [2.0], [1], []], TypeError, r"y\[1\]: got float64; expected integer labels"),
    "2-D": (
        "ctc",
        [[1], [[2]], [1], []],
        ValueError,
        r"y\[1\]: got shape \(1, 1\); expected 1-D \(labels,\)",
    ),
    "too long": (
        "ctc",
        [[1], [1, 2, 3, 1, 2, 3], [1], []],
        ValueError,
        r"y\[1\]: got 6 labels for a sequence of 5 steps; expected at least 6 steps",
    ),
    "repeats": (
        "ctc",
        [[1], [1], [1, 1, 2, 2], []],
        ValueError,
        r"y\[2\]: got 4 labels with 2 repeats, .* a sequence of 5 steps; expected at least 6",
    ),
}


@pytest.mark.parametrize("name", Y)
def test_wrong_targets(name: str) -> None:
    kind, y, error, said = Y[name]
    rec = recs.rec(kind)
    before = models.bits(rec)
    for call in (rec.fit, rec.partial_fit, rec.evaluate):
        with pytest.raises(error, match=said):
            call(list(CUBE), y)
    with pytest.raises(error, match=said) as caught:
        rec.fit(*recs.lists(kind), validation_data=(list(CUBE), y))
    assert str(caught.value).startswith("validation_data's y")
    assert models.bits(rec) == before


def test_next_needs_two_steps_and_values_that_the_loss_allows() -> None:
    rec = recs.rec("next", loss="poisson")
    with pytest.raises(
        ValueError, match="X: got 1 step in sequence 1; expected at least 2 for output='next'"
    ):
        rec.fit([np.ones((2, 3)), np.ones((1, 3))])
    with pytest.raises(ValueError, match="X: got -1 in sequence 1, step 1, feature 2; expected at least 0"):
        rec.fit([np.ones((2, 3)), [[1, 1, 1], [1, 1, -1]]])
    assert rec.predict([np.ones((1, 3))])[0].shape == (1, 3)


W: dict[str, tuple[str, Any, str]] = {
    "shape": ("last", np.ones(3), r"sample_weight: got shape \(3,\); expected \(4,\), one weight per row"),
    "steps": ("last", np.ones((4, 5)), r"sample_weight: got one weight per step; .*\(4,\).*output='last'"),
    "ctc": ("ctc", np.ones((4, 5)), r"sample_weight: got one weight per step; .*output='ctc'"),
    "negative": ("last", [1, 1, -1, 1], "sample_weight: got -1 in row 2; expected weights of at least 0"),
    "negative step": (
        "sequence",
        [[1] * 5, [1] * 5, [1, -1, 1, 1, 1], [1] * 5],
        "sample_weight: got -1 in sequence 2, step 1",
    ),
    "zero": ("sequence", np.zeros((4, 5)), "sample_weight: got only zeros; expected at least one weight"),
    "zero but first": (
        "next",
        np.eye(1, 5).repeat(4, axis=0),
        "sample_weight: got only zeros at targets; expected a weight above 0",
    ),
    "nan": (
        "sequence",
        np.full((4, 5), np.nan),
        "sample_weight: got nan in sequence 0, step 0; expected finite numbers",
    ),
    "length": (
        "sequence",
        [[1.0] * 5] * 3 + [[1.0] * 4],
        r"sample_weight\[3\]: got 4 steps; expected 5 steps",
    ),
    "3-D": ("sequence", [np.ones((5, 1))] * 4, r"sample_weight: got shape \(1,\) per step; expected one"),
}


@pytest.mark.parametrize("name", W)
def test_wrong_weights(name: str) -> None:
    kind, weights, said = W[name]
    rec = recs.rec(kind)
    y = {"last": [0, 1, 2, 0], "ctc": [[1]] * 4, "sequence": np.zeros((4, 5), int)}.get(kind)
    before = models.bits(rec)
    for call in (rec.fit, rec.partial_fit, rec.evaluate):
        with pytest.raises(ValueError, match=said):
            call(CUBE, y, sample_weight=weights)
    assert models.bits(rec) == before
