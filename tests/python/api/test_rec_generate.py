"""Generating and forecasting: what may be drawn, by which number, and what is fed back."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek._sampling import Sampler, make_sampling, uniform
from deepseek.reference import philox
from programs import recs

P = np.array([0.1, 0.4, 0.05, 0.25, 0.2], np.float32)


def shares(**arguments: Any) -> list[float]:
    sampling = make_sampling(**{"temperature": 1.0, "top_k": None, "top_p": None, "seed": 0, **arguments})
    weights = sampling.weights(P)
    return (weights / weights.sum()).round(6).tolist()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [0.1, 0.4, 0.05, 0.25, 0.2]),
        ({"temperature": 0}, [0, 1, 0, 0, 0]),
        ({"temperature": 1e-300}, [0, 1, 0, 0, 0]),
        ({"temperature": 1e300}, [0.2] * 5),
        ({"top_k": 1}, [0, 1, 0, 0, 0]),
        ({"top_k": 2}, [0, 0.4 / 0.65, 0, 0.25 / 0.65, 0]),
        ({"top_k": 99}, [0.1, 0.4, 0.05, 0.25, 0.2]),
        ({"top_p": 1e-9}, [0, 1, 0, 0, 0]),
        ({"top_p": 0.39}, [0, 1, 0, 0, 0]),
        ({"top_p": 0.6}, [0, 0.4 / 0.65, 0, 0.25 / 0.65, 0]),
        ({"top_p": 0.66}, [0, 0.4 / 0.85, 0, 0.25 / 0.85, 0.2 / 0.85]),
        ({"top_p": 1.0}, [0.1, 0.4, 0.05, 0.25, 0.2]),
        ({"top_k": 3, "top_p": 0.6}, [0, 0.4 / 0.65, 0, 0.25 / 0.65, 0]),
        ({"temperature": 0.5}, (P.astype(float) ** 2 / (P.astype(float) ** 2).sum()).tolist()),
    ],
)
def test_what_may_be_drawn(arguments: dict[str, Any], expected: list[float]) -> None:
    assert shares(**arguments) == pytest.approx(expected, abs=2e-6)


def test_equal_probabilities_keep_the_first() -> None:
    sampling = make_sampling(1.0, 2, None, 0)
    assert np.flatnonzero(sampling.weights(np.full(4, 0.25))).tolist() == [0, 1]


def test_tokens_come_as_often_as_they_are_probable() -> None:
    sampler = Sampler(make_sampling(1.0, None, None, 7))
    counts = np.bincount([sampler.draw(P) for _ in range(20000)], minlength=5) / 20000
    np.testing.assert_allclose(counts, P, atol=0.01)


def test_numbers_are_the_generators_own_and_have_their_places() -> None:
    numbers = uniform(2**64 - 3, 0, 600)
    np.testing.assert_array_equal(numbers[256:512], uniform(2**64 - 3, 256, 256))
    words = philox.words(2**64 - 3, 4, np.arange(600)).astype(np.uint64)
    expected = ((words[:, 0] >> np.uint64(5)) * 2.0**26 + (words[:, 1] >> np.uint64(6))) * 2.0**-53
    np.testing.assert_array_equal(numbers, expected)
    assert (numbers >= 0).all() and (numbers < 1).all()


def test_a_text_is_a_function_of_its_arguments() -> None:
    rec = recs.rec("next token")
    first = rec.generate([1, 2], 300, seed=3)
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)
    state, own = np.random.get_state()[1].copy(), random.getstate()  # type: ignore[index,union-attr] # noqa: NPY002
    again = rec.generate(np.array([1, 2], np.uint8), 300, seed=3)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first[:40], rec.generate([1, 2], 40, seed=3))
    assert first.dtype == np.int64 and first.shape == (300,)
    assert set(first.tolist()) <= set(range(recs.TOKENS))
    assert (first != rec.generate([1, 2], 300, seed=4)).any()
    assert (state == np.random.get_state()[1]).all() and random.getstate() == own  # type: ignore[index] # noqa: NPY002


def test_each_token_is_drawn_by_the_outputs_after_the_one_before() -> None:
    rec = recs.rec("next token", cell="lstm", hidden=[5, 4])
    text = [1, 2, *rec.generate([1, 2], 12, temperature=0).tolist()]
    outputs = rec.predict([text])[0]
    assert text[2:] == outputs[1:-1].argmax(axis=1).tolist()


def test_a_stop_ends_the_text() -> None:
    rec = recs.rec("next token")
    free = rec.generate([1], 100, seed=1).tolist()
    stops: list[tuple[Any, set[int]]] = [(3, {3}), ([3], {3}), ((3, 4), {3, 4}), (np.array([3]), {3})]
    for stop, ends in stops:
        at = next(i for i, token in enumerate(free) if token in ends)
        assert rec.generate([1], 100, seed=1, stop=stop).tolist() == free[: at + 1]
    assert rec.generate([1], 5, seed=1, stop=[]).tolist() == free[:5]
    assert rec.generate([1], 0).shape == (0,)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"prompt": []}, ValueError, r"prompt: got shape \(0,\); expected 1-D with at least one token"),
        ({"prompt": 1}, ValueError, r"prompt: got shape \(\); expected 1-D with at least one token"),
        ({"prompt": [1, 5]}, ValueError, "prompt: got 5 in sequence 0, step 1; expected tokens 0 to 4"),
        ({"prompt": [1.0]}, TypeError, "prompt: got float64; expected integer tokens"),
        ({"prompt": "ab"}, TypeError, r"prompt: got text \(dtype <U2\); expected real numbers"),
        ({"n": -1}, ValueError, "n: got -1; expected .*at least 0"),
        ({"n": 2.0}, TypeError, "n: got 2.0; expected an integer"),
        ({"temperature": -0.5}, ValueError, "temperature: got -0.5; expected .*at least 0"),
        ({"temperature": np.nan}, ValueError, "temperature: got .*; expected a finite number"),
        ({"top_k": 0}, ValueError, "top_k: got 0; expected .*at least 1"),
        ({"top_p": 0.0}, ValueError, "top_p: got 0; expected .*above 0"),
        ({"top_p": 1.5}, ValueError, "top_p: got 1.5; expected .*at most 1"),
        ({"seed": -1}, ValueError, "seed: got .*; expected .*at least 0"),
        ({"stop": 5}, ValueError, "stop: got 5; expected .*at most 4"),
        ({"stop": [1, "a"]}, TypeError, r"stop\[1\]: got 'a'; expected an integer"),
        ({"stop": "a"}, TypeError, "stop: got 'a'; expected a token or a list of tokens"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        recs.rec("next token").generate(**{"prompt": [1], "n": 3, **arguments})


def test_who_can_generate_and_forecast() -> None:
    with pytest.raises(
        ValueError,
        match="generate: got a model with output='next' of values; expected output='next' of tokens",
    ):
        recs.rec("next").generate([1], 3)
    with pytest.raises(
        ValueError,
        match="forecast: got a model with output='last' of values; expected output='next' of values",
    ):
        recs.rec("last").forecast([[[1, 2, 3]]], 3)
    with pytest.raises(
        ValueError,
        match="forecast: got a model with output='next' of tokens; expected output='next' of values",
    ):
        recs.rec("next token").forecast([[1]], 3)
    rec = recs.rec("next")
    with pytest.raises(ValueError, match=r"horizon: got 0; expected .*at least 1"):
        rec.forecast([[[1, 2, 3]]], 0)
    with pytest.raises(ValueError, match=r"history\[0\]: got 2 features per step; expected 3"):
        rec.forecast([[[1, 2]]], 1)
    with pytest.raises(ValueError, match="history: got no sequences; expected at least one"):
        rec.forecast([], 1)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_forecast_feeds_itself(cell: str) -> None:
    X, _ = recs.lists("next", 6)
    rec = recs.rec("next", cell=cell, hidden=[5, 4], dtype="float64")
    found = rec.forecast(X, 4)
    assert found.shape == (6, 4, 3)
    for x, steps in zip(X, found, strict=True):
        known = x.astype(np.float64)
        for step in steps:
            expected = rec.predict([known])[0][-1]
            np.testing.assert_allclose(step, expected, rtol=1e-9, atol=1e-12)
            known = np.concatenate([known, expected[None]])
    array = np.stack([x[:4] for x in X])
    np.testing.assert_array_equal(rec.forecast(array, 3), rec.forecast(list(array), 3))
    one = ds.Rec(input_size=1, output="next", hidden=4)
    assert one.forecast(np.ones((2, 5)), 3).shape == (2, 3, 1)
